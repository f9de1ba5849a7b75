"""Where the order in which synapses are visited shows in what their code writes.

A walk runs the whole code of one synapse after the other. Its order is free for a variable if its
writes commute: they only add, or only multiply, and nothing reads the variable; or every visit of
an element writes what does not depend on the synapse.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from simgen.errors import Origin
from simgen.ir.expr import (
    Array,
    Binary,
    Const,
    Expr,
    Gather,
    Index,
    IndexKind,
    IndexValue,
    Load,
    Local,
    Param,
    RandomDraw,
    Step,
    Time,
)
from simgen.ir.stmt import Accumulate, If, Let, Stmt, Store
from simgen.ir.visit import children, walk


class Reach(Enum):
    """Between which visits an order-dependent variable carries values."""

    SOURCE = "source"  # those of synapses with one source
    TARGET = "target"  # those of synapses with one target
    ALL = "all"


@dataclass(frozen=True, slots=True)
class OrderDependence:
    """A variable whose value depends on the order of the visits, and the first write of it."""

    array: Array
    reach: Reach
    origin: Origin | None


def order_dependences(body: Iterable[Stmt]) -> tuple[OrderDependence, ...]:
    """Return the variables of neurons that a body for single synapses writes in some order."""
    uses = list(_uses(tuple(body), (), {}))
    arrays = dict.fromkeys(use.array for use in uses if use.index.kind is not IndexKind.SYNAPSE)
    found = []
    for array in arrays:
        own = [use for use in uses if use.array == array]
        foreign = [use for use in uses if use.array != array]
        written = {use.array for use in uses}
        sums = [_accumulation(use) for use in own]
        if not any(_commute(array, each, foreign, written) for each in (own, sums)):
            found.append(OrderDependence(array, _reach(array, uses), own[0].stmt.origin))
    return tuple(found)


_Lets = dict[str, tuple[Expr, ...]]  # the leaves of each local


@dataclass(frozen=True, slots=True)
class _Use:
    """A write with its value and the conditions it stands under, locals put in place."""

    stmt: Store | Accumulate
    value: Expr
    guards: tuple[Expr, ...]
    lets: _Lets

    @property
    def array(self) -> Array:
        return self.stmt.array

    @property
    def index(self) -> Index:
        return self.stmt.index

    def leaves(self, *roots: Expr) -> Iterator[Expr]:
        """Yield the leaves of expressions, those of locals included."""
        return _leaves(roots, self.lets)


def _leaves(roots: Iterable[Expr], lets: _Lets) -> Iterator[Expr]:
    for root in roots:
        for node in walk(root):
            if isinstance(node, Local):
                yield from lets.get(node.name, ())
            elif isinstance(node, Gather | RandomDraw) or not children(node):
                yield node


def _uses(body: tuple[Stmt, ...], guards: tuple[Expr, ...], lets: _Lets) -> Iterator[_Use]:
    """Yield all writes."""
    for stmt in body:
        match stmt:
            case Let(local=local, value=value):
                lets[local.name] = tuple(_leaves((value,), lets))
            case If(condition=condition, body=inner):
                yield from _uses(inner, (*guards, condition), lets)
            case Store(value=value) | Accumulate(value=value):
                yield _Use(stmt, value, guards, lets)
            case _:
                pass


def _accumulation(use: _Use) -> _Use:
    """Return ``x = x + a``, ``x = a * x`` and the like as what they are; the write, if none."""
    stmt, own = use.stmt, Load(use.array, use.index)
    if isinstance(stmt, Accumulate):
        return use
    match stmt.value:
        case Binary(op="+" | "*" as op, left=left, right=right) if own in (left, right):
            rest = right if left == own else left
        case Binary(op="-", left=left, right=rest) if left == own:
            op = "+"
        case _:
            return use
    written_out = Accumulate(stmt.array, stmt.index, op, rest, stmt.origin)
    return replace(use, stmt=written_out, value=rest)


def _reads(uses: Iterable[_Use], array: Array) -> Iterator[Index | None]:
    """Yield where writes and their conditions read an array (None: at computed positions)."""
    for use in uses:
        for leaf in use.leaves(use.value, *use.guards):
            if isinstance(leaf, Load) and leaf.array == array:
                yield leaf.index
            elif isinstance(leaf, Gather) and leaf.array == array:
                yield None


def _commute(array: Array, own: list[_Use], foreign: list[_Use], written: set[Array]) -> bool:
    if len({use.index for use in own}) > 1 and any(isinstance(u.stmt, Store) for u in own):
        return False
    if any(True for _ in _reads(foreign, array)):
        return False
    read = any(True for _ in _reads(own, array))
    if all(isinstance(use.stmt, Accumulate) for use in own):
        return not read and len({u.stmt.op for u in own if isinstance(u.stmt, Accumulate)}) == 1
    if not all(isinstance(use.stmt, Store) and _is_fixed(use, written) for use in own):
        return False
    # one function of the element's own value, applied at every visit that meets the condition
    guarded = any(use.guards for use in own)
    in_guards = any(
        isinstance(leaf, Load) and leaf.array == array
        for use in own
        for leaf in use.leaves(*use.guards)
    )
    if in_guards and any(not _is_fixed_guard(use, written) for use in own):
        return False
    return len(own) == 1 or not guarded or (not read and len({use.value for use in own}) == 1)


def _is_fixed(use: _Use, written: set[Array]) -> bool:
    """Whether the value is the same at every visit of the element, but for the element's own."""
    return all(_is_fixed_leaf(leaf, use, written) for leaf in use.leaves(use.value))


def _is_fixed_guard(use: _Use, written: set[Array]) -> bool:
    return all(_is_fixed_leaf(leaf, use, written) for leaf in use.leaves(*use.guards))


def _is_fixed_leaf(leaf: Expr, use: _Use, written: set[Array]) -> bool:
    match leaf:
        case Const() | Param() | Step() | Time():
            return True
        case Load(array=array, index=index):
            own = index == use.index and (array == use.array or array not in written)
            return own or (index.kind is IndexKind.ZERO and array not in written)
        case IndexValue(index=index):
            return index == use.index
        case _:
            return False


def _reach(array: Array, uses: list[_Use]) -> Reach:
    indices = {use.index for use in uses if use.array == array} | set(_reads(uses, array))
    kinds = {index.kind if index is not None and index.distinct else None for index in indices}
    if kinds == {IndexKind.PRE}:
        return Reach.SOURCE
    return Reach.TARGET if kinds == {IndexKind.POST} else Reach.ALL
