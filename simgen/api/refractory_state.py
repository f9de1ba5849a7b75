"""``lastspike`` and ``not_refractory``: what refractory neurons know of their past, to be set.

Both are read like variables. Times of spikes are kept as numbers of steps, and whether a neuron is
refractory is kept only where it does not follow from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simgen.api.storage import StateVariable
from simgen.dtypes import FLOAT64, DType
from simgen.errors import ModelError, SourceText
from simgen.ir.expr import Array
from simgen.lang.expressions import parse_expression
from simgen.lang.syntax import CompareNode, LogicalNode, Name, UnaryNode
from simgen.model.description import SECOND, VariableInfo
from simgen.runtime.timing import steps_reached
from simgen.units import DIMENSIONLESS

if TYPE_CHECKING:
    from simgen.api.group_states import GroupStates

REFRACTORY = ("lastspike", "not_refractory")
_FARTHEST = 2**62  # steps


def settable(group: GroupStates, name: str) -> StateVariable | None:
    """Return the present values of ``name`` in a variable of their own, None if it is not settable.

    Neurons that are refractory for a time are so by ``lastspike`` alone.
    """
    if not is_settable(group, name):
        return None
    owner: Any = getattr(group, "source", group)
    if name == "lastspike":
        made = _variable(name, DType.REAL, owner)
        made.data[:] = owner._internal["lastspike_step"].values * owner.clock.dt_
    else:
        made = _variable(name, DType.BOOL, owner)
        made.data[:] = owner._internal["not_refractory_flag"].values
    return made


def is_settable(group: GroupStates, name: str) -> bool:
    """Whether ``name`` is what is kept of the past of a group."""
    owner: Any = getattr(group, "source", group)
    if "lastspike_step" not in getattr(owner, "_internal", {}):
        return False
    return name == "lastspike" or (name == "not_refractory" and _by_condition(owner))


def take_over(group: GroupStates, variable: StateVariable) -> None:
    """Keep what was written to a variable that :func:`settable` gave."""
    owner: Any = getattr(group, "source", group)
    if variable.name == "not_refractory":
        kept, values = owner._internal["not_refractory_flag"], variable.values
    else:
        kept = owner._internal["lastspike_step"]
        steps = steps_reached(variable.values, owner.clock.dt_)
        far = np.flatnonzero(~(np.abs(steps) < _FARTHEST))  # NaN, too
        if far.size:
            raise ModelError(
                f"'lastspike' of {owner.describe()} cannot be {variable.values[far[0]]} s "
                f"(index {far[0]})."
            )
        values = steps
    kept.data[...] = values.astype(kept.data.dtype)
    kept.written()


def _by_condition(owner: Any) -> bool:
    """Whether neurons are refractory for as long as a condition holds, not for a time."""
    period, group = owner._refractory, owner._description
    if not isinstance(period, str):
        return False
    node = parse_expression(SourceText(period, "refractory period", owner.describe()))
    if isinstance(node, Name):
        variable, computed = group.variables.get(node.name), group.subexpressions.get(node.name)
        dtype = variable.array.dtype if variable else computed.dtype if computed else DType.REAL
        return dtype is DType.BOOL
    negated = isinstance(node, UnaryNode) and node.op == "not"
    return negated or isinstance(node, CompareNode | LogicalNode)


def _variable(name: str, dtype: DType, owner: Any) -> StateVariable:
    dim = SECOND if dtype is DType.REAL else DIMENSIONLESS
    info = VariableInfo(name, Array(f"{owner.name}.{name}", dtype, f"N_{owner.name}"), dim)
    return StateVariable(info, owner.N, FLOAT64)
