"""Variables of the connected groups as attributes of synapses: ``S.v_pre``, ``S.v_post``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simgen.api.checks import check_shared_index
from simgen.api.evaluation import evaluate_text
from simgen.api.storage import AnyArray, StateVariable
from simgen.api.views import VariableView
from simgen.errors import UnknownAttributeError
from simgen.units import Dimension, Quantity

if TYPE_CHECKING:
    from simgen.api.group import Group
    from simgen.api.synapses_in_network import SynapsesInNetwork

# the ending that a name has, and which neurons it means; without one it is the target's variable
_ENDS = {"_pre": "i", "_post": "j", "": "j"}


class EndpointValues:
    """Lets a :class:`VariableView` read and write a variable of the neurons at one end.

    There is one value for each synapse, in the order of the synapses. A value that is written to
    several synapses of one neuron is written in that order: the last one stays.
    """

    def __init__(self, synapses: SynapsesInNetwork, name: str, ending: str) -> None:
        self._synapses = synapses
        self._variable = name.removesuffix(ending)
        self._indices_of = _ENDS[ending]
        self._group: Any = synapses.source if ending == "_pre" else synapses.target
        self.name = synapses.name
        self.variables: dict[str, StateVariable] = {}  # none is stored by these synapses

    def describe(self) -> str:
        """Return how messages call the synapses."""
        return self._synapses.describe()

    def _dimension(self, _name: str) -> Dimension:
        dim: Dimension = self._group._dimension(self._variable)
        return dim

    def _stored(self) -> StateVariable | None:
        found: StateVariable | None = self._group.variables.get(self._variable)
        return found

    def _is_shared(self) -> bool:
        stored = self._stored()
        if stored is not None:
            return stored.info.shared
        computed = self._group._description.subexpressions.get(self._variable)
        return computed is not None and bool(computed.shared)

    def _read(self, _name: str, item: Any) -> AnyArray:
        if self._is_shared():
            return np.asarray(self._group._read(self._variable, item))
        neurons = self._synapses._read(self._indices_of, item)
        return np.asarray(self._group._read(self._variable, neurons))

    def _write(self, name: str, item: Any, value: Any, plain: bool = False) -> None:
        stored, synapses = self._stored(), self._synapses
        if stored is None or stored.info.read_only:
            raise UnknownAttributeError(f"'{name}' of {self.describe()} cannot be written.")
        if isinstance(value, VariableView):
            value = value[:]
        if plain and not isinstance(value, str):
            value = Quantity(np.asarray(value), dim=stored.info.dim)
        if stored.info.shared:
            check_shared_index(item, f"'{name}' of {self.describe()}")
            self._group._write(self._variable, slice(None), value)
            return
        if synapses._data.n == 0:
            raise UnknownAttributeError(
                f"{self.describe()} has no synapses yet; call connect() before setting '{name}'."
            )
        indices = synapses._indices(item)
        if isinstance(value, str):
            positions = synapses._positions(indices)
            text, context = f"value of '{name}'", synapses._text_context()
            new = evaluate_text(value, text, context, positions, stored.info.dim, stored)
            value = Quantity(new, dim=stored.info.dim)
        self._group._write(self._variable, synapses._read(self._indices_of, item), value)


def endpoint_view(synapses: SynapsesInNetwork, name: str) -> VariableView | None:
    """Return the view that ``synapses.name`` means at one end of the synapses, or None.

    ``name`` is a variable of the source with ``_pre`` or of the target with ``_post`` or without an
    ending, as in code; one more underscore at its end makes the view unit-less.
    """
    plain = name.endswith("_")
    key = name[:-1] if plain else name
    found = _values_at_an_end(synapses, key)
    return None if found is None else VariableView(found, key, plain)


def end_of(synapses: SynapsesInNetwork, name: str) -> tuple[Group, str] | None:
    """Return the group at the end that ``v_pre`` or ``v_post`` means, and its variable, or None."""
    found = _values_at_an_end(synapses, name)
    return None if found is None else (found._group, found._variable)


def _values_at_an_end(synapses: SynapsesInNetwork, name: str) -> EndpointValues | None:
    for ending in _ENDS:
        if name.endswith(ending) and len(name) > len(ending):
            values = EndpointValues(synapses, name, ending)
            if values._group._knows(values._variable):
                return values
    return None


def endpoint_names(synapses: SynapsesInNetwork) -> list[str]:
    """Return the names that :func:`endpoint_view` knows, for suggestions."""
    return [
        *(f"{name}_pre" for name in synapses.source._readable() if synapses.source._knows(name)),
        *(f"{name}_post" for name in synapses.target._readable() if synapses.target._knows(name)),
    ]
