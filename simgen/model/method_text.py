"""The text that describes a method of integration: its statements, names and dimensions."""

from __future__ import annotations

from dataclasses import dataclass

from simgen.errors import (
    DimensionMismatchError,
    EquationError,
    Origin,
    Problem,
    SimgenError,
    SourceText,
    UnknownNameError,
    raise_problems,
    suggest,
)
from simgen.lang.statements import Assignment, parse_statements
from simgen.lang.syntax import BinaryNode, CallNode, Name, Node, Number, UnaryNode, exact_value
from simgen.units import DIMENSIONLESS, Dimension, second

RESULT = "x_new"
_STATE = Dimension.of(substance=1)  # stands for the dimension of x, whatever that is
_TIME = second.dim
_NAMES = {"x": _STATE, "t": _TIME, "dt": _TIME, "dW": _TIME**0.5}
_FUNCTIONS = {"f": _STATE / _TIME, "g": _STATE / _TIME**0.5}  # of (x, t)


def read_method(text: str) -> tuple[Assignment, ...]:
    """Return the statements that describe a method; the last one assigns ``x_new``.

    Raises EquationError, UnknownNameError or DimensionMismatchError with all that is wrong.
    """
    source = SourceText(text, "ExplicitStateUpdater")
    statements = parse_statements(source)
    if not statements:
        raise EquationError("An ExplicitStateUpdater needs a statement 'x_new = ...'.")
    checker = _Checker(dict(_NAMES), [])
    for statement in statements:
        checker.check(statement, statement is statements[-1])
    raise_problems(checker.problems)
    return statements


@dataclass(frozen=True)
class _Checker:
    """Finds names that are unknown and sums that cannot be right, whatever x is.

    Dimensions are those with x as a quantity of its own kind, None where a problem was found:
    they refuse descriptions that are not linear in f and g, or that leave out a factor dt.
    """

    names: dict[str, Dimension | None]
    problems: list[Problem]

    def check(self, statement: Assignment, last: bool) -> None:
        """Check a statement, and take over the name that it defines."""
        name, place = statement.target, statement.target_origin
        if statement.op != "=":
            self._add("Every value is computed once, by '='.", statement.origin)
        if statement.unit is not None:
            self._add("There is no unit that holds for every equation.", statement.unit.origin)
        if name in self.names or name in _FUNCTIONS:
            self._add(f"'{name}' has a value already.", place)
        if last != (name == RESULT):
            self._add("The last statement, and no other, assigns 'x_new'.", place)
        dimension = self.dimension(statement.value)
        if last:
            self._expect(statement.value, dimension, "x", _STATE)
        self.names[name] = dimension

    def dimension(self, node: Node) -> Dimension | None:
        """Return the dimension of an expression."""
        match node:
            case Number(value=value) if not isinstance(value, bool):
                return DIMENSIONLESS
            case Name(name=name) if name in self.names:
                return self.names[name]
            case Name(name=name):
                self._unknown(name, node.origin, list(self.names))
                return None
            case UnaryNode(op="+" | "-"):
                return self.dimension(node.operand)
            case BinaryNode(op="+" | "-" | "*" | "/" | "**"):
                return self._binary(node)
            case CallNode():
                return self._call(node)
            case _:
                self._add("This has no place in the description of a method.", node.origin)
                return None

    def _binary(self, node: BinaryNode) -> Dimension | None:
        left, right = self.dimension(node.left), self.dimension(node.right)
        if node.op == "**":
            exponent = exact_value(node.right)
            if exponent is None:
                self._add("An exponent is a number here.", node.right.origin)
            return None if left is None or exponent is None else left**exponent
        if left is None or right is None:
            return None
        if node.op in ("*", "/"):
            return left * right if node.op == "*" else left / right
        if left != right:
            done = "added" if node.op == "+" else "subtracted"
            self._add(
                f"These cannot be {done}, whatever x is: f(x, t) is a change of x per second, "
                "g(x, t)*dW a change of x.",
                node.origin,
                DimensionMismatchError,
            )
            return None
        return left

    def _call(self, node: CallNode) -> Dimension | None:
        given = [self.dimension(arg) for arg in node.args]
        name = node.function
        if name in _FUNCTIONS:
            if len(given) != 2:
                self._add(f"It is {name}(x, t): a state and a time.", node.origin)
                return None
            for arg, dimension, like in zip(node.args, given, ("x", "t")):
                self._expect(arg, dimension, like, _NAMES[like])
            return _FUNCTIONS[name]
        if name not in ("sqrt", "exp") or len(given) != 1:
            self._unknown(name, node.origin, ["f", "g", "sqrt", "exp"])
            return None
        if name == "exp":
            self._expect(node.args[0], given[0], "a number", DIMENSIONLESS)
            return DIMENSIONLESS
        return None if given[0] is None else given[0] ** 0.5

    def _expect(self, node: Node, given: Dimension | None, like: str, wanted: Dimension) -> None:
        if given is not None and given != wanted:
            message = f"This must have the dimension of {like}, whatever x is."
            self._add(message, node.origin, DimensionMismatchError)

    def _unknown(self, name: str, origin: Origin, known: list[str]) -> None:
        hint = suggest(name, known) or f"There are {', '.join(known)}."
        message = f"The description of a method has no '{name}'. {hint}"
        self._add(message, origin, UnknownNameError)

    def _add(self, message: str, origin: Origin, error: type[SimgenError] = EquationError) -> None:
        self.problems.append(Problem(message, origin, "", error))
