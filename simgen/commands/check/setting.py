"""What all sections of ``gpu-check`` know: the device, how large to be, and what to expect."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.api.device import set_device
from simgen.commands.check.report import Report
from simgen.dtypes import FLOAT64
from simgen.errors import CompileError
from simgen.options import Options
from simgen.resources import cuda_kernel_dir
from simgen.targets.cpu.compile import find_compiler
from simgen.targets.cuda.backend import open_device
from simgen.targets.cuda.device import Device, Module


@dataclass(frozen=True, slots=True)
class Setting:
    """``emulate`` asks for the emulated device, on which everything is small."""

    report: Report
    emulate: bool = False
    expect: Path | None = None

    def device(self) -> Device:
        """Return the device; raises :class:`simgen.errors.DeviceError` if there is none."""
        return open_device(Options(target="cuda", emulate=self.emulate))

    def use_device(self, dtype: str = "float64", *, deterministic: bool = False) -> None:
        """Let networks run on the device from now on."""
        set_device("cuda", emulate=self.emulate, dtype=dtype, deterministic=deterministic)

    def size(self, real: int, emulated: int) -> int:
        """Return the first number on a GPU, the second on the emulated device."""
        return emulated if self.emulate else real


def has_compiler() -> bool:
    """Whether programs can be compiled for the host."""
    try:
        find_compiler()
    except CompileError:
        return False
    return True


def load_kernels(device: Device, name: str) -> Module:
    """Return the kernels of a file of ``cuda_kernels/check``."""
    path = cuda_kernel_dir() / "check" / f"{name}.cuh"
    return device.compile(path.read_text(encoding="utf-8"))


def to_device(device: Device, values: NDArray[Any]) -> Any:
    """Return device memory that holds ``values``."""
    buffer = device.allocate(values.nbytes)
    device.upload(buffer, values)
    return buffer


def to_host(device: Device, buffer: Any, dtype: Any = FLOAT64) -> NDArray[Any]:
    """Return the values of a buffer."""
    values = np.empty(buffer.n_bytes // np.dtype(dtype).itemsize, dtype)
    device.download(buffer, values)
    return values
