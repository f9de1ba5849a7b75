"""What machine code for a GPU tells without one: an ELF file, its notes on kernels, operations."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

# Numbers of attributes in .nv.info whose value is (symbol, number).
_REGISTERS, _FRAME, _LEAST_STACK = 0x2F, 0x11, 0x12
_SYMBOL = struct.Struct("<IBBHQQ")
_INSTRUCTION = 16  # bytes, from sm_70 on; the lowest twelve bits name the operation
_NO_BITS = 8  # the type of a section without contents


@dataclass(frozen=True)
class KernelCode:
    """One kernel: registers of a thread, bytes of its stack, and how often each operation occurs.

    What does not fit the registers is spilt to the stack, which holds local arrays, too.
    """

    registers: int
    stack: int
    operations: Counter[int]


def read_kernels(cubin: bytes) -> dict[str, KernelCode]:
    """Return the kernels (and functions that are called) of a cubin, by name."""
    sections = _sections(cubin)
    names = sections[".strtab"]
    symbols = [
        _text(names, _SYMBOL.unpack_from(sections[".symtab"], at)[0])
        for at in range(0, len(sections[".symtab"]), _SYMBOL.size)
    ]
    found: dict[int, dict[str, int]] = {_REGISTERS: {}, _FRAME: {}, _LEAST_STACK: {}}
    for attribute, symbol, number in _pairs(sections[".nv.info"]):
        if attribute in found:
            found[attribute][symbols[symbol]] = number
    kernels = {}
    for name in found[_REGISTERS]:
        code = sections[f".text.{name}"]
        kernels[name] = KernelCode(
            registers=found[_REGISTERS][name],
            stack=max(found[_FRAME].get(name, 0), found[_LEAST_STACK].get(name, 0)),
            operations=Counter(
                struct.unpack_from("<H", code, at)[0] & 0xFFF
                for at in range(0, len(code), _INSTRUCTION)
            ),
        )
    return kernels


def _sections(cubin: bytes) -> dict[str, bytes]:
    """Return the contents of the sections of a 64-bit ELF file."""
    assert cubin[:6] == b"\x7fELF\x02\x01"
    (table,) = struct.unpack_from("<Q", cubin, 0x28)
    size, count, names = struct.unpack_from("<HHH", cubin, 0x3A)
    heads = [struct.unpack_from("<IIQQQQ", cubin, table + k * size) for k in range(count)]
    bodies = [b"" if h[1] == _NO_BITS else cubin[h[4] : h[4] + h[5]] for h in heads]
    return {_text(bodies[names], head[0]): body for head, body in zip(heads, bodies)}


def _text(table: bytes, start: int) -> str:
    return table[start : table.index(b"\0", start)].decode()


def _pairs(info: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield (attribute, symbol, number) of the entries that have this form."""
    at = 0
    while at < len(info):
        form, attribute, size = struct.unpack_from("<BBH", info, at)
        at += 4
        if form == 4:  # of ``size`` bytes; other forms keep their value in place of the size
            if size == 8:
                yield attribute, *struct.unpack_from("<II", info, at)
            at += size
