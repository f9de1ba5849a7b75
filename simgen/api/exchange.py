"""State given to other libraries without a copy: DLPack, and arrays of the device's library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from simgen.api.noted_runs import NOTED
from simgen.api.storage import AnyArray, StateVariable
from simgen.api.synaptic_data import SynapticData
from simgen.errors import DeviceError, UnsupportedFeatureError
from simgen.units import Dimension

if TYPE_CHECKING:
    from simgen.api.group import Group


class Viewed(Protocol):
    """What has the values that a view shows: a group, or what computes them from other objects."""

    @property
    def name(self) -> str:
        """The name that is shown with the values."""

    @property
    def variables(self) -> Mapping[str, StateVariable]:
        """The variables that it stores; only groups have some."""

    def describe(self) -> str:
        """Return how messages call it."""

    def _dimension(self, name: str, /) -> Dimension: ...

    def _read(self, name: str, item: Any, /) -> AnyArray: ...

    def _write(self, name: str, item: Any, value: Any, /, plain: bool = False) -> None: ...


def device_array(group: Viewed, name: str) -> Any:
    """Return the values of a variable as an array of the device's library that shares memory."""
    variable, places = _place(group, name, "device_array()")
    if variable.is_on_device:
        _require_lasting(group, name)
    return variable.device_array(group.describe())[places]


def shared_array(group: Viewed, name: str) -> Any:
    """Return an array that shares the memory of a variable, where that is: host or device.

    On the host it is of numpy, and read-only where the variable is.
    """
    variable, places = _place(group, name, "memory that others can share")
    if variable.is_on_device:
        _require_lasting(group, name)
        return variable.device_array(group.describe())[places]
    given = variable.host_array(places, group.describe())
    _require_lasting(group, name)
    return given


def _require_lasting(viewed: Viewed, name: str) -> None:
    """Raise for synapses that the next run may put into another order."""
    data = vars(viewed).get("_data")
    if isinstance(data, SynapticData) and data.store is None:
        raise DeviceError(
            f"'{name}' of {viewed.describe()} has no place in memory that lasts before the first "
            "run, nor after a change of delays or connections before the next one."
        )


def _place(viewed: Viewed, name: str, what: str) -> tuple[StateVariable, slice]:
    """Return the variable and the part of its array that the group has."""
    NOTED.make(f"the array of '{name}' was taken")
    owner, variable = viewed.describe(), viewed.variables.get(name)
    if variable is None:
        raise DeviceError(f"'{name}' of {owner} is computed, not stored.")
    group = cast("Group", viewed)
    run = vars(group).get("_run")  # of synapses
    if run is not None and run.traces.holds(name):
        raise DeviceError(
            f"'{name}' of {owner} has no {what}: it is equal for all synapses of a neuron, and "
            "kept for each neuron."
        )
    if variable.info.shared and not variable.info.linked:
        return variable, slice(0, 1)
    everything = slice(0, group._size(), 1)
    places = group._positions(everything)
    if isinstance(places, np.ndarray) and np.array_equal(places, np.arange(group._size())):
        places = everything
    if variable.info.linked or not isinstance(places, slice):
        raise UnsupportedFeatureError(
            f"'{name}' of {owner} has no {what}: its values lie in another order there."
        )
    return variable, places
