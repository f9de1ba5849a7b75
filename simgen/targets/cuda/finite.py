"""Whether arrays on a device are finite, asked without bringing them to the host."""

from __future__ import annotations

from typing import Any

import numpy as np

from simgen.resources import cuda_kernel_dir
from simgen.targets.cuda.device import Buffer, Device

_BLOCK = 256
_KERNELS = {np.dtype(np.float64): "sg_find_nonfinite", np.dtype(np.float32): "sg_find_nonfinitef"}


class FinitenessCheck:
    """The compiled kernels, and the word that they set."""

    def __init__(self, device: Device) -> None:
        path = cuda_kernel_dir() / "cuda" / "finite.cuh"
        self._device = device
        self._module = device.compile(path.read_text(encoding="utf-8"))
        self._found = device.allocate(8, "found")
        self._clear()

    def _clear(self) -> None:
        self._device.upload(self._found, np.zeros(1, np.int64))

    def all_finite(self, buffer: Buffer, dtype: np.dtype[Any], size: int, start: int = 0) -> bool:
        """Return whether ``size`` values from ``start`` on are neither NaN nor infinite.

        Integers never are.
        """
        if dtype not in _KERNELS or size == 0:
            return True
        function = self._module.function(_KERNELS[dtype])
        grid = max(1, min(-(-size // _BLOCK), function.resident(_BLOCK)))
        first = buffer.address + start * dtype.itemsize
        function.launch(grid, _BLOCK, (first, size, self._found.address))
        found = np.zeros(1, np.int64)
        self._device.download(self._found, found)
        if found[0]:
            self._clear()
        return not found[0]
