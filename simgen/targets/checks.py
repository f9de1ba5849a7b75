"""Whether memory is what a program expects; only a fault of simgen itself can break this."""

from __future__ import annotations

from simgen.errors import InternalError
from simgen.targets.base import AnyArray, Memory
from simgen.targets.scope import Slot


def checked_array(memory: Memory, slot: Slot) -> AnyArray:
    """Return the array of a slot; it has the slot's type and is contiguous and long enough."""
    array = memory.arrays.get(slot.name)
    if array is None:
        raise InternalError(f"the program needs the array '{slot.name}', which is not there")
    if array.dtype != slot.dtype or not array.dtype.isnative:
        raise InternalError(f"array '{slot.name}' has dtype {array.dtype}, not {slot.dtype}")
    if not array.flags.c_contiguous or not array.flags.writeable:
        raise InternalError(f"array '{slot.name}' is not contiguous and writable")
    if slot.length is not None and array.size < memory.ints.get(slot.length, 0):
        needed = memory.ints[slot.length]
        raise InternalError(f"array '{slot.name}' has {array.size} elements, not {needed}")
    return array


def check_apart(arrays: dict[str, AnyArray], written: set[str]) -> None:
    """Refuse arrays that share memory if one of them is written: compilers rely on it."""
    spans = sorted((a.ctypes.data, a.nbytes, name) for name, a in arrays.items() if a.nbytes)
    end, owner = 0, ""
    for begin, size, name in spans:
        if begin < end and (name in written or owner in written):
            raise InternalError(f"arrays '{owner}' and '{name}' share memory")
        if begin + size > end:
            end, owner = begin + size, name
