"""Random models whose programs watch every access and every operation of theirs."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simgen.commands.fuzz.targets import check_targets
from simgen.commands.fuzz.variants import VARIANTS
from simgen.commands.fuzz.verdict import Verdict
from simgen.errors import CompileError
from simgen.targets.cpu.toolchain import find_compiler, run_compiler


@dataclass(frozen=True, slots=True)
class Sanitizer:
    """What a compiler and its libraries watch: the libraries, the flags, and further variables."""

    libraries: tuple[str, ...]
    flags: tuple[str, ...]
    variables: Mapping[str, str]


MEMORY = Sanitizer(
    ("libasan.so", "libubsan.so"),
    ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
    {
        "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1:verify_asan_link_order=0",
        "UBSAN_OPTIONS": "halt_on_error=1:abort_on_error=1",
    },
)
QUICK = ("-O1",)  # after -O3, so that it counts
SANITIZED: Mapping[str, Mapping[str, Any]] = {
    "reference": VARIANTS["reference"],
    "cpu": {"device": "cpu", "compiler_flags": QUICK},
    "cpu 3 threads": {"device": "cpu", "threads": 3, "compiler_flags": QUICK},
}


def check_sanitized(seed: int) -> Verdict:
    """Run the model of a seed under sanitizers; what they report ends the process."""
    return check_targets(seed, SANITIZED)


def environment(sanitizer: Sanitizer) -> dict[str, str]:
    """Return the variables with which a process starts that is to make and load sanitized programs.

    Raises :class:`CompileError` where the compiler has no such sanitizer.
    """
    compiler, found = find_compiler(), []
    for library in sanitizer.libraries:
        command = [*compiler.command, f"-print-file-name={library}"]
        path = Path(run_compiler(command, Path.cwd()).output.strip())
        if not path.is_file():
            raise CompileError(f"the compiler {compiler.path} has no {library}")
        found.append(str(path))
    given = {
        "LD_PRELOAD": ":".join(found),
        "CXX": shlex.join([*compiler.command, *sanitizer.flags]),
    }
    return {**os.environ, **given, **sanitizer.variables}
