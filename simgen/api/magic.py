"""The implicit network: ``run()`` collects the objects that the caller can see."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from simgen.api.component import Component, living_components, new_scope
from simgen.api.group import Group
from simgen.api.memory_use import MemoryUse
from simgen.api.namespaces import caller_namespace
from simgen.api.naming import forget_names
from simgen.api.network import Network
from simgen.api.network_schedule import SchedulingSummary, checked_schedule
from simgen.api.noted_runs import NOTED
from simgen.api.placed import OWN_SLOTS
from simgen.api.profiling import ProfilingSummary
from simgen.api.subgroup import Subgroup
from simgen.build.schedule import DEFAULT_SLOTS
from simgen.errors import MagicError, ModelError, UnknownNameError
from simgen.model.description import SECOND
from simgen.units import Quantity

_log = logging.getLogger("simgen.magic")
_network: Network | None = None
_warned: set[str] = set()


def collect(level: int = 0) -> set[Component]:
    """Return the objects that are variables of the caller (not those inside lists or dicts)."""
    return set(_visible())


def _visible() -> list[Component]:
    namespace = caller_namespace()
    values = {id(value): value for value in _values(namespace)}
    found = [c for c in living_components() if id(c) in values]
    return [c for c in found if c._scope_number == Component._scope_number]


def _runnable() -> list[Component]:
    """Return the objects that the caller can see and that are in no explicit network."""
    visible = [c for c in _visible() if not isinstance(c, Subgroup)]
    return [c for c in visible if c._network is None or c._network is _network]


def _values(namespace: Any) -> list[Any]:
    return [namespace[name] for name in namespace]


def run(
    duration: Any,
    report: Any = None,
    report_period: Any = None,
    namespace: Any = None,
    profile: bool | None = None,
    level: int = 0,
    **options: Any,
) -> None:
    """Run all objects that the caller can see; see :meth:`Network.run`.

    Objects that were never run start a new network at t = 0; after a run monitors may be added.

    Raises
    ------
    MagicError
        Objects that have run are mixed with new groups or synapses.

    """
    implicit_network().run(
        duration,
        report=report,
        report_period=report_period,
        namespace=namespace,
        profile=profile,
        **options,
    )


def implicit_network() -> Network:
    """Return the implicit network with the objects that the caller can see now."""
    global _network
    visible = _runnable()
    known = [] if _network is None else list(_network._objects)
    old = [c for c in visible if any(c is k for k in known)]
    if not visible:
        raise MagicError(
            "There is nothing to run: no object of simgen is a variable here. Objects in lists or "
            "dicts are not found; put them into a Network."
        )
    new = [c for c in visible if not any(c is k for k in known)]
    if _network is None or not old:
        _network = Network(name="magicnetwork*")
        _network.schedule = magic_network.schedule
    elif _network._t > 0 or any(run.network is _network for run in NOTED.runs):
        for component in new:
            if isinstance(component, Group):
                raise MagicError(
                    f"{component.describe()} was created after {old[0].describe()} had run. "
                    "The implicit network cannot tell whether to start anew: use a Network, or "
                    "start_scope() before creating the objects."
                )
    network = _network
    objects = [c for c in visible if not _belongs(c, visible)]
    if [id(c) for c in objects] != [id(c) for c in network._objects]:
        network._make_noted("objects came or went")
        network._objects = objects
    _warn_of_hidden(visible)
    return network


def _belongs(component: Component, others: list[Component]) -> bool:
    return any(any(component is inner for inner in other.contained_objects) for other in others)


def _warn_of_hidden(visible: list[Component]) -> None:
    """Warn once of each living object of this scope that was not collected."""
    present = {id(c) for c in visible}
    for component in visible:
        present.update(id(inner) for inner in component.contained_objects)
    for component in living_components():
        hidden = (
            component._scope_number == Component._scope_number
            and id(component) not in present
            and component._network is None
            and not isinstance(component, Subgroup)
        )
        if hidden and component.name not in _warned:
            _warned.add(component.name)
            _log.warning(
                "%s exists but is not run: it is not a variable of the code that calls run(). "
                "Put objects from lists or dicts into a Network.",
                component.describe(),
            )


def store(name: str = "default", filename: Any = None) -> None:
    """Store the state of all objects that the caller can see; see :meth:`Network.store`."""
    implicit_network().store(name, filename)


def restore(
    name: str = "default", filename: Any = None, restore_random_state: bool = False
) -> None:
    """Restore the objects that the caller can see; see :meth:`Network.restore`."""
    implicit_network().restore(name, filename, restore_random_state)


def scheduling_summary(net: Network | None = None) -> SchedulingSummary:
    """Return what runs in a step of a network, in order; see :meth:`Network.scheduling_summary`.

    Without ``net``: of the objects that the caller can see.
    """
    return (implicit_network() if net is None else net).scheduling_summary()


def profiling_summary(net: Network | None = None, show: int | None = None) -> ProfilingSummary:
    """Return what the last run with ``profile=True`` cost; see :meth:`Network.profiling_summary`.

    Without ``net``: of the network that :func:`run` ran last.
    """
    return _profiled(net).profiling_summary(show)


def _profiled(net: Network | None) -> Network:
    found = _network if net is None else net
    if found is None:
        raise ModelError(
            "Nothing has been profiled: call run(..., profile=True), or give a network, as in "
            "profiling_summary(net)."
        )
    return found


class MagicNetwork:
    """The network of ``run()``: the objects that the caller can see, called ``magic_network``.

    What it does, it does with the objects that are variables of the caller at that moment.
    """

    name = "magicnetwork"

    def __init__(self) -> None:
        self._schedule: list[str] | None = None

    def describe(self) -> str:
        """Return how messages call it."""
        return "the implicit network"

    @property
    def t(self) -> Quantity:
        """The time that the last ``run()`` has reached; 0 s before one and in a new scope."""
        return Quantity(self.t_, dim=SECOND)

    @property
    def t_(self) -> float:
        """The time in seconds."""
        return 0.0 if _network is None else _network.t_

    @property
    def objects(self) -> list[Component]:
        """The objects that ``run()`` would run now, with all that belongs to them."""
        found: dict[int, Component] = {}
        for component in _runnable():
            for entry in (component, *component.contained_objects):
                found.setdefault(id(entry), entry)
        return list(found.values())

    def __getitem__(self, name: str) -> Component:
        for component in self.objects:
            if component.name == name:
                return component
        raise UnknownNameError(f"There is no object named {name!r} here that run() would run.")

    def __contains__(self, entry: object) -> bool:
        return any(entry is c or entry == c.name for c in self.objects)

    def __len__(self) -> int:
        return len(self.objects)

    def __iter__(self) -> Iterator[Component]:
        return iter(self.objects)

    @property
    def schedule(self) -> list[str]:
        """The slots of a step, in order; see :attr:`Network.schedule`. It lasts until it is set."""
        return list(DEFAULT_SLOTS) if self._schedule is None else list(self._schedule)

    @schedule.setter
    def schedule(self, slots: Any) -> None:
        checked = checked_schedule(slots, self.describe())
        if _network is not None:
            _network.schedule = slots
        OWN_SLOTS.update(dict.fromkeys(checked))
        self._schedule = list(checked)

    def run(self, duration: Any, *args: Any, **options: Any) -> None:
        """Run the objects; see :func:`run`."""
        run(duration, *args, **options)

    def stop(self) -> None:
        """End a run of this network after the present step."""
        if _network is not None:
            _network.stop()

    def store(self, name: str = "default", filename: Any = None) -> None:
        """Store the state of the objects; see :meth:`Network.store`."""
        store(name, filename)

    def restore(
        self, name: str = "default", filename: Any = None, restore_random_state: bool = False
    ) -> None:
        """Restore the state of the objects; see :meth:`Network.restore`."""
        restore(name, filename, restore_random_state)

    def get_states(self, *args: Any, **options: Any) -> dict[str, Any]:
        """Return the values of the objects; see :meth:`Network.get_states`."""
        return implicit_network().get_states(*args, **options)

    def set_states(self, *args: Any, **options: Any) -> None:
        """Set values of the objects; see :meth:`Network.set_states`."""
        implicit_network().set_states(*args, **options)

    def memory(self, duration: Any = None, namespace: Any = None) -> MemoryUse:
        """Return where the bytes of the objects go; see :meth:`Network.memory`."""
        return implicit_network().memory(duration, namespace)

    def scheduling_summary(self) -> SchedulingSummary:
        """Return what runs in a step; see :func:`scheduling_summary`."""
        return scheduling_summary()

    @property
    def profiling_info(self) -> list[tuple[str, Quantity]]:
        """What the last run with ``profile=True`` cost; see :attr:`Network.profiling_info`."""
        return _profiled(None).profiling_info

    def add(self, *_objects: Any) -> None:
        """Refuse: objects are part of it by being visible."""
        raise MagicError(
            "Objects cannot be added to the implicit network, which runs those that are variables "
            "of the code that calls run(). Make a Network to choose them."
        )

    def remove(self, *_objects: Any) -> None:
        """Refuse: objects are part of it by being visible."""
        raise MagicError(
            "Objects cannot be removed from the implicit network, which runs those that are "
            "variables of the code that calls run(). Set active = False, or make a Network."
        )

    def __repr__(self) -> str:
        return f"<MagicNetwork of {len(self)} objects at t = {self.t}>"


magic_network = MagicNetwork()


def start_scope() -> None:
    """Hide all objects created so far from ``run()``, and give new ones fresh names."""
    global _network
    new_scope()
    forget_names()
    _warned.clear()
    _network = None
