"""Values that a device has computed for an array: looked through, and put in their places."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from simgen.errors import InternalError
from simgen.resources import cuda_kernel_dir
from simgen.targets.cuda.device import Buffer, Device, Module

_BLOCK = 256


@functools.lru_cache(maxsize=4)
def _module(device: Any) -> Module:  # a Device, of which mypy does not know that it has a hash
    path = cuda_kernel_dir() / "cuda" / "values.cuh"
    module: Module = device.compile(path.read_text(encoding="utf-8"))
    return module


def _launch(device: Any, name: str, count: int, arguments: tuple[int, ...]) -> None:
    function = _module(device).function(name)
    grid = max(1, min(-(-count // _BLOCK), function.resident(_BLOCK)))
    function.launch(grid, _BLOCK, arguments)


def all_within(
    device: Device, values: Buffer, span: tuple[int, int], limits: tuple[int, int]
) -> bool:
    """Return whether the 64-bit integers of a span lie between two limits, which count.

    The lower limit is not positive, the upper one not negative.
    """
    found, size = device.allocate(8, "found"), span[1] - span[0]
    device.upload(found, np.zeros(1, np.int64))
    first = values.address + 8 * span[0]
    _launch(device, "sg_find_outside", size, (first, size, -limits[0], limits[1], found.address))
    result = np.zeros(1, np.int64)
    device.download(found, result)
    return not result[0]


def store_values(
    device: Device,
    target: tuple[Buffer, np.dtype[Any]],
    values: tuple[Buffer, np.dtype[Any]],
    chosen: Buffer | None,
    span: tuple[int, int],
) -> None:
    """Copy the values of a span to the same places of ``target``, all or those that are chosen.

    ``chosen`` has a byte for each place. 64-bit integers go into 32-bit ones, which they fit.
    """
    kept, given = target[1], values[1]
    name = f"sg_store_{8 * kept.itemsize}"
    if kept != given:
        if (kept, given) != (np.dtype(np.int32), np.dtype(np.int64)):
            raise InternalError(f"values of {given} cannot be stored as {kept}")
        name += "_of_64"
    choice = values[0] if chosen is None else chosen  # some address of the device
    some = int(chosen is not None)
    places = target[0].address, values[0].address, choice.address, some, *span
    _launch(device, name, span[1] - span[0], places)
