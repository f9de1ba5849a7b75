"""Checks of whole objects that need more than one value to judge."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from simgen.api.arguments import extremes, plain_values
from simgen.errors import (
    ArgumentTypeError,
    DimensionMismatchError,
    EquationError,
    IndexRangeError,
    ModelError,
    NumericalError,
    Problem,
    UnsupportedFeatureError,
)
from simgen.ir.expr import Call, Const
from simgen.ir.kernel import Program
from simgen.ir.stmt import Accumulate, EventList, Store
from simgen.ir.visit import all_nodes, flatten, has_state, walk
from simgen.lang.equations import Equation, EquationSet
from simgen.lang.names import undefinable_name
from simgen.model.description import SECOND, VariableInfo
from simgen.runtime.events import EventBuffer
from simgen.runtime.limits import require_bytes
from simgen.runtime.simulation import check_finite

if TYPE_CHECKING:
    from simgen.api.component import Component
    from simgen.api.group import Group
    from simgen.api.recording import Recording
    from simgen.api.storage import ProgramArray, StateVariable
    from simgen.api.synapses import Synapses

# The flags that an equation of each kind may have, by the kind of object it belongs to.
NEURON_FLAGS = frozenset(("unless refractory", "constant over dt", "constant", "shared", "linked"))
SYNAPSE_FLAGS = frozenset(
    ("event-driven", "clock-driven", "constant over dt", "constant", "shared", "summed", "kernel")
)


def functions_with_state(program: Program) -> list[str]:
    """Return the names of the functions with a state that a program calls."""
    nodes = (n for k in program.kernels for n in all_nodes((*k.prologue, *k.body)))
    users = {
        node.user.name for node in nodes if isinstance(node, Call) and node.user and has_state(node)
    }
    return sorted(users)


def require_one_thread(program: Program, threads: int) -> None:
    """Raise if several threads would call a function with a state."""
    if threads > 1:
        for name in functions_with_state(program):
            raise UnsupportedFeatureError(
                f"The function '{name}' has a state (stateless=False), and {threads} threads would "
                "call it in any order. Use set_device('cpu', threads=1)."
            )


def check_flags(
    equations: EquationSet, allowed: frozenset[str], kind: str, problems: list[Problem]
) -> None:
    """Report flags that mean nothing for this kind of object."""
    for equation in equations.equations:
        for flag in equation.flags:
            if flag == "point current":
                text = f"The flag '{flag}' belongs to SpatialNeuron, which simgen does not have."
                error: type[Any] = UnsupportedFeatureError
            elif flag not in allowed:
                other = "Synapses" if flag in SYNAPSE_FLAGS else "a NeuronGroup"
                text = f"'{equation.name}': the flag '{flag}' belongs to {other}, not to {kind}."
                error = EquationError
            else:
                continue
            problems.append(Problem(text, equation.origin, "", error))


def checked_period(refractory: Any, owner: str) -> Any:
    """Return False, text, or the refractory period in seconds; anything else is refused."""
    if refractory is False or isinstance(refractory, str):
        return refractory
    what = f"The refractory period of {owner}"
    if isinstance(refractory, bool | np.bool_):
        raise ArgumentTypeError(f"{what} cannot be True.")
    plain, dim = plain_values(refractory, what)
    if dim != SECOND:
        raise DimensionMismatchError(
            f"{what} must be a time, as in 2*ms, or text, not {refractory!r}."
        )
    if plain.size != 1:
        raise ModelError(
            f"{what} must be a single time, not {plain.size} of them. Add a parameter "
            "'ref : second' and give refractory='ref' for a period per neuron."
        )
    period = float(plain.reshape(()))
    if not 0 <= period < 1e9:
        raise ModelError(f"{what} must be a finite time that is not negative, not {period} s.")
    return period


def check_events(events: Any, owner: str, threshold: Any) -> None:
    """Raise unless ``events`` maps names to conditions, and the spike has only one."""
    if events is not None and not isinstance(events, Mapping):
        raise ArgumentTypeError(
            f"The events of {owner} must be a dict from names to conditions, not {events!r}."
        )
    if threshold is not None and "spike" in (events or {}):
        raise ModelError(f"{owner} has a threshold and an event 'spike', which are the same.")


def require_variables(
    infos: Iterable[VariableInfo], size: int, real: np.dtype[np.floating], owner: str
) -> None:
    """Raise MemoryLimitError if the variables of ``size`` elements would not fit."""
    wanted = sum(0 if info.shared else info.array.dtype.numpy(real).itemsize for info in infos)
    require_bytes(wanted * size, f"The variables of {size:,} elements of {owner}")


def require_ring(
    events: EventList, buffer: EventBuffer, depth: int, component: Component, n_values: int
) -> None:
    """Raise MemoryLimitError if the spikes of the longest delay would not fit into memory.

    ``n_values``: how many values each of them takes along.
    """
    if depth > buffer.depth:
        require_bytes(
            (4 + 8 * n_values) * depth * buffer.size,
            f"The events '{events.name.rpartition('.')[2]}' of {component.describe()} of the last "
            f"{depth:,} steps ({buffer.size:,} elements)",
            "Use shorter delays, or a longer step.",
        )


def require_finite(running: Iterable[Component], objects: Iterable[Component], when: str) -> None:
    """Raise NumericalError if a state variable of what runs is not finite.

    The message names one of the user's ``objects``, and the index in it.
    """
    try:
        for component in running:
            for name, variable in component._checked_state():
                if not variable.is_finite():
                    values = judged(variable, variable.values)
                    check_finite(name, component.describe(), values, when)
    except NumericalError:
        for component in objects:
            for name, variable in component._checked_state():
                values = np.atleast_1d(cast("Group", component)._read(name, slice(None)))
                check_finite(name, component.describe(), judged(variable, values), when)
        raise


def judged(variable: ProgramArray, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return values without the infinities that the user means to be there."""
    if not getattr(variable, "may_be_infinite", False):
        return values
    return np.where(np.isinf(values), values.dtype.type(0), values)


def accept_infinities(program: Program, variables: Iterable[StateVariable]) -> None:
    """Note which variables are written by code in which the constant ``inf`` stands."""
    found: set[str] = set()
    for kernel in program.kernels:
        for stmt in flatten(kernel.body):
            if isinstance(stmt, Store | Accumulate) and any(
                isinstance(node, Const) and math.isinf(node.value) for node in walk(stmt.value)
            ):
                found.add(stmt.array.name)
    for variable in variables:
        variable.may_be_infinite |= variable.array in found


def reserve_recordings(
    recordings: Sequence[tuple[Component, Recording, int]],
    ticks: int,
    periods: Mapping[str, int],
) -> list[Recording]:
    """Make room for what every step of a run records; return the buffers that were replaced.

    Growing on the way would touch three times the memory, which takes longer than recording.
    Raises MemoryLimitError if it would not fit, before any was taken.
    """
    wanted: dict[int, int] = {}
    rooms: list[tuple[Component, Recording, int]] = []
    for component, recording, most in recordings:
        clock = component.clock
        if not component._records_each_step or clock is None:
            continue
        steps = ticks // periods[clock.name]
        room = most * steps + recording.used - recording.data.size
        wanted[id(component)] = (
            wanted.get(id(component), 0) + max(0, room) * recording.data.itemsize
        )
        rooms.append((component, recording, most * (steps + 1)))
        require_bytes(
            wanted[id(component)],
            f"The recording of {component.describe()} for this run",
            "Record fewer elements, less often, or a shorter time.",
        )
    return [each for component, each, room in rooms if each.reserve(room, component.describe())]


def check_attributes(group: Group, equations: EquationSet, problems: list[Problem]) -> None:
    """Report variables that could not be read as ``group.name``, which is something else."""
    for equation in equations.equations:
        name = equation.name
        if name in vars(group) or hasattr(type(group), name):
            text = (
                f"'{name}' is an attribute of every {type(group).__name__}, so a variable of that"
            )
            text += " name could not be read."
            problems.append(Problem(text, equation.origin, "Choose another name.", EquationError))


def check_synaptic_names(equations: EquationSet, problems: list[Problem]) -> None:
    """Report variables of synapses that would hide what every synapse has."""
    by_event = any("event-driven" in each.flags for each in equations.differential)
    for equation in equations.equations:
        if equation.name == "delay":
            reason = "every synapse has a delay"
        elif equation.name == "lastupdate" and by_event:
            reason = "event-driven equations keep the time of the last event in it"
        else:
            continue
        text = f"The name '{equation.name}' is reserved in synapses: {reason}."
        problems.append(Problem(text, equation.origin, "Choose another name.", EquationError))


def check_new_name(synapses: Synapses, name: Any, what: str) -> None:
    """Raise unless ``name`` is free for a pathway or an index variable."""
    owner = synapses.describe()
    if not isinstance(name, str) or not name.isidentifier():
        raise ModelError(f"{name!r} cannot be the name of {what} of {owner}: it is no plain name.")
    usual = name in ("pre", "post")  # traces are called so, too; S.pre is the pathway then
    reason = None if usual else undefinable_name(name)
    if reason is None and not usual and name in synapses.equations:
        reason = f"'{name}' is a variable of the equations.", "Choose another name."
    if reason is None and hasattr(type(synapses), name):
        reason = f"'{name}' is an attribute of every Synapses object.", "Choose another name."
    if reason is not None:
        raise ModelError(f"{name!r} cannot be the name of {what} of {owner}. {' '.join(reason)}")


# --- attributes and indices ---------------------------------------------------------------------


def check_shared_index(item: Any, what: str) -> None:
    """Raise for an index other than 0 (or a slice, or a condition) of a shared variable."""
    if isinstance(item, slice | str) or item is Ellipsis:
        return
    if np.any(index_array(item, what) != 0):
        raise IndexRangeError(f"Index {item!r} is outside {what}, which is shared (one value).")


def check_not_infinite(values: npt.NDArray[Any], what: str) -> None:
    """Raise for infinite values, which a run would refuse at its end."""
    if values.dtype.kind != "f" or np.isfinite(extremes(values)).all():
        return
    bad = ~np.isfinite(values)
    where = f" (at position {int(np.flatnonzero(bad)[0])})" if values.ndim else ""
    raise ModelError(f"{what} cannot be set to {values[bad].flat[0]}{where}.")


def slice_indices(item: slice, size: int, owner: str) -> slice | npt.NDArray[np.int64]:
    """Return a slice of ``size`` elements with its bounds, or indices where it goes backwards."""
    try:
        bounds = item.indices(size)
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(f"{owner} cannot be indexed with {item!r}: {error}.") from None
    return slice(*bounds) if bounds[2] > 0 else np.arange(size, dtype=np.int64)[item]


def is_whole(item: Any) -> bool:
    """Whether an index means all elements in order."""
    return isinstance(item, slice) and item == slice(None)


def index_array(item: Any, owner: str) -> npt.NDArray[Any]:
    """Return what stands in brackets as an array of at most one dimension."""
    try:
        array = np.asarray(item)
    except ValueError:
        raise ArgumentTypeError(f"{owner} cannot be indexed with {item!r}.") from None
    if isinstance(item, tuple | np.ma.MaskedArray) or array.ndim > 1:
        raise ArgumentTypeError(
            f"{owner} is indexed by one index, a slice, a list of indices or a condition, "
            f"not by {item!r}."
        )
    return array


# --- summed variables ---------------------------------------------------------------------------


def _sums(synapses: Synapses) -> Iterator[tuple[Equation, Group, str]]:
    """Yield the summed equations with their target (sub)group and variable."""
    for equation in synapses.equations.equations:
        if "summed" in equation.flags:
            name, _, side = equation.name.rpartition("_")
            if side in ("pre", "post") and name:
                yield equation, synapses.source if side == "pre" else synapses.target, name


def check_summed_targets(synapses: Synapses, problems: list[Problem]) -> None:
    """Report sums into variables that have a differential equation of their own."""
    for equation, group, name in _sums(synapses):
        parent = group if hasattr(group, "equations") else getattr(group, "source", group)
        own = getattr(parent, "equations", {})
        if name in own and own[name].kind == "differential":
            text = f"'{name}' of {parent.describe()} has a differential equation, so it cannot be"
            text += " the target of a sum."
            hint = f"Sum into a parameter, and use that in the equation of '{name}'."
            problems.append(Problem(text, equation.origin, hint, EquationError))
