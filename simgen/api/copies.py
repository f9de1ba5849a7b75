"""What the copies of a network did: their records and states, with an axis for the copies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simgen.api.clock import Clock
from simgen.api.component import Component
from simgen.api.copied_memory import CopiedNetwork
from simgen.api.group import Group
from simgen.api.monitors import EventMonitor
from simgen.api.subgroup import Subgroup
from simgen.api.views import VariableView
from simgen.errors import (
    ArgumentTypeError,
    IndexRangeError,
    InternalError,
    ModelError,
    UnknownAttributeError,
)
from simgen.units import Quantity, dimension_of, strip

if TYPE_CHECKING:
    from simgen.api.network import Network


class Copies:
    """The copies that :meth:`Network.run_copies` ran.

    ``copies[G].v`` is the variable of a group in all copies, shape (copies, N); likewise records
    of StateMonitors (copies, recorded, times) and rates (copies, times). ``copies[M].i`` and
    ``copies[M].t`` of a SpikeMonitor are those of all copies, one after the other, and
    ``copies[M].copy`` says whose each event is. ``collect`` calls a function for each copy.
    ``seeds`` are those of the copies.
    """

    def __init__(
        self, network: Network, members: Sequence[CopiedNetwork], time: float, seeds: list[int]
    ) -> None:
        self.seeds = seeds
        self._network, self._members, self._time = network, members, time
        self._compiled = network._compiled
        self._state = self._present()

    def __len__(self) -> int:
        return len(self._members)

    def __getitem__(self, member: Any) -> CopiesOf:
        """Return what the copies have of an object, given as such or by its name."""
        if isinstance(member, str):
            member = self._network[member]
        known = [c for c in self._network.objects if c is member]
        part = isinstance(member, Subgroup) and member.source in self._network
        if not isinstance(member, Component) or not (known or part):
            raise ArgumentTypeError(
                f"{member!r} is no object of {self._network.describe()}: copies are asked for "
                "groups, synapses and monitors of it, as in copies[monitor].t."
            )
        return CopiesOf(self, member)

    def collect(self, function: Callable[[], Any], copy: int | None = None) -> Any:
        """Return what ``function()`` returns for each copy, a list; or for one copy alone.

        Meanwhile all objects of the network have the values of that copy: ``copies.collect(lambda:
        np.std(G.v))``.

        Raises
        ------
        ModelError
            The network was run or any of its variables set since; or the function sets something.
        IndexRangeError
            There is no such copy.

        """
        if self._network._running or self._present() != self._state:
            raise ModelError(
                f"{self._network.describe()} was run or changed since these copies ran, so they "
                "cannot be shown any more. Read what you need before."
            )
        if copy is None:
            return [self._shown(member, function) for member in self._members]
        if isinstance(copy, bool) or not isinstance(copy, int | np.integer):
            raise ArgumentTypeError(f"A copy has a number, not {copy!r}.")
        if not 0 <= copy < len(self):
            raise IndexRangeError(f"There is no copy {copy}; the last one is {len(self) - 1}.")
        return self._shown(self._members[copy], function)

    def _shown(self, member: CopiedNetwork, function: Callable[[], Any]) -> Any:
        with member.shown(self._network, self._time):
            try:
                return function()
            except (ValueError, InternalError) as error:  # of numpy, and of programs like run_now
                if not any(sign in str(error) for sign in ("read-only", "not contiguous and writ")):
                    raise
                raise ModelError(
                    f"The function of collect() sets variables of {self._network.describe()}, but "
                    "copies can only be read."
                ) from None

    def _present(self) -> list[Any]:
        """Return what tells whether the network is as it was; copies share what is not theirs."""
        network = self._network
        compiled = network._compiled
        groups = (component for component in network.objects if isinstance(component, Group))
        versions = [(v.array, v.version) for group in groups for v in group.variables.values()]
        return [compiled, None if compiled is None else compiled.tick, versions]

    def __repr__(self) -> str:
        return f"<{len(self)} copies of {self._network.describe()} at t = {self._time:g} s>"


class CopiesOf:
    """An object in all copies: its attributes with an axis for the copies, its methods as lists."""

    def __init__(self, copies: Copies, member: Component) -> None:
        object.__setattr__(self, "_copies", copies)
        object.__setattr__(self, "_member", member)

    _copies: Copies
    _member: Component

    def __getattr__(self, name: str) -> Any:
        member = self._member
        if name == "copy":
            return self._numbers()
        first = self._copies.collect(lambda: _value(member, name), 0)
        if callable(first):
            return lambda *args, **keywords: self._copies.collect(
                lambda: getattr(member, name)(*args, **keywords)
            )
        values = self._copies.collect(lambda: _value(member, name))
        if isinstance(first, str | Component | Clock):
            return values
        dim = dimension_of(first)
        plain = [np.asarray(strip(value)) for value in values]
        if isinstance(member, EventMonitor) and self._is_by_event(name):
            joined: npt.NDArray[Any] = np.concatenate(plain)
        elif len({array.shape for array in plain}) == 1:
            joined = np.stack(plain)
        else:
            return values
        return joined if dim.is_dimensionless else Quantity(joined, dim=dim)

    def __setattr__(self, name: str, value: Any) -> None:
        raise UnknownAttributeError(
            f"'{name}' of copies cannot be set: give values to run_copies(values=...)."
        )

    def _is_by_event(self, name: str) -> bool:
        recorded: set[str] = set(getattr(self._member, "_recordings", {}))
        return name.removesuffix("_") in recorded

    def _numbers(self) -> npt.NDArray[np.int32]:
        member = self._member
        if not isinstance(member, EventMonitor) or not member.record:
            raise UnknownAttributeError(
                f"{member.describe()} records no events, so its values have no 'copy': they have "
                "an axis for the copies."
            )
        counts = self._copies.collect(lambda: len(member.i))
        return np.repeat(np.arange(len(counts), dtype=np.int32), counts)


def _value(member: Component, name: str) -> Any:
    """Return an attribute, copied from what is only lent."""
    value = getattr(member, name)
    if isinstance(value, VariableView):
        return value[:]
    return value.copy() if isinstance(value, np.ndarray) else value


__all__ = ["Copies", "CopiesOf"]
