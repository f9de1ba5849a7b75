"""The command line: ``python -m simgen COMMAND``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from simgen.commands import cache, doctor, gpu_check, show
from simgen.commands.base import Command
from simgen.commands.fuzz import command as fuzz
from simgen.errors import SimgenError

COMMANDS: tuple[Command, ...] = (
    show.COMMAND,
    doctor.COMMAND,
    cache.COMMAND,
    gpu_check.COMMAND,
    fuzz.COMMAND,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the subcommand that ``argv`` (default: the process's arguments) names.

    Returns its exit status, or 1 after printing a :class:`SimgenError`.
    """
    parser = argparse.ArgumentParser(prog="python -m simgen", description=__doc__)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        sub = subparsers.add_parser(command.name, help=command.summary, description=command.summary)
        command.add_arguments(sub)
        sub.set_defaults(run=command.run)
    given = list(sys.argv[1:] if argv is None else argv)
    own = given[: given.index("--")] if "--" in given else given
    arguments = parser.parse_args(own)
    arguments.rest = given[len(own) + 1 :]  # for the script that a command runs
    if arguments.rest and arguments.command != show.COMMAND.name:
        parser.error(f"{arguments.command} takes no arguments after --")
    try:
        return int(arguments.run(arguments))
    except SimgenError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
