"""Ctrl-C held back while something is half done that must not stay so."""

from __future__ import annotations

import importlib
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

try:  # the module signal looks every handler up in an enumeration: 10 us, half of a short run
    _signals: Any = importlib.import_module("_signal")
except ImportError:
    _signals = signal
_CTRL_C = int(signal.SIGINT)


class HeldBack:
    """Answers Ctrl-C when it is left; ``stop`` is called at once, to bring that nearer.

    Does nothing in other threads than the first, which signals never interrupt, and where Ctrl-C
    means nothing to Python.
    """

    __slots__ = ("_before", "_held", "_stop")

    def __init__(self, stop: Callable[[], None] | None = None) -> None:
        self._stop = stop
        self._before: Callable[[int, FrameType | None], Any] | None = None
        self._held: tuple[int, FrameType | None] | None = None

    def __enter__(self) -> None:
        if threading.get_ident() != threading.main_thread().ident:
            return
        before = _signals.getsignal(_CTRL_C)
        if callable(before):
            self._before = before
            _signals.signal(_CTRL_C, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._held = number, frame
        if self._stop is not None:
            self._stop()

    def __exit__(self, *_: object) -> None:
        if self._before is None:
            return
        _signals.signal(_CTRL_C, self._before)
        if self._held is not None:
            self._before(*self._held)
