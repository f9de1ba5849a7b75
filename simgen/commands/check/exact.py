"""Small networks on the device against the ``reference`` target, and against arrays in a file."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.api.clock import defaultclock
from simgen.api.device import set_device
from simgen.api.magic import start_scope
from simgen.api.seeds import seed
from simgen.commands.check.models import MODELS, Arrays
from simgen.commands.check.report import Values
from simgen.commands.check.setting import Setting
from simgen.errors import ModelError, NumericalError
from simgen.units import ms

TOLERANCE = 1e-12  # of the largest value of an array; whole numbers and times are equal
SEED = 1234
STEP = 0.1 * ms


def results_of(model: Callable[[], Arrays], choose_device: Callable[[], None]) -> Arrays:
    """Return what a model leaves behind on a device."""
    start_scope()
    choose_device()
    seed(SEED)
    defaultclock.dt = STEP  # whatever the process did before
    return model()


def reference_results(model: Callable[[], Arrays]) -> Arrays:
    """Return what a model leaves behind on the reference target."""
    return results_of(model, partial(set_device, "reference", dtype="float64"))


def write_expected(path: Path) -> int:
    """Write what all models leave behind on the cpu target; return the number of arrays.

    Raises :class:`simgen.errors.CompileError` without a compiler.
    """
    arrays: dict[str, Any] = {}
    for model in MODELS:
        found = results_of(model, partial(set_device, "cpu", dtype="float64"))
        arrays |= {f"{model.__name__}/{name}": values for name, values in found.items()}
    with path.open("wb") as file:  # savez would add a suffix to a name
        np.savez_compressed(file, **arrays)
    return len(arrays)


def read_expected(path: Path) -> dict[str, Arrays]:
    """Return the arrays of a file by model; raises ModelError if it is no such file."""
    found: dict[str, Arrays] = {}
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            for key in file.files:
                model, _, name = key.partition("/")
                found.setdefault(model, {})[name] = file[key]
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(f"'{path}' has no expected arrays: {error}") from None
    return found


def compare(found: Arrays, expected: Mapping[str, NDArray[Any]]) -> float:
    """Return the largest deviation of floating values, relative to the largest of their array.

    Raises NumericalError, naming the array and the place, above TOLERANCE or if others differ.
    """
    if found.keys() != expected.keys():
        raise NumericalError(f"the arrays {sorted(found.keys() ^ expected.keys())} are on one side")
    worst = 0.0
    for name, values in found.items():
        wanted = expected[name]
        if values.shape != wanted.shape:
            raise NumericalError(f"{name} has the shape {values.shape}, not {wanted.shape}")
        if values.size == 0:
            continue
        if values.dtype.kind != "f" or name in ("t", "spikes.step"):
            off = (values != wanted).astype(float)
            limit = 0.0
        else:
            with np.errstate(invalid="ignore"):  # infinities of one sign are equal
                off = np.where(values == wanted, 0.0, np.abs(values - wanted))
            finite = np.abs(wanted[np.isfinite(wanted)])
            scale = float(finite.max(initial=0.0)) or 1.0
            off, limit = np.nan_to_num(off / scale, nan=np.inf), TOLERANCE
        worst = max(worst, float(off.max()))
        if off.max() > limit:
            place = np.unravel_index(int(np.argmax(off)), off.shape)
            raise NumericalError(
                f"{name}{[int(k) for k in place]} is {values[place]!r} instead of "
                f"{wanted[place]!r} ({int((off > limit).sum())} of {off.size} values differ)"
            )
    return worst


def run(setting: Setting) -> None:
    """Compare all models, with sums in any order and in a fixed one."""
    setting.device()
    given = read_expected(setting.expect) if setting.expect is not None else {}
    references: dict[str, Arrays] = {}
    modes = (False,) if setting.emulate else (False, True)
    for deterministic in modes:
        for model in MODELS[:: setting.size(1, 3)]:
            work = partial(_compare_model, setting, model, deterministic, references, given)
            suffix = ", deterministic" if deterministic else ""
            setting.report.part(f"{model.__name__}{suffix}", work)


def _compare_model(
    setting: Setting,
    model: Callable[[], Arrays],
    deterministic: bool,
    references: dict[str, Arrays],
    given: Mapping[str, Arrays],
) -> Values:
    """Compare one model with all that is known about it."""
    name = model.__name__
    if name not in references:
        references[name] = reference_results(model)
    begin = time.perf_counter()
    found = results_of(model, partial(setting.use_device, deterministic=deterministic))
    seconds = time.perf_counter() - begin
    values: dict[str, Any] = {"seconds on the device": round(seconds, 3)}
    values["deviation from reference"] = compare(found, references[name])
    if given:
        if name not in given:
            raise ModelError(f"'{setting.expect}' knows no model '{name}'; write it anew")
        values["deviation from the file"] = compare(found, given[name])
    return values
