"""The grammar of the kernel language, executable: run on every program before it is lowered.

A violation is a fault of the stage that made the program, so it raises :class:`InternalError`.
"""

from __future__ import annotations

from collections.abc import Iterable

from simgen.dtypes import DType
from simgen.errors import InternalError
from simgen.ir.expr import (
    Array,
    Binary,
    Call,
    Compare,
    Const,
    Expr,
    Flow,
    Gather,
    Index,
    IndexKind,
    IndexValue,
    Load,
    Local,
    Logical,
    Param,
    RandomDraw,
    Select,
    Unary,
)
from simgen.ir.functions import FUNCTIONS, UserFunction
from simgen.ir.kernel import (
    Kernel,
    Once,
    OverCarried,
    OverElements,
    OverEvents,
    OverFanIn,
    OverFanOut,
    OverIndices,
    OverSynapses,
    Program,
)
from simgen.ir.stmt import (
    Accumulate,
    Append,
    Emit,
    EmitTable,
    If,
    Let,
    Note,
    Scatter,
    Stmt,
    Store,
    kept_length,
)
from simgen.ir.visit import children, flatten
from simgen.numerics.linear_flow import MOST

DRAW_ARGUMENTS = {"rand": 0, "randn": 0, "poisson": 1, "binomial": 2, "truncated_normal": 4}
FORMATS = ("none", "dense16", "dense32", "compact")
_NUMBERS = (DType.REAL, DType.F64, DType.I64)  # the types arithmetic is done in
_NEURON = frozenset({IndexKind.ELEMENT, IndexKind.ZERO})
_SYNAPSE = frozenset({IndexKind.PRE, IndexKind.POST, IndexKind.SYNAPSE, IndexKind.ZERO})
_NOTHING = frozenset({IndexKind.ZERO})
_EVENT = frozenset({IndexKind.EVENT})


def verify_program(program: Program) -> None:
    """Raise :class:`InternalError` naming the kernel and the fault if ``program`` breaks a rule."""
    arrays: dict[str, Array] = {}
    kernels: dict[str, Kernel] = {}
    emitters: dict[str, str] = {}
    for kernel in program.kernels:
        if kernel.clock not in program.clocks:
            raise InternalError(f"kernel '{kernel.name}': clock '{kernel.clock.name}' is unknown")
        if kernels.setdefault(kernel.name, kernel) != kernel:
            raise InternalError(f"two kernels are named '{kernel.name}'")
        for array in verify_kernel(kernel):
            known = arrays.setdefault(array.name, array)
            if (known.dtype, known.length) != (array.dtype, array.length):
                raise InternalError(f"kernel '{kernel.name}': array '{array.name}' has two types")
        for stmt in flatten(kernel.body):
            if isinstance(stmt, (Emit, EmitTable)):
                first = emitters.setdefault(stmt.events.name, kernel.name)
                if first != kernel.name:
                    both = f"'{first}' and '{kernel.name}'"
                    raise InternalError(f"events '{stmt.events.name}' come from {both}")


def verify_kernel(kernel: Kernel) -> tuple[Array, ...]:
    """Check one kernel; return the arrays it uses."""
    return _Checker(kernel).run()


class _Checker:
    """Walks one kernel with the locals bound so far."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._allowed: frozenset[IndexKind] = _NOTHING
        self._bound: dict[str, DType] = {}
        self._seen: set[str] = set()
        self._arrays: dict[Array, None] = {}

    def run(self) -> tuple[Array, ...]:
        self._statements(self._kernel.prologue)
        self._domain()
        self._statements(self._kernel.body)
        emitted = [
            stmt.events.name for stmt in flatten(self._kernel.body) if isinstance(stmt, Emit)
        ]
        self._require(len(emitted) == len(set(emitted)), "emits the same events twice")
        return tuple(self._arrays)

    def _require(self, holds: bool, fault: str) -> None:
        if not holds:
            raise InternalError(f"kernel '{self._kernel.name}': {fault}")

    def _domain(self) -> None:
        """Check the expressions of the domain, then allow its indices."""
        domain = self._kernel.domain
        match domain:
            case OverElements(start=start, stop=stop) | OverEvents(start=start, stop=stop):
                self._typed(start, DType.I64, "the start of the range")
                self._typed(stop, DType.I64, "the end of the range")
                present = isinstance(domain, OverEvents) and not domain.lag
                self._allowed = _NEURON | _EVENT if present else _NEURON
            case OverIndices(indices=indices, synapses=synapses):
                self._array(indices)
                self._require(indices.dtype is DType.I64, "the list of indices is not I64")
                self._allowed = _NEURON if synapses is None else _SYNAPSE
            case OverFanOut(
                store=store,
                delays=delays,
                whole_rows=whole_rows,
                born=born,
                index=index,
                listed=listed,
            ):
                self._array(delays)
                self._born(born)
                self._require(delays.dtype is DType.U32, "the table of delays is not U32")
                for rows in (store,) if index is None else (store, index):
                    known = rows.format in FORMATS
                    self._require(known, f"'{rows.format}' is no format of synapses")
                kept = store.format != "none" or index is not None
                kept = kept or (listed and store.is_regenerated)
                self._require(not (store.rule and kept), "sorts rows that keep no targets")
                whole = index is not None and whole_rows
                self._require(not whole, "walks whole rows by an index")
                self._allowed = _SYNAPSE | _EVENT
                if store.is_regenerated:
                    self._allowed = _SYNAPSE - {IndexKind.SYNAPSE}
            case OverFanIn(store=store, delay=delay, delays=delays, born=born):
                self._typed(delay, DType.I64, "the delay")
                self._born(born)
                if delays is not None:
                    self._array(delays)
                    self._require(delays.dtype is DType.U32, "the delays are not U32")
                self._require(store.columns, f"synapses '{store.name}' have no columns")
                hidden = frozenset() if store.column_sources else frozenset({IndexKind.PRE})
                self._allowed = (_SYNAPSE | {IndexKind.ENTRY}) - hidden
            case OverCarried(steps=steps, positions=positions):
                for array in (steps, positions):
                    self._array(array)
                    self._require(array.dtype is DType.I64, f"'{array.name}' is not I64")
                self._require(steps.length == positions.length, "the lists differ in length")
                self._allowed = _SYNAPSE | _EVENT
            case OverSynapses():
                self._allowed = _SYNAPSE
            case Once():
                self._allowed = _NOTHING

    def _born(self, born: Expr | None) -> None:
        if born is not None:
            self._typed(born, DType.I64, "the first step of a pathway")

    def _statements(self, body: Iterable[Stmt]) -> None:
        for stmt in body:
            self._statement(stmt)

    def _beyond(self, stmt: Store | Accumulate) -> DType | None:
        """Return the type of a value that need not fit into its variable, None if it must."""
        if stmt.beyond is None:
            return None
        fits = stmt.array.dtype is DType.I32 and stmt.beyond.dtype is DType.I64
        self._require(fits, f"notes in '{stmt.beyond.name}' what does not fit")
        return DType.I64

    def _statement(self, stmt: Stmt) -> None:
        domain = self._kernel.domain
        match stmt:
            case Let(local=local, value=value):
                self._typed(value, local.dtype, f"the value of '{local.name}'")
                self._require(local.name not in self._seen, f"'{local.name}' is bound twice")
                self._seen.add(local.name)
                self._bound[local.name] = local.dtype
            case Store(array=array, index=index, value=value):
                self._place(array, index)
                wide = self._beyond(stmt)
                self._typed(value, wide or array.dtype, f"the value stored in '{array.name}'")
            case Accumulate(array=array, index=index, op=op, value=value):
                self._place(array, index)
                self._require(op in ("+", "*", "min", "max"), f"'{op}' is no accumulation")
                extreme = op in ("min", "max") and stmt.beyond is not None
                self._require(not extreme, "notes what is beyond an extreme")
                number = array.dtype in (*_NUMBERS, DType.I32)  # a whole number of the model
                self._require(number, f"accumulates into {array.dtype.name}")
                wide = self._beyond(stmt)
                self._typed(value, wide or array.dtype, f"the value added to '{array.name}'")
            case Scatter(array=array, position=position, value=value):
                fits = isinstance(domain, OverElements | OverEvents)
                self._require(fits, f"scatters into '{array.name}' outside a loop over elements")
                self._array(array)
                self._typed(position, DType.I64, f"the position in '{array.name}'")
                self._typed(value, array.dtype, f"the value stored in '{array.name}'")
            case If(condition=condition, body=body):
                self._typed(condition, DType.BOOL, "a condition")
                outside = dict(self._bound)
                self._statements(body)
                self._bound = outside  # what was bound inside is not visible after it
            case Emit(events=events, condition=condition):
                fits = isinstance(domain, OverElements) and domain.owner == events.length
                self._require(fits, f"emits '{events.name}' outside the loop over its elements")
                self._typed(condition, DType.BOOL, "a condition")
            case Note(array=array, index=index, condition=condition):
                self._array(array)
                self._require(array.dtype is DType.I64, f"notes a place in '{array.name}'")
                self._index(index)
                self._typed(condition, DType.BOOL, "a condition")
            case EmitTable():
                alone = isinstance(domain, Once) and self._kernel.body == (stmt,)
                self._require(alone, "mixes a table of events with other code")
                self._table(stmt)
            case Append(recorder=recorder, value=value):
                ordered = isinstance(domain, (Once, OverIndices, OverEvents))
                self._require(ordered, f"appends to '{recorder.name}' in a loop without order")
                self._typed(value, recorder.dtype, f"the value appended to '{recorder.name}'")

    def _table(self, stmt: EmitTable) -> None:
        types = {
            stmt.steps: DType.I64,
            stmt.elements: DType.U32,
            stmt.cursor: DType.I64,
            stmt.base: DType.I64,
        }
        for array, dtype in types.items():
            self._array(array)
            self._require(array.dtype is dtype, f"'{array.name}' is not {dtype.name}")
        self._typed(stmt.period, DType.I64, "the period of a table of events")

    def _array(self, array: Array) -> None:
        self._arrays[array] = None
        self._require(bool(array.name and array.length), "an array has no name or no length")

    def _place(self, array: Array, index: Index) -> None:
        self._array(array)
        self._index(index)
        if index.kind is IndexKind.EVENT:
            fits = index.via is None and array.length == self._events_length()
            self._require(fits, f"'{array.name}' has no values of the events")

    def _events_length(self) -> str:
        """Return the length of what has a value for each event that the domain may stand on."""
        match self._kernel.domain:
            case OverEvents(events=events) | OverFanOut(events=events):
                return kept_length(events)
            case OverCarried(steps=steps):
                return steps.length
        return ""

    def _index(self, index: Index) -> None:
        self._require(
            index.kind in self._allowed, f"index '{index.kind.value}' has no meaning here"
        )
        if index.via is not None:
            self._array(index.via)
            self._require(index.via.dtype.is_integer, f"'{index.via.name}' holds no indices")

    def _typed(self, expr: Expr, dtype: DType, what: str) -> None:
        self._expression(expr)
        found = expr.dtype
        self._require(found is dtype, f"{what} is {found.name} and should be {dtype.name}")

    def _expression(self, expr: Expr) -> None:
        for child in children(expr):
            self._expression(child)
        match expr:
            case Const(value=value, dtype=dtype):
                self._require(_literal_fits(value, dtype), f"{value!r} is no {dtype.name}")
            case Param(name=name):
                self._require(bool(name), "a parameter has no name")
            case Local(name=name, dtype=dtype):
                bound = self._bound.get(name)
                self._require(bound is not None, f"'{name}' is used before it is bound")
                self._require(bound is dtype, f"'{name}' is used with another type than it has")
            case Load(array=array, index=index):
                self._place(array, index)
            case Gather(array=array, position=position):
                self._array(array)
                self._require(
                    position.dtype is DType.I64, f"a position in '{array.name}' is not I64"
                )
            case IndexValue(index=index):
                self._index(index)
            case RandomDraw():
                self._draw(expr)
            case _:
                self._operator(expr)

    def _operator(self, expr: Expr) -> None:
        types = {child.dtype for child in children(expr)}
        number = len(types) == 1 and types <= set(_NUMBERS)
        match expr:
            case Unary(op="-") | Compare(op="<" | "<=" | ">" | ">=" | "==" | "!="):
                self._require(number, f"operands of '{expr.op}' are {_names(types)}")
            case Unary(op="not") | Logical(op="and" | "or"):
                self._require(types == {DType.BOOL}, f"operands of '{expr.op}' are {_names(types)}")
            case Binary(op="+" | "-" | "*" | "//" | "%"):
                self._require(number, f"operands of '{expr.op}' are {_names(types)}")
            case Binary(op="/"):
                fits = number and DType.I64 not in types
                self._require(fits, f"operands of '/' are {_names(types)}")
            case Unary() | Compare() | Logical() | Binary():
                self._require(False, f"'{expr.op}' is no operator of {type(expr).__name__}")
            case Select(condition=condition, then=then, otherwise=otherwise):
                self._require(condition.dtype is DType.BOOL, "a selection's condition is no BOOL")
                same = then.dtype is otherwise.dtype
                self._require(same, "the branches of a selection differ in type")
            case Call(user=UserFunction() as user, args=args, dtype=dtype):
                given = tuple(argument.dtype for argument in args)
                fits = dtype is user.dtype and given == user.arguments
                self._require(fits, f"'{user.name}' is called on {_names(types)}")
            case Call(function=name, args=args, dtype=dtype):
                spec = FUNCTIONS.get(name)
                self._require(spec is not None, f"function '{name}' is unknown")
                if spec is not None:
                    self._require(len(args) == spec.arity, f"'{name}' has {len(args)} arguments")
                    fits = dtype is DType.REAL or (dtype is DType.I64 and spec.integer_ok)
                    self._require(
                        fits and types == {dtype}, f"'{name}' is called on {_names(types)}"
                    )
            case Flow(row=row, blocks=blocks, matrix=matrix, start=start):
                n = sum(blocks)
                fits = 0 <= row < n == len(start) <= MOST and len(matrix) == n * n
                self._require(fits and all(blocks), f"a flow of {n} variables has wrong sizes")
                self._require(types == {DType.REAL}, f"a flow is formed of {_names(types)}")

    def _draw(self, draw: RandomDraw) -> None:
        wanted = DRAW_ARGUMENTS.get(draw.distribution)
        self._require(
            wanted == len(draw.args), f"draws '{draw.distribution}' with {len(draw.args)}"
        )
        self._require(draw.key.dtype is DType.U64, f"the key '{draw.key.name}' is not U64")
        on_synapses = IndexKind.SYNAPSE in self._allowed
        if on_synapses:
            self._require(IndexKind.PRE in self._allowed, "draws where the source is not known")
        self._require(on_synapses or draw.rank is None, "a draw has a rank outside synapses")
        as_pair = on_synapses and draw.rank is None and not draw.fixed
        self._require(as_pair or not draw.as_pair, "a draw is that of a pair where none is")
        if draw.rank is not None:
            self._require(draw.rank.dtype.is_integer, "the rank of a draw is no integer")
        for position, argument in enumerate(draw.args):
            counted = draw.distribution == "binomial" and position == 0
            wanted_type = DType.I64 if counted else DType.REAL
            fits = argument.dtype is wanted_type
            self._require(
                fits, f"argument {position} of '{draw.distribution}' is no {wanted_type.name}"
            )


def _literal_fits(value: object, dtype: DType) -> bool:
    if dtype is DType.BOOL:
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    return isinstance(value, float) if dtype.is_float else isinstance(value, int)


def _names(types: Iterable[DType]) -> str:
    return " and ".join(sorted(dtype.name for dtype in types))
