"""What a network is made of: objects that contribute kernels, data or Python calls."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simgen.api.namespaces import Namespace
from simgen.api.noted_runs import NOTED
from simgen.api.placed import Placed
from simgen.api.seeds import Stream
from simgen.api.storage import ProgramArray
from simgen.build.facts import NetworkFacts
from simgen.errors import InternalError, Problem
from simgen.integrate.model import Derived
from simgen.ir.expr import Array, IndexKind
from simgen.ir.kernel import Item
from simgen.ir.stmt import EventList
from simgen.model.emissions import Emission
from simgen.model.scope import ConstantScope

if TYPE_CHECKING:
    from simgen.api.clock import Clock
    from simgen.api.recording import Recording
    from simgen.api.timeline import Timeline

AnyArray = npt.NDArray[Any]

_registry: weakref.WeakSet[Component] = weakref.WeakSet()
_created = 0


class Component(Placed):
    """An object that a :class:`Network` can hold.

    A network asks its components in this order: ``resolve`` (text to models), ``written`` (arrays
    that their code changes), ``items`` (kernels), then at each run ``values`` and ``arrays``.
    """

    _scope_number = 0
    _records_each_step = False  # whether every step appends to the recordings

    def __init__(
        self, name: str | None, prefix: str, *, when: str = "start", order: int = 0
    ) -> None:
        global _created
        Placed.__init__(self, name, prefix)
        self._place_at(when, order)
        object.__setattr__(self, "_contained", [])
        object.__setattr__(self, "_version", 0)
        object.__setattr__(self, "_network", None)
        _created += 1
        object.__setattr__(self, "_created", _created)
        object.__setattr__(self, "_scope_number", Component._scope_number)
        _registry.add(self)

    clock: Clock  # of those that run by steps
    _contained: list[Component]
    _version: int
    _created: int
    _network: Any

    @property
    def contained_objects(self) -> list[Component]:
        """Objects that come with this one (run_regularly operations and the like)."""
        return self._contained

    def _adopt(self, component: Component) -> None:
        """Take a component along into every network that this one is part of."""
        if NOTED.runs:
            NOTED.make(f"{component.describe()} was created")
        self._contained.append(component)

    def _depends_on(self) -> Iterator[Component]:
        """Yield the objects without which this one cannot run, and that come before it."""
        return iter(())

    def _needs(self) -> Iterator[Component]:
        """Yield further objects that must be in the network, wherever."""
        return iter(())

    # --- what a network asks for ---------------------------------------------------------------

    def _resolve(self, namespace: Namespace, problems: list[Problem]) -> None:
        """Resolve all text with the namespace of the run."""

    def _written(self) -> Iterable[Array]:
        """Yield the arrays that this object's code may change."""
        return ()

    def _observed(self) -> Iterable[Array]:
        """Yield the arrays of other objects that this object's code reads or writes."""
        return ()

    def _is_python(self) -> bool:
        """Whether this object runs Python code between steps."""
        return False

    def _items(self, facts: NetworkFacts) -> Iterable[Item]:
        """Yield the schedule items."""
        return ()

    def _derived(self) -> Iterable[Derived]:
        """Yield the values derived on the host when a run starts."""
        return ()

    def _follow_constants(self, names: Collection[str] | None) -> bool:
        """Give up what holds only for the present values of these parameters (None: of any).

        Called before new values are in memory; returns whether that changes what is compiled.
        """
        return False

    def _running(self, kind: IndexKind) -> npt.NDArray[np.int64]:
        """Return what a running index is for each element, for derived values."""
        raise InternalError(f"{self.describe()} has no index '{kind.value}'")

    def _carry_on(
        self, previous: Timeline | None, next_step: Callable[[Clock], int] | None
    ) -> None:
        """Go along from the network compiled last to the one being compiled.

        ``previous`` is None where this object joins; ``next_step`` (of a clock) where it leaves.
        """

    def _settles(self) -> Callable[[Timeline], bool] | None:
        """Return what tells when a kernel of this object can be compiled away, if one ever can."""
        return None

    def _prepare(self, n_parts: int) -> None:
        """Bring data into the form that programs need (synapses sort their rows)."""

    def _arrays(self) -> Iterable[tuple[Array, AnyArray | ProgramArray]]:
        """Yield the arrays of the IR that belong to this object, with their data."""
        return ()

    def _computed(self, used: frozenset[str]) -> Iterable[tuple[Array, AnyArray]]:
        """Yield those of the arrays named ``used`` that are computed only where code reads them."""
        return ()

    def _tables(self) -> dict[str, AnyArray]:
        """Return further arrays by their name in memory (connectivity)."""
        return {}

    def _sizes(self) -> dict[str, int]:
        """Return run-time sizes by name."""
        return {}

    def _parameters(self) -> dict[str, float | int]:
        """Return run-time parameters that are neither constants nor sizes."""
        return {}

    def _groups(self) -> dict[str, int]:
        """Return the sizes of the groups whose elements are divided between threads."""
        return {}

    def _event_lists(self) -> Iterable[EventList]:
        """Yield the event lists that this object fills."""
        return ()

    def _emissions(self) -> Iterable[tuple[Emission, int]]:
        """Yield what events take along to this object, and the first step whose events reach it."""
        return ()

    def _shortest_delay(self) -> int | None:
        """Return the shortest delay in steps with which this object delivers events, if it does."""
        return None

    def _longest_delays(self) -> dict[str, int]:
        """Return event list name -> the longest delay in steps with which it is read."""
        return {}

    def _recorded(self) -> Iterable[tuple[Recording, int]]:
        """Yield the recordings, and the most values that a step appends to each."""
        return ()

    def _keys(self) -> dict[str, Stream]:
        """Return key parameter -> stream."""
        return {}

    def _checked_state(self) -> Iterable[tuple[str, ProgramArray]]:
        """Yield the names and data of what must be finite after a run."""
        return ()

    def _sums(self) -> Iterable[tuple[str, int, int]]:
        """Yield (group.variable, start, stop) of what this object overwrites with sums."""
        return ()

    def _started(self) -> None:
        """Note that a network is about to run this object."""

    def _finished(self) -> None:
        """Raise if the run that has ended did what this object does not allow."""

    def _constant_scopes(self) -> Iterable[ConstantScope]:
        """Yield the scopes whose constants this object's code uses."""
        return ()


def living_components() -> list[Component]:
    """Return the living objects in the order of their creation."""
    return sorted(_registry, key=lambda component: component._created)


def new_scope() -> None:
    """Hide all objects created so far from the implicit network."""
    Component._scope_number += 1


def overridden(components: Iterable[Component], hook: str) -> list[Callable[..., Any]]:
    """Return the hooks of that name of those whose kind has one of its own; the rest do nothing."""
    empty = getattr(Component, hook)
    return [getattr(c, hook) for c in components if getattr(type(c), hook) is not empty]


def in_order(components: Sequence[Component]) -> list[Component]:
    """Return the components, those that others need before these, else as given."""

    def depth(component: Component) -> int:
        return 1 + max((depth(needed) for needed in component._depends_on()), default=0)

    return sorted(components, key=depth)


def stream_numbers(components: Iterable[Component]) -> dict[str, int]:
    """Return key parameter -> the number of its stream under the seed in force.

    Objects older than the last ``seed`` call are numbered by their rank among the older ones.
    """
    found = [(component, component._keys()) for component in components]
    old = [c for c, keys in found if any(stream.is_old for stream in keys.values())]
    old.sort(key=lambda component: component._created)
    return {
        name: stream.number_now(old.index(component) if stream.is_old else 0)
        for component, keys in found
        for name, stream in keys.items()
    }
