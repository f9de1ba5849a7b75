"""What walks over synapses have in common on all compiled targets."""

from __future__ import annotations

from dataclasses import dataclass

from simgen.errors import InternalError
from simgen.ir.expr import Expr, IndexKind, RandomDraw
from simgen.ir.kernel import (
    Kernel,
    OverCarried,
    OverFanIn,
    OverFanOut,
    OverIndices,
    OverSynapses,
    Program,
    RowIndex,
    SynapseStore,
)
from simgen.ir.stmt import EventList, Stmt
from simgen.ir.visit import all_nodes, writes
from simgen.targets.scope import N_PARTS, Scope


def finder(scope: Scope, store: SynapseStore, found: SynapseStore | RowIndex | None = None) -> str:
    """Return the object of ``common/segments.h`` that finds segments of a store.

    ``found`` is what they are found by, if not the store as it is: an index, or another format.
    """
    found = found or store
    name = found.name
    starts = scope.buffer(f"{store.name}.row_start", "uint64_t")
    match found.format:
        case "none":
            return f"sg_find_none{{{starts}}}"
        case "dense16" | "dense32":
            kind = "uint16_t" if found.format == "dense16" else "uint32_t"
            bounds = scope.buffer(f"{name}.bounds", kind)
            n_classes = scope.size(f"{name}.n_classes")
            return f"sg_find_dense<{kind}>{{{starts}, {bounds}, (uint64_t){n_classes}}}"
        case "compact":
            first = scope.buffer(f"{name}.pair_start", "uint64_t")
            classes = scope.buffer(f"{name}.pair_class", "uint32_t")
            begins = scope.buffer(f"{name}.pair_begin", "uint32_t")
            return f"sg_find_compact{{{starts}, {first}, {classes}, {begins}}}"
        case _:
            raise InternalError(f"synapses '{name}' have the unknown format '{found.format}'")


def class_count(scope: Scope, store: SynapseStore) -> str:
    """Return the text of the number of delay classes of a store."""
    return "1" if store.format == "none" else scope.size(f"{store.name}.n_classes")


def positions_type(store: SynapseStore) -> str:
    """Return the C type of storage positions that are kept in lists."""
    return "uint64_t" if store.wide else "uint32_t"


def targets_type(store: SynapseStore) -> str:
    """Return the C type of a store's targets."""
    return "uint16_t" if store.narrow else "uint32_t"


def targets_of(scope: Scope, store: SynapseStore) -> str:
    """Return the name of a store's targets in a program."""
    return scope.buffer(f"{store.name}.targets", targets_type(store))


def event_line(
    scope: Scope, body: tuple[Stmt, ...], events: EventList, slot: str, element: str
) -> tuple[str, ...]:
    """Return the line that finds the place of what an event took along, if a body asks for it."""
    if not uses_index(body, IndexKind.EVENT):
        return ()
    return (f"const int64_t event = {slot} * {scope.size(events.length)} + {element};",)


def all_pairs(scope: Scope, store: SynapseStore) -> str:
    """Return the object of ``common/all_pairs.h`` that knows the targets of dense rows."""
    fields = (
        scope.buffer(f"{store.name}.row_start", "uint64_t"),
        scope.buffer(f"{store.target_length}.bounds", "int64_t"),
        scope.size(N_PARTS),
        scope.size(f"{store.name}.n_rows"),
        scope.size(f"{store.name}.first_target"),
    )
    return f"(sg_all_pairs{{{', '.join(fields)}}})"


def target_at(scope: Scope, store: SynapseStore, place: str = "s") -> str:
    """Return the text of the target of the synapse at any storage position."""
    found = all_pairs(scope, store) if store.is_dense else targets_of(scope, store)
    return f"{found}[{place}]"


def source_at_entry(scope: Scope, store: SynapseStore, kernel: Kernel) -> str:
    """Return the text of the source of the entry ``q`` of a column, which starts at ``begin``."""
    if store.is_dense:
        return f"{scope.size(f'{store.name}.source_start')} + (int64_t)(q - begin)"
    if not store.column_sources:
        raise InternalError(
            f"kernel '{kernel.name}' needs the sources of the columns of '{store.name}'"
        )
    return f"{scope.buffer(f'{store.name}.col_src', 'uint32_t')}[q]"


def column_positions(scope: Scope, store: SynapseStore) -> str:
    """Return what holds the positions of the entries of columns; of dense ones they follow."""
    return (
        "column" if store.is_dense else scope.buffer(f"{store.name}.col_pos", positions_type(store))
    )


def target_in_one_part(scope: Scope, store: SynapseStore) -> str:
    """Return the text of the target of the synapse ``s``, in programs of one part."""
    if not store.is_dense:
        return f"{targets_of(scope, store)}[s]"
    first, count = (scope.size(f"{store.name}.{what}") for what in ("first_target", "n_reached"))
    return f"{first} + s % {count}"


def stores_of(program: Program) -> tuple[SynapseStore, ...]:
    """Return the stores whose synapses a program visits."""
    found: dict[SynapseStore, None] = {}
    for kernel in program.kernels:
        match kernel.domain:
            case OverFanOut(store=store) | OverFanIn(store=store) | OverSynapses(store=store):
                found[store] = None
            case OverCarried(store=store):
                found[store] = None
            case OverIndices(synapses=SynapseStore() as store):
                found[store] = None
            case _:
                pass
    return tuple(found)


@dataclass(frozen=True, slots=True)
class RowTargets:
    """How a walk of whole rows finds targets: lines before the row, the text for the position s.

    ``arrays`` are those that it reads, for a prefetch.
    """

    row: tuple[str, ...]
    post: str
    arrays: tuple[str, ...]


def row_targets(scope: Scope, store: SynapseStore) -> RowTargets:
    """Return how a walk finds the targets of a segment that starts at ``begin``."""
    if store.is_dense:  # a segment is all that a part has of a row
        shift = f"const int64_t shift = {all_pairs(scope, store)}.shift(begin);"
        return RowTargets((shift,), "(int64_t)s + shift", ())
    targets = targets_of(scope, store)
    return RowTargets((), f"{targets}[s]", (targets,))


def uses_index(body: tuple[Stmt, ...], kind: IndexKind) -> bool:
    """Return whether a body uses a running index of this kind; draws use both ends."""

    def uses(node: Expr) -> bool:
        index = getattr(node, "index", None)
        return isinstance(node, RandomDraw) or (index is not None and index.kind is kind)

    written = any(index.kind is kind for _, index, _ in writes(body))
    return written or any(uses(node) for node in all_nodes(body))
