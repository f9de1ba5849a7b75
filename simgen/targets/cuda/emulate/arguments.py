"""The sizes and arguments of a launch, checked against what the kernel declares.

A device would take what does not fit and misread it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simgen.errors import InternalError
from simgen.targets.cuda.emulate.loaded import KernelFacts, Parameter
from simgen.targets.cuda.emulate.memory import EmulatedBuffer

Size: TypeAlias = "int | tuple[int, ...]"
Triple: TypeAlias = tuple[int, int, int]
Argument: TypeAlias = "EmulatedBuffer | int | float | bool | np.generic"

MOST_BLOCKS = 2**32 - 1  # the emulator numbers blocks in 32 bits
_KINDS = {"f": "float", "i": "int", "u": "uint", "b": "bool", "V": "struct"}  # of numpy's types


def launch_sizes(name: str, facts: KernelFacts, grid: Size, block: Size) -> tuple[Triple, Triple]:
    """Return the numbers of blocks and of threads in three dimensions."""
    sizes = _triple(grid), _triple(block)
    n_blocks, n_threads = map(prod, sizes)
    if min(min(size) for size in sizes) < 1 or n_blocks > MOST_BLOCKS:
        raise InternalError(f"kernel '{name}' cannot be launched with grid {grid}, block {block}")
    if n_threads > facts.most_threads:
        raise InternalError(
            f"kernel '{name}' cannot be launched with {n_threads} threads a block; "
            f"it is compiled for at most {facts.most_threads}"
        )
    return sizes


def _triple(size: Size) -> Triple:
    values = (size,) if isinstance(size, (int, np.integer)) else size
    x, y, z = (*(int(value) for value in values), 1, 1)[:3]
    return x, y, z


def pack(name: str, facts: KernelFacts, arguments: Sequence[Argument]) -> list[NDArray[Any]]:
    """Return the bytes of each argument, as the kernel's parameters have them."""
    parameters = facts.parameters
    if len(arguments) != len(parameters):
        raise InternalError(
            f"kernel '{name}' has {len(parameters)} parameters, not {len(arguments)}"
        )
    values = []
    for number, (argument, parameter) in enumerate(zip(arguments, parameters), start=1):
        value = _value(argument, parameter)
        if value is None:
            raise InternalError(
                f"argument {number} of kernel '{name}' is {argument!r}, but the parameter is "
                f"{parameter.describe()}"
            )
        values.append(value)
    return values


def _value(argument: Argument, parameter: Parameter) -> NDArray[Any] | None:
    """Return the bytes of an argument, or None if it does not fit the parameter."""
    kind, n_bytes = parameter.kind, parameter.n_bytes
    if isinstance(argument, np.generic):
        value = np.array(argument)
        return value if (_KINDS.get(value.dtype.kind), value.nbytes) == (kind, n_bytes) else None
    if isinstance(argument, float):
        return np.array(argument, f"f{n_bytes}") if kind == "float" else None
    if isinstance(argument, EmulatedBuffer):
        argument = argument.address
        if n_bytes < 8:
            return None
    bits = 8 * n_bytes
    lowest = -(1 << bits - 1) if kind == "int" else 0
    highest = {"int": (1 << bits - 1) - 1, "bool": 1}.get(kind, (1 << bits) - 1)
    if kind in ("float", "struct") or not lowest <= argument <= highest:
        return None
    return np.array(argument & (1 << bits) - 1, f"u{n_bytes}")
