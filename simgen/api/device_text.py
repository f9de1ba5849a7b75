"""Strings assigned to state on a device with memory of its own: computed there, and left there.

Values are those that numpy finds, bit by bit: random numbers are keyed in the same way, and all
functions are made of operations that are exactly rounded. What is not done here (other indices
than conditions and contiguous parts, shared and linked variables, tables, functions of the user's
own, variables that another object keeps or that the user shares) returns to the host's way before
anything has changed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from simgen import pipeline
from simgen.api.checks import check_not_infinite
from simgen.api.compiled_text import (
    add_synapses,
    collect,
    is_worth_compiling,
    text_memory,
    without_positions,
)
from simgen.api.device import current_options
from simgen.api.device_ranks import place_ranks
from simgen.api.evaluation import (
    TextContext,
    TextEnvironment,
    check_condition,
    check_value,
    converted,
    resolve_node,
    take_key,
)
from simgen.api.remote_arrays import keep_only, remote_arrays, remote_targets
from simgen.api.storage import AnyArray, ProgramArray, StateVariable
from simgen.build.texts import CHOSEN, OUT, START, STOP, assignment_program
from simgen.dtypes import DType
from simgen.errors import InternalError, MemoryLimitError, SimgenError, SourceText
from simgen.ir.expr import ELEMENT, SYNAPSE, Call, Expr, Gather, Load, Param
from simgen.ir.faults import faults_in
from simgen.ir.kernel import Program
from simgen.ir.visit import all_nodes, walk
from simgen.lang.expressions import parse_expression
from simgen.runtime.aligned import aligned_zeros
from simgen.targets.base import Memory, Mirror

if TYPE_CHECKING:
    from simgen.api.group import Group
    from simgen.api.synapses_in_network import SynapsesInNetwork

_CHOICE_KEY = Param("text_choice_key", DType.U64)


@dataclass(frozen=True)
class _Assignment:
    """What is to be stored, where: places from ``start`` to ``stop`` at which ``chosen`` holds."""

    group: Group
    context: TextContext
    variable: StateVariable
    value: Expr
    chosen: Expr | None
    start: int
    stop: int

    @property
    def is_whole(self) -> bool:
        """Whether every value of the variable is replaced."""
        return self.chosen is None and (self.start, self.stop) == (0, self.variable.size)


def assign_on_device(group: Group, variable: StateVariable, item: Any, text: str) -> bool:
    """Compute a string's values for a variable where it runs; return whether that was done.

    Raises what the host's way raises, and then changes nothing.
    """
    if current_options().target != "cuda" or not is_worth_compiling(group._size()):
        return False
    found = _resolved(group, variable, item, text)
    if found is None:
        return False
    env = without_positions(found.context, 0)
    memory = text_memory(env)
    target = pipeline.choose_target(current_options())
    target.prepare(memory)
    try:
        program = _fill(memory, found, env)
        executable = target.build(pipeline.optimise(program, 1))
        executable.bind(memory)
        _mirror(memory).place(variable.array)
    except MemoryLimitError:  # no random stream was taken yet
        keep_state(memory, group, variable)
        return False
    if found.chosen is not None:
        memory.ints[_CHOICE_KEY.name] = _signed(take_key(found.chosen))
    memory.ints["text_key"] = _signed(take_key(found.value))
    executable.bind(memory)
    executable.run(1)
    try:
        _check(memory, found)
        if found.is_whole:
            memory.unset.add(variable.array)
        chosen = None if found.chosen is None else CHOSEN
        _mirror(memory).store(variable.array, OUT, chosen, found.start, found.stop)
    finally:
        keep_state(memory, group, variable)
    variable.version += 1
    return True


def _signed(key: int) -> int:
    return key - (1 << 64) if key >= 1 << 63 else key


def _mirror(memory: Memory) -> Mirror:
    if memory.mirror is None:
        raise InternalError("a device has no memory of its own")
    return memory.mirror


def _resolved(group: Group, variable: StateVariable, item: Any, text: str) -> _Assignment | None:
    """Return an assignment that can be made on the device, else None.

    That includes text with mistakes, which the host's way reports.
    """
    context = group._text_context()
    places: slice | None = group._everywhere()
    if variable.info.shared or variable.info.linked or context.real != _real():
        return None
    if any(known.is_lent() or known.is_given() for known in (variable, *variables_of(group))):
        return None
    chosen = None
    try:
        if isinstance(item, str):
            node = parse_expression(SourceText(item, "condition", context.owner))
            chosen, _ = resolve_node(node, context, _CHOICE_KEY)
            check_condition(node, chosen)
        elif item is not Ellipsis:
            if not isinstance(item, slice):
                return None
            places = _part(group, item)
        source = SourceText(text, f"value of '{variable.name}'", context.owner)
        node = parse_expression(source)
        value, dim = resolve_node(node, context)
        check_value(node, value, dim, variable.info.dim, variable)
    except SimgenError:
        return None
    if value.dtype.is_float and variable.info.array.dtype.is_integer:
        return None  # the host looks for fractions
    parts = [value] if chosen is None else [value, chosen]
    if any(is_foreign(inner) for part in parts for inner in walk(part)):
        return None
    if any(faults_in(part) for part in parts):  # the host looks for zeros first
        return None
    if places is None or not _fits(group, variable):
        return None
    context.warn()
    span = int(places.start), int(places.stop)
    return _Assignment(group, context, variable, value, chosen, *span)


def is_foreign(node: Expr) -> bool:
    """Whether an expression takes what is not here: tables, linked values, the user's functions."""
    if isinstance(node, Load):
        return node.index.via is not None
    return isinstance(node, Gather) or (isinstance(node, Call) and node.user is not None)


def _real() -> np.dtype[np.floating]:
    return current_options().real


def _part(group: Group, item: slice) -> slice | None:
    """Return the places of a contiguous part; of synapses, of all or none."""
    size = group._size()
    try:
        start, stop, step = item.indices(size)
    except TypeError:
        return None
    if (start, stop, step) == (0, size, 1):
        return group._everywhere()
    if step != 1 or stop <= start or group._index() is not ELEMENT:
        return None
    places: slice = group._positions(slice(start, stop, 1))
    return places


def _fits(group: Group, variable: StateVariable) -> bool:
    """Whether the data lies as programs of the device see it."""
    if group._index() is ELEMENT:
        return True
    store = group._data.store
    return group._index() is SYNAPSE and (store is None or store.n_parts == 1)


def variables_of(group: Group) -> list[StateVariable]:
    """Return the variables of a group, and of those that synapses connect."""
    ends = [group.__dict__.get(side) for side in ("source", "target")]
    groups = [group, *(end for end in ends if end is not None)]
    found = {id(known): known for each in groups for known in each.variables.values()}
    return [known for known in found.values() if not known.info.linked]


def _variables(found: _Assignment) -> list[StateVariable]:
    """Return the variables that the text may read, and the one that is written."""
    known = variables_of(found.group)
    return known if any(v is found.variable for v in known) else [*known, found.variable]


def _fill(memory: Memory, found: _Assignment, env: TextEnvironment) -> Program:
    """Put into the memory what a program needs; return the program."""
    group, variable = found.group, found.variable
    kept = variable.info.array.dtype
    kind = DType.I64 if kept.is_integer else kept  # integers are looked through before
    memory.ints.update(found.context.sizes)
    if group._index() is ELEMENT:
        place: Any = group._description.length
        memory.ints[START.name], memory.ints[STOP.name] = found.start, found.stop
    else:
        remote = remote_targets(cast("SynapsesInNetwork", group))
        narrow = remote is not None and remote.dtype.itemsize == 2
        place = replace(group._run.plain_store(), narrow=narrow)
        add_synapses(memory, cast("SynapsesInNetwork", group), remote)
    program = assignment_program(found.value, found.chosen, place, kind)
    size = variable.size
    scratch: dict[str, AnyArray] = {OUT: aligned_zeros(size, kind.numpy(found.context.real))}
    if found.chosen is not None:
        scratch[CHOSEN] = aligned_zeros(size, np.bool_)
    memory.arrays.update(scratch)
    memory.counters.update(dict.fromkeys(scratch, int))
    memory.unset.update(scratch)
    read = {
        node.array.name
        for node in all_nodes(program.schedule[0].kernel.body)
        if isinstance(node, Load)
    }
    for known in _variables(found):
        if known is variable or known.array in read:
            known.bind(memory, True)
            memory.ints[known.info.array.length] = known.size
    if group._index() is SYNAPSE:
        place_ranks(memory, cast("SynapsesInNetwork", group), read)
    before = set(memory.arrays)
    collect(program, found.context, env, memory)
    memory.counters.update(dict.fromkeys(memory.arrays.keys() - before, int))
    return program


def _check(memory: Memory, found: _Assignment) -> None:
    """Raise what the host raises for values that the variable cannot have."""
    variable, mirror = found.variable, _mirror(memory)
    dtype = variable.info.array.dtype
    if dtype is DType.BOOL:
        return
    if dtype.is_integer:
        limits = np.iinfo(variable.dtype)
        span = found.start, found.stop
        if mirror.is_within(OUT, span, (int(limits.min), int(limits.max))):
            return
    elif mirror.is_finite(OUT, found.start, found.stop):
        return
    memory.fetch(OUT)
    values = memory.arrays[OUT][found.start : found.stop]
    if found.chosen is not None:
        memory.fetch(CHOSEN)
        values = values[memory.arrays[CHOSEN][found.start : found.stop]]
    new = converted(values, variable, found.context.owner)
    variable.accept(new)
    if found.group._must_be_finite(variable.name):
        check_not_infinite(new, f"'{variable.name}' of {found.context.owner}")


def keep_state(memory: Memory, group: Group, *more: ProgramArray) -> None:
    """Free what only the program needed; ``more`` are arrays to be kept."""
    remote = remote_arrays(cast("SynapsesInNetwork", group)) if "_run" in vars(group) else []
    keep_only(memory, [*more, *variables_of(group), *remote])
