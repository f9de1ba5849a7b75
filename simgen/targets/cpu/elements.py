"""Loops over the elements of a group as C++: tiles, prepared random numbers, event masks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from simgen.dtypes import FLOAT32, DType
from simgen.ir.expr import ELEMENT, Expr, Gather, IndexKind, IndexValue, Load, Local, RandomDraw
from simgen.ir.kernel import Kernel, OverElements
from simgen.ir.stmt import Accumulate, Emit, If, Let, Scatter, Stmt, Store
from simgen.ir.visit import all_nodes, flatten, has_state, map_expr, reads, stays, walk, writes
from simgen.targets.body import BodyPrinter
from simgen.targets.cstyle import mangle, stored_type
from simgen.targets.frame import open_kernel
from simgen.targets.hoist import written_names
from simgen.targets.scope import N_PARTS, Layout, Scope

TILE = 256  # elements; the buffers of a tile stay in the first-level cache
_FILLED = ("rand", "randn", "poisson", "binomial")  # the headers draw these for a whole tile


@dataclass(frozen=True, slots=True)
class ElementsView:
    """What ``over_elements.cpp.j2`` shows."""

    name: str
    doc: tuple[str, ...]
    declarations: tuple[str, ...]
    prologue: tuple[str, ...]
    bounds: str
    start: str
    stop: str
    tile: str
    buffers: tuple[str, ...]
    part_begin: tuple[str, ...]
    fills: tuple[str, ...]
    has_draws: bool
    draws: tuple[str, ...]
    pragmas: tuple[str, ...]
    body: tuple[str, ...]
    tile_end: tuple[str, ...]
    part_end: tuple[str, ...]


@dataclass(slots=True)
class _Tile:
    """The buffers of a tile and what fills and empties them."""

    scope: Scope
    buffers: list[str] = field(default_factory=list)
    fills: list[str] = field(default_factory=list)
    draws: list[str] = field(default_factory=list)
    part_begin: list[str] = field(default_factory=list)
    masks: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)  # whether a tile has an event, by mask
    tile_end: list[str] = field(default_factory=list)
    part_end: list[str] = field(default_factory=list)
    setup: list[str] = field(default_factory=list)

    @property
    def wide(self) -> str:
        """The integer type as wide as the program's reals."""
        return "int32_t" if self.scope.layout.real == FLOAT32 else "int64_t"

    def emit(self, stmt: Emit, condition: str) -> str:
        """Return the line that notes an event; the lists are written after each tile."""
        number, scope, name = len(self.masks), self.scope, stmt.events.name
        ids = scope.buffer(f"{name}.ids", "uint32_t", written=True)
        counts = scope.buffer(f"{name}.counts", "int64_t", written=True)
        bounds = scope.buffer(f"{stmt.events.length}.bounds", "int64_t")
        slot, mask, any_, used = (f"{kind}{number}" for kind in ("slot", "m", "any", "n"))
        depth = scope.size(f"{name}.depth")
        self.setup.append(f"const int64_t {slot} = {scope.names.step} % {depth};")
        self.masks.append(f"{mask}[k] = 0;")
        self.flags.append(any_)
        self.buffers.append(f"{self.wide} {mask}[{TILE}];")
        self.part_begin.append(f"int64_t {used} = 0;")
        place = f"{ids} + {slot} * {scope.size(stmt.events.length)} + {bounds}[part]"
        self.fills.append(f"{self.wide} {any_} = 0;")
        listed = f"{used} = sg_compact({mask}, count, base, {place}, {used});"
        self.tile_end.append(f"if ({any_} != 0) {listed}")
        self.part_end.append(f"{counts}[{slot} * {scope.size(N_PARTS)} + part] = {used};")
        return f"{any_} |= {mask}[k] = {condition};"

    def pragma(self) -> str:
        """Return the line that lets a loop over the tile run several elements at a time."""
        reduction = f" reduction(|: {', '.join(self.flags)})" if self.flags else ""
        return f"#pragma omp simd{reduction}"


def lower_elements(kernel: Kernel, domain: OverElements, layout: Layout) -> ElementsView:
    """Return the view of a kernel over elements."""
    frame = open_kernel(kernel, layout, {IndexKind.ELEMENT: "i"})
    scope, body = frame.scope, frame.body
    tile = _Tile(scope)
    _prepare_draws(tile, body)
    select = _vectorises(scope, body)
    first, last = _own_elements(scope, body) if select else ([], [])
    if select:
        _widen_booleans(tile, body)
    printer = BodyPrinter(scope, select=select, emit=tile.emit)
    lines = [*first, *printer.lines(body), *last]
    if not select:
        lines = [*tile.masks, *lines]  # a branch not taken writes no mask
    tiled = bool(tile.buffers)
    prologue = (*frame.prologue, *tile.setup)
    start, stop = scope.printer.text(domain.start), scope.printer.text(domain.stop)
    bounds = scope.buffer(f"{domain.owner}.bounds", "int64_t")
    return ElementsView(
        name=frame.name,
        doc=frame.doc,
        declarations=scope.declarations(),
        prologue=prologue,
        bounds=bounds,
        start=start,
        stop=stop,
        tile=str(TILE) if tiled else "high - low",
        buffers=tuple(tile.buffers),
        part_begin=tuple(tile.part_begin),
        fills=tuple(tile.fills),
        has_draws=bool(tile.draws),
        draws=tuple(tile.draws),
        pragmas=(tile.pragma(),) if select else (),
        body=tuple(lines),
        tile_end=tuple(tile.tile_end),
        part_end=tuple(tile.part_end),
    )


def _widen_booleans(tile: _Tile, body: tuple[Stmt, ...]) -> None:
    """Keep the booleans of a tile in numbers as wide as the program's reals.

    With bytes among doubles the loop is unrolled eightfold: measured, 1.5 s to compile six
    exponentials instead of 0.3 s, and no faster.
    """
    scope = tile.scope
    used = [array for array, index in reads(body) if index is not None and _is_own(index)]
    written = {array for array, _, _ in writes(body)}
    booleans = {array for array in (*used, *written) if array.dtype is DType.BOOL}
    for number, array in enumerate(sorted(booleans, key=lambda array: array.name)):
        kept, name = f"b{number}", scope.array(array)
        tile.buffers.append(f"{tile.wide} {kept}[{TILE}];")
        tile.fills.append(f"sg_widen({kept}, {name} + base, count);")
        if array in written:
            tile.tile_end.append(f"sg_narrow({name} + base, {kept}, count);")
        scope.names.places[array, ELEMENT] = f"{kept}[k]"


def _own_elements(scope: Scope, body: tuple[Stmt, ...]) -> tuple[list[str], list[str]]:
    """Return lines that fetch what a body writes into variables, and that write it back.

    Compilers reload an element after it was stored, since the store of another array's comes
    between, and a loop as short as that of an integrate-and-fire neuron waits for it.
    """
    scattered = {stmt.array for stmt in flatten(body) if isinstance(stmt, Scatter)}
    written = {array for array, _, _ in writes(body)} - scattered
    first, last = [], []
    for array in sorted(written, key=lambda array: array.name):
        if array.dtype is DType.BOOL:
            continue  # kept in wider numbers
        place, kept = scope.printer.place(array, ELEMENT), mangle("e", array.name)
        first.append(f"{stored_type(array.dtype, scope.layout.real)} {kept} = {place};")
        last.append(f"{place} = {kept};")
        scope.names.places[array, ELEMENT] = kept
    return first, last


def _prepare_draws(tile: _Tile, body: tuple[Stmt, ...]) -> None:
    """Draw for a whole tile what can be drawn before the loop.

    Draws are functions of their counter, so a draw that only some elements use may be made for all.
    Those with arguments are made in a loop of their own if the arguments can be computed there.
    """
    scope = tile.scope
    values = _local_values(body)
    bound = {stmt.local.name for stmt in flatten(body) if isinstance(stmt, Let)}
    written = written_names(body)
    for draw in dict.fromkeys(node for node in all_nodes(body) if isinstance(node, RandomDraw)):
        name = f"r{len(tile.buffers)}"
        if draw.distribution in _FILLED and not any(map(_differs, draw.args)):
            kind = scope.printer.type_name(draw.dtype)
            fill = scope.printer.function(f"fill_{draw.distribution}", DType.REAL)
            key, number = scope.param(draw.key), f"{draw.number}u"
            values_of = (key, scope.names.step, number, *map(scope.printer.text, draw.args))
            tile.fills.append(f"{fill}({name}, base, count, {', '.join(values_of)});")
        else:
            early = map_expr(draw, lambda node: _inline(node, values))
            if not _computable_first(early, written, bound):
                continue
            kind = scope.printer.type_name(draw.dtype)
            tile.draws.append(f"{name}[k] = {scope.printer.text(early)};")
        tile.buffers.append(f"{kind} {name}[{TILE}];")
        scope.names.replaced[draw] = f"{name}[k]"


def _differs(argument: Expr) -> bool:
    """Return whether an argument of a draw may differ between the elements of a group."""
    inner = (Load, Gather, Local, IndexValue, RandomDraw)
    return any(isinstance(node, inner) for node in walk(argument))


def _local_values(body: tuple[Stmt, ...]) -> dict[str, Expr]:
    """Return the values of the locals bound outside ``If``, in terms of loads and parameters."""
    values: dict[str, Expr] = {}
    for stmt in body:
        if isinstance(stmt, Let) and not any(has_state(node) for node in walk(stmt.value)):
            values[stmt.local.name] = map_expr(stmt.value, lambda node: _inline(node, values))
    return values


def _inline(node: Expr, values: dict[str, Expr]) -> Expr:
    return values.get(node.name, node) if isinstance(node, Local) else node


def _computable_first(draw: Expr, written: frozenset[str], bound: set[str]) -> bool:
    """Return whether the arguments need nothing that only the loop itself computes."""
    inner = list(walk(draw))[1:]
    if any(isinstance(node, RandomDraw) for node in inner):
        return False
    if any(isinstance(node, Local) and node.name in bound for node in inner):
        return False
    return not any(
        isinstance(node, (Load, Gather)) and node.array.name in written for node in inner
    )


def _vectorises(scope: Scope, body: tuple[Stmt, ...]) -> bool:
    """Return whether the elements are independent of each other and free of calls that branch.

    Then the loop may be run in any order and with selected instead of conditional writes.
    """
    written = written_names(body)
    for stmt in flatten(body):
        if not isinstance(stmt, (Let, Store, Accumulate, Scatter, If, Emit)):
            return False
        if isinstance(stmt, (Store, Accumulate)) and not _is_own(stmt.index):
            return False
        if isinstance(stmt, (Store, Accumulate)) and stmt.beyond is not None:
            return False
    foreign = {array.name for array, index in reads(body) if not _is_own(index)}
    if foreign & written:
        return False
    if any(stays(node) and node not in scope.names.replaced for node in all_nodes(body)):
        return False
    return all(_may_run_anyway(stmt.body) for stmt in flatten(body) if isinstance(stmt, If))


def _is_own(index: object) -> bool:
    return getattr(index, "kind", None) is IndexKind.ELEMENT and getattr(index, "via", None) is None


def _may_run_anyway(body: Iterable[Stmt]) -> bool:
    """Return whether computing values for elements that fail a condition does no harm."""
    return not any(
        isinstance(node, Gather)
        or (isinstance(node, (Load, IndexValue)) and node.index.via is not None)
        for node in all_nodes(body)
    )
