"""How much memory is free, so that requests are refused before they are made."""

from __future__ import annotations

import os


def free_bytes() -> int:
    """Return the bytes that can still be allocated without swapping (an estimate)."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return 1 << 62  # unknown: let the allocation itself decide
