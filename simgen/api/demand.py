"""What a network asks of a device, so that one can be chosen before anything is compiled."""

from __future__ import annotations

from collections.abc import Sequence

from simgen.api.clock import Clock, clocks_of
from simgen.api.component import Component
from simgen.api.group import Group
from simgen.api.neuron_group import NeuronGroup
from simgen.api.poisson import PoissonInput
from simgen.api.synapses_in_network import SynapsesInNetwork
from simgen.runtime.automatic import EXPECTED_RATE, Demand


def demand_of(components: Sequence[Component]) -> Demand:
    """Return the work in a step of the shortest dt, and the least bytes of the state.

    A neuron counts once a step; a synapse as often as its neurons are expected to spike, for each
    pathway, and once a step where it has clock-driven or summed code. Objects with a dt of their
    own count in proportion.
    """
    shortest = min(clock.dt_ for clock in clocks_of(components))
    total = Demand()
    for component in components:
        clock = getattr(component, "clock", None)
        steps = shortest / clock.dt_ if isinstance(clock, Clock) else 1.0
        work = _work(component) * steps
        total += Demand(work, _bytes(component), steps if component._is_python() else 0.0)
    return total


def _work(component: Component) -> float:
    """Return the neurons and expected synaptic events in a step of the object's own clock."""
    if isinstance(component, NeuronGroup):
        return component._size()
    if isinstance(component, PoissonInput):  # a random number for each neuron
        return component.target._size()
    if not isinstance(component, SynapsesInNetwork):
        return 0.0
    events = sum(EXPECTED_RATE * pathway.clock.dt_ for pathway in component._pathways.values())
    equations = component.equations
    flags = [
        *(equation.flags for equation in equations.equations if "summed" in equation.flags),
        *(each.flags for each in equations.differential if "event-driven" not in each.flags),
    ]
    return component._data.n * (events + (1.0 if flags else 0.0))


def _bytes(component: Component) -> int:
    if not isinstance(component, Group):
        return 0
    is_synaptic = isinstance(component, SynapsesInNetwork)
    size = component._data.n if is_synaptic else component._size()
    real = component._real
    kept = [v.info.array.dtype.numpy(real).itemsize for v in component.variables.values()]
    return size * (sum(kept) + (4 if is_synaptic else 0))  # a target for each synapse
