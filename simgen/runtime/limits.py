"""How much memory is free, so that requests are refused before they are made."""

from __future__ import annotations

from simgen.connect.checks import UNCHECKED, free_memory
from simgen.errors import MemoryLimitError


def free_bytes() -> int:
    """Return the bytes that can still be allocated without swapping (an estimate)."""
    return free_memory()


def require_bytes(wanted: int, what: str, hint: str = "") -> None:
    """Raise MemoryLimitError, saying what ``wanted`` bytes are for, unless they are free."""
    if wanted <= UNCHECKED:
        return
    free = free_bytes()
    if wanted > free:
        text = f"{what} would take {wanted:,} bytes, but {free:,} bytes are free. {hint}"
        raise MemoryLimitError(text.rstrip())
