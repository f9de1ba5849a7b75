"""The logical state of groups of neurons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from simgen.api.group import Group
from simgen.api.neuron_group import NeuronGroup
from simgen.api.spike_generator import SpikeGeneratorGroup
from simgen.api.storage import StateVariable
from simgen.model.description import SECOND
from simgen.runtime.snapshot import Kept, Layout, misfits
from simgen.units import Quantity


def variables_layout(group: Group, size: int | None) -> Layout:
    """Return dtype and number of values of each variable of a group."""
    return {
        name: (variable.info.array.dtype.numpy(group._real), 1 if variable.info.shared else size)
        for name, variable in _own_variables(group)
    }


def _own_variables(group: Group) -> Iterator[tuple[str, StateVariable]]:
    """Yield the variables whose values are kept here: linked ones are kept where they are."""
    for name, variable in group.variables.items():
        if not variable.info.linked:
            yield name, variable


class NeuronKeeper:
    """State of a NeuronGroup: its variables, when each neuron spiked last, and if it is refractory.

    The last spikes are steps of ``width`` seconds.
    """

    def keep(self, group: NeuronGroup) -> Kept:
        """Return the state."""
        arrays = {f"variables/{n}": v.values.copy() for n, v in _own_variables(group)}
        facts: dict[str, Any] = {"N": group.N}
        if _is_refractory(group):
            arrays["lastspike"] = group._internal["lastspike_step"].values.copy()
            arrays["not_refractory"] = np.array(group._flag(), np.bool_)
            facts["width"] = group._step_width
        return Kept(group.describe(), facts, arrays)

    def refusals(self, group: NeuronGroup, kept: Kept) -> Iterator[str]:
        """Yield why the state does not fit the group."""
        if kept.integer("N") != group.N:
            yield f"{kept.what} has {group.N} neurons, but {kept.integer('N')} were stored."
            return
        yield from misfits(kept, "variables/", variables_layout(group, group.N))
        if _is_refractory(group) != ("lastspike" in kept.arrays):
            have, had = ("a", "none") if _is_refractory(group) else ("no", "one")
            yield f"{kept.what} has {have} refractory period, but {had} was stored."
        elif _is_refractory(group):
            kept.number("width")
            kept.array("lastspike", np.int64, group.N)
            kept.array("not_refractory", np.bool_, group.N)

    def take(self, group: NeuronGroup, kept: Kept) -> None:
        """Give the group the state."""
        for name, variable in _own_variables(group):
            variable.data[...] = values = kept.arrays[f"variables/{name}"]
            variable.accept(values)
            variable.version += 1
        if _is_refractory(group):
            group._internal["lastspike_step"].data[...] = kept.arrays["lastspike"]
            group._internal["not_refractory_flag"].data[...] = kept.arrays["not_refractory"]
            group._set("_step_width", kept.number("width"))


def _is_refractory(group: NeuronGroup) -> bool:
    return "lastspike_step" in group._internal


class GeneratorKeeper:
    """State of a SpikeGeneratorGroup: its spikes as they were given."""

    def keep(self, group: SpikeGeneratorGroup) -> Kept:
        """Return the state."""
        facts = {"N": group.N, "period": group._period}
        arrays = {"times": group._times.copy(), "elements": group._elements.copy()}
        return Kept(group.describe(), facts, arrays)

    def refusals(self, group: SpikeGeneratorGroup, kept: Kept) -> Iterator[str]:
        """Yield why the state does not fit the group."""
        if kept.integer("N") != group.N:
            yield f"{kept.what} has {group.N} neurons, but {kept.integer('N')} were stored."
        kept.number("period")
        kept.array("elements", np.int64, kept.array("times", np.float64).size)

    def take(self, group: SpikeGeneratorGroup, kept: Kept) -> None:
        """Give the group the state."""
        times, elements, period = (
            kept.arrays["times"],
            kept.arrays["elements"],
            kept.number("period"),
        )
        same = np.array_equal(times, group._times) and np.array_equal(elements, group._elements)
        if not same or period != group._period:
            span = Quantity(period, dim=SECOND) if period else None
            group.set_spikes(elements, Quantity(times, dim=SECOND), period=span)
