"""``python -m simgen show SCRIPT``: what becomes of a script's network, stage by stage.

The script is run up to its first ``run()``; nothing is simulated.
"""

from __future__ import annotations

import argparse
import runpy
import sys
from pathlib import Path

from simgen import pipeline
from simgen.api import network
from simgen.api.binding import CompiledNetwork
from simgen.api.naming import names_of_a_new_process
from simgen.commands.base import Command
from simgen.commands.model_text import format_models
from simgen.errors import ModelError, UnsupportedFeatureError, suggest
from simgen.ir.kernel import Program
from simgen.ir.printer import format_kernel, format_program
from simgen.targets.cuda.lower import lower_program

STAGES = ("model", "ir", "lowered", "source")


class _Stop(BaseException):
    """Ends the script once its network is compiled; no ``except Exception`` catches it."""

    def __init__(self, compiled: CompiledNetwork) -> None:
        super().__init__()
        self.compiled = compiled


def compile_script(path: Path, arguments: list[str]) -> CompiledNetwork:
    """Return the network of a script at its first run.

    Raises ModelError if there is no such file, or the script ends without a run.
    """
    if not path.is_file():
        raise ModelError(f"There is no script '{path}'.")

    def stop(compiled: CompiledNetwork) -> None:
        raise _Stop(compiled)

    before, arguments_before, path_before = network.on_compiled, sys.argv, list(sys.path)
    network.on_compiled = stop
    sys.argv = [str(path), *arguments]
    sys.path.insert(0, str(path.resolve().parent))
    try:
        with names_of_a_new_process():
            runpy.run_path(str(path), run_name="__main__")
    except _Stop as found:
        return found.compiled
    finally:
        network.on_compiled, sys.argv, sys.path[:] = before, arguments_before, path_before
    raise ModelError(f"The script '{path}' ended without a run().")


def show(compiled: CompiledNetwork, stage: str, kernel: str | None, target: str) -> str:
    """Return the text of a stage, of one kernel only if ``kernel`` names it."""
    if stage == "model":
        return format_models(compiled.components)
    program = compiled.raw if stage == "ir" else compiled.program
    chosen = program if kernel is None else _only(program, kernel)
    if stage in ("ir", "lowered"):
        if kernel is None:
            return format_program(chosen)
        return "\n\n".join(format_kernel(found) for found in chosen.kernels) + "\n"
    if target == "cuda":
        return lower_program(chosen, compiled.options.real).source
    if target != "cpu":
        raise UnsupportedFeatureError(f"The target '{target}' has no source text.")
    return pipeline.host_target(compiled.options).build(chosen).source


def _only(program: Program, kernel: str) -> Program:
    found = tuple(
        item
        for item in program.schedule
        if kernel in (item.kernel.name, item.name) or item.kernel.name.startswith(f"{kernel}_")
    )
    if not found:
        names = [item.kernel.name for item in program.schedule]
        raise ModelError(
            f"There is no kernel '{kernel}'. {suggest(kernel, names)} "
            f"The kernels are {', '.join(names)}."
        )
    return Program(found, program.clocks)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("script", type=Path, help="a Python script that uses simgen")
    parser.add_argument("--stage", choices=STAGES, default="source")
    parser.add_argument("--kernel", help="only the kernel of this name")
    parser.add_argument("--target", choices=("cpu", "cuda"), default="cpu")
    stages = ",".join(STAGES)
    parser.usage = (
        f"python -m simgen show SCRIPT [--stage {{{stages}}}] [--kernel NAME] "
        "[--target {cpu,cuda}] [-- ARGUMENTS OF THE SCRIPT]"
    )


def _run(arguments: argparse.Namespace) -> int:
    compiled = compile_script(arguments.script, arguments.rest)
    print(show(compiled, arguments.stage, arguments.kernel, arguments.target), end="")
    return 0


COMMAND = Command("show", "show the model, IR or source of a script", _run, _add_arguments)
