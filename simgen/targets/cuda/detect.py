"""Which GPUs there are, asked of the driver itself: neither CuPy nor CUDA need be installed."""

from __future__ import annotations

import ctypes
import sys

_DRIVER = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
_NAME_LENGTH = 128


def find_gpus() -> tuple[str, ...]:
    """Return the names of the usable GPUs in the driver's order; empty without a driver."""
    try:
        driver = ctypes.CDLL(_DRIVER)
    except OSError:
        return ()
    if driver.cuInit(0) != 0:
        return ()
    count = ctypes.c_int()
    if driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return ()
    return tuple(_name(driver, number) for number in range(count.value))


def _name(driver: ctypes.CDLL, number: int) -> str:
    device = ctypes.c_int()
    text = ctypes.create_string_buffer(_NAME_LENGTH)
    if driver.cuDeviceGet(ctypes.byref(device), number) != 0:
        return f"GPU {number} (unusable)"
    if driver.cuDeviceGetName(text, _NAME_LENGTH, device) != 0:
        return f"GPU {number}"
    return text.value.decode(errors="replace")
