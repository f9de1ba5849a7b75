"""What walks over synapses have in common on all compiled targets."""

from __future__ import annotations

from simgen.errors import InternalError
from simgen.ir.expr import Expr, IndexKind, RandomDraw
from simgen.ir.kernel import RowIndex, SynapseStore
from simgen.ir.stmt import EventList, Stmt
from simgen.ir.visit import all_nodes, writes
from simgen.targets.scope import Scope


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


def uses_index(body: tuple[Stmt, ...], kind: IndexKind) -> bool:
    """Return whether a body uses a running index of this kind; draws use both ends."""

    def uses(node: Expr) -> bool:
        index = getattr(node, "index", None)
        return isinstance(node, RandomDraw) or (index is not None and index.kind is kind)

    written = any(index.kind is kind for _, index, _ in writes(body))
    return written or any(uses(node) for node in all_nodes(body))
