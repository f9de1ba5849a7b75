"""``python -m simgen cache``: where compiled programs are kept, and how to be rid of them."""

from __future__ import annotations

import argparse

from simgen.commands.base import Command
from simgen.runtime.cache import CacheInfo, cache_info, clear_cache


def describe_cache(info: CacheInfo) -> str:
    """Return "<folder>: 12 programs, 1.3 MiB"."""
    programs = "1 program" if info.entries == 1 else f"{info.entries} programs"
    return f"{info.path}: {programs}, {info.n_bytes / 2**20:.1f} MiB"


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--clear", action="store_true", help="remove all compiled programs")


def _run(arguments: argparse.Namespace) -> int:
    if arguments.clear:
        removed = clear_cache()
        print(f"removed {'1 program' if removed == 1 else f'{removed} programs'}")
    print(describe_cache(cache_info()))
    return 0


COMMAND = Command("cache", "show or clear the compiled programs", _run, _add_arguments)
