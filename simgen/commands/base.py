"""What a subcommand is."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from simgen.errors import ModelError


def no_arguments(parser: argparse.ArgumentParser) -> None:
    """Add nothing to ``parser``."""


def make_folder(path: Path) -> None:
    """Make a folder for results; raises ModelError, with the reason, where that cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(f"The folder '{path}' cannot be made: {error.strerror}.") from None


@dataclass(frozen=True, slots=True)
class Command:
    """A name, a line for the help, the function that runs it, and one that declares its arguments.

    ``run`` prints to standard output and returns the process's exit status.
    """

    name: str
    summary: str
    run: Callable[[argparse.Namespace], int]
    add_arguments: Callable[[argparse.ArgumentParser], None] = no_arguments
