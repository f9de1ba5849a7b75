"""What an event takes along from its source: ``at_emission(x)`` in the code of synapses.

The value is formed once for each event, where the event is found, and kept beside the list of
events until the longest delay is over. So it costs an entry per neuron and step of that delay, and
nothing per synapse.

It is a function of the receiving code, not a second text of the event: several pathways of one
event take different values along, each knows its unit from its own expression, sources that have no
text for events (spike generators) need no argument for it, and nothing of it can be read where no
event arrives. To the IR it is an array read at a running index, EVENT, of the walks over events.
"""

from __future__ import annotations

from dataclasses import dataclass

from simgen.dtypes import DType
from simgen.errors import Origin
from simgen.ir.construct import cast
from simgen.ir.expr import EVENT, Array, Expr, IndexKind, IndexValue, Load, Local, RandomDraw, Role
from simgen.ir.stmt import EventList, kept_length
from simgen.ir.visit import walk
from simgen.lang.syntax import Node


@dataclass(frozen=True, slots=True)
class Emission:
    """A value of the source as of the emission of each event.

    ``value`` is the expression with the source at PRE; ``kept`` holds it, one entry for each
    element and each step that the list of ``events`` keeps.
    """

    events: EventList
    kept: Array
    value: Expr
    origin: Origin


class Emissions:
    """The values that the events of one pathway take along; equal text in it shares an entry.

    They are numbered by the text alone, so that the same code has the same names in every run.
    """

    def __init__(self, pathway: str, events: EventList) -> None:
        self._pathway = pathway
        self._events = events
        self._found: dict[Node, Emission] = {}

    def refusal(self, value: Expr) -> tuple[str, str] | None:
        """Return why a value is not that of a source, and a hint; None if it is one."""
        for node in walk(value):
            match node:
                case RandomDraw():
                    return (
                        "draws random numbers, and these are drawn for each synapse",
                        "Draw into a variable of the source, and take that along.",
                    )
                case Local():
                    return "is computed when the event arrives", "Put in what it is computed from."
                case Load(index=index) if index.kind is IndexKind.EVENT:
                    return "has an at_emission of its own", "Leave the inner one out."
                case Load() | IndexValue() if node.index.kind in _ELSEWHERE:
                    name = node.array.name.rpartition(".")[2] if isinstance(node, Load) else "j"
                    return (
                        f"depends on '{name}' of {_ELSEWHERE[node.index.kind]}",
                        "What an event takes along is of the source: names that end in _pre, "
                        "shared variables, constants and t.",
                    )
        return None

    def add(self, node: Node, value: Expr, origin: Origin) -> Load:
        """Return how code reads the value of a text as of the emission of the event."""
        if node not in self._found:
            dtype = value.dtype
            if dtype is not DType.BOOL:
                dtype = DType.REAL if dtype.is_float else DType.I64
            name = f"{self._pathway}.at_emission_{len(self._found)}"
            kept = Array(name, dtype, kept_length(self._events), Role.DERIVED)
            emission = Emission(self._events, kept, cast(value, dtype), origin)
            self._found[node] = emission
        return Load(self._found[node].kept, EVENT)

    def all(self) -> tuple[Emission, ...]:
        """Return what was found."""
        return tuple(self._found.values())


_ELSEWHERE = {IndexKind.POST: "the target", IndexKind.SYNAPSE: "the synapse"}
