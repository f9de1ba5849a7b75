"""What walks over synapses have in common on all compiled targets."""

from __future__ import annotations

from simgen.errors import InternalError
from simgen.ir.expr import Expr, IndexKind, RandomDraw
from simgen.ir.kernel import SynapseStore
from simgen.ir.stmt import Stmt
from simgen.ir.visit import all_nodes, writes
from simgen.targets.scope import Scope


def finder(scope: Scope, store: SynapseStore) -> str:
    """Return the object of ``common/segments.h`` that finds segments in the store's format."""
    name = store.name
    starts = scope.buffer(f"{name}.row_start", "uint64_t")
    match store.format:
        case "none":
            return f"sg_find_none{{{starts}}}"
        case "dense16" | "dense32":
            kind = "uint16_t" if store.format == "dense16" else "uint32_t"
            bounds = scope.buffer(f"{name}.bounds", kind)
            n_classes = scope.size(f"{name}.n_classes")
            return f"sg_find_dense<{kind}>{{{starts}, {bounds}, (uint64_t){n_classes}}}"
        case "compact":
            first = scope.buffer(f"{name}.pair_start", "uint64_t")
            classes = scope.buffer(f"{name}.pair_class", "uint32_t")
            begins = scope.buffer(f"{name}.pair_begin", "uint32_t")
            return f"sg_find_compact{{{starts}, {first}, {classes}, {begins}}}"
        case _:
            raise InternalError(f"synapses '{name}' have the unknown format '{store.format}'")


def class_count(scope: Scope, store: SynapseStore) -> str:
    """Return the text of the number of delay classes of a store."""
    return "1" if store.format == "none" else scope.size(f"{store.name}.n_classes")


def uses_index(body: tuple[Stmt, ...], kind: IndexKind) -> bool:
    """Return whether a body uses a running index of this kind; draws use both ends."""

    def uses(node: Expr) -> bool:
        index = getattr(node, "index", None)
        return isinstance(node, RandomDraw) or (index is not None and index.kind is kind)

    written = any(index.kind is kind for _, index, _ in writes(body))
    return written or any(uses(node) for node in all_nodes(body))
