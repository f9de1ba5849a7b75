"""Runs one kernel for one step: the meaning of the statements, in numpy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.errors import InternalError
from simgen.ir.evaluate import Value, convert, evaluate
from simgen.ir.expr import Array, Expr, Index, IndexKind, Load, Local, Param, RandomDraw
from simgen.ir.kernel import Kernel
from simgen.ir.stmt import (
    Accumulate,
    Append,
    Emit,
    EmitTable,
    EventList,
    If,
    Let,
    Note,
    Scatter,
    Stmt,
    Store,
)
from simgen.ir.visit import flatten
from simgen.targets.base import Memory
from simgen.targets.reference.independence import Independence, may_run_together
from simgen.targets.reference.lanes import (
    Lanes,
    Positions,
    lanes_of,
    lookup_array,
    lookup_int,
)
from simgen.targets.reference.random import draw_samples

_ACCUMULATE = {"+": np.add, "*": np.multiply, "min": np.minimum, "max": np.maximum}


@dataclass(slots=True)
class Visit:
    """Some lanes of a kernel with the values bound so far; the environment of the evaluator.

    ``emitted`` gathers the events of the whole kernel until they are written at its end.
    """

    memory: Memory
    real: np.dtype[np.floating]
    kernel: Kernel
    tick: int
    lanes: Lanes
    emitted: dict[EventList, list[Positions]]
    locals: dict[str, Value] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one value per lane."""
        return (self.lanes.n,)

    def resolve(self, index: Index) -> Positions:
        """Return the position of ``index`` in every lane, int64 (n,)."""
        if index.kind is IndexKind.ZERO:
            positions = np.zeros(self.lanes.n, dtype=np.int64)
        elif index.kind in self.lanes.positions:
            positions = self.lanes.positions[index.kind]
        else:
            raise InternalError(
                f"kernel '{self.kernel.name}' uses the index '{index.kind.value}', which its "
                f"domain {type(self.kernel.domain).__name__} does not have"
            )
        if index.via is None:
            return positions
        return self._at(index.via, positions).astype(np.int64)

    def load(self, load: Load) -> npt.ArrayLike:
        """Return the elements of an array at a running index."""
        return self._at(load.array, self.resolve(load.index))

    def gather(self, array: Array, position: Value) -> npt.ArrayLike:
        """Return the elements of an array at computed positions."""
        return self._at(array, position)

    def param(self, param: Param) -> npt.ArrayLike:
        """Return the value of a scalar parameter."""
        table = self.memory.reals if param.dtype.is_float else self.memory.ints
        if param.name not in table:
            raise InternalError(f"the parameter '{param.name}' is not in the program's memory")
        return np.asarray(table[param.name])

    def local(self, local: Local) -> npt.ArrayLike:
        """Return the value that a ``Let`` bound."""
        if local.name not in self.locals:
            raise InternalError(f"kernel '{self.kernel.name}' uses '{local.name}' before its let")
        return self.locals[local.name]

    def index(self, index: Index) -> npt.ArrayLike:
        """Return the running index itself."""
        return self.resolve(index)

    def step(self) -> int:
        """Return the step counter of the kernel's clock."""
        return self.tick // lookup_int(self.memory, f"period_{self.kernel.clock.name}")

    def time(self) -> npt.ArrayLike:
        """Return step * dt in seconds, formed in float64."""
        dt = np.asarray(self.param(self.kernel.clock.dt), dtype=np.float64)
        return np.asarray(np.float64(self.step()) * dt)

    def draw(self, draw: RandomDraw, args: tuple[Value, ...], rank: Value | None) -> npt.ArrayLike:
        """Return one sample per lane, a function of its counter alone."""
        step = 0 if draw.fixed else self.step()
        return draw_samples(draw, args, rank, self.param(draw.key), self.lanes, step, self.real)

    def scalar(self, expr: Expr) -> int:
        """Return the value of an integer expression that all lanes share."""
        return int(evaluate(expr, self).reshape(-1)[0])

    def narrowed(self, chosen: npt.NDArray[np.intp]) -> Visit:
        """Return a visit of some of the lanes, with the values bound so far."""
        bound = {
            name: value[chosen] if value.ndim else value for name, value in self.locals.items()
        }
        lanes = self.lanes.take(chosen)
        return Visit(self.memory, self.real, self.kernel, self.tick, lanes, self.emitted, bound)

    def _at(self, array: Array, position: npt.ArrayLike) -> Value:
        values = lookup_array(self.memory, array.name)
        position = np.asarray(position)
        if position.size and not (position.min() >= 0 and position.max() < len(values)):
            raise InternalError(
                f"kernel '{self.kernel.name}' reads '{array.name}' (length {len(values)}) at "
                f"positions {position.min()} to {position.max()}"
            )
        return np.asarray(values[position])


def run_kernel(
    kernel: Kernel,
    independence: Independence,
    memory: Memory,
    real: np.dtype[np.floating],
    tick: int,
) -> int:
    """Run a kernel that is due at ``tick``; arrays of ``memory`` change in place.

    Returns the number of its lanes.
    """
    emitted: dict[EventList, list[Positions]] = {
        stmt.events: [] for stmt in flatten(kernel.body) if isinstance(stmt, (Emit, EmitTable))
    }
    once = Visit(memory, real, kernel, tick, Lanes(1, {}), emitted)
    for let in kernel.prologue:
        once.locals[let.local.name] = evaluate(let.value, once).reshape(-1)[0:1].reshape(())
    lanes = lanes_of(kernel.domain, memory, once.step(), once.scalar, independence.by_rows)
    visit = Visit(memory, real, kernel, tick, lanes, emitted, once.locals)
    for group in _groups(visit, independence):
        execute(kernel.body, group)
    for events, pieces in emitted.items():
        write_events(memory, events, once.step(), pieces)
    return lanes.n


def _groups(visit: Visit, independence: Independence) -> list[Visit]:
    """Return the lanes in order, in groups whose lanes may run side by side."""
    lanes = visit.lanes
    if lanes.n <= 1 or may_run_together(independence, visit.resolve):
        return [visit] if lanes.n else []
    groups: list[Visit] = []
    for begin, end in zip(lanes.starts, (*lanes.starts[1:], lanes.n)):
        run = visit.narrowed(np.arange(begin, end))
        if may_run_together(independence, run.resolve):
            groups.append(run)
        else:
            groups.extend(run.narrowed(np.array([lane])) for lane in range(end - begin))
    return groups


def _write_whole(stmt: Store | Accumulate, beyond: Array, visit: Visit) -> None:
    """Write an integer variable, and note the highest index where a value does not fit."""
    target, note = lookup_array(visit.memory, stmt.array.name), visit.memory.arrays[beyond.name]
    places = np.broadcast_to(visit.resolve(stmt.index), visit.lanes.n)
    values = _per_lane(evaluate(stmt.value, visit), visit).astype(np.int64)
    totals = target.astype(np.int64)
    before = totals[places]
    with np.errstate(all="ignore"):
        if isinstance(stmt, Store):
            totals[places] = values
        else:
            _ACCUMULATE[stmt.op].at(totals, places, values)
    wrong = totals[places] != totals[places].astype(np.int32)
    if isinstance(stmt, Accumulate):
        wrong |= (values != values.astype(np.int32)) & ((stmt.op == "+") | (before != 0))
    _note(note, visit, stmt.index, wrong)
    target[places] = totals[places].astype(np.int32)


def _note(note: npt.NDArray[Any], visit: Visit, index: Index, wrong: Value) -> None:
    """Raise a note to 1 + the highest running index of the lanes that are wrong."""
    if wrong.any():
        places = np.broadcast_to(visit.resolve(index), visit.lanes.n)
        note[0] = max(note[0], int(places[wrong].max()) + 1)


def execute(body: tuple[Stmt, ...], visit: Visit) -> None:
    """Run the statements one after the other, each for all lanes of ``visit``."""
    for stmt in body:
        match stmt:
            case Let(local=local, value=value):
                visit.locals[local.name] = evaluate(value, visit)
            case Store() | Accumulate() if stmt.beyond is not None:
                _write_whole(stmt, stmt.beyond, visit)
            case Store(array=array, index=index, value=value):
                target = lookup_array(visit.memory, array.name)
                target[visit.resolve(index)] = convert(evaluate(value, visit), target.dtype)
            case Accumulate(array=array, index=index, op=op, value=value):
                target = lookup_array(visit.memory, array.name)
                operand = convert(evaluate(value, visit), target.dtype)
                with np.errstate(all="ignore"):
                    _ACCUMULATE[op].at(target, visit.resolve(index), operand)
            case Scatter(array=array, position=position, value=value):
                target = lookup_array(visit.memory, array.name)
                where = evaluate(position, visit).reshape(-1)
                target[where] = convert(evaluate(value, visit), target.dtype)
            case If(condition=condition, body=inner):
                chosen = np.flatnonzero(_per_lane(evaluate(condition, visit), visit))
                if len(chosen):
                    execute(inner, visit.narrowed(chosen))
            case Emit(events=events, condition=condition):
                fired = _per_lane(evaluate(condition, visit), visit)
                elements = visit.resolve(Index(IndexKind.ELEMENT))
                visit.emitted[events].append(elements[fired.astype(np.bool_)])
            case Note(array=array, index=index, condition=condition):
                wrong = _per_lane(evaluate(condition, visit), visit)
                _note(visit.memory.arrays[array.name], visit, index, wrong)
            case EmitTable():
                visit.emitted[stmt.events].append(_table_events(stmt, visit))
            case Append(recorder=recorder, value=value):
                _append(visit, recorder.name, _per_lane(evaluate(value, visit), visit))


def _per_lane(value: Value, visit: Visit) -> Value:
    return np.broadcast_to(value, (visit.lanes.n,))


def _append(visit: Visit, recorder: str, values: Value) -> None:
    data = lookup_array(visit.memory, f"{recorder}.data")
    used = lookup_array(visit.memory, f"{recorder}.used")
    begin = int(used[0])
    if begin + len(values) > lookup_int(visit.memory, f"{recorder}.capacity"):
        raise InternalError(f"recorder '{recorder}' got more values in a tick than it announced")
    data[begin : begin + len(values)] = convert(values, data.dtype)
    used[0] = begin + len(values)


def _table_events(stmt: EmitTable, visit: Visit) -> Positions:
    """Return the elements the table lists for this step, and move its cursor past them."""
    memory = visit.memory
    n = lookup_int(memory, stmt.steps.length)
    steps = lookup_array(memory, stmt.steps.name)[:n].astype(np.int64)
    cursor = lookup_array(memory, stmt.cursor.name)
    base = lookup_array(memory, stmt.base.name)
    period, now = visit.scalar(stmt.period), visit.step() - int(base[0])
    if period > 0 and now >= period:  # a new round begins; rounds that were slept through count
        base[0] += now // period * period
        now, cursor[0] = now % period, 0
    begin = max(int(cursor[0]), int(np.searchsorted(steps, now, side="left")))
    end = max(begin, int(np.searchsorted(steps, now, side="right")))
    cursor[0] = end
    return lookup_array(memory, stmt.elements.name)[begin:end].astype(np.int64)


def write_events(memory: Memory, events: EventList, step: int, pieces: list[Positions]) -> None:
    """Replace the slot of ``step`` by the events in ``pieces``, ascending, each in its part."""
    depth, length = lookup_int(memory, f"{events.name}.depth"), lookup_int(memory, events.length)
    slot = step % depth
    ids = lookup_array(memory, f"{events.name}.ids").reshape(-1)
    counts = lookup_array(memory, f"{events.name}.counts").reshape(-1)
    bounds = lookup_array(memory, f"{events.length}.bounds")
    elements = np.sort(np.concatenate([np.zeros(0, dtype=np.int64), *pieces]))
    for part in range(memory.n_parts):
        low, high = int(bounds[part]), int(bounds[part + 1])
        own = elements[(elements >= low) & (elements < high)]
        if len(own) > high - low:
            raise InternalError(f"'{events.name}' got more events than elements in one step")
        begin = slot * length + low
        ids[begin : begin + len(own)] = own
        counts[slot * memory.n_parts + part] = len(own)
