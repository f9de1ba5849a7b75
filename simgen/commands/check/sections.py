"""The sections of ``gpu-check`` in their order, and what each may take of the time there is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simgen.commands.check import exact, first_day, microcircuit, replay, smoke, speed, units
from simgen.commands.check.setting import Setting


@dataclass(frozen=True, slots=True)
class Section:
    """A name, what it does, and its share of the time, beside those of later sections."""

    name: str
    summary: str
    run: Callable[[Setting], None]
    share: int


SECTIONS = (
    Section("smoke", "device and versions, one kernel, one step of a network", smoke.run, 2),
    Section("kernels", "hand-written kernels against numpy", units.run, 3),
    Section("exact", "small networks against the reference target", exact.run, 8),
    Section("replay", "recorded launches against single ones", replay.run, 4),
    Section("first-day", "what the speed of a step depends on", first_day.run, 4),
    Section("speed", "four networks from 4e3 to 4e6 neurons", speed.run, 40),
    Section("microcircuit", "the cortical microcircuit at full size", microcircuit.run, 30),
)
NAMES = tuple(section.name for section in SECTIONS)
