"""Recorded launches replayed, against the same launches made one by one, and the reference."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import partial

from simgen.commands.check import models
from simgen.commands.check.exact import compare, read_expected, reference_results, results_of
from simgen.commands.check.models import Arrays
from simgen.commands.check.report import Values
from simgen.commands.check.setting import Setting
from simgen.errors import ModelError, NumericalError
from simgen.targets.cuda.device import Device

MODELS = (
    models.neurons,
    models.many_delays,
    models.delayed_plasticity,
    models.clocks,
    models.parts,
)
NEVER = 1 << 40  # ticks: no run is as long, so none is recorded
REPLAYED = 16  # ticks in a recording, on a device that records one at a time by itself


def run(setting: Setting) -> None:
    """Compare both ways of making ticks for networks that differ in what they launch."""
    device = setting.device()
    given = read_expected(setting.expect) if setting.expect is not None else {}
    recorded = max(REPLAYED, device.recorded_ticks)
    for model in MODELS[: setting.size(len(MODELS), 2)]:
        work = partial(_compare_ways, setting, device, recorded, model, given)
        setting.report.part(model.__name__, work)


def _compare_ways(
    setting: Setting,
    device: Device,
    recorded: int,
    model: Callable[[], Arrays],
    given: Mapping[str, Arrays],
) -> Values:
    """Compare one model, each time run by recordings and without them."""
    ways = {}
    before = device.recorded_ticks
    choose = partial(setting.use_device, deterministic=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)  # of a device that records nothing
            for way, ticks in (("replayed", recorded), ("launched", NEVER)):
                device.recorded_ticks = ticks
                ways[way] = results_of(model, choose)
    finally:
        device.recorded_ticks = before
    if compare(ways["replayed"], ways["launched"]) > 0:
        raise NumericalError("replayed launches give other bits than launches made one by one")
    values = {"deviation from reference": compare(ways["replayed"], reference_results(model))}
    if given:
        if model.__name__ not in given:
            raise ModelError(f"'{setting.expect}' knows no model '{model.__name__}'; write it anew")
        values["deviation from the file"] = compare(ways["replayed"], given[model.__name__])
    return values
