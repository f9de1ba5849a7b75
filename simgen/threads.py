"""How many threads compiled code may use; a forked process has lost those of its parent."""

from __future__ import annotations

import logging
import os

_log = logging.getLogger("simgen.device")


class _Threads:
    """Whether this process has had threads, and whether it is a copy of one that had."""

    used = False
    lost = False


def usable_threads(wanted: int) -> int:
    """Return how many threads compiled code may use: those of a process do not survive a fork.

    The OpenMP runtime would wait for them for ever. Results do not depend on the number.
    """
    if wanted > 1 and not _Threads.lost:
        _Threads.used = True
        return wanted
    return 1


def threads_are_lost() -> bool:
    """Whether this process was forked from one that had threads."""
    return _Threads.lost


def _after_fork() -> None:
    if _Threads.used and not _Threads.lost:
        _Threads.lost = True
        _log.warning(
            "this process was forked from one that ran with several threads, which do not survive "
            "that: it runs with one, with the same results. multiprocessing.get_context('spawn') "
            "makes processes that can have their own."
        )


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
