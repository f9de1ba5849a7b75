"""Loops over elements, events and listed indices, single runs and event tables as CUDA."""

from __future__ import annotations

from dataclasses import dataclass, field

from simgen.errors import InternalError
from simgen.ir.expr import Const, Expr, IndexKind, Param
from simgen.ir.kernel import (
    Kernel,
    Once,
    OverCarried,
    OverElements,
    OverEvents,
    OverIndices,
    OverSynapses,
    SynapseStore,
)
from simgen.ir.stmt import Append, Emit, EmitTable
from simgen.ir.visit import flatten
from simgen.targets.cstyle import mangle, stored_type
from simgen.targets.cuda.head import BLOCK, ONE, Head, Launch, Module, printer_of
from simgen.targets.cuda.order import Order, Plan
from simgen.targets.cuda.records import WholeList, record_events, record_values
from simgen.targets.frame import Frame
from simgen.targets.scope import Scope
from simgen.targets.segments import (
    event_line,
    positions_type,
    target_in_one_part,
    uses_index,
)

_SYNAPTIC = {IndexKind.PRE: "pre", IndexKind.SYNAPSE: "s", IndexKind.POST: "post"}


@dataclass(frozen=True, slots=True)
class LoopView:
    """What ``loop.cu.j2`` shows: ``index`` is the C name of the running index.

    ``first`` is done before the loop.
    """

    head: Head
    range: str
    first: tuple[str, ...]
    index: str
    flags: tuple[str, ...]
    body: tuple[str, ...]
    notes: tuple[str, ...]
    finish: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OnceView:
    """What ``once.cu.j2`` shows."""

    head: Head
    body: tuple[str, ...]
    finish: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableView:
    """What ``emit_table.cu.j2`` shows."""

    head: Head
    depth: str
    length: str
    ids: str
    counts: str
    steps: str
    n_steps: str
    elements: str
    cursor: str
    base: str
    period: str


@dataclass(slots=True)
class _Lists:
    """The lists of events and the recorders that a loop appends to.

    In any order, events are noted by warps and joined by the last block, and the places of recorded
    values follow from the index of the loop. In order, a counter serves each list.
    """

    module: Module
    frame: Frame
    plan: Plan
    kernel: Kernel
    setup: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    joined: list[str] = field(default_factory=list)  # what the last block does
    finish: list[str] = field(default_factory=list)
    lists: dict[str, WholeList] = field(default_factory=dict)  # as the last block has them
    _emitted: int = 0
    _appended: dict[str, int] = field(default_factory=dict)

    @property
    def scope(self) -> Scope:
        """The names of the kernel."""
        return self.frame.scope

    @property
    def free(self) -> bool:
        """Whether many threads append."""
        return self.plan.order is Order.FREE

    def emit(self, stmt: Emit, condition: str) -> str:
        """Return the line that notes an event."""
        number, scope, name = self._emitted, self.scope, stmt.events.name
        self._emitted += 1
        ids = scope.buffer(f"{name}.ids", "uint32_t", written=True)
        counts = scope.buffer(f"{name}.counts", "int64_t", written=True)
        slot, used, listed = f"slot{number}", f"n{number}", f"list{number}"
        depth, length = scope.size(f"{name}.depth"), scope.size(stmt.events.length)
        self.setup += [
            f"const int64_t {slot} = step % {depth};",
            f"uint32_t *const {listed} = {ids} + {slot} * {length};",
            f"uint32_t {used} = 0;",
        ]
        if not self.free:
            self.finish.append(f"{counts}[{slot}] = {used};")
            return f"if ({condition}) {listed}[{used}++] = (uint32_t)i;"
        stage = self.module.keep(self.frame, f"{name}.stage", "uint32_t", stmt.events.length)
        pieces = self.module.keep(self.frame, f"{name}.pieces", "uint32_t", None)
        self.flags.append(f"bool f{number} = false;")
        self.notes.append(f"{used} = sg_note(f{number}, i, {stage} + range.first, {used});")
        self.finish.append(f"sg_leave_count(grid, {used}, {pieces});")
        total = f"total{number}"
        self.joined += [
            f"const int64_t {total} = "
            f"sg_join_pieces(grid, {stage}, {pieces}, start, stop, {listed});",
            f"if (threadIdx.x == 0) {counts}[{slot}] = {total};",
        ]
        self.lists[name] = WholeList(listed, total)
        return f"f{number} = {condition};"

    def append(self, stmt: Append, value: str) -> str:
        """Return the line that stores a value in a recorder."""
        name = stmt.recorder.name
        kind = stored_type(stmt.recorder.dtype, self.scope.layout.real)
        data = self.scope.buffer(f"{name}.data", kind, written=True)
        used, count = self._used(name), self._appended.get(name, 0)
        self._appended[name] = count + 1
        if not self.free:
            return f"{data}[{used}++] = {value};"
        each = sum(self._is_to(name, other) for other in self.kernel.body)
        place = f"{used} + (r - start)" if each == 1 else f"{used} + (r - start) * {each} + {count}"
        return f"{data}[{place}] = {value};"

    def _is_to(self, name: str, stmt: object) -> bool:
        return isinstance(stmt, Append) and stmt.recorder.name == name

    def _used(self, name: str) -> str:
        """Return the variable that holds how many values a recorder has."""
        variable = mangle("u", name)
        if name in self._appended:
            return variable
        used = self.scope.buffer(f"{name}.used", "int64_t", written=True)
        if not self.free:
            self.setup.append(f"int64_t {variable} = {used}[0];")
            self.finish.append(f"{used}[0] = {variable};")
            return variable
        self.setup.append(f"const int64_t {variable} = {used}[0];")
        each = sum(self._is_to(name, other) for other in self.kernel.body)
        total = "(stop - start)" if each == 1 else f"(stop - start) * {each}"
        self.joined.append(f"if (threadIdx.x == 0) {used}[0] = {variable} + {total};")
        return variable

    def closing(self) -> tuple[str, ...]:
        """Return the lines after the loop."""
        if not self.joined:
            return tuple(self.finish)
        ticket = self.module.keep(self.frame, f"{self.kernel.name}.grid.ticket", "uint32_t", ONE)
        inner = (f"  {line}" for line in self.joined)
        return (*self.finish, f"if (sg_is_last_block(grid, {ticket})) {{", *inner, "}")


def lower_elements(
    kernel: Kernel, domain: OverElements, plan: Plan, module: Module
) -> tuple[LoopView, Launch]:
    """Return the view of a kernel over elements."""
    frame = module.open(kernel, {IndexKind.ELEMENT: "i"}, plan)
    text = frame.scope.printer.text
    bounds: tuple[str, ...] = (
        f"const int64_t start = {text(domain.start)};",
        f"const int64_t stop = {text(domain.stop)};",
    )
    lines: tuple[str, ...] = ()
    for array in plan.takes:  # what the step before has summed up
        kind = stored_type(array.dtype, frame.scope.layout.real)
        bounds = (*bounds, module.sums(frame, array, "step + 1"))
        own, sums = frame.scope.buffer(array.name, kind, written=True), mangle("sums", array.name)
        taken = f"if (sum != 0) {{ {own}[i] += sum; {sums}[i] = 0; }}"
        lines = (*lines, f"{{ const {kind} sum = {sums}[i]; {taken} }}")
    return _loop(kernel, frame, plan, module, bounds, "i", lines), Launch(frame.name, domain.owner)


def lower_events(
    kernel: Kernel, domain: OverEvents, plan: Plan, module: Module
) -> tuple[LoopView, Launch]:
    """Return the view of a kernel over the events of a step; ``r`` is the place in the list."""
    indices = {IndexKind.ELEMENT: "i", IndexKind.EVENT: "event"}
    frame = module.open(kernel, indices, plan)
    scope, events = frame.scope, domain.events
    counts = scope.buffer(f"{events.name}.counts", "int64_t")
    ids = scope.buffer(f"{events.name}.ids", "uint32_t")
    depth = scope.size(f"{events.name}.depth")
    slot = f"(step - {domain.lag}) % {depth}" if domain.lag else f"step % {depth}"
    setup = [
        *([f"if (step < {domain.lag}) return;"] if domain.lag else []),
        f"const int64_t slot = {slot};",
        f"const uint32_t *const fired = {ids} + slot * {scope.size(events.length)};",
    ]
    start, stop = "0", f"{counts}[slot]"
    if domain.start != Const(0, domain.start.dtype):
        start = f"sg_lower_bound(fired, (int64_t)0, {counts}[slot], {_text(scope, domain.start)})"
    if not _is_size(domain.stop, events.length):
        stop = f"sg_lower_bound(fired, start, {counts}[slot], {_text(scope, domain.stop)})"
    setup += [f"const int64_t start = {start};", f"const int64_t stop = {stop};"]
    event = event_line(scope, frame.body, events, "slot", "i")
    lines = ("const int64_t i = fired[r];", *event)
    view = _loop(kernel, frame, plan, module, tuple(setup), "r", lines)
    return view, Launch(frame.name, events.length)


def _text(scope: Scope, expr: Expr) -> str:
    return scope.printer.text(expr)


def _is_size(expr: Expr, length: str) -> bool:
    return isinstance(expr, Param) and expr.name == length


def lower_indices(
    kernel: Kernel, domain: OverIndices, plan: Plan, module: Module
) -> tuple[LoopView, Launch]:
    """Return the view of a recording loop; ``r`` is the place in the list of indices."""
    store = domain.synapses
    indices = {IndexKind.ELEMENT: "i"}
    if store is not None:
        indices = _SYNAPTIC
    frame = module.open(kernel, indices, plan)
    scope = frame.scope
    name = "i" if store is None else "s"
    lines = [f"const int64_t {name} = {scope.array(domain.indices)}[r];"]
    if store is not None:
        lines.append(f"const int64_t post = {target_in_one_part(scope, store)};")
        if uses_index(frame.body, IndexKind.PRE):
            lines.append(f"const int64_t pre = {_source(scope, store)};")
    count = domain.indices.length
    bounds = ("const int64_t start = 0;", f"const int64_t stop = {scope.size(count)};")
    view = _loop(kernel, frame, plan, module, bounds, "r", tuple(lines))
    return view, Launch(frame.name, count)


def lower_carried(
    kernel: Kernel, domain: OverCarried, plan: Plan, module: Module
) -> tuple[LoopView, Launch]:
    """Return the view of a walk over the carried events that are due, ``r`` among all of them."""
    frame = module.open(kernel, {**_SYNAPTIC, IndexKind.EVENT: "r"}, plan)
    scope, store = frame.scope, domain.store
    steps, count = scope.array(domain.steps), scope.size(domain.steps.length)
    bounds = (
        f"const int64_t start = sg_lower_bound({steps}, (int64_t)0, {count}, step);",
        f"const int64_t stop = sg_lower_bound({steps}, start, {count}, step + 1);",
    )
    lines = [
        f"const int64_t s = {scope.array(domain.positions)}[r];",
        f"const int64_t post = {target_in_one_part(scope, store)};",
    ]
    if uses_index(frame.body, IndexKind.PRE):
        lines.append(f"const int64_t pre = {_source(scope, store)};")
    view = _loop(kernel, frame, plan, module, bounds, "r", tuple(lines))
    return view, _launch(frame, plan, domain.steps.length)


def lower_listed(
    kernel: Kernel, domain: OverSynapses, plan: Plan, module: Module
) -> tuple[LoopView, Launch]:
    """Return the view of a walk over all synapses of a store, in the order of a list."""
    frame = module.open(kernel, _SYNAPTIC, plan)
    scope, store, name = frame.scope, domain.store, domain.list_name
    lines = (
        f"const int64_t s = {scope.buffer(f'{name}_pos', positions_type(store))}[r];",
        f"const int64_t pre = {scope.buffer(f'{name}_src', 'uint32_t')}[r];",
        f"const int64_t post = {target_in_one_part(scope, store)};",
    )
    bounds = ("const int64_t start = 0;", f"const int64_t stop = {scope.size(store.length)};")
    view = _loop(kernel, frame, plan, module, bounds, "r", lines)
    return view, _launch(frame, plan, store.length)


def _launch(frame: Frame, plan: Plan, size: str) -> Launch:
    return Launch(frame.name, ONE if plan.order is Order.SERIAL else size)


def _source(scope: Scope, store: SynapseStore) -> str:
    """Return the text that finds the source of the synapse at position ``s``."""
    starts = scope.buffer(f"{store.name}.row_start", "uint64_t")
    n_rows = scope.size(f"{store.name}.n_rows")
    return f"{scope.size(f'{store.name}.source_start')} + sg_row_of({starts}, {n_rows}, s)"


def _loop(
    kernel: Kernel,
    frame: Frame,
    plan: Plan,
    module: Module,
    bounds: tuple[str, ...],
    index: str,
    lines: tuple[str, ...],
) -> LoopView:
    lists = _Lists(module, frame, plan, kernel)
    printer = printer_of(frame, plan)
    printer.emit, printer.append = lists.emit, lists.append
    body = (*lines, *printer.lines(frame.body))
    values = record_values(frame.scope, plan.first)
    lists.joined += [*values.joined, *record_events(frame.scope, plan.then, lists.lists)]
    closing = lists.closing()
    shape = "sg_warp_range" if lists.notes or plan.first else "sg_grid_range"
    shape = shape if lists.free else "sg_serial_range"
    return LoopView(
        head=module.head(kernel, frame, plan, (*bounds, *lists.setup)),
        range=f"{shape}(grid, start, stop)",
        first=values.first,
        index=index,
        flags=tuple(lists.flags),
        body=body,
        notes=tuple(lists.notes),
        finish=closing,
    )


def lower_once(
    kernel: Kernel, domain: Once, plan: Plan, module: Module
) -> tuple[OnceView | TableView, Launch]:
    """Return the view of a kernel that runs its body a single time."""
    del domain  # it holds nothing
    if any(isinstance(stmt, EmitTable) for stmt in flatten(kernel.body)):
        return _table(kernel, plan, module)
    frame = module.open(kernel, {}, plan)
    lists = _Lists(module, frame, plan, kernel)
    printer = printer_of(frame, plan)
    printer.append = lists.append
    body = tuple(printer.lines(frame.body))
    head = module.head(kernel, frame, plan, lists.setup)
    return OnceView(head, body, lists.closing()), Launch(frame.name)


def _table(kernel: Kernel, plan: Plan, module: Module) -> tuple[TableView, Launch]:
    if len(kernel.body) != 1 or not isinstance(stmt := kernel.body[0], EmitTable):
        raise InternalError(f"kernel '{kernel.name}' mixes a table of events with other code")
    frame = module.open(kernel, {}, plan)
    scope, events = frame.scope, stmt.events.name
    fields = {
        "depth": scope.size(f"{events}.depth"),
        "length": scope.size(stmt.events.length),
        "ids": scope.buffer(f"{events}.ids", "uint32_t", written=True),
        "counts": scope.buffer(f"{events}.counts", "int64_t", written=True),
        "steps": scope.array(stmt.steps),
        "n_steps": scope.size(stmt.steps.length),
        "elements": scope.array(stmt.elements),
        "cursor": scope.buffer(stmt.cursor.name, "int64_t", written=True),
        "base": scope.buffer(stmt.base.name, "int64_t", written=True),
        "period": scope.printer.text(stmt.period),
    }
    head = module.head(kernel, frame, Plan(Order.FREE))
    return TableView(head=head, **fields), Launch(frame.name, ONE, BLOCK)
