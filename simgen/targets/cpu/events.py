"""Single runs, recording loops, event lists and event tables as C++."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from simgen.errors import InternalError
from simgen.ir.expr import IndexKind
from simgen.ir.kernel import Kernel, Once, OverEvents, OverIndices
from simgen.ir.stmt import Append, EmitTable, Stmt
from simgen.ir.visit import flatten
from simgen.targets.body import BodyPrinter
from simgen.targets.cpu.carried import source_text
from simgen.targets.cstyle import mangle, stored_type
from simgen.targets.frame import open_kernel
from simgen.targets.scope import N_PARTS, Layout, Scope
from simgen.targets.segments import event_line, target_at, uses_index


@dataclass(frozen=True, slots=True)
class OnceView:
    """What ``once.cpp.j2`` shows."""

    name: str
    doc: tuple[str, ...]
    declarations: tuple[str, ...]
    prologue: tuple[str, ...]
    body: tuple[str, ...]
    epilogue: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IndicesView:
    """What ``over_indices.cpp.j2`` shows: ``index`` is the C name of the running index."""

    name: str
    doc: tuple[str, ...]
    declarations: tuple[str, ...]
    prologue: tuple[str, ...]
    count: str
    index: str
    indices: str
    body: tuple[str, ...]
    epilogue: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EventsView:
    """What ``over_events.cpp.j2`` shows."""

    name: str
    doc: tuple[str, ...]
    declarations: tuple[str, ...]
    prologue: tuple[str, ...]
    slot: str
    length: str
    n_parts: str
    ids: str
    counts: str
    bounds: str
    start: str
    stop: str
    body: tuple[str, ...]
    epilogue: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EmitTableView:
    """What ``emit_table.cpp.j2`` shows."""

    name: str
    doc: tuple[str, ...]
    declarations: tuple[str, ...]
    prologue: tuple[str, ...]
    depth: str
    length: str
    n_parts: str
    ids: str
    counts: str
    bounds: str
    steps: str
    n_steps: str
    elements: str
    cursor: str
    base: str
    period: str


@dataclass(frozen=True, slots=True)
class _Recorders:
    """Appending to recorders: the number of values is kept in a variable during the kernel."""

    scope: Scope
    setup: tuple[str, ...]
    finish: tuple[str, ...]

    def append(self, stmt: Append, value: str) -> str:
        """Return the line that appends one value."""
        name = stmt.recorder.name
        kind = stored_type(stmt.recorder.dtype, self.scope.layout.real)
        data = self.scope.buffer(f"{name}.data", kind, written=True)
        return f"{data}[{mangle('u', name)}++] = {value};"


def _recorders(scope: Scope, body: Iterable[Stmt]) -> _Recorders:
    names = dict.fromkeys(stmt.recorder.name for stmt in flatten(body) if isinstance(stmt, Append))
    setup, finish = [], []
    for name in names:
        used = scope.buffer(f"{name}.used", "int64_t", written=True)
        setup.append(f"int64_t {mangle('u', name)} = {used}[0];")
        finish.append(f"{used}[0] = {mangle('u', name)};")
    return _Recorders(scope, tuple(setup), tuple(finish))


def lower_once(kernel: Kernel, domain: Once, layout: Layout) -> OnceView | EmitTableView:
    """Return the view of a kernel that runs its body a single time."""
    del domain  # it holds nothing
    if any(isinstance(stmt, EmitTable) for stmt in flatten(kernel.body)):
        return _lower_table(kernel, layout)
    frame = open_kernel(kernel, layout, {})
    recorders = _recorders(frame.scope, kernel.body)
    body = BodyPrinter(frame.scope, append=recorders.append).lines(frame.body)
    return OnceView(
        frame.name,
        frame.doc,
        frame.scope.declarations(),
        (*frame.prologue, *recorders.setup),
        tuple(body),
        recorders.finish,
    )


def _lower_table(kernel: Kernel, layout: Layout) -> EmitTableView:
    if len(kernel.body) != 1 or not isinstance(stmt := kernel.body[0], EmitTable):
        raise InternalError(f"kernel '{kernel.name}' mixes a table of events with other code")
    frame = open_kernel(kernel, layout, {})
    scope, events = frame.scope, stmt.events.name
    written = {stmt.cursor.name: "int64_t", stmt.base.name: "int64_t"}
    cursor, base = (scope.buffer(name, kind, written=True) for name, kind in written.items())
    fields = {
        "depth": scope.size(f"{events}.depth"),
        "length": scope.size(stmt.events.length),
        "n_parts": scope.size(N_PARTS),
        "ids": scope.buffer(f"{events}.ids", "uint32_t", written=True),
        "counts": scope.buffer(f"{events}.counts", "int64_t", written=True),
        "bounds": scope.buffer(f"{stmt.events.length}.bounds", "int64_t"),
        "steps": scope.array(stmt.steps),
        "n_steps": scope.size(stmt.steps.length),
        "elements": scope.array(stmt.elements),
        "period": scope.printer.text(stmt.period),
    }
    return EmitTableView(
        name=frame.name,
        doc=frame.doc,
        declarations=scope.declarations(),
        prologue=frame.prologue,
        cursor=cursor,
        base=base,
        **fields,
    )


def lower_indices(kernel: Kernel, domain: OverIndices, layout: Layout) -> IndicesView:
    """Return the view of a recording loop."""
    indices = {IndexKind.ELEMENT: "i"}
    if domain.synapses is not None:
        indices = {IndexKind.PRE: "pre", IndexKind.SYNAPSE: "s", IndexKind.POST: "post"}
    frame = open_kernel(kernel, layout, indices)
    scope = frame.scope
    recorders = _recorders(scope, kernel.body)
    body = BodyPrinter(scope, append=recorders.append).lines(frame.body)
    if domain.synapses is not None:
        body.insert(0, f"const int64_t post = {target_at(scope, domain.synapses)};")
        if uses_index(frame.body, IndexKind.PRE):
            body.insert(1, f"const int64_t pre = {source_text(scope, domain.synapses)};")
    fields = {
        "count": scope.size(domain.indices.length),
        "index": "i" if domain.synapses is None else "s",
        "indices": scope.array(domain.indices),
    }
    return IndicesView(
        name=frame.name,
        doc=frame.doc,
        declarations=scope.declarations(),
        prologue=(*frame.prologue, *recorders.setup),
        body=tuple(body),
        epilogue=recorders.finish,
        **fields,
    )


def lower_events(kernel: Kernel, domain: OverEvents, layout: Layout) -> EventsView:
    """Return the view of a kernel over the events of this step."""
    indices = {IndexKind.ELEMENT: "i", IndexKind.EVENT: "event"}
    frame = open_kernel(kernel, layout, indices)
    scope, events = frame.scope, domain.events
    recorders = _recorders(scope, kernel.body)
    event = event_line(scope, frame.body, events, "slot", "i")
    body = (*event, *BodyPrinter(scope, append=recorders.append).lines(frame.body))
    depth = scope.size(f"{events.name}.depth")
    late = (f"if (step < {domain.lag}) return;",) if domain.lag else ()
    fields = {
        "slot": f"(step - {domain.lag}) % {depth}" if domain.lag else f"step % {depth}",
        "length": scope.size(events.length),
        "n_parts": scope.size(N_PARTS),
        "ids": scope.buffer(f"{events.name}.ids", "uint32_t"),
        "counts": scope.buffer(f"{events.name}.counts", "int64_t"),
        "bounds": scope.buffer(f"{events.length}.bounds", "int64_t"),
        "start": scope.printer.text(domain.start),
        "stop": scope.printer.text(domain.stop),
    }
    return EventsView(
        name=frame.name,
        doc=frame.doc,
        declarations=scope.declarations(),
        prologue=(*late, *frame.prologue, *recorders.setup),
        body=body,
        epilogue=recorders.finish,
        **fields,
    )
