"""The walks over synapses as CUDA: who takes which synapse is said by the kernel's team."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from simgen.errors import InternalError
from simgen.ir.expr import IndexKind
from simgen.ir.kernel import Kernel, OverFanIn, OverFanOut, OverSynapses, SynapseStore
from simgen.ir.visit import reads
from simgen.targets.body import BodyPrinter
from simgen.targets.cstyle import stored_type
from simgen.targets.cuda.head import BLOCK, WARP, Head, Launch, Module, printer_of
from simgen.targets.cuda.loops import LoopView, lower_listed
from simgen.targets.cuda.made_rows import rule_object, warps_of_row
from simgen.targets.cuda.order import Order, Plan
from simgen.targets.frame import Frame
from simgen.targets.hoist import fixed_kinds, hoist_loads, split_invariant
from simgen.targets.scope import Scope
from simgen.targets.segments import (
    class_count,
    column_positions,
    event_line,
    finder,
    positions_type,
    source_at_entry,
    targets_of,
    targets_type,
    uses_index,
)

LONG = 256  # synapses from which on a block shares a segment
_INDICES = {IndexKind.PRE: "pre", IndexKind.POST: "post", IndexKind.SYNAPSE: "s"}


@dataclass(frozen=True, slots=True)
class RowsView:
    """What ``walk_rows.cu.j2`` shows: ``row`` is done per segment, ``body`` per synapse."""

    head: Head
    team: str
    walk: str
    find: str
    entries: str
    row: tuple[str, ...]
    body: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """The object that finds segments, and the array of positions that they bound, if not rows."""

    store: SynapseStore
    find: str
    listed: str | None = None


@dataclass(frozen=True, slots=True)
class ColumnsView:
    """What ``walk_columns.cu.j2`` shows: ``column`` is done per column, ``body`` per entry."""

    head: Head
    team: str
    walk: str
    column: tuple[str, ...]
    positions: str
    body: tuple[str, ...]


def lower_fan_out(
    kernel: Kernel, domain: OverFanOut, plan: Plan, module: Module
) -> tuple[RowsView, Launch]:
    """Return the view of a delivery: the segments that spikes reach in this step."""
    store, events = domain.store, domain.events
    frame = module.open(kernel, {**_INDICES, IndexKind.EVENT: "event"}, plan)
    scope = frame.scope
    owned = plan.order is Order.OWNED and plan.owner is IndexKind.POST
    by_class = domain.whole_rows and owned  # within a class targets ascend
    fields = (
        "step",
        scope.array(domain.delays),
        scope.size(domain.delays.length),
        # other blocks write the slot of this step; what may change is not read as constant
        scope.buffer(f"{events.name}.ids", "uint32_t", written=plan.earlier),
        scope.buffer(f"{events.name}.counts", "int64_t", written=plan.earlier),
        scope.size(f"{events.name}.depth"),
        scope.size(events.length),
        scope.size(f"{store.name}.n_rows"),
        scope.size(f"{store.name}.source_start"),
        class_count(scope, store) if by_class else "0",
        "0" if domain.born is None else scope.printer.text(domain.born),
    )
    walk = f"const sg_fan_out walk = {{{', '.join(fields)}}};"
    if store.is_regenerated and plan.order is Order.FREE:
        walk = f"const sg_made_fan_out walk = {{{{{', '.join(fields)}}}}};"
    rows = replace(domain, whole_rows=domain.whole_rows and not by_class)
    event = event_line(scope, frame.body, events, "slot", "pre")
    if plan.earlier:
        _keep_changing(scope, frame)
    return _rows(kernel, frame, plan, module, _found(scope, rows), walk, event)


def _keep_changing(scope: Scope, frame: Frame) -> None:
    """Do not read as constant what events took along: other blocks write that of this step."""
    for array, index in reads(frame.body):
        if index is not None and index.kind is IndexKind.EVENT:
            kind = stored_type(array.dtype, scope.layout.real)
            scope.buffer(array.name, kind, written=True)


def _found(scope: Scope, domain: OverFanOut) -> _Found:
    """Return how a delivery finds the synapses of a row and class."""
    store = domain.store
    if store.is_regenerated:
        return _Found(store, "made")
    if domain.listed:
        start = scope.buffer(f"{domain.list_name}_start", "uint64_t")
        listed = scope.buffer(f"{domain.list_name}_pos", positions_type(store))
        n_classes = scope.size(domain.delays.length)
        return _Found(store, f"sg_find_listed{{{start}, {n_classes}}}", listed)
    if domain.index is not None:
        listed = scope.buffer(f"{domain.index.name}.positions", positions_type(store))
        return _Found(store, finder(scope, store, domain.index), listed)
    found = replace(store, format="none") if domain.whole_rows else store
    return _Found(store, finder(scope, found))


def lower_synapses(
    kernel: Kernel, domain: OverSynapses, plan: Plan, module: Module
) -> tuple[RowsView | LoopView, Launch]:
    """Return the view of a walk over all synapses of a store; a list matters only to one thread."""
    store = domain.store
    if domain.listed and plan.order is Order.SERIAL:
        return lower_listed(kernel, domain, plan, module)
    frame = module.open(kernel, _INDICES, plan)
    scope = frame.scope
    fields = (
        scope.buffer(f"{store.name}.row_start", "uint64_t"),
        scope.size(f"{store.name}.n_rows"),
        scope.size(f"{store.name}.source_start"),
        class_count(scope, store),
    )
    walk = f"const sg_rows walk = {{{', '.join(fields)}}};"
    return _rows(kernel, frame, plan, module, _Found(store, finder(scope, store)), walk)


def _rows(
    kernel: Kernel,
    frame: Frame,
    plan: Plan,
    module: Module,
    found: _Found,
    walk: str,
    event: tuple[str, ...] = (),
) -> tuple[RowsView, Launch]:
    scope, store = frame.scope, found.store
    entries = _entries(scope, found)
    row, body = _split(frame, plan, IndexKind.PRE)
    if store.is_dense:
        row = ("const sg_dense_row entries = {first_target - (int64_t)begin};", *row)
    elif store.is_regenerated:
        first_row = scope.size(f"{store.name}.source_start")
        row = (f"const auto entries = made.row(pre - {first_row});", *row)
    owners = f"sg_own_targets(grid, {scope.size(store.target_length)})"
    if plan.owner is IndexKind.PRE:
        owners = "sg_own_sources(grid)"
    team = _team(scope, plan, None if store.is_regenerated else row_team(store), owners)
    launch = Launch(frame.name)
    if plan.order is Order.FREE:
        launch = Launch(frame.name, f"{store.name}.n_rows", row_team(store))
    elif plan.order is Order.OWNED:
        of_sources = plan.owner is IndexKind.PRE
        launch = Launch(frame.name, f"{store.name}.n_rows" if of_sources else store.target_length)
    head = module.head(kernel, frame, plan)
    return RowsView(head, team, walk, found.find, entries, (*event, *row), body), launch


def _entries(scope: Scope, found: _Found) -> str:
    """Return the declaration of what segments bound, or of what it is found from in each row."""
    store = found.store
    if store.is_regenerated:
        return f"const auto made = {rule_object(scope, store)};"
    if store.is_dense:
        if found.listed is not None:
            raise InternalError(f"the dense rows '{store.name}' are visited by a list")
        return f"const int64_t first_target = {scope.size(f'{store.name}.first_target')};"
    targets, kind = targets_of(scope, store), targets_type(store)
    if found.listed is None:
        return f"const sg_stored<{kind}> entries = {{{targets}}};"
    return (
        f"const sg_listed<{positions_type(store)}, {kind}> entries = {{{found.listed}, {targets}}};"
    )


def lower_fan_in(
    kernel: Kernel, domain: OverFanIn, plan: Plan, module: Module
) -> tuple[ColumnsView, Launch]:
    """Return the view of a walk over the columns of the neurons that fired."""
    store, events = domain.store, domain.events
    frame = module.open(kernel, {**_INDICES, IndexKind.ENTRY: "q"}, plan)
    scope, name = frame.scope, store.name
    column, body = _split(frame, plan, IndexKind.POST)
    if uses_index(frame.body, IndexKind.PRE):
        body = (f"const int64_t pre = {source_at_entry(scope, store, kernel)};", *body)
    if store.is_dense:
        first, width = (scope.size(f"{name}.{what}") for what in ("first_target", "n_reached"))
        origin = f"(uint64_t)(post - {first}) - begin * (uint64_t){width}"
        fields = f"{{{origin}, (uint64_t){width}}}"
        column = (f"const sg_dense_column column = {fields};", *column)
    oldest = newest = scope.printer.text(domain.delay)
    if domain.delays is not None:
        body = (f"if ({scope.array(domain.delays)}[s] != delay) return;", *body)
        oldest, newest = f"{scope.size(f'{events.name}.depth')} - 1", "0"
    given = (
        "step",
        oldest,
        newest,
        scope.buffer(f"{events.name}.ids", "uint32_t"),
        scope.buffer(f"{events.name}.counts", "int64_t"),
        scope.size(f"{events.name}.depth"),
        scope.size(events.length),
        scope.buffer(f"{name}.col_start", "uint64_t"),
        "0" if domain.born is None else scope.printer.text(domain.born),
    )
    positions = column_positions(scope, store)
    team = _team(scope, plan, column_team(store), "sg_own_columns(grid)")
    launch = Launch(frame.name)
    if plan.order is not Order.SERIAL:
        per = column_team(store) if plan.order is Order.FREE else 1
        launch = Launch(frame.name, store.target_length, per)
    walk = f"const sg_fan_in walk = {{{', '.join(given)}}};"
    head = module.head(kernel, frame, plan)
    return ColumnsView(head, team, walk, column, positions, body), launch


def _team(scope: Scope, plan: Plan, width: str | None, owners: str) -> str:
    """Return the declaration of who takes which synapses; without a width it is warps."""
    if plan.order is Order.FREE:
        threads = str(WARP) if width is None else scope.size(width)
        return f"const sg_team team = sg_teams(grid, {threads});"
    if plan.order is Order.OWNED:
        return f"const auto team = {owners};"
    return "const sg_serial team = {};"


def row_team(store: SynapseStore) -> str:
    """Return the name of the number of threads that share a segment: a warp, or a block.

    Of rows that are made anew these are the warps that pieces are dealt out to, for each row.
    """
    return f"{store.name}.row_team"


def column_team(store: SynapseStore) -> str:
    """Return the name of the number of threads that share a column."""
    return f"{store.name}.column_team"


def team_widths(store: SynapseStore, ints: Mapping[str, int]) -> dict[str, int]:
    """Return the numbers of threads for a store, by the mean length of segments and columns."""
    if store.is_regenerated:
        return {row_team(store): WARP * warps_of_row(store, ints)}
    n_classes = 1 if store.format == "none" else ints[f"{store.name}.n_classes"]
    segments = ints[f"{store.name}.n_rows"] * n_classes
    columns, n = ints[store.target_length], ints[store.length]
    return {
        row_team(store): BLOCK if n > LONG * segments else WARP,
        column_team(store): BLOCK if n > LONG * columns else WARP,
    }


def _split(frame: Frame, plan: Plan, fixed: IndexKind) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the lines of what is the same for a row (or column), and of each synapse."""
    kinds = fixed_kinds(fixed)
    first, rest = split_invariant(frame.body, kinds)
    loads = hoist_loads(frame.scope, (*first, *rest), kinds, "x")
    row = (*loads, *BodyPrinter(frame.scope).lines(first))
    return row, tuple(printer_of(frame, plan).lines(rest))
