"""Successive synapses as a group: the source or the target of others, or what a monitor sees.

They are ``start`` to ``stop`` in the order of creation, and so the same synapses however these are
stored, also when others are made later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from simgen.api.group import Group
from simgen.api.subgroup import Subgroup
from simgen.api.synapses_in_network import SynapsesInNetwork
from simgen.api.synaptic_selection import SynapticSelection
from simgen.errors import ArgumentTypeError, ModelError, UnsupportedFeatureError
from simgen.units import Dimension

if TYPE_CHECKING:
    from simgen.api.namespaces import Namespace
    from simgen.api.storage import AnyArray
    from simgen.dtypes import DType
    from simgen.ir.expr import Index
    from simgen.ir.kernel import Clock
    from simgen.model.description import ModelScope
    from simgen.model.scope import ConstantScope


class SynapsesPart(Subgroup):
    """Synapses ``start`` to ``stop`` (excluded) of a Synapses object, numbered from 0."""

    source: SynapsesInNetwork

    def __init__(self, source: SynapsesInNetwork, start: int, stop: int) -> None:
        for name, value in (("source", source), ("start", start), ("stop", stop)):
            self._set(name, value)  # first, since messages mention them
        super().__init__(source, start, stop)

    def describe(self) -> str:
        """Return how messages call the part."""
        return f"Part {self.start}:{self.stop} of {self.source.describe()}"

    def require_there(self) -> None:
        """Raise ModelError where the synapses are gone: a restored state may have fewer."""
        present = self.source._size()
        if self.stop > present:
            raise ModelError(
                f"{self.describe()} is gone: there are only {present} of these synapses now."
            )

    def _index(self) -> Index:
        return self.source._index()

    def _indices(self, item: Any) -> Any:
        if isinstance(item, str):
            chosen = self.source._indices(item)
            return chosen[(chosen >= self.start) & (chosen < self.stop)] - self.start
        return super()._indices(item)

    def _whole(self, item: Any) -> Any:
        """Return the numbers that elements have among all the synapses."""
        self.require_there()
        return np.arange(self.start, self.stop)[self._indices(item)]

    def _positions(self, indices: Any) -> Any:
        return self.source._positions(np.arange(self.start, self.stop)[indices])

    def _everywhere(self) -> Any:
        return self._positions(slice(None))

    def _knows(self, name: str) -> bool:
        return self.source._knows(name)

    def _readable(self) -> list[str]:
        return self.source._readable()

    def _dimension(self, name: str) -> Dimension:
        return self.source._dimension(name)

    def _code_scope(
        self, constants: ConstantScope, clock: Clock, when: str, caller: Namespace | None = None
    ) -> ModelScope:
        return self.source._code_scope(constants, clock, when, caller)

    def _value_type(self, name: str) -> DType:
        return self.source._value_type(name)

    def _read(self, name: str, item: Any) -> AnyArray:
        variable = self.variables.get(name)
        shared = variable is not None and variable.info.shared
        return self.source._read(name, item if shared else self._whole(item))

    def _write(self, name: str, item: Any, value: Any, plain: bool = False) -> None:
        variable = self.variables.get(name)
        shared = variable is not None and variable.info.shared
        self.source._write(name, item if shared else self._whole(item), value, plain)

    def __getitem__(self, item: Any) -> NoReturn:
        raise UnsupportedFeatureError(
            f"{self.describe()} has no parts itself. Take them of all the synapses, as in S[:10]."
        )

    def _refuse_code(self, *_arguments: Any, **_options: Any) -> NoReturn:
        raise UnsupportedFeatureError(
            f"Code cannot run for {self.describe()} alone. Run it for all of these, and multiply "
            "by int(...) of a condition where it changes some."
        )

    run_regularly = run_now = run_at = _refuse_code


def as_group(group: Any, what: str) -> Any:
    """Return the part that ``S[a:b]`` stands for where a group is needed; else what was given.

    ``what`` it is for is named where the synapses do not follow on each other.
    """
    if not isinstance(group, SynapticSelection):
        return group
    chosen = group.indices
    owner = group.synapses.describe()
    if chosen.size == 0:
        raise ModelError(f"{what} is a part of {owner} without any synapse.")
    first, last = int(chosen[0]), int(chosen[-1])
    if not np.array_equal(chosen, np.arange(first, first + chosen.size)):
        raise ArgumentTypeError(
            f"{what} is a part of {owner} that is not contiguous: {chosen.size} synapses, from "
            f"{first} to {last}. Take a slice, as in S[:10], or all of them, and choose some "
            "by a condition."
        )
    return SynapsesPart(group.synapses, first, last + 1)


def whole_synapses(group: Group) -> SynapsesInNetwork | None:
    """Return the Synapses that a group is, or is a part of; None for neurons."""
    whole = group.source if isinstance(group, Subgroup) else group
    return whole if isinstance(whole, SynapsesInNetwork) else None
