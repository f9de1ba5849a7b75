"""Synapses as they are once some are gone: what a rule that adds others counts and avoids."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from simgen.api.evaluation import TextContext
from simgen.api.pair_rules import Expression, PairContext
from simgen.api.storage import AnyArray
from simgen.api.subgroup import Subgroup
from simgen.dtypes import DType
from simgen.ir.expr import Array, Local
from simgen.lang.syntax import Node
from simgen.model.scope import Entry, ValueEntry
from simgen.units import DIMENSIONLESS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simgen.api.synapses import Synapses

Integers = npt.NDArray[np.int64]
REMOVED = "n_removed"


class Remains:
    """The synapses of which some are ``gone``, bool (n,) in data order; None for none."""

    def __init__(self, synapses: Synapses, gone: npt.NDArray[np.bool_] | None) -> None:
        self.synapses = synapses
        self.gone = gone
        self._counts: dict[tuple[str, bool], Integers] = {}

    @classmethod
    def everything(cls, synapses: Synapses) -> Remains:
        """Return all synapses."""
        return cls(synapses, None)

    @property
    def n(self) -> int:
        """The number of synapses that stay."""
        return self.synapses._data.n - (0 if self.gone is None else int(self.gone.sum()))

    def _start(self) -> int:
        """Return the absolute index of the first target."""
        target = self.synapses.target
        return int(target.start) if isinstance(target, Subgroup) else 0

    def codes(self) -> Integers:
        """Return i * N_post + j, a new array, in indices of the (sub)groups; -1 for those gone."""
        data = self.synapses._data
        codes = data.sources().astype(np.int64)
        codes *= self.synapses.target._size()
        codes += data.targets()
        codes -= self._start()
        if self.gone is not None:
            codes[self.gone] = -1
        return codes

    def removed(self, side: str) -> Integers:
        """Return how many are gone, of each target or source of the (sub)groups, or in total."""
        if side == "total":
            return np.array([0 if self.gone is None else self.gone.sum()], np.int64)
        counts = self._count(side, gone=True)
        if side == "source":
            return counts
        start = self._start()
        return counts[start : start + self.synapses.target._size()]

    def _count(self, side: str, *, gone: bool) -> Integers:
        """Return the number of those that are gone, or stay, of each row or absolute target."""
        key = side, gone
        if key not in self._counts:
            data = self.synapses._data
            ends, size = (
                (data.targets(), data.n_target)
                if side == "target"
                else (data.sources(), data.n_source)
            )
            if self.gone is not None:
                ends = ends[self.gone == gone]
            elif gone:
                ends = ends[:0]
            self._counts[key] = np.bincount(ends, minlength=size).astype(np.int64)
        return self._counts[key]

    def degrees(self, array: Array) -> AnyArray | None:
        """Return N_incoming or N_outgoing by absolute index, None for other arrays."""
        synapses = self.synapses
        if array.name == f"{synapses.name}.N_incoming":
            return self._count("target", gone=False).astype(np.int32)
        if array.name != f"{synapses.name}.N_outgoing":
            return None
        counts = self._count("source", gone=False).astype(np.int32)
        source = synapses.source
        if not isinstance(source, Subgroup):
            return counts
        whole = np.zeros(source.source._size(), np.int32)
        whole[source.start : source.stop] = counts
        return whole

    def seen_by(self, text: TextContext) -> TextContext:
        """Return a context in which degrees and the number of synapses are those that remain."""

        def find(array: Array) -> AnyArray:
            found = self.degrees(array)
            return text.find(array) if found is None else found

        sizes = {**text.sizes, f"n_{self.synapses.name}.rows": self.n}
        return replace(text, find=find, sizes=sizes)


@dataclass(frozen=True)
class RemainingContext(PairContext):
    """What text about new synapses may use: degrees are those without the synapses removed."""

    remains: Remains | None = None

    def resolve(
        self,
        node: Node,
        extra: Mapping[str, Entry] | None = None,
        wanted: tuple[str, DType] | None = None,
    ) -> Expression:
        """Return the typed expression of a node, ready to be evaluated at pairs."""
        found = super().resolve(node, extra, wanted)
        if self.remains is None:
            return found
        return replace(found, text=self.remains.seen_by(found.text))

    def counting(self, node: Node, what: str) -> Expression:
        """Return the integer expression of a number of synapses, which may use n_removed."""
        extra = {REMOVED: ValueEntry(Local(REMOVED, DType.I64), DIMENSIONLESS)}
        return self.resolve(node, extra, (what, DType.I64))
