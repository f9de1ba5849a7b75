"""The implicit network: ``run()`` collects the objects that the caller can see."""

from __future__ import annotations

import logging
from typing import Any

from simgen.api.component import Component, living_components, new_scope
from simgen.api.group import Group
from simgen.api.namespaces import caller_namespace
from simgen.api.naming import forget_names
from simgen.api.network import Network
from simgen.api.subgroup import Subgroup
from simgen.errors import MagicError

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
    magic_network().run(
        duration,
        report=report,
        report_period=report_period,
        namespace=namespace,
        profile=profile,
        **options,
    )


def magic_network() -> Network:
    """Return the implicit network with the objects that the caller can see now."""
    global _network
    visible = [c for c in _visible() if not isinstance(c, Subgroup)]
    known = [] if _network is None else list(_network._objects)
    old = [c for c in visible if any(c is k for k in known)]
    elsewhere = [c for c in visible if c._network is not None and c._network is not _network]
    visible = [c for c in visible if not any(c is e for e in elsewhere)]
    if not visible:
        raise MagicError(
            "There is nothing to run: no object of simgen is a variable here. Objects in lists or "
            "dicts are not found; put them into a Network."
        )
    new = [c for c in visible if not any(c is k for k in known)]
    if _network is None or not old:
        _network = Network(name="magicnetwork*")
    elif _network.t_ > 0:
        for component in new:
            if isinstance(component, Group):
                raise MagicError(
                    f"{component.describe()} was created after {old[0].describe()} had run. "
                    "The implicit network cannot tell whether to start anew: use a Network, or "
                    "start_scope() before creating the objects."
                )
    network = _network
    network._objects = [c for c in visible if not _belongs(c, visible)]
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
    magic_network().store(name, filename)


def restore(
    name: str = "default", filename: Any = None, restore_random_state: bool = False
) -> None:
    """Restore the objects that the caller can see; see :meth:`Network.restore`."""
    magic_network().restore(name, filename, restore_random_state)


def start_scope() -> None:
    """Hide all objects created so far from ``run()``, and give new ones fresh names."""
    global _network
    new_scope()
    forget_names()
    _warned.clear()
    _network = None
