"""Ctrl-C held back while something is half done that must not stay so."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def held_back(stop: Callable[[], None] | None = None) -> Iterator[None]:
    """Answer Ctrl-C at the end only; ``stop`` is then called at once, to bring the end nearer.

    Does nothing in other threads than the first, which signals never interrupt, and where Ctrl-C
    means nothing to Python.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    held: list[tuple[int, FrameType | None]] = []

    def note(number: int, frame: FrameType | None) -> None:
        held.append((number, frame))
        if stop is not None:
            stop()

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if held:
            before(*held[-1])
