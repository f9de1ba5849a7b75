"""``Equations``: the text of a model's equations, to be combined and given to groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from simgen.errors import (
    ArgumentTypeError,
    EquationError,
    SourceText,
    UnknownNameError,
    suggest,
)
from simgen.lang.equation_set import Equation
from simgen.lang.equations import parse_equations
from simgen.lang.names import unusable_name
from simgen.lang.syntax import functions_in, names_in
from simgen.lang.tokens import RefusedError, tokenize
from simgen.units import Dimension, dimension_of, strip


class Equations(Mapping[str, Equation]):
    """Equations of a model, checked when they are made.

    ``Equations("dv/dt = -v/tau : volt", tau="tau_m")`` replaces names by names; a number or
    quantity (``tau=10*ms``) is kept in ``substituted_values`` under its name, which ``+`` makes
    unique where two sets of equations give one name different values.

    Raises EquationError for text that is no equation and for a substitution that cannot be made.
    """

    def __init__(self, text: str, **substitutions: Any) -> None:
        if not isinstance(text, str):
            raise ArgumentTypeError(
                f"equations are given as a string, not as {type(text).__name__}"
            )
        renamed: dict[str, str] = {}
        values: dict[str, Any] = {}
        present = _names(text) if substitutions else frozenset()
        for name, value in substitutions.items():
            if name not in present:
                hint = suggest(name, present)
                raise EquationError(
                    f"The equations have no name '{name}' that could be replaced. {hint}".rstrip()
                )
            if isinstance(value, str):
                reason = unusable_name(value) if value.isidentifier() else _not_a_name(value)
                if reason is not None:
                    raise EquationError(f"'{name}' cannot be replaced: {' '.join(reason)}".rstrip())
                renamed[name] = value
            else:
                _check_value(name, value)
                values[name] = value
        self._setup(_rename(text, renamed), values)

    def _setup(self, text: str, values: dict[str, Any]) -> None:
        self.text = text
        self.substituted_values = values
        self.equation_set = parse_equations(SourceText(text, "equations"))
        for name in values:
            if name in self.equation_set:
                raise EquationError(
                    f"'{name}' is defined by the equations and cannot be replaced by a value."
                )

    @classmethod
    def _made(cls, text: str, values: dict[str, Any]) -> Equations:
        made = cls.__new__(cls)
        made._setup(text, values)
        return made

    def __add__(self, other: Equations | str) -> Equations:
        if isinstance(other, str):
            other = Equations(other)
        return _joined(self, other) if isinstance(other, Equations) else NotImplemented

    def __radd__(self, other: str) -> Equations:
        return Equations(other) + self if isinstance(other, str) else NotImplemented

    def __getitem__(self, name: str) -> Equation:
        if name not in self.equation_set:
            hint = suggest(str(name), self.equation_set)
            raise UnknownNameError(f"The equations do not define '{name}'. {hint}".rstrip())
        return self.equation_set[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.equation_set)

    def __len__(self) -> int:
        return len(self.equation_set)

    def __contains__(self, name: object) -> bool:
        return name in self.equation_set

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Equations):
            return NotImplemented
        mine, theirs = self.substituted_values, other.substituted_values
        return (
            self.equation_set.equations == other.equation_set.equations
            and mine.keys() == theirs.keys()
            and all(_same_value(mine[name], theirs[name]) for name in mine)
        )

    def __hash__(self) -> int:
        return hash(self.equation_set.equations)

    def __str__(self) -> str:
        return "\n".join(equation.origin.text for equation in self.equation_set.equations)

    def __repr__(self) -> str:
        return f"Equations({str(self)!r})"

    @property
    def names(self) -> frozenset[str]:
        """All names that are defined."""
        return frozenset(self.equation_set)

    @property
    def diff_eq_names(self) -> frozenset[str]:
        """The names with a differential equation."""
        return frozenset(item.name for item in self.equation_set.differential)

    @property
    def subexpr_names(self) -> frozenset[str]:
        """The names of subexpressions."""
        return frozenset(item.name for item in self.equation_set.subexpressions)

    @property
    def eq_names(self) -> frozenset[str]:
        """The names with an expression: differential equations and subexpressions."""
        return self.diff_eq_names | self.subexpr_names

    @property
    def parameter_names(self) -> frozenset[str]:
        """The names of parameters."""
        return frozenset(item.name for item in self.equation_set.parameters)

    @property
    def eq_expressions(self) -> list[tuple[str, str]]:
        """The names with an expression and its text, as written."""
        return [
            (item.name, item.expr) for item in self.equation_set.equations if item.expr is not None
        ]

    @property
    def diff_eq_expressions(self) -> list[tuple[str, str]]:
        """The names with a differential equation and the text of its right side, as written."""
        return [item for item in self.eq_expressions if item[0] in self.diff_eq_names]

    @property
    def identifiers(self) -> frozenset[str]:
        """The names that expressions use, those of functions and units included.

        Not among them are names that the equations define or that a value was given for.
        """
        nodes = [item.expression for item in self.equation_set.equations]
        used = [names_in(node) | functions_in(node) for node in nodes if node is not None]
        return frozenset().union(*used) - self.names - self.substituted_values.keys()

    @property
    def dimensions(self) -> dict[str, Dimension]:
        """The dimension of each name that is defined."""
        return {item.name: item.dim for item in self.equation_set.equations}

    @property
    def stochastic_variables(self) -> frozenset[str]:
        """The names of the sources of noise: xi, xi_1 and so on."""
        return frozenset(
            name for name in self.identifiers if name == "xi" or name.startswith("xi_")
        )

    @property
    def is_stochastic(self) -> bool:
        """Whether the equations have noise."""
        return bool(self.stochastic_variables)


def _not_a_name(value: str) -> tuple[str, str]:
    return f"{value!r} is not a name.", "Give a name, a number or a quantity."


def _check_value(name: str, value: Any) -> None:
    """Return if ``value`` is one real number or quantity."""
    if isinstance(value, bool | int | float | np.generic | np.ndarray):
        array = np.asarray(strip(value))
        if array.size == 1 and array.dtype.kind in "biuf":
            return
    raise ArgumentTypeError(
        f"'{name}' can be replaced by a name, a number or a quantity, not by {type(value).__name__}"
    )


def _names(text: str) -> frozenset[str]:
    """Return the names in ``text``, with x for each head ``dx/dt``."""
    return frozenset(name for _, name, _ in _occurrences(text))


def _occurrences(text: str) -> Iterable[tuple[int, str, int]]:
    """Yield (start, name, end) for each name in ``text``; comments are left out."""
    try:
        tokens = tokenize(SourceText(text, "equations"))
    except RefusedError:
        return  # too long; parsing tells
    for position, token in enumerate(tokens):
        if token.kind != "name":
            continue
        after = [item.text for item in tokens[position + 1 : position + 4]]
        first = position == 0 or tokens[position - 1].kind == "newline"
        if first and after == ["/", "dt", "="] and token.text[0] == "d" and len(token.text) > 1:
            yield token.start + 1, token.text[1:], token.end
        else:
            yield token.start, token.text, token.end


def _rename(text: str, names: Mapping[str, str]) -> str:
    """Return ``text`` with all names replaced at once (so that two can change places)."""
    if not names:
        return text
    parts: list[str] = []
    done = 0
    for start, name, end in _occurrences(text):
        parts += text[done:start], names.get(name, name)
        done = end
    return "".join((*parts, text[done:]))


def _same_value(first: Any, second: Any) -> bool:
    if dimension_of(first) != dimension_of(second):
        return False
    return bool(np.all(np.asarray(strip(first)) == np.asarray(strip(second))))


def _joined(left: Equations, right: Equations) -> Equations:
    """Return both sets of equations; a value's name that means something else there is renamed."""
    left_names, right_names = _names(left.text), _names(right.text)
    values = dict(left.substituted_values)
    taken = set(left_names | right_names)
    new_left: dict[str, str] = {}
    new_right: dict[str, str] = {}
    for name in left.substituted_values:
        if name in right_names and name not in right.substituted_values:
            new_left[name] = _fresh(name, taken)
            values[new_left[name]] = values.pop(name)
    for name, value in right.substituted_values.items():
        same = name in values and _same_value(values[name], value)
        if name in left_names and not same:
            new_right[name] = _fresh(name, taken)
        values[new_right.get(name, name)] = value
    text = f"{_rename(left.text, new_left)}\n{_rename(right.text, new_right)}"
    return Equations._made(text, values)


def _fresh(name: str, taken: set[str]) -> str:
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    taken.add(f"{name}_{number}")
    return f"{name}_{number}"
