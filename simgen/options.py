"""What the user chose about the device, in one immutable object."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simgen.dtypes import FLOAT64


@dataclass(frozen=True, slots=True)
class Options:
    """Target, precision and the switches of :func:`simgen.set_device`."""

    target: str = "auto"
    real: np.dtype[np.floating] = FLOAT64
    threads: int = 1
    optimize: int = 1  # 0: no optimising passes, for tests that compare bits
    compiler_flags: tuple[str, ...] = ()
    emulate: bool = False  # cuda: run the CUDA source on the processor
    deterministic: bool = False  # cuda: floating sums keep their order
    device: int = 0  # cuda: the number of the GPU
    profile: bool = False  # kernels (on a GPU launches) add up the time they take
