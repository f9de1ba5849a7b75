"""The walks over synapses as C++: fan-out by segments, fan-in by columns, and whole stores.

The list of segments that are due is made first, in canonical order; then they are visited, so
that the processor can be told in time which synapses come next.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from simgen.ir.expr import IndexKind
from simgen.ir.kernel import Kernel, OverFanIn, OverFanOut, OverSynapses, SynapseStore
from simgen.ir.stmt import Accumulate, Let, Stmt, Store
from simgen.ir.visit import all_nodes, flatten, reads, stays, writes
from simgen.targets.body import BodyPrinter
from simgen.targets.cpu.carried import synaptic_arrays
from simgen.targets.cpu.joined import can_join
from simgen.targets.cpu.made_rows import each_target, made_row
from simgen.targets.cpu.walk_views import (
    FanInView,
    FanOutView,
    JoinedFanOutView,
    ListedView,
    MadeFanOutView,
    Reach,
    RowsView,
    SynapsesView,
)
from simgen.targets.cstyle import mangle
from simgen.targets.effects import Owner, kernel_effects, must_walk_by_rows
from simgen.targets.frame import Frame, open_kernel
from simgen.targets.hoist import fixed_kinds, hoist_loads, split_invariant
from simgen.targets.scope import N_PARTS, Layout, Scope
from simgen.targets.segments import (
    RowTargets,
    all_pairs,
    class_count,
    column_positions,
    event_line,
    finder,
    positions_type,
    row_targets,
    source_at_entry,
    target_at,
    targets_of,
    targets_type,
    uses_index,
)

_INDICES = {IndexKind.PRE: "pre", IndexKind.POST: "post", IndexKind.SYNAPSE: "s"}


@dataclass(frozen=True, slots=True)
class _Walk:
    """A body lowered for a walk: what is fixed per row or column, and what is done per synapse."""

    row: tuple[str, ...]
    body: tuple[str, ...]
    independent: bool


def _walk(frame: Frame, fixed: IndexKind, distinct: bool = False) -> _Walk:
    """Lower a body; ``distinct``: no target comes twice in a row."""
    scope = frame.scope
    kinds = fixed_kinds(fixed)
    first, rest = split_invariant(frame.body, kinds)
    loads = hoist_loads(scope, (*first, *rest), kinds, "x")
    row = (*loads, *BodyPrinter(scope).lines(first))
    independent = _independent(rest, distinct)
    body = BodyPrinter(scope, select=independent).lines(rest)
    return _Walk(row, tuple(body), independent)


def _independent(body: tuple[Stmt, ...], distinct: bool) -> bool:
    """Return whether the synapses of a row may be visited in any order and without branches.

    Each may write its own values, and those of its target if these are ``distinct``.
    """
    kinds = {IndexKind.SYNAPSE, IndexKind.POST} if distinct else {IndexKind.SYNAPSE}
    plain = all(
        isinstance(stmt, Let) or (isinstance(stmt, Store | Accumulate) and stmt.beyond is None)
        for stmt in flatten(body)
    )
    own = all(index.kind in kinds and index.via is None for _, index, _ in writes(body))
    written = {(array.name, index.kind) for array, index, _ in writes(body)}
    names = {name for name, _ in written}
    foreign = {
        array.name
        for array, index in reads(body)
        if index is None or (array.name, index.kind) not in written or index.via is not None
    }
    draws = any(stays(node) for node in all_nodes(body))
    return plain and own and len(names) == len(written) and not names & foreign and not draws


def _prefetches(arrays: Iterable[str]) -> tuple[str, ...]:
    """Return the lines that ask for the cache lines of a segment of each array."""
    return tuple(f"sg_prefetch_segment({array}, next);" for array in arrays)


def lower_fan_out(
    kernel: Kernel, domain: OverFanOut, layout: Layout
) -> FanOutView | JoinedFanOutView | MadeFanOutView:
    """Return the view of a delivery: the segments that spikes reach in this step."""
    store, events = domain.store, domain.events
    frame = open_kernel(kernel, layout, {**_INDICES, IndexKind.EVENT: "event"})
    scope = frame.scope
    event = event_line(scope, frame.body, events, "work[e].slot", "pre")
    synapse: tuple[str, ...] = ()
    found = _positions(scope, domain)
    joined = found is None and not store.rule and can_join(frame.body)
    joined = joined and not must_walk_by_rows(kernel)
    if found is not None:
        targets = RowTargets((), target_at(scope, store), (found,))
        synapse = (f"const int64_t s = {found}[q];",)
    elif joined or store.is_regenerated:
        targets = RowTargets((), "", ())
    else:
        targets = row_targets(scope, store)
    synapse = (*synapse, f"const int64_t post = {targets.post};")
    walk = _walk(frame, IndexKind.PRE, bool(store.rule) and found is None)
    arrays = [*targets.arrays, *(synaptic_arrays(scope, frame.body) if found is None else ())]
    more: dict[str, Any] = {}
    if store.is_regenerated:
        more = {"made": made_row(scope, store), "each": each_target(scope, store)}
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
        "born": "0" if domain.born is None else outer.printer.text(domain.born),
        "walk": _walk_call(outer, kernel, domain),
        "parameters": "",
    }
    if joined:
        more = _joined_fields(outer, kernel, domain)
    shown: dict[str, Any] = {
        "reach": _reach(outer, kernel),
        "name": frame.name,
        "deliver": mangle("d", kernel.name),
        "doc": frame.doc,
        "deliver_declarations": scope.declarations(),
        "deliver_prologue": frame.prologue,
        "prefetches": _prefetches(arrays),
        "row": (*event, *targets.row, *walk.row),
        "pragmas": ("#pragma omp simd",) if walk.independent else (),
        "place": "s" if found is None else "q",
        "synapse": synapse,
        "body": walk.body,
        "declarations": outer.declarations(),
        **fields,
        **more,
    }
    if store.is_regenerated:
        return MadeFanOutView(**shown)
    return JoinedFanOutView(**shown) if joined else FanOutView(**shown)


def _joined_fields(outer: Scope, kernel: Kernel, domain: OverFanOut) -> dict[str, Any]:
    """Return what a delivery has that joins segments; ``outer`` is the scope of its walk."""
    inner = Scope(outer.layout, kernel, {})
    targets, n_synapses = targets_of(inner, domain.store), inner.size(domain.store.length)
    kind, visit = targets_type(domain.store), mangle("v", kernel.name)
    found = _row_finder(outer, domain)
    rest = f"{visit}, {targets_of(outer, domain.store)}, {outer.size(domain.store.length)}"
    return {
        "visit": visit,
        "targets": targets,
        "targets_type": kind,
        "targets_declarations": inner.declarations(),
        "n_synapses": n_synapses,
        "ahead": mangle("ahead", kernel.name),
        "walk": f"sg_walk_joined(walk, {found}, ahead, left, {rest});",
        "parameters": f", sg_ahead<{kind}> &ahead, int64_t left",
    }


def _reach(scope: Scope, kernel: Kernel) -> Reach:
    """Return which parts a call of a walk serves, which is made for [first_part, last_part)."""
    given, every = ("first_part", "last_part"), ("0", scope.size(N_PARTS))
    if kernel_effects(kernel).owner is Owner.SOURCE:
        return Reach(*every, *given)
    return Reach(*given, *every)


def _positions(scope: Scope, domain: OverFanOut) -> str | None:
    """Return the array that a delivery finds its positions in, None if it goes through the rows."""
    kind = positions_type(domain.store)
    if domain.listed:
        return scope.buffer(f"{domain.list_name}_pos", kind)
    return None if domain.index is None else scope.buffer(f"{domain.index.name}.positions", kind)


def _walk_call(scope: Scope, kernel: Kernel, domain: OverFanOut) -> str:
    """Return the call of the walk that visits the segments of a delivery in the right order."""
    store = domain.store
    if domain.listed:
        start = scope.buffer(f"{domain.list_name}_start", "uint64_t")
        return f"sg_walk_listed(walk, {start});"
    if store.is_regenerated:
        return "sg_walk_fan_out(walk, sg_find_made{});"
    if must_walk_by_rows(kernel):
        return f"sg_walk_fan_out_rows(walk, {finder(scope, store)}, {class_count(scope, store)});"
    return f"sg_walk_fan_out(walk, {_row_finder(scope, domain)});"


def _row_finder(scope: Scope, domain: OverFanOut) -> str:
    """Return what finds the segments of a delivery: by whole rows, an index, or delay classes."""
    store = domain.store
    if domain.whole_rows:
        return finder(scope, store, replace(store, format="none"))
    return finder(scope, store, domain.index)


def lower_fan_in(kernel: Kernel, domain: OverFanIn, layout: Layout) -> FanInView:
    """Return the view of a walk over the columns of the neurons that fired."""
    store, events = domain.store, domain.events
    frame = open_kernel(kernel, layout, {**_INDICES, IndexKind.ENTRY: "q"})
    scope, name = frame.scope, store.name
    walk = _walk(frame, IndexKind.POST)
    body = list(walk.body)
    if uses_index(frame.body, IndexKind.PRE):
        body.insert(0, f"const int64_t pre = {source_at_entry(scope, store, kernel)};")
    column = walk.row
    if store.is_dense:
        pairs = all_pairs(scope, store)
        column = (f"const sg_dense_column column = sg_column_of({pairs}, post, begin);", *column)
    oldest = newest = scope.printer.text(domain.delay)
    if domain.delays is not None:
        delays = scope.array(domain.delays)
        body.insert(0, f"if ({delays}[s] != delay) continue;")
        oldest, newest = f"{scope.size(f'{events.name}.depth')} - 1", "0"
    fields = {
        "born": "0" if domain.born is None else scope.printer.text(domain.born),
        "depth": scope.size(f"{events.name}.depth"),
        "length": scope.size(events.length),
        "n_parts": scope.size(N_PARTS),
        "ids": scope.buffer(f"{events.name}.ids", "uint32_t"),
        "counts": scope.buffer(f"{events.name}.counts", "int64_t"),
        "bounds": scope.buffer(f"{events.length}.bounds", "int64_t"),
        "col_start": scope.buffer(f"{name}.col_start", "uint64_t"),
        "col_pos": column_positions(scope, store),
    }
    arrays = synaptic_arrays(scope, frame.body)
    return FanInView(
        name=frame.name,
        doc=frame.doc,
        declarations=scope.declarations(),
        prologue=frame.prologue,
        oldest=oldest,
        newest=newest,
        prefetches=tuple(f"__builtin_prefetch({array} + next);" for array in arrays),
        column=column,
        body=tuple(body),
        **fields,
    )


def lower_synapses(
    kernel: Kernel, domain: OverSynapses, layout: Layout
) -> SynapsesView | RowsView | ListedView:
    """Return the view of a walk over all synapses of a store."""
    store = domain.store
    if domain.listed:
        return _lower_listed(kernel, domain, layout)
    if must_walk_by_rows(kernel):
        return _lower_rows(kernel, store, layout)
    frame = open_kernel(kernel, layout, _INDICES)
    walk = _walk(frame, IndexKind.PRE, store.is_dense)
    scope = frame.scope
    fields = {
        "row_start": scope.buffer(f"{store.name}.row_start", "uint64_t"),
        "n_rows": scope.size(f"{store.name}.n_rows"),
        "source_start": scope.size(f"{store.name}.source_start"),
    }
    targets = row_targets(scope, store)
    return SynapsesView(
        name=frame.name,
        doc=frame.doc,
        declarations=scope.declarations(),
        prologue=frame.prologue,
        post=targets.post,
        row=(*targets.row, *walk.row),
        pragmas=("#pragma omp simd",) if walk.independent else (),
        body=walk.body,
        **fields,
    )


def _lower_rows(kernel: Kernel, store: SynapseStore, layout: Layout) -> RowsView:
    frame = open_kernel(kernel, layout, _INDICES)
    targets = row_targets(frame.scope, store)
    walk = _walk(frame, IndexKind.PRE)
    arrays = [*targets.arrays, *synaptic_arrays(frame.scope, frame.body)]
    outer = Scope(layout, kernel, {})
    fields = {
        "n_rows": outer.size(f"{store.name}.n_rows"),
        "source_start": outer.size(f"{store.name}.source_start"),
        "bounds": outer.buffer(f"{store.source_length}.bounds", "int64_t"),
        "walk": f"sg_walk_rows(walk, {finder(outer, store)}, {class_count(outer, store)});",
    }
    reach = _reach(outer, kernel)
    return RowsView(
        name=frame.name,
        reach=reach,
        deliver=mangle("d", kernel.name),
        doc=frame.doc,
        deliver_declarations=frame.scope.declarations(),
        deliver_prologue=frame.prologue,
        prefetches=_prefetches(arrays),
        row=(*targets.row, *walk.row),
        pragmas=(),
        place="s",
        synapse=(f"const int64_t post = {targets.post};",),
        body=walk.body,
        declarations=outer.declarations(),
        **fields,
    )


def _lower_listed(kernel: Kernel, domain: OverSynapses, layout: Layout) -> ListedView:
    frame = open_kernel(kernel, layout, _INDICES)
    scope = frame.scope
    walk = _walk(frame, IndexKind.ZERO)
    fields = {
        "n": scope.size(domain.store.length),
        "positions": scope.buffer(f"{domain.list_name}_pos", positions_type(domain.store)),
        "sources": scope.buffer(f"{domain.list_name}_src", "uint32_t"),
        "post": target_at(scope, domain.store),
    }
    return ListedView(
        name=frame.name,
        doc=frame.doc,
        declarations=scope.declarations(),
        prologue=(*frame.prologue, *walk.row),
        body=walk.body,
        **fields,
    )
