"""The walks over synapses as C++: fan-out by segments, fan-in by columns, and whole stores.

The list of segments that are due is made first, in canonical order; then they are visited, so
that the processor can be told in time which synapses come next.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from simgen.errors import InternalError
from simgen.ir.expr import IndexKind, Load, RandomDraw
from simgen.ir.kernel import Kernel, OverFanIn, OverFanOut, OverSynapses, SynapseStore
from simgen.ir.stmt import Accumulate, Let, Stmt, Store
from simgen.ir.visit import all_nodes, flatten, reads, writes
from simgen.targets.body import BodyPrinter
from simgen.targets.cstyle import mangle
from simgen.targets.effects import must_walk_by_rows
from simgen.targets.frame import Frame, open_kernel
from simgen.targets.hoist import hoist_loads, split_invariant
from simgen.targets.scope import N_PARTS, Layout, Scope
from simgen.targets.segments import class_count, finder, uses_index

_INDICES = {IndexKind.PRE: "pre", IndexKind.POST: "post", IndexKind.SYNAPSE: "s"}


@dataclass(frozen=True, slots=True)
class FanOutView:
    """What ``over_fan_out.cpp.j2`` shows: ``deliver`` is called with segments by ``name``."""

    name: str
    deliver: str
    doc: tuple[str, ...]
    deliver_declarations: tuple[str, ...]
    deliver_prologue: tuple[str, ...]
    prefetches: tuple[str, ...]
    row: tuple[str, ...]
    pragmas: tuple[str, ...]
    body: tuple[str, ...]
    declarations: tuple[str, ...]
    targets: str
    n_classes: str
    delays: str
    depth: str
    length: str
    n_parts: str
    n_rows: str
    source_start: str
    ids: str
    counts: str
    bounds: str
    walk: str


@dataclass(frozen=True, slots=True)
class FanInView:
    """What ``over_fan_in.cpp.j2`` shows."""

    name: str
    doc: tuple[str, ...]
    declarations: tuple[str, ...]
    prologue: tuple[str, ...]
    oldest: str
    newest: str
    depth: str
    length: str
    n_parts: str
    ids: str
    counts: str
    bounds: str
    col_start: str
    col_pos: str
    prefetches: tuple[str, ...]
    column: tuple[str, ...]
    body: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SynapsesView:
    """What ``over_synapses.cpp.j2`` shows."""

    name: str
    doc: tuple[str, ...]
    declarations: tuple[str, ...]
    prologue: tuple[str, ...]
    row_start: str
    n_rows: str
    source_start: str
    targets: str
    row: tuple[str, ...]
    pragmas: tuple[str, ...]
    body: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RowsView:
    """What ``over_rows.cpp.j2`` shows: ``deliver`` is called with segments by ``name``."""

    name: str
    deliver: str
    doc: tuple[str, ...]
    deliver_declarations: tuple[str, ...]
    deliver_prologue: tuple[str, ...]
    prefetches: tuple[str, ...]
    row: tuple[str, ...]
    pragmas: tuple[str, ...]
    body: tuple[str, ...]
    declarations: tuple[str, ...]
    targets: str
    n_rows: str
    source_start: str
    walk: str


@dataclass(frozen=True, slots=True)
class _Walk:
    """A body lowered for a walk: what is fixed per row or column, and what is done per synapse."""

    row: tuple[str, ...]
    body: tuple[str, ...]
    independent: bool


def _walk(frame: Frame, fixed: IndexKind) -> _Walk:
    scope = frame.scope
    kinds = frozenset({fixed, IndexKind.ZERO})
    first, rest = split_invariant(frame.body, kinds)
    loads = hoist_loads(scope, (*first, *rest), kinds, "x")
    row = (*loads, *BodyPrinter(scope).lines(first))
    independent = _independent(rest)
    body = BodyPrinter(scope, select=independent).lines(rest)
    return _Walk(row, tuple(body), independent)


def _independent(body: tuple[Stmt, ...]) -> bool:
    """Return whether the synapses of a row may be visited in any order and without branches."""
    plain = all(isinstance(stmt, (Let, Store, Accumulate)) for stmt in flatten(body))
    own = all(index.kind is IndexKind.SYNAPSE and index.via is None for _, index, _ in writes(body))
    written = {array.name for array, _, _ in writes(body)}
    foreign = {
        array.name
        for array, index in reads(body)
        if index is None or index.kind is not IndexKind.SYNAPSE or index.via is not None
    }
    draws = any(isinstance(node, RandomDraw) for node in all_nodes(body))
    return plain and own and not written & foreign and not draws


def _synaptic_arrays(scope: Scope, body: tuple[Stmt, ...]) -> list[str]:
    """Return the C names of the arrays that a body uses at the synapse's position."""
    used = [
        node.array
        for node in all_nodes(body)
        if isinstance(node, Load)
        and node.index.kind is IndexKind.SYNAPSE
        and node.index.via is None
    ]
    used += [
        array
        for array, index, _ in sorted(writes(body), key=lambda item: item[0].name)
        if index.kind is IndexKind.SYNAPSE and index.via is None
    ]
    return [scope.array(array) for array in dict.fromkeys(used)]


def lower_fan_out(kernel: Kernel, domain: OverFanOut, layout: Layout) -> FanOutView:
    """Return the view of a delivery: the segments that spikes reach in this step."""
    store, events = domain.store, domain.events
    frame = open_kernel(kernel, layout, _INDICES)
    targets = frame.scope.buffer(f"{store.name}.targets", "uint32_t")
    walk = _walk(frame, IndexKind.PRE)
    arrays = [targets, *_synaptic_arrays(frame.scope, frame.body)]
    outer = Scope(layout, kernel, {})
    fields = {
        "delays": outer.array(domain.delays),
        "n_classes": outer.size(domain.delays.length),
        "depth": outer.size(f"{events.name}.depth"),
        "length": outer.size(events.length),
        "n_parts": outer.size(N_PARTS),
        "n_rows": outer.size(f"{store.name}.n_rows"),
        "source_start": outer.size(f"{store.name}.source_start"),
        "ids": outer.buffer(f"{events.name}.ids", "uint32_t"),
        "counts": outer.buffer(f"{events.name}.counts", "int64_t"),
        "bounds": outer.buffer(f"{events.length}.bounds", "int64_t"),
        "walk": _walk_call(outer, kernel, domain),
    }
    return FanOutView(
        name=frame.name,
        deliver=mangle("d", kernel.name),
        doc=frame.doc,
        deliver_declarations=frame.scope.declarations(),
        deliver_prologue=frame.prologue,
        prefetches=tuple(f"__builtin_prefetch({array} + next);" for array in arrays),
        row=walk.row,
        pragmas=("#pragma omp simd",) if walk.independent else (),
        body=walk.body,
        declarations=outer.declarations(),
        targets=targets,
        **fields,
    )


def _walk_call(scope: Scope, kernel: Kernel, domain: OverFanOut) -> str:
    """Return the call of the walk that visits the segments of a delivery in the right order."""
    store = domain.store
    if must_walk_by_rows(kernel):
        return f"sg_walk_fan_out_rows(walk, {finder(scope, store)}, {class_count(scope, store)});"
    found = replace(store, format="none") if domain.whole_rows else store
    return f"sg_walk_fan_out(walk, {finder(scope, found)});"


def lower_fan_in(kernel: Kernel, domain: OverFanIn, layout: Layout) -> FanInView:
    """Return the view of a walk over the columns of the neurons that fired."""
    store, events = domain.store, domain.events
    frame = open_kernel(kernel, layout, {**_INDICES, IndexKind.ENTRY: "q"})
    scope, name = frame.scope, store.name
    walk = _walk(frame, IndexKind.POST)
    body = list(walk.body)
    if uses_index(frame.body, IndexKind.PRE):
        if not store.column_sources:
            raise InternalError(
                f"kernel '{kernel.name}' needs the sources of the columns of '{name}'"
            )
        body.insert(0, f"const int64_t pre = {scope.buffer(f'{name}.col_src', 'uint32_t')}[q];")
    oldest = newest = scope.printer.text(domain.delay)
    if domain.delays is not None:
        delays = scope.array(domain.delays)
        body.insert(0, f"if ({delays}[s] != delay) continue;")
        oldest, newest = f"{scope.size(f'{events.name}.depth')} - 1", "0"
    fields = {
        "depth": scope.size(f"{events.name}.depth"),
        "length": scope.size(events.length),
        "n_parts": scope.size(N_PARTS),
        "ids": scope.buffer(f"{events.name}.ids", "uint32_t"),
        "counts": scope.buffer(f"{events.name}.counts", "int64_t"),
        "bounds": scope.buffer(f"{events.length}.bounds", "int64_t"),
        "col_start": scope.buffer(f"{name}.col_start", "uint64_t"),
        "col_pos": scope.buffer(f"{name}.col_pos", "uint64_t" if store.wide else "uint32_t"),
    }
    arrays = _synaptic_arrays(scope, frame.body)
    return FanInView(
        name=frame.name,
        doc=frame.doc,
        declarations=scope.declarations(),
        prologue=frame.prologue,
        oldest=oldest,
        newest=newest,
        prefetches=tuple(f"__builtin_prefetch({array} + next);" for array in arrays),
        column=walk.row,
        body=tuple(body),
        **fields,
    )


def lower_synapses(kernel: Kernel, domain: OverSynapses, layout: Layout) -> SynapsesView | RowsView:
    """Return the view of a walk over all synapses of a store."""
    store = domain.store
    if must_walk_by_rows(kernel):
        return _lower_rows(kernel, store, layout)
    frame = open_kernel(kernel, layout, _INDICES)
    walk = _walk(frame, IndexKind.PRE)
    scope = frame.scope
    fields = {
        "row_start": scope.buffer(f"{store.name}.row_start", "uint64_t"),
        "n_rows": scope.size(f"{store.name}.n_rows"),
        "source_start": scope.size(f"{store.name}.source_start"),
        "targets": scope.buffer(f"{store.name}.targets", "uint32_t"),
    }
    return SynapsesView(
        name=frame.name,
        doc=frame.doc,
        declarations=scope.declarations(),
        prologue=frame.prologue,
        row=walk.row,
        pragmas=("#pragma omp simd",) if walk.independent else (),
        body=walk.body,
        **fields,
    )


def _lower_rows(kernel: Kernel, store: SynapseStore, layout: Layout) -> RowsView:
    frame = open_kernel(kernel, layout, _INDICES)
    targets = frame.scope.buffer(f"{store.name}.targets", "uint32_t")
    walk = _walk(frame, IndexKind.PRE)
    arrays = [targets, *_synaptic_arrays(frame.scope, frame.body)]
    outer = Scope(layout, kernel, {})
    fields = {
        "n_rows": outer.size(f"{store.name}.n_rows"),
        "source_start": outer.size(f"{store.name}.source_start"),
        "walk": f"sg_walk_rows(walk, {finder(outer, store)}, {class_count(outer, store)});",
    }
    return RowsView(
        name=frame.name,
        deliver=mangle("d", kernel.name),
        doc=frame.doc,
        deliver_declarations=frame.scope.declarations(),
        deliver_prologue=frame.prologue,
        prefetches=tuple(f"__builtin_prefetch({array} + next);" for array in arrays),
        row=walk.row,
        pragmas=(),
        body=walk.body,
        declarations=outer.declarations(),
        targets=targets,
        **fields,
    )
