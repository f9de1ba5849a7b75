"""Random models whose programs watch every access and every operation of theirs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simgen.commands.fuzz.targets import check_targets
from simgen.commands.fuzz.variants import VARIANTS
from simgen.commands.fuzz.verdict import Verdict
from simgen.errors import CompileError
from simgen.targets.cpu.toolchain import find_compiler, run_compiler

LIBRARIES = ("libasan.so", "libubsan.so")
FLAGS = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
SANITIZED: Mapping[str, Mapping[str, Any]] = {
    "reference": VARIANTS["reference"],
    "cpu": {"device": "cpu", "compiler_flags": FLAGS},
    "cpu 3 threads": {"device": "cpu", "threads": 3, "compiler_flags": FLAGS},
}


def check_sanitized(seed: int) -> Verdict:
    """Run the model of a seed under sanitizers; what they report ends the process."""
    return check_targets(seed, SANITIZED)


def environment() -> dict[str, str]:
    """Return the variables with which a process starts that is to load sanitized programs.

    Raises :class:`CompileError` where the compiler has no sanitizers.
    """
    compiler, found = find_compiler(), []
    for library in LIBRARIES:
        command = [*compiler.command, f"-print-file-name={library}"]
        path = Path(run_compiler(command, Path.cwd()).output.strip())
        if not path.is_file():
            raise CompileError(f"the compiler {compiler.path} has no {library}")
        found.append(str(path))
    options = "detect_leaks=0:abort_on_error=1:verify_asan_link_order=0"
    given = {"LD_PRELOAD": ":".join(found), "ASAN_OPTIONS": options}
    return {**os.environ, **given, "UBSAN_OPTIONS": "halt_on_error=1:abort_on_error=1"}
