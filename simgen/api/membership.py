"""Which objects may be together in a network."""

from __future__ import annotations

from simgen.api.clock import Clock, clocks_of
from simgen.api.component import Component
from simgen.api.subgroup import Subgroup
from simgen.errors import ModelError


def check_members(components: list[Component], network: str) -> None:
    """Check that names are unique and that nothing refers to an object outside the network."""
    names: dict[str, Component] = {}
    present = {id(component) for component in components}
    _check_sums(components)
    clocks: dict[str, Clock] = {}
    for clock in clocks_of(components):
        if clocks.setdefault(clock.name, clock) is not clock:
            raise ModelError(f"The network '{network}' has two clocks named '{clock.name}'.")
    for component in components:
        other = names.setdefault(component.name, component)
        if other is not component:
            raise ModelError(f"The network '{network}' has two objects named '{component.name}'.")
        for needed in (*component._depends_on(), *component._needs()):
            root = needed.source if isinstance(needed, Subgroup) else needed
            if id(root) not in present:
                raise ModelError(
                    f"{component.describe()} needs {root.describe()}, which is not part of the "
                    f"network '{network}' (or not active). Add it."
                )


def _check_sums(components: list[Component]) -> None:
    """Check that no two summed variables overwrite the same elements."""
    taken: list[tuple[str, int, int, Component]] = []
    for component in components:
        for name, start, stop in component._sums():
            for other, first, last, owner in taken:
                if name == other and start < last and first < stop:
                    raise ModelError(
                        f"'{name}' is a summed variable of both {owner.describe()} and "
                        f"{component.describe()}: each would overwrite the other. Give each a "
                        "variable of its own and add these in the equations of the target."
                    )
            taken.append((name, start, stop, component))
