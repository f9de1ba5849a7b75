"""Copies of what a group's own update changes, for elements that look at others of the group.

before::

    dv/dt = (other - v)/tau     other is linked to v of another element

after::

    v.before_update = v         for all elements
    dv/dt = (v.before_update[link] - v)/tau

All elements are updated at the same time: what one reads of another is from before the update, in
whatever order they are taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from simgen.integrate.model import Ode
from simgen.ir.expr import Array, Expr, Index, Load, Role
from simgen.ir.stmt import Stmt, Store
from simgen.ir.visit import all_nodes, map_expr, map_stmt, walk, writes
from simgen.model.neurons import NeuronModel


def with_copies(model: NeuronModel) -> NeuronModel:
    """Return the model with copies where its updates read what they change of other elements."""
    frozen = _Copies(((array, index) for array, index, _ in writes(model.frozen)), "before_store")
    frozen.look_at(all_nodes(model.frozen))
    targets = [(ode.target.array, ode.target.index) for ode in model.odes]
    targets += [(array, index) for array, index, _ in writes(model.flag_update)]
    update = _Copies(targets, "before_update")
    update.look_at(all_nodes(model.flag_update))
    update.look_at(node for ode in model.odes for root in _roots(ode) for node in walk(root))
    if not (frozen.found or update.found):
        return model
    return replace(
        model,
        frozen=tuple(map_stmt(stmt, frozen.replaced) for stmt in model.frozen),
        flag_update=tuple(map_stmt(stmt, update.replaced) for stmt in model.flag_update),
        odes=tuple(_reading_copies(ode, update) for ode in model.odes),
        before_frozen=frozen.stores(),
        before_update=update.stores(),
    )


class _Copies:
    """The copies that one kernel needs; ``targets`` is what it writes."""

    def __init__(self, targets: Iterable[tuple[Array, Index]], suffix: str) -> None:
        self.own = dict(targets)
        self.suffix = suffix
        self.found: dict[Array, Array] = {}

    def look_at(self, nodes: Iterable[Expr]) -> None:
        """Note what is read of other elements."""
        for node in nodes:
            if isinstance(node, Load) and self._is_foreign(node):
                name = f"{node.array.name}.{self.suffix}"
                copy = replace(node.array, name=name, role=Role.DERIVED)
                self.found[node.array] = copy

    def _is_foreign(self, load: Load) -> bool:
        return load.array in self.own and self.own[load.array] != load.index

    def replaced(self, node: Expr) -> Expr:
        """Return a read of another element as one of the copy."""
        if isinstance(node, Load) and self._is_foreign(node):
            return replace(node, array=self.found[node.array])
        return node

    def stores(self) -> tuple[Stmt, ...]:
        """Return the statements that make the copies."""
        return tuple(
            Store(copy, self.own[array], Load(array, self.own[array]))
            for array, copy in self.found.items()
        )


def _roots(ode: Ode) -> Sequence[Expr]:
    factors = tuple(factor for _, factor in ode.noise)
    return (ode.rhs, *factors) if ode.gate is None else (ode.rhs, *factors, ode.gate)


def _reading_copies(ode: Ode, copies: _Copies) -> Ode:
    gate = None if ode.gate is None else map_expr(ode.gate, copies.replaced)
    noise = tuple((name, map_expr(factor, copies.replaced)) for name, factor in ode.noise)
    return replace(ode, rhs=map_expr(ode.rhs, copies.replaced), noise=noise, gate=gate)
