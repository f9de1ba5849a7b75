"""What a subcommand is."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass


def no_arguments(parser: argparse.ArgumentParser) -> None:
    """Add nothing to ``parser``."""


@dataclass(frozen=True, slots=True)
class Command:
    """A name, a line for the help, the function that runs it, and one that declares its arguments.

    ``run`` prints to standard output and returns the process's exit status.
    """

    name: str
    summary: str
    run: Callable[[argparse.Namespace], int]
    add_arguments: Callable[[argparse.ArgumentParser], None] = no_arguments
