"""What a compiled library tells about itself: its arrays in shared memory, and lines of the source.

Shared memory is the library's thread-local storage, so that its symbols are the arrays.
"""

from __future__ import annotations

import re
import shutil
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from simgen.errors import CompileError
from simgen.targets.cpu.toolchain import run_compiler

_DYNAMIC = "sg_emu_dynamic"  # what cuda_kernels/emulate/shared.h calls the memory of launches
_SYMBOL_TABLE, _THREAD_LOCAL, _UNDEFINED = 2, 6, 0  # numbers of the ELF format
_OWN_HEADERS = "/cuda_kernels/emulate/"


@dataclass(frozen=True, slots=True)
class SharedArray:
    """An array in shared memory: where in thread-local storage, and its bytes.

    ``dynamic`` marks the one whose size each launch gives.
    """

    name: str
    offset: int
    n_bytes: int
    dynamic: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a source file."""

    file: str
    number: int


def shared_arrays(library: Path) -> tuple[SharedArray, ...]:
    """Return the arrays in shared memory of a library."""
    names: dict[int, list[str]] = {}
    sizes = {}
    for name, offset, size in _thread_local_symbols(library.read_bytes()):
        names.setdefault(offset, []).append(name)
        sizes[offset] = size
    return tuple(_shared_array(found, at, sizes[at]) for at, found in names.items())


def _shared_array(symbols: list[str], offset: int, n_bytes: int) -> SharedArray:
    """Return the array at an offset; that of launches has a name for each declaration."""
    dynamic = _DYNAMIC in symbols
    names = [plain_name(symbol) for symbol in sorted(symbols) if symbol != _DYNAMIC]
    return SharedArray(" or ".join(names) or "extern __shared__", offset, n_bytes, dynamic)


def _thread_local_symbols(file: bytes) -> Iterator[tuple[str, int, int]]:
    """Yield name, offset and size of the symbols of thread-local storage in a 64-bit ELF file."""
    order = "<" if file[5] == 1 else ">"
    (sections,) = struct.unpack_from(f"{order}Q", file, 40)
    entry_size, n_sections = struct.unpack_from(f"{order}HH", file, 58)
    headers = [
        struct.unpack_from(f"{order}IIQQQQIIQQ", file, sections + k * entry_size)
        for k in range(n_sections)
    ]
    for _, kind, _, _, begin, size, link, _, _, symbol_size in headers:
        if kind != _SYMBOL_TABLE:
            continue
        names = headers[link][4]
        for place in range(begin, begin + size, symbol_size):
            name, info, _, section, value, n_bytes = struct.unpack_from(
                f"{order}IBBHQQ", file, place
            )
            if info & 15 == _THREAD_LOCAL and section != _UNDEFINED:
                end = file.index(b"\0", names + name)
                yield file[names + name : end].decode(), value, n_bytes


def plain_name(symbol: str) -> str:
    """Return a variable's name in the source; it may stand inside a function."""
    for match in re.finditer(r"(?<=[EL])(\d+)(?=\D)", symbol):
        rest = symbol[match.end() :]
        if re.fullmatch(r"(_\d|__\d+_)?", rest[int(match[1]) :]) and len(rest) >= int(match[1]):
            return rest[: int(match[1])]
    return symbol


def lines_of(library: Path, places: Iterable[int]) -> dict[int, tuple[Line, ...]]:
    """Return the lines that calls return to, innermost first, by the address after the call.

    Lines of the emulator itself are left out. Without ``addr2line`` nothing is known.
    """
    wanted = sorted(set(places))
    program = shutil.which("addr2line")
    if program is None or not wanted:
        return {}
    addresses = [hex(place - 1) for place in wanted]
    try:
        answer = run_compiler([program, "-a", "-i", "-e", str(library), *addresses], library.parent)
    except CompileError:
        return {}
    found: dict[int, tuple[Line, ...]] = {}
    place = 0
    for line in answer.output.splitlines():
        if line.startswith("0x"):
            place = int(line, 16) + 1
            found[place] = ()
        elif (match := re.match(r"(.+):(\d+)", line)) and _OWN_HEADERS not in match[1]:
            found[place] = (*found[place], Line(match[1], int(match[2])))
    return found
