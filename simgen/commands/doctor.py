"""``python -m simgen doctor``: what simgen finds on this machine, and whether it can work."""

from __future__ import annotations

import argparse
import os
import platform
from importlib import metadata

from simgen.commands.base import Command
from simgen.commands.cache import describe_cache
from simgen.errors import SimgenError
from simgen.runtime.automatic import describe_automatic
from simgen.runtime.cache import cache_info
from simgen.targets.cpu.compile import compile_shared
from simgen.targets.cpu.toolchain import find_compiler
from simgen.targets.cuda.detect import find_gpus

_PROBE_CDEF = "int simgen_count_threads(int wanted);"
_PROBE = """
extern "C" int simgen_count_threads(int wanted) { int total = 0;
#pragma omp parallel num_threads(wanted) reduction(+ : total)
total += 1;
return total; }
"""
_PACKAGES = ("numpy", "sympy", "jinja2", "cffi")
_CUPY = ("cupy-cuda13x", "cupy-cuda12x", "cupy")


def installed_version(distribution: str) -> str | None:
    """Return the version of an installed distribution without importing it, or None."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _usable_processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux: respects taskset and batch systems
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _describe_compiler() -> tuple[list[tuple[str, str]], bool]:
    """Return the lines about the compiler, and whether a test program ran."""
    try:
        compiler = find_compiler()
    except SimgenError as error:
        return [("compiler", f"NONE: {error}")], False
    version = compiler.version.splitlines()[0] if compiler.version else "version unknown"
    lines = [
        ("compiler", f"{' '.join(compiler.command)} ({version})"),
        ("flags", " ".join(compiler.flags)),
    ]
    wanted = max(2, _usable_processors())
    try:
        library = compile_shared(_PROBE, openmp=True)
        found = int(library.load(_PROBE_CDEF).simgen_count_threads(wanted))
    except SimgenError as error:
        return [*lines, ("test program", f"FAILED: {error}")], False
    took = "from the cache" if library.cached else f"compiled in {library.seconds:.2f} s"
    lines.append(("test program", f"ran, {took}"))
    if found > 1:
        lines.append(("OpenMP", f"works: a test program ran on {found} threads"))
    else:
        lines.append(("OpenMP", "does not work: programs run on one thread"))
    return lines, True


def _describe_gpu() -> str:
    gpus = find_gpus()
    found = "; ".join(gpus) if gpus else "none seen"
    for name in _CUPY:
        if (version := installed_version(name)) is not None:
            return f"{found} ({name} {version} is installed)"
    return f"{found} (CuPy is not installed; pip install 'simgen[cuda13]' adds it)"


def _run(arguments: argparse.Namespace) -> int:
    version = installed_version("simgen") or "(not installed, used from its folder)"
    host = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    lines = [("simgen", f"{version}; {host}")]
    compiler_lines, works = _describe_compiler()
    lines += compiler_lines
    omp = os.environ.get("OMP_NUM_THREADS")
    threads = f"OMP_NUM_THREADS={omp}" if omp else "OMP_NUM_THREADS is not set"
    lines.append(("processors", f"{_usable_processors()} usable ({threads})"))
    lines.append(("cache", describe_cache(cache_info())))
    versions = [f"{name} {installed_version(name) or 'MISSING'}" for name in _PACKAGES]
    lines.append(("packages", ", ".join(versions)))
    lines.append(("GPU", _describe_gpu()))
    lines.append(("auto", describe_automatic()))
    width = max(len(name) for name, _ in lines)
    for name, text in lines:
        print(f"{name:<{width}}  {text}")
    if not works:
        print("The cpu target cannot work here; the lines in capitals say why.")
    return 0 if works else 1


COMMAND = Command("doctor", "say what simgen finds on this machine", _run)
