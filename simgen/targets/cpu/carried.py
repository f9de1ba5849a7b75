"""Synapses listed one by one as C++: events carried over from before a change."""

from __future__ import annotations

from dataclasses import dataclass

from simgen.ir.expr import IndexKind, Load
from simgen.ir.kernel import Kernel, OverCarried, SynapseStore
from simgen.ir.stmt import Stmt
from simgen.ir.visit import all_nodes, writes
from simgen.targets.body import BodyPrinter
from simgen.targets.frame import open_kernel
from simgen.targets.scope import N_PARTS, Layout, Scope
from simgen.targets.segments import target_at, targets_of, uses_index


@dataclass(frozen=True, slots=True)
class CarriedView:
    """What ``over_carried.cpp.j2`` shows."""

    name: str
    doc: tuple[str, ...]
    declarations: tuple[str, ...]
    prologue: tuple[str, ...]
    count: str
    steps: str
    positions: str
    post: str
    prefetches: tuple[str, ...]
    body: tuple[str, ...]


def lower_carried(kernel: Kernel, domain: OverCarried, layout: Layout) -> CarriedView:
    """Return the view of a walk over the carried events that are due."""
    indices = {IndexKind.PRE: "pre", IndexKind.SYNAPSE: "s", IndexKind.POST: "post"}
    indices[IndexKind.EVENT] = "r"
    frame = open_kernel(kernel, layout, indices)
    scope, store = frame.scope, domain.store
    body = BodyPrinter(scope).lines(frame.body)
    if uses_index(frame.body, IndexKind.PRE):
        body.insert(0, f"const int64_t pre = {source_text(scope, store)};")
    fields = {
        "count": scope.size(domain.steps.length),
        "steps": scope.array(domain.steps),
        "positions": scope.array(domain.positions),
        "post": target_at(scope, store),
    }
    arrays = synaptic_arrays(scope, frame.body)
    if not store.rule:
        arrays.insert(0, targets_of(scope, store))
    return CarriedView(
        name=frame.name,
        doc=frame.doc,
        declarations=scope.declarations(),
        prologue=frame.prologue,
        prefetches=tuple(f"__builtin_prefetch({array} + next);" for array in arrays),
        body=tuple(body),
        **fields,
    )


def source_text(scope: Scope, store: SynapseStore) -> str:
    """Return the text that finds the source of the synapse at position ``s``."""
    starts = scope.buffer(f"{store.name}.row_start", "uint64_t")
    n_rows = scope.size(f"{store.name}.n_rows")
    row = f"sg_row_of({starts}, {scope.size(N_PARTS)} * {n_rows}, s)"
    return f"{scope.size(f'{store.name}.source_start')} + {row} % {n_rows}"


def synaptic_arrays(scope: Scope, body: tuple[Stmt, ...]) -> list[str]:
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
