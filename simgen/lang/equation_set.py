"""Equations as a set: what each defines, and the order in which subexpressions need each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from simgen.errors import EquationError, Origin, Problem, SourceText, raise_problems
from simgen.lang.syntax import Node, names_in
from simgen.lang.unit_expressions import unit_dimension
from simgen.units import DIMENSIONLESS, Dimension, Unit, get_unit

Kind = Literal["differential", "subexpression", "parameter"]
ValueType = Literal["float", "integer", "boolean"]


@dataclass(frozen=True, slots=True)
class Equation:
    """One definition: ``dx/dt = e : unit``, ``x = e : unit`` or ``x : unit``, with its flags.

    ``expression`` is None for a parameter; ``unit_node`` is checked but not yet resolved. The
    properties are those by which Brian's users ask an equation.
    """

    kind: Kind
    name: str
    expression: Node | None
    unit_node: Node
    flags: tuple[str, ...]
    origin: Origin = field(compare=False, repr=False)
    dtype: ValueType = "float"

    @property
    def varname(self) -> str:
        """The name that is defined."""
        return self.name

    @property
    def type(self) -> str:
        """``"differential equation"``, ``"subexpression"`` or ``"parameter"``."""
        return f"{self.kind} equation" if self.kind == "differential" else self.kind

    @property
    def var_type(self) -> ValueType:
        """``"float"``, ``"integer"`` or ``"boolean"``."""
        return self.dtype

    @property
    def expr(self) -> str | None:
        """The text of the right side, as written; None for a parameter."""
        return None if self.expression is None else self.expression.origin.text

    @property
    def dim(self) -> Dimension:
        """The dimension of the variable, where the left side is ``dx/dt`` that of x."""
        # units were checked when the equation was read
        return unit_dimension(self.unit_node, []) or DIMENSIONLESS

    @property
    def unit(self) -> Unit:
        """The unit of the variable, of SI base scale."""
        return get_unit(self.dim)


@dataclass(frozen=True, slots=True)
class EquationSet(Mapping[str, Equation]):
    """The definitions of a text in their order, found by name."""

    source: SourceText
    by_name: dict[str, Equation]

    def __str__(self) -> str:
        return "\n".join(equation.origin.text for equation in self.equations)

    def __getitem__(self, name: str) -> Equation:
        return self.by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_name)

    def __len__(self) -> int:
        return len(self.by_name)

    @property
    def equations(self) -> tuple[Equation, ...]:
        """All definitions, as written."""
        return tuple(self.by_name.values())

    def of_kind(self, kind: Kind) -> tuple[Equation, ...]:
        """Return the definitions of one kind, as written."""
        return tuple(item for item in self.by_name.values() if item.kind == kind)

    @property
    def differential(self) -> tuple[Equation, ...]:
        """The differential equations."""
        return self.of_kind("differential")

    @property
    def subexpressions(self) -> tuple[Equation, ...]:
        """The subexpressions, as written."""
        return self.of_kind("subexpression")

    @property
    def parameters(self) -> tuple[Equation, ...]:
        """The parameters."""
        return self.of_kind("parameter")

    def ordered_subexpressions(self) -> tuple[Equation, ...]:
        """Return the subexpressions so that each comes after those it uses.

        Among those that do not need each other the order of the text is kept. Raises EquationError
        for a cycle, naming its members. A summed variable ``x_post`` is read by nobody here.
        """
        waiting = {item.name: item for item in self.subexpressions}
        needs = {
            name: {used for used in _uses(item) if used in waiting}
            for name, item in waiting.items()
        }
        ordered: list[Equation] = []
        while needs:
            ready = [name for name, used in needs.items() if not used & needs.keys()]
            if not ready:
                raise_problems([_cycle(waiting, needs)])
            for name in ready:
                ordered.append(waiting[name])
                del needs[name]
        return tuple(ordered)


def _uses(equation: Equation) -> frozenset[str]:
    return frozenset() if equation.expression is None else names_in(equation.expression)


def _cycle(waiting: Mapping[str, Equation], needs: Mapping[str, set[str]]) -> Problem:
    """Return the problem that shows one cycle among the subexpressions still in ``needs``."""
    path = [next(iter(needs))]
    while True:
        following = min(needs[path[-1]] & needs.keys())
        if following in path:
            path = [*path[path.index(following) :], following]
            break
        path.append(following)
    first = waiting[path[0]]
    if len(path) == 2:
        message = f"The subexpression '{first.name}' is defined by itself."
    else:
        message = f"The subexpressions need each other: {' -> '.join(path)}."
    return Problem(message, first.origin, "", EquationError)
