"""The texts of a program, lowered and compiled when its delays first ask for them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import numpy as np

from simgen.ir.kernel import Program
from simgen.ir.verify import verify_program
from simgen.options import Options
from simgen.targets.base import Memory
from simgen.targets.cuda.device import Device, Module
from simgen.targets.cuda.lower import LoweredProgram, delays_that_decide, lower_program


@dataclass(slots=True)
class Texts:
    """A program with its text for any delays, and that for delays of a step at least."""

    program: Program
    options: Options
    device: Device
    _delays: tuple[str, ...] = field(init=False)
    _made: dict[bool, tuple[LoweredProgram, Module]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        verify_program(self.program)
        self._delays = delays_that_decide(self.program, self.options.deterministic)
        if not self._delays:
            self.get(delayed=False)  # the only one

    def are_delayed(self, memory: Memory) -> bool:
        """Return whether the delays allow the text with fewer launches, if there is one."""
        tables = (memory.arrays[name] for name in self._delays)
        return bool(self._delays) and all(bool(np.all(table != 0)) for table in tables)

    def get(self, delayed: bool) -> tuple[LoweredProgram, Module]:
        """Return a text; each is compiled once."""
        with self._lock:
            known = self._made.get(delayed)
            if known is None:
                options = self.options
                lowered = lower_program(
                    self.program, options.real, options.deterministic, delayed, options.profile
                )
                known = self._made[delayed] = lowered, self.device.compile(lowered.source)
        return known
