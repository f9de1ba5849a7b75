"""The device that networks run on, chosen by ``set_device`` or the variable SIMGEN_DEVICE."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from typing import Any

import numpy as np

from simgen import pipeline
from simgen.api.running import RUNNING
from simgen.dtypes import FLOAT32, FLOAT64
from simgen.errors import (
    ArgumentTypeError,
    DeviceError,
    ModelError,
    SimgenError,
    suggest,
)
from simgen.options import Options

TARGETS = ("auto", "cpu", "cuda", "reference")
# The options that belong to one kind of device; elsewhere they would mean nothing.
_ONLY_ON = {
    "emulate": "cuda",
    "deterministic": "cuda",
    "device": "cuda",
    "compiler_flags": "cpu",
}
_OPTIONS = ("dtype", "threads", "optimize", *_ONLY_ON)
_NOT_SAID: Any = object()
_current: Options | None = None


def set_device(
    name: Any = _NOT_SAID,
    /,
    *,
    device: Any = None,
    dtype: Any = None,
    threads: int | None = None,
    optimize: int = 1,
    compiler_flags: tuple[str, ...] = (),
    emulate: bool = False,
    deterministic: bool = False,
    **unknown: Any,
) -> None:
    """Choose where networks run from now on; may be called any time outside a run.

    Parameters
    ----------
    name
        ``"cpu"``, ``"cuda"`` (an NVIDIA GPU), ``"reference"`` (plain numpy, slow: for checking) or
        ``"auto"``, the default: ``cuda`` where a GPU is usable and a step of the network has
        5,000 neurons and expected synaptic events or more, for each thread (30,000 more where
        Python code is called in every step), else ``cpu``. It is decided when a network first
        runs; the choice and its reason go to the logger ``simgen.device`` as one INFO line.
    device
        With ``"cuda"``, the number of the GPU, from 0. A name, if none was given before it.
    dtype
        ``"float64"`` (the default) or ``"float32"`` for variables created from now on.
    threads
        Threads of the CPU target; results do not depend on their number. A GPU that ``auto``
        takes has none.
    optimize
        0 turns the optimising passes off.
    compiler_flags
        Further flags for the system compiler.
    emulate
        Run the CUDA source on the processor, slowly: to check and debug without a GPU.
    deterministic
        On a GPU, keep the order of floating sums, so that equal runs are equal bit by bit.

    Raises
    ------
    DeviceError
        The device cannot be used here; an explicit ``"cuda"`` never becomes another device.

    """
    global _current
    if unknown:
        wrong = next(iter(unknown))
        raise ArgumentTypeError(
            f"set_device() has no option '{wrong}'. {suggest(wrong, _OPTIONS)}".strip()
        )
    if name is _NOT_SAID:
        name, device = ("auto" if device is None else device), None
    if not isinstance(name, str) or name not in TARGETS:
        raise DeviceError(
            f"There is no device {name!r}. {suggest(str(name), TARGETS)} "
            f"The devices are {', '.join(TARGETS)}."
        )
    options = Options(
        target=name,
        threads=_threads(threads),
        optimize=0 if name == "reference" else _level(optimize),  # the oracle knows no passes
        compiler_flags=_flags(compiler_flags),
        emulate=_switch("emulate", emulate),
        deterministic=_switch("deterministic", deterministic),
        device=_number(device),
    )
    _check_together(options)
    if threading.get_ident() in RUNNING.values():
        raise DeviceError("The device cannot change while a network runs.")
    if dtype is not None:
        options = replace(options, real=_real(dtype))
    pipeline.require_device(options)
    _current = options


def _check_together(options: Options) -> None:
    """Refuse options that mean nothing on the chosen device."""
    plain, name = Options(), options.target
    for option, owner in _ONLY_ON.items():
        given = getattr(options, option) != getattr(plain, option)
        if given and name != owner and not (owner == "cpu" and name in ("auto", "reference")):
            raise DeviceError(
                f"The option '{option}' belongs to the device '{owner}', not to '{name}'."
            )
    if name == "cuda" and options.threads != 1:
        raise DeviceError("The option 'threads' belongs to the device 'cpu', not to 'cuda'.")
    if options.emulate and options.device:
        raise DeviceError("An emulated device has no number: leave out 'device' or 'emulate'.")


def _switch(option: str, value: Any) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise ArgumentTypeError(f"The option '{option}' must be True or False, not {value!r}.")
    return bool(value)


def _number(device: Any) -> int:
    if device is None:
        return 0
    if isinstance(device, bool) or not isinstance(device, int | np.integer) or device < 0:
        raise ArgumentTypeError(
            f"The option 'device' is the number of a GPU, from 0, not {device!r}."
        )
    return int(device)


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
    """Return the name of the chosen device; ``auto`` where that is left to each network."""
    return current_options().target
