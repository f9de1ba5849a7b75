"""The device that networks run on, chosen by ``set_device`` or the variable SIMGEN_DEVICE."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np

from simgen.dtypes import FLOAT32, FLOAT64
from simgen.errors import (
    ArgumentTypeError,
    DeviceError,
    ModelError,
    SimgenError,
    UnsupportedFeatureError,
    suggest,
)
from simgen.options import Options

TARGETS = ("auto", "cpu", "reference", "cuda")
_current: Options | None = None


def set_device(
    device: str = "auto",
    *,
    dtype: Any = None,
    threads: int | None = None,
    optimize: int = 1,
    compiler_flags: tuple[str, ...] = (),
    **unknown: Any,
) -> None:
    """Choose where networks run from now on; may be called any time outside a run.

    Parameters
    ----------
    device
        ``"cpu"``, ``"reference"`` (plain numpy, slow: for checking) or ``"auto"``.
    dtype
        ``"float64"`` (the default) or ``"float32"`` for variables created from now on.
    threads
        Threads of the CPU target; results do not depend on their number.
    optimize
        0 turns the optimising passes off.
    compiler_flags
        Further flags for the system compiler.

    Raises
    ------
    DeviceError
        The device cannot be used here.

    """
    global _current
    if unknown:
        name = next(iter(unknown))
        raise ArgumentTypeError(
            f"set_device() has no option '{name}'. "
            f"{suggest(name, ('dtype', 'threads', 'optimize', 'compiler_flags'))}".strip()
        )
    if not isinstance(device, str) or device not in TARGETS:
        raise DeviceError(
            f"There is no device {device!r}. {suggest(str(device), TARGETS)} "
            f"The devices are {', '.join(TARGETS)}."
        )
    if device == "cuda":
        raise UnsupportedFeatureError(
            "The device 'cuda' cannot run networks yet; use 'cpu'. "
            "CUDA source can be looked at with 'python -m simgen show --target cuda'."
        )
    options = Options(
        target=device,
        threads=_threads(threads),
        optimize=0 if device == "reference" else _level(optimize),  # the oracle knows no passes
        compiler_flags=_flags(compiler_flags),
    )
    if dtype is not None:
        options = replace(options, real=_real(dtype))
    _current = options


def _threads(threads: int | None) -> int:
    if threads is None:
        return 1
    if isinstance(threads, bool) or not isinstance(threads, int | np.integer):
        raise ArgumentTypeError(f"The number of threads must be an integer, not {threads!r}.")
    if not 1 <= threads <= 1024:
        raise ModelError(f"The number of threads must lie between 1 and 1024, not {threads}.")
    return int(threads)


def _level(optimize: Any) -> int:
    if not isinstance(optimize, bool | int | np.integer) or optimize not in (0, 1):
        raise ModelError(f"optimize must be 0 or 1, not {optimize!r}.")
    return int(optimize)


def _flags(flags: Any) -> tuple[str, ...]:
    several = isinstance(flags, list | tuple)
    if not several or not all(isinstance(flag, str) for flag in flags):
        raise ArgumentTypeError(
            f"compiler_flags must be a list of texts, as in ['-O2'], not {flags!r}."
        )
    return tuple(flags)


def _real(dtype: Any) -> np.dtype[np.floating]:
    for real in (FLOAT64, FLOAT32):
        if isinstance(dtype, str | type | np.dtype) and dtype in (real.name, real, real.type):
            return real
    raise DeviceError(f"The dtype must be 'float64' or 'float32', not {dtype!r}.")


def current_options() -> Options:
    """Return the options in force, reading SIMGEN_DEVICE the first time."""
    global _current
    if _current is None:
        chosen = os.environ.get("SIMGEN_DEVICE", "auto")
        try:
            set_device(chosen)
        except SimgenError as error:
            raise type(error)(f"The variable SIMGEN_DEVICE is {chosen!r}. {error}") from None
    if _current is None:
        raise DeviceError("no device could be chosen")
    return _current


def get_device() -> str:
    """Return the name of the chosen device."""
    return current_options().target
