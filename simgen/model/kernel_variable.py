"""Variables of synapses that many of them share, by their place in a kernel."""

from __future__ import annotations

from dataclasses import dataclass

from simgen.dtypes import DType
from simgen.ir.construct import binary, cast
from simgen.ir.expr import POST, PRE, Array, Gather, Load
from simgen.model.scope import ValueEntry
from simgen.units import Dimension


@dataclass(frozen=True, slots=True)
class KernelVariable:
    """A variable that synapses share through a kernel: one value for each entry of ``table``.

    The entry of a synapse is the number of its source less that of its target (I32, of the whole
    groups).
    """

    table: Array
    source_numbers: Array
    target_numbers: Array
    dim: Dimension

    def entry(self) -> ValueEntry:
        """Return the value of the synapse that code stands at."""
        numbers = (Load(self.source_numbers, PRE), Load(self.target_numbers, POST))
        source, target = (cast(number, DType.I64) for number in numbers)
        return ValueEntry(
            Gather(self.table, binary("-", source, target)),
            self.dim,
            "declared (kernel), so that many synapses share it. Values are given by "
            "connect(kernel=...), and others between runs by S.kernels",
        )
