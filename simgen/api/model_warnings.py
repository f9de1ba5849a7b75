"""Warnings about models that are correct, but say less, or more, than their author may think.

Each is given when the object is made, and names what to write to say that it is meant.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simgen.api.neuron_group import NeuronGroup
    from simgen.api.synapses import Synapses

_log = logging.getLogger("simgen.model")
_DRAWS = ("rand(", "randn(", "poisson(")  # a threshold that is drawn anew needs no reset


def warn_of_neurons(group: NeuronGroup) -> None:
    """Warn of flags, arguments and thresholds that have no effect, or an unusual one."""
    equations, owner = group.equations, group.describe()
    gated = [e.name for e in equations.equations if "unless refractory" in e.flags]
    if gated and group._refractory is False:
        _log.warning(
            "%s: the flag (unless refractory) of %s has no effect without a refractory period. "
            "Give refractory=..., or leave the flag out.",
            owner,
            _listed(gated),
        )
    threshold = group._conditions.get("spike")
    ends = "spike" in group._reactions or group._refractory is not False
    if threshold is not None and not ends and not any(draw in threshold.text for draw in _DRAWS):
        _log.warning(
            "%s has a threshold, but neither a reset nor a refractory period: a neuron spikes in "
            "every step in which '%s' holds. Give reset='' if this is meant.",
            owner,
            threshold.text.strip(),
        )
    if group._method is not None and not equations.differential:
        _unused_method(owner, group._method, "there are no differential equations")


def warn_of_synapses(synapses: Synapses) -> None:
    """Warn of equations that do not say when they advance, of an unused method, of other clocks."""
    equations, owner = synapses.equations.differential, synapses.describe()
    unsaid = [e for e in equations if not {"event-driven", "clock-driven"} & set(e.flags)]
    if unsaid:
        shown = "\n".join(equation.origin.render() for equation in unsaid)
        _log.warning(
            "%s: %s will be advanced in every step, for every synapse. Write (clock-driven) after "
            "the unit to say so; or (event-driven), which is much faster, if the value is only "
            "needed when spikes arrive.\n%s",
            owner,
            _listed([equation.name for equation in unsaid]),
            shown,
        )
    clocked = any("event-driven" not in e.flags for e in equations)
    if synapses._method not in (None, "exact", "linear") and not clocked:
        why = "event-driven equations are solved exactly" if equations else "there are none"
        _unused_method(owner, synapses._method, why)
    for pathway in synapses._pathways.values():
        other = synapses.target if pathway.direction == "pre" else synapses.source
        for group in (other, synapses):
            if group.clock.dt_ != pathway.clock.dt_:
                _log.warning(
                    "%s: the pathway '%s' runs on the clock of %s, whose dt is %s, but that of %s "
                    "is %s. Delays are rounded to multiples of the former.",
                    owner,
                    pathway.name,
                    pathway.group.describe(),
                    pathway.clock.dt,
                    group.describe(),
                    group.clock.dt,
                )
                break


def _unused_method(owner: str, method: object, why: str) -> None:
    _log.warning("%s: method=%r has no effect, for %s.", owner, method, why)


def _listed(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
