"""What became of one thing that was tried."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """``text`` says what is wrong, ``script`` shows it, ``refused`` why there was nothing to try.

    Each is empty if there is no such thing. ``count`` is how many inputs were tried at once.
    """

    text: str = ""
    script: str = ""
    refused: str = ""
    count: int = 1
