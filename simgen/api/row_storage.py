"""``Synapses(..., storage=...)``: how targets are kept, and what each way of keeping them needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simgen.connect import rules
from simgen.connect.backend import choose_backend
from simgen.connect.checks import check_populations, check_probability, require_rows
from simgen.connect.implied import (
    DENSE,
    ImpliedRows,
    KernelTargets,
    SkippingTargets,
    dense_rows,
    every_target,
)
from simgen.connect.kernels import KernelGrid
from simgen.connect.rows import Rows
from simgen.errors import (
    ArgumentTypeError,
    MemoryLimitError,
    ModelError,
    UnsupportedFeatureError,
)
from simgen.ir.expr import IndexKind
from simgen.ir.kernel import Item, OverCarried, OverFanOut
from simgen.ir.visit import reads, writes

if TYPE_CHECKING:
    from simgen.api.connectable import Connectable
    from simgen.api.synapses_in_network import SynapsesInNetwork

STORAGES = ("auto", "sparse", "dense", "procedural")
_INSTEAD = "storage='sparse' keeps them."


def checked_storage(value: Any, owner: str) -> str:
    """Return the name of a way of keeping targets."""
    if not isinstance(value, str):
        raise ArgumentTypeError(f"storage of {owner} must be a name, not {value!r}.")
    if value not in STORAGES:
        names = ", ".join(f"'{name}'" for name in STORAGES)
        raise ModelError(f"storage of {owner} must be one of {names}, not {value!r}.")
    return value


def require_storable(synapses: SynapsesInNetwork) -> None:
    """Raise where a model cannot do with the storage that was asked for."""
    storage, owner = synapses._storage, synapses.describe()
    if storage in ("auto", "sparse"):
        return
    for side in ("source", "target"):
        group = getattr(synapses, side)
        if group._index().kind is IndexKind.SYNAPSE:
            raise UnsupportedFeatureError(
                f"storage={storage!r} of {owner}: the {side} {group.describe()} are synapses, "
                "whose number may change. Only storage='sparse' follows that."
            )
    if storage == DENSE:
        return
    reason = _needs_positions(synapses)
    if reason:
        raise ModelError(
            f"storage='procedural' of {owner} makes synapses anew for each spike and keeps nothing "
            f"of them, but {reason}."
        )


def _needs_positions(synapses: SynapsesInNetwork) -> str:
    """Return what of a model is kept for each synapse, if anything."""
    for equation in synapses.equations.equations:
        flags = set(equation.flags)
        if equation.kind == "differential" or flags & {"constant over dt", "summed"}:
            return f"'{equation.name}' is computed for each of them; use storage='sparse'"
    if synapses._multisynaptic is not None:
        index = synapses._multisynaptic
        return f"multisynaptic_index={index!r} numbers them; use storage='sparse'"
    for pathway in synapses._pathways.values():
        if pathway.direction != "pre":
            return (
                f"the pathway '{pathway.name}' runs code on events of the target, which has to "
                "find its synapses; use storage='sparse'"
            )
    return ""


# --- rows -----------------------------------------------------------------------------------------


def pair_rows(
    synapses: Connectable, n_source: int, n_target: int, p: float, key: int, *, skip_self: bool
) -> Rows:
    """Return rows in which each pair is connected with probability ``p``."""
    if synapses._storage == "procedural":
        n_source, n_target = check_populations(n_source, n_target)
        p = check_probability(p)
        require_rows(n_source, 0, n_target)
        if p == 1.0:
            return every_target("every", n_source, n_target, skip_self=skip_self)
        row_start, begins = choose_backend(p * n_source * n_target).rows.skip_pieces(
            n_source, n_target, p, key, skip_self=skip_self
        )
        rule = SkippingTargets(n_target, p, key, begins, skip_self)
        return ImpliedRows(row_start, rule, n_target, 0, n_target)
    if p == 1.0 and not skip_self and synapses._storage == DENSE:
        return every_target(DENSE, *check_populations(n_source, n_target))
    try:
        if p == 1.0:
            return rules.all_to_all(n_source, n_target, skip_self=skip_self)
        return rules.fixed_probability(n_source, n_target, p, key, skip_self=skip_self)
    except MemoryLimitError as error:
        raise MemoryLimitError(
            f"{error}. With storage='procedural' these synapses take next to none: they are "
            "made anew for each spike (docs/connectivity.md)"
        ) from None


def kernel_rows(synapses: Connectable, grid: KernelGrid, kept: Any) -> Rows:
    """Return the rows of a kernel, of which some entries make no synapses."""
    if synapses._storage != "procedural":
        return grid.rows(kept)
    if kept is not None:
        raise ModelError(
            f"connect(kernel=..., skip_zeros=True) of {synapses.describe()}: with "
            "storage='procedural' all entries of a kernel make synapses. Leave out skip_zeros, or "
            "use storage='sparse'."
        )
    _, n_target = check_populations(grid.n_source, grid.n_target)
    rule = KernelTargets(grid)
    return ImpliedRows(grid.row_start(), rule, n_target, 0, n_target)


def stored_rows(synapses: Connectable, rows: Rows) -> Rows:
    """Return new rows as the storage of the synapses has them; refuse what it cannot hold."""
    storage, owner, data = synapses._storage, synapses.describe(), synapses._data
    if storage in ("auto", "sparse"):
        return rows
    if data.rows is not None or data.store is not None:
        raise ModelError(
            f"{owner} is connected already, and storage={storage!r} holds the synapses of a single "
            "call of connect(). storage='sparse' takes several."
        )
    if storage == DENSE:
        every = dense_rows(rows)
        if every is None:
            raise ModelError(
                f"storage='dense' of {owner} holds one synapse for each of the {rows.n_source} x "
                f"{rows.n_target} pairs in order, but connect() makes {rows.n:,} synapses, or in "
                "another order. Connect all pairs by connect() and give those that should be "
                "absent a weight of 0, or use storage='sparse'."
            )
        return every
    if not isinstance(rows, ImpliedRows):
        raise ModelError(
            f"storage='procedural' of {owner} cannot make the synapses of this connect() anew for "
            "each spike: it can for connect(p=...) with a number, for all pairs (both with 'i != "
            "j', too), and for connect(kernel=...). storage='sparse' takes any rule."
        )
    return rows


def require_one_delay(synapses: SynapsesInNetwork, name: str) -> None:
    """Raise where each synapse would have a delay of its own on a pathway from its source."""
    storage, owner = synapses._storage, synapses.describe()
    if storage in ("auto", "sparse") or synapses._pathways[name].direction != "pre":
        return
    why = "keeps rows in the order of targets"
    if storage == "procedural":
        why = "keeps nothing of each synapse"
    raise ModelError(
        f"The pathway '{name}' of {owner} has one delay for all synapses, because "
        f"storage={storage!r} {why}. storage='sparse' has a delay for each."
    )


def require_all_stay(synapses: SynapsesInNetwork) -> None:
    """Raise where single synapses cannot be removed, because none is kept by itself."""
    if synapses._storage not in ("auto", "sparse"):
        raise ModelError(
            f"No synapses of {synapses.describe()} can be removed: storage={synapses._storage!r} "
            "keeps no targets. Give them a weight of 0, or use storage='sparse'."
        )


def require_rewirable(synapses: SynapsesInNetwork, verb: str) -> None:
    """Raise where synapses cannot come and go by rule."""
    if synapses._storage not in ("auto", "sparse"):
        raise ModelError(
            f"{verb} of {synapses.describe()} needs storage='sparse': storage="
            f"{synapses._storage!r} keeps no targets, so that no synapses can come or go."
        )
    for name in synapses._kernel.variables:
        raise ModelError(
            f"{verb} of {synapses.describe()} could make synapses outside the kernel that '{name}' "
            "is shared through. Give every synapse a value of its own: 'w : 1', "
            "connect(kernel={'w': K})."
        )


def require_kept(synapses: SynapsesInNetwork, what: str) -> None:
    """Raise where something goes over synapses that exist only while a spike is delivered."""
    if synapses._storage == "procedural":
        raise UnsupportedFeatureError(
            f"{what} goes over synapses, but {synapses.describe()} has storage='procedural': they "
            f"exist only while a spike is delivered. {_INSTEAD}"
        )


def check_item(synapses: SynapsesInNetwork, item: Item) -> None:
    """Raise where code would have to find synapses that are made anew for each spike."""
    if synapses._storage != "procedural":
        return
    kernel = item.kernel
    if isinstance(kernel.domain, OverCarried):
        raise UnsupportedFeatureError(
            f"Spikes are under way on {kernel.comment}: with storage='procedural' they cannot be "
            "kept where delays, dt or the network change. Run until they have arrived before such "
            "a change, or use storage='sparse'."
        )
    if not isinstance(kernel.domain, OverFanOut):
        require_kept(synapses, kernel.comment or kernel.name)
    touched = [index for _, index, _ in writes(kernel.body)]
    touched += [index for _, index in reads(kernel.body) if index is not None]
    if any(index.kind in (IndexKind.SYNAPSE, IndexKind.EVENT) for index in touched):
        raise UnsupportedFeatureError(
            f"{kernel.comment or kernel.name} needs what is kept for each synapse or spike, "
            f"which storage='procedural' does not do. {_INSTEAD}"
        )
