"""Rows that are made anew for each spike, in numpy: the meaning of their rules."""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt

from simgen.errors import InternalError
from simgen.ir.kernel import SynapseStore
from simgen.numerics.philox import philox
from simgen.numerics.portable import log
from simgen.targets.base import Memory

_SKIPS = 1  # the purpose of the draws
_BLOCKS = 64  # drawn together
Targets = npt.NDArray[np.int64]


def row_targets(memory: Memory, store: SynapseStore, row: int) -> Targets:
    """Return the targets of a row, ascending, as indices of the whole group."""

    def number(name: str) -> int:
        return int(memory.ints[f"{store.name}.{name}"])

    match store.rule:
        case "every":
            found = np.arange(number("n_reached"), dtype=np.int64)
        case "skips":
            scale = float(memory.reals[f"{store.name}.scale"])
            found = _skipped(number("n_reached"), scale, number("key") % (1 << 64), row)
        case "kernel":
            grid = memory.arrays[f"{store.name}.grid"].astype(np.int64)
            found = _reached(grid, number("directions"), row)
        case _:
            raise InternalError(f"synapses '{store.name}' have the unknown rule '{store.rule}'")
    if store.rule != "kernel" and number("skip_self"):
        found = found[found != row]
    return found + number("first_target")


def _skipped(n: int, scale: float, key: int, row: int) -> Targets:
    """Return targets below ``n``, each taken with one probability: geometric skips."""
    found: list[int] = []
    place = block = 0
    while True:
        blocks = np.arange(block, block + _BLOCKS, dtype=np.uint32)
        words = philox(np.uint32(row), blocks, np.uint32(_SKIPS), np.uint32(0), key)
        low, high = (word.astype(np.uint64) for word in words[0::2]), words[1::2]
        pairs = [a | (b.astype(np.uint64) << np.uint64(32)) for a, b in zip(low, high)]
        uniform = (np.stack(pairs, axis=1).reshape(-1) >> np.uint64(11)) * 2.0**-53 + 2.0**-53
        block += _BLOCKS
        with np.errstate(invalid="ignore"):
            skips = log(uniform) * scale
        for skip in skips.tolist():
            if not skip < n - place:  # not-a-number ends the row too
                return np.array(found, np.int64)
            place += int(skip)
            found.append(place)
            place += 1


def _reached(grid: Targets, directions: int, row: int) -> Targets:
    """Return the targets that a kernel reaches, by its definition."""
    sizes = grid[: 5 * directions].reshape(directions, 5).tolist()
    inputs, outputs = grid[5 * directions :].tolist()
    places = np.unravel_index(row // inputs, [source for _, source, _, _, _ in sizes])
    reached = [
        [t for t in range(target) if 0 <= int(place) + before - t * stride < kernel]
        for place, (kernel, _, target, stride, before) in zip(places, sizes)
    ]
    shape = [target for _, _, target, _, _ in sizes]
    found = [
        int(np.ravel_multi_index(where, shape)) * outputs + channel
        for where in product(*reached)
        for channel in range(outputs)
    ]
    return np.array(found, np.int64)
