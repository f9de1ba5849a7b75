"""The system's C++ compiler: which one, which flags it takes, and the processor it compiles for."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import platform
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from simgen.errors import CompileError
from simgen.runtime import cache

# Never -ffast-math: linked into a library, it switches denormal numbers off for the whole process.
# Contraction stays off so that targets agree bit for bit; errno and traps block vectorisation.
# Scheduling before registers are given out interleaves the independent calls of a loop body: a
# Hodgkin-Huxley update with ten exponentials takes 5.9 instead of 7.1 ns a neuron (Zen 5, AVX-512).
FIXED_FLAGS = ("-shared", "-fPIC", "-std=c++17", "-w")
WANTED_FLAGS = (
    "-march=native",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=off",
    "-fopenmp-simd",
    "-fschedule-insns",
    "-fsched-pressure",
)
REPLACEMENTS = {"-march=native": "-mcpu=native"}  # what clang calls it on some processors
NEEDED_FLAGS = ("-ffp-contract=off",)  # without it results would differ between machines
OPENMP_FLAG = "-fopenmp"
TIME_LIMIT = 300.0  # seconds; a program of a thousand kernels takes about one minute

_ADVICE = (
    "Install one:\n"
    "  Debian, Ubuntu   sudo apt install g++\n"
    "  Fedora, RHEL     sudo dnf install gcc-c++\n"
    "  macOS            xcode-select --install\n"
    "  conda            conda install -c conda-forge cxx-compiler\n"
    "or set the environment variable CXX to a compiler."
)
_USUAL = ("g++", "clang++", "c++")
_PROBE = """
extern "C" int simgen_probe(int n) { int total = 0;
#pragma omp parallel for reduction(+ : total)
for (int i = 0; i < n; ++i) total += i; return total; }
"""


@dataclass(frozen=True, slots=True)
class Compiler:
    """A compiler that answered: its command, the text of ``--version``, and the flags it takes."""

    command: tuple[str, ...]
    version: str
    flags: tuple[str, ...]
    openmp: bool

    @property
    def path(self) -> str:
        """The program's full path."""
        return self.command[0]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a compiler call ended: its exit status and what it printed."""

    status: int
    output: str


def find_compiler() -> Compiler:
    """Return $CXX, or else the first of g++, clang++, c++ on PATH that answers ``--version``.

    Raises :class:`CompileError` if $CXX is set but unusable (it is never replaced silently), if
    nothing is found, or if cffi is missing, which loads what was compiled.
    """
    if not _has_cffi():
        raise CompileError(
            "the cpu target needs the package cffi to load compiled programs, and it is not "
            "installed. Install it with: pip install cffi"
        )
    return _find(os.environ.get("CXX", ""), os.environ.get("PATH", ""))


@functools.lru_cache(maxsize=1)
def _has_cffi() -> bool:
    try:
        return find_spec("cffi") is not None
    except (ImportError, ValueError):  # there, but cannot be imported
        return False


@functools.lru_cache(maxsize=8)
def _find(cxx: str, path: str) -> Compiler:
    del path  # part of the memory's key only: a changed PATH looks again
    try:
        chosen = shlex.split(cxx)
    except ValueError as error:
        raise CompileError(
            f"the environment variable CXX cannot be read: {cxx!r} ({error})"
        ) from None
    if chosen:
        if (compiler := _ask(tuple(chosen))) is None:
            raise CompileError(
                f"the environment variable CXX names {cxx!r}, which is not a working C++ compiler. "
                "Correct it, or unset it to let simgen look for one."
            )
        return compiler
    for name in _USUAL:
        if (compiler := _ask((name,))) is not None:
            return compiler
    broken = [found for found in map(shutil.which, _USUAL) if found is not None]
    what = f"{', '.join(broken)} gave no answer to --version" if broken else "none was found"
    raise CompileError(f"the cpu target needs a C++ compiler, and {what}. {_ADVICE}")


def _ask(command: tuple[str, ...]) -> Compiler | None:
    program = shutil.which(command[0])
    if program is None:
        return None
    command = (program, *command[1:])
    try:
        answer = run_compiler([*command, "--version"], Path(tempfile.gettempdir()), time_limit=30.0)
    except CompileError:
        return None
    if answer.status != 0:
        return None
    flags = _supported_flags(command, answer.output)
    if flags is None:
        return None
    return Compiler(
        command=command,
        version=answer.output.strip(),
        flags=tuple(flag for flag in flags if flag != OPENMP_FLAG),
        openmp=OPENMP_FLAG in flags,
    )


def _supported_flags(command: tuple[str, ...], version: str) -> tuple[str, ...] | None:
    """Return which wanted flags work, or None if nothing compiles; kept in the cache folder."""
    identity = "\0".join((*command, version, cpu_identity(), *WANTED_FLAGS, _PROBE))
    memory = cache.cache_dir() / f"{hashlib.sha256(identity.encode()).hexdigest()}.flags"
    if (kept := cache.read_private(memory)) is not None:
        words = kept.decode(errors="replace").split()
        known = {*WANTED_FLAGS, *REPLACEMENTS.values(), OPENMP_FLAG, "end"}
        if words and words[-1] == "end" and known.issuperset(words):
            return tuple(words[:-1])
    flags = _probe_flags(command)
    if flags is not None:
        try:
            cache.write_private(memory, " ".join((*flags, "end")).encode())
        except OSError:
            return flags  # a full disk costs the memory of the answer, not the answer
    return flags


@contextmanager
def written(name: str, text: str) -> Iterator[Path]:
    """Return the path of a text in a temporary folder of its own, which goes at the end.

    Raises :class:`CompileError` where there is no such folder or no room in it.
    """
    folder = None
    try:
        folder = tempfile.TemporaryDirectory(prefix="simgen-compile-")
        path = Path(folder.name) / name
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        if folder is not None:
            folder.cleanup()
        raise CompileError(
            f"what is to be compiled cannot be written to a temporary folder: "
            f"{error.strerror or error}. The environment variable TMPDIR chooses another one."
        ) from None
    with folder:
        yield path


def _probe_flags(command: tuple[str, ...]) -> tuple[str, ...] | None:
    with written("probe.cpp", _PROBE) as source:
        folder = source.parent
        if _accepts(command, (*WANTED_FLAGS, OPENMP_FLAG), folder):  # the usual case: one call
            return (*WANTED_FLAGS, OPENMP_FLAG)
        if not _accepts(command, (), folder):
            return None
        flags: list[str] = []
        for flag in (*WANTED_FLAGS, OPENMP_FLAG):
            other = REPLACEMENTS.get(flag)
            if _accepts(command, (flag,), folder):
                flags.append(flag)
            elif other is not None and _accepts(command, (other,), folder):
                flags.append(other)
        return tuple(flags) if set(NEEDED_FLAGS) <= set(flags) else None


def _accepts(command: tuple[str, ...], flags: tuple[str, ...], folder: Path) -> bool:
    """Return whether a library made with ``flags`` compiles *and loads* (OpenMP may not load)."""
    source = folder / "probe.cpp"
    library = folder / f"probe{len(list(folder.iterdir()))}.so"  # a loaded name must not be reused
    try:
        made = run_compiler(
            [*command, *FIXED_FLAGS, *flags, "-o", str(library), str(source)], folder
        )
        return made.status == 0 and int(ctypes.CDLL(str(library)).simgen_probe(4)) == 6
    except (CompileError, OSError):
        return False


def run_compiler(arguments: list[str], folder: Path, time_limit: float = TIME_LIMIT) -> Outcome:
    """Call a compiler in ``folder`` and return how it ended; no shell is involved.

    Raises :class:`CompileError` if it cannot be started or takes over ``time_limit`` seconds.
    It and its children are stopped then, and also when the user interrupts.
    """
    environment = {**os.environ, "LC_ALL": "C", "TMPDIR": str(folder)}
    try:
        process = subprocess.Popen(
            arguments,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # its own process group, so that children can be stopped
        )
    except OSError as error:
        raise CompileError(f"cannot start the compiler {arguments[0]}: {error}") from None
    try:
        output, _ = process.communicate(timeout=time_limit)
    except BaseException as error:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            process.kill()  # does nothing if it has ended
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise CompileError(
                f"the compiler {arguments[0]} did not finish within {time_limit:g} seconds"
            ) from None
        raise
    return Outcome(process.returncode, output.decode(errors="replace"))


@functools.lru_cache(maxsize=1)
def cpu_identity() -> str:
    """Return text that differs between processors for which ``-march=native`` differs."""
    names = "vendor_id,cpu family,model,model name,stepping,flags,Features,isa,"
    names += "CPU implementer,CPU architecture,CPU variant,CPU part"
    wanted = set(names.split(","))
    lines = [platform.machine(), sys.platform]
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        lines.append(platform.processor())
        if sys.platform == "darwin":
            query = ["/usr/sbin/sysctl", "machdep.cpu", "hw.optional"]
            try:
                lines.append(run_compiler(query, Path(tempfile.gettempdir()), 30.0).output)
            except CompileError:
                lines.append(platform.version())
    else:
        first = text.split("\n\n", 1)[0]
        lines += [line for line in first.splitlines() if line.split(":")[0].strip() in wanted]
    return "\n".join(lines)
