"""Syntax to typed expressions: names found, dimensions checked, types fixed."""

from __future__ import annotations

from collections.abc import Iterator

from simgen.dtypes import DType
from simgen.errors import (
    DimensionMismatchError,
    EquationError,
    Origin,
    Problem,
    SimgenError,
    UnknownNameError,
    raise_problems,
    suggest,
)
from simgen.ir.construct import cast, real
from simgen.ir.expr import Const, Expr, Param
from simgen.lang.syntax import (
    BinaryNode,
    CallNode,
    CompareNode,
    LogicalNode,
    Name,
    Node,
    Number,
    UnaryNode,
)
from simgen.lang.unit_expressions import unit_dimension
from simgen.model.functions import (
    OTHER_FUNCTIONS,
    KeepsCalls,
    KeepsEmissions,
    ReducesElements,
    Typed,
    quote,
    said,
)
from simgen.model.hints import literal_hint
from simgen.model.operators import (
    arithmetic,
    as_number,
    comparison,
    exponentiation,
    logical,
    unary,
    unknown,
)
from simgen.model.scope import (
    BUILTINS,
    Entry,
    FunctionEntry,
    RefusedEntry,
    Scope,
    SubexpressionEntry,
    ValueEntry,
    VariableEntry,
)
from simgen.units import DIMENSIONLESS, Dimension

MAX_OPERATIONS = 100_000  # of one expression after all subexpressions were put in
MAX_DEPTH = 200  # the same limit as for text, now with the subexpressions inside


class DrawCounter:
    """Numbers the random draws that share a key, in the order they are resolved."""

    def __init__(self) -> None:
        self.count = 0

    def next(self) -> int:
        """Return the next number, from 0."""
        self.count += 1
        return self.count - 1


class Resolver:
    """Resolves expressions in one scope; problems are appended to ``problems``, never raised.

    ``draw_key`` None or a text in ``forbid_random`` (a sentence that says why) refuses random
    numbers. With ``strict`` False an unknown name is no problem: it has an unknown dimension
    (None), which spreads and suppresses further checks. Code that may go over many elements at once
    gives ``reductions``, and code that runs on events of a source ``emissions``. Functions with a
    state are refused without ``calls``.
    """

    def __init__(
        self,
        scope: Scope,
        *,
        problems: list[Problem],
        draw_key: Param | None,
        draws: DrawCounter,
        draw_rank: Expr | None = None,
        strict: bool = True,
        forbid_random: str = "",
        reductions: ReducesElements | None = None,
        emissions: KeepsEmissions | None = None,
        calls: KeepsCalls | None = None,
    ) -> None:
        self.scope = scope
        self.problems = problems
        self.draws = draws
        self.strict = strict
        self._key = draw_key
        self._rank = draw_rank
        self._forbid_random = forbid_random
        self._reductions = reductions
        self._emissions = emissions
        self._calls = calls
        self._depth = 0
        self._operations = 0
        # What was put in for a subexpression: the entry (kept alive, for its ids are the key),
        # the result and its number of operations.
        self._inlined: dict[tuple[int, int], tuple[SubexpressionEntry, Typed, int]] = {}
        self._open: set[tuple[int, int]] = set()

    @property
    def draw_key(self) -> Param | None:
        """The key of random draws, or None where there are none."""
        return self._key

    @property
    def draw_rank(self) -> Expr | None:
        """The rank of a synapse among equals, for its draws."""
        return self._rank

    @property
    def forbid_random(self) -> str:
        """Why random numbers are refused here; empty where they are allowed."""
        return self._forbid_random

    @property
    def reductions(self) -> ReducesElements | None:
        """Where reductions over elements are formed, None where none can be."""
        return self._reductions

    @property
    def emissions(self) -> KeepsEmissions | None:
        """Where what events take along is kept, None where no event of a source arrives."""
        return self._emissions

    @property
    def calls(self) -> KeepsCalls | None:
        """Where functions with a state are called, None where they cannot be."""
        return self._calls

    def next_draw(self) -> int:
        """Return a number that no other draw with the same key has."""
        return self.draws.next()

    def fail(
        self,
        origin: Origin,
        message: str,
        hint: str = "",
        error: type[SimgenError] = EquationError,
    ) -> Typed:
        """Record a problem (once) and return a stand-in of unknown dimension."""
        problem = Problem(message, origin, hint, error)
        if problem not in self.problems:
            self.problems.append(problem)
        return unknown("refused")

    # -- entry points ------------------------------------------------------------------

    def expression(self, node: Node) -> Typed:
        """Return the typed expression of ``node`` and its dimension, None where it is not known."""
        if self._depth == 0:
            self._operations = 0
        return self._resolve(node)

    def condition(self, node: Node, what: str = "condition") -> Expr:
        """Return the expression of ``node``, which must be true or false; ``what`` names it."""
        expr, dim = self.expression(node)
        if expr.dtype is DType.BOOL:
            return expr
        if dim is not None:
            self.fail(
                node.origin,
                f"The {what} must be true or false, but {quote(node)} is a number.",
                "Compare it with something, as in x > y.",
            )
        return Const(False, DType.BOOL)

    def expect(self, node: Node, dim: Dimension, dtype: DType, what: str) -> Expr:
        """Return the expression of ``node`` as ``dtype``; ``what`` ("'v'") must have ``dim``."""
        typed = self.expression(node)
        self._check(node, typed, dim, dtype, what, f"{what} {said(dim)}, but {quote(node)}")
        return cast(typed[0], dtype)

    def check_declared(
        self, name: str, node: Node, typed: Typed, dim: Dimension, dtype: DType
    ) -> None:
        """Report where the expression of a subexpression is not what that is declared as."""
        beginning = f"'{name}' is declared as {dim.describe()}, but its expression"
        self._check(node, typed, dim, dtype, f"'{name}'", beginning)

    def _check(
        self, node: Node, typed: Typed, dim: Dimension, dtype: DType, what: str, beginning: str
    ) -> None:
        expr, found = typed
        if found is None:
            return
        if found == dim:
            self._require_type(node, expr, dtype, what)
            return
        self.fail(
            node.origin,
            f"{beginning} {said(found)}.",
            literal_hint(node, found, dim),
            DimensionMismatchError,
        )

    def _require_type(self, node: Node, expr: Expr, dtype: DType, what: str) -> None:
        """Report where a value cannot be had as ``dtype`` without loss."""
        if dtype is DType.BOOL and expr.dtype is not DType.BOOL:
            self.fail(
                node.origin,
                f"{what} is true or false, but {quote(node)} is a number.",
                "Compare it with something, as in x > y.",
            )
        elif dtype.is_integer and expr.dtype.is_float:
            self.fail(
                node.origin,
                f"{what} is an integer, but {quote(node)} is a floating number.",
                "Use int(...) to truncate it.",
            )

    # -- nodes -------------------------------------------------------------------------

    def _resolve(self, node: Node) -> Typed:
        self._operations += 1
        self._depth += 1
        try:
            if self._operations > MAX_OPERATIONS:
                return self.fail(node.origin, _TOO_LARGE, "Mark one (constant over dt).")
            if self._depth > MAX_DEPTH:
                return self.fail(node.origin, _TOO_DEEP, "Mark one (constant over dt).")
            match node:
                case Name():
                    return self._name(node)
                case Number():
                    return _number(node.value), DIMENSIONLESS
                case CallNode():
                    return self._call(node)
                case UnaryNode():
                    return unary(self, node, self._resolve(node.operand))
                case CompareNode():
                    return comparison(
                        self, node, self._resolve(node.left), self._resolve(node.right)
                    )
                case LogicalNode():
                    return logical(self, node, self._resolve(node.left), self._resolve(node.right))
                case BinaryNode(op="**"):
                    return exponentiation(
                        self, node, self._resolve(node.left), self._resolve(node.right)
                    )
            return arithmetic(self, node, self._resolve(node.left), self._resolve(node.right))
        finally:
            self._depth -= 1

    def _name(self, node: Name) -> Typed:
        entry = self._find(node.name)
        match entry:
            case VariableEntry():
                return entry.load, entry.dim
            case ValueEntry():
                return entry.expr, entry.dim
            case SubexpressionEntry():
                return self._subexpression(node, entry)
            case FunctionEntry():
                arguments = ", ".join("xyzuvw"[: entry.function.arity])
                hint = f"Write {node.name}({arguments})."
                return self.fail(node.origin, f"'{node.name}' is a function.", hint)
            case RefusedEntry():
                return self.fail(node.origin, entry.message, entry.hint, entry.error)
        return self._unknown_name(node.name, node.origin, f"The name '{node.name}' is not known.")

    def _find(self, name: str) -> Entry | None:
        entry = self.scope.lookup(name)
        return BUILTINS.lookup(name) if entry is None else entry

    def _all_names(self) -> Iterator[str]:
        yield from self.scope.names()
        yield from BUILTINS.names()

    def _unknown_name(self, name: str, origin: Origin, message: str, hint: str = "") -> Typed:
        if not self.strict:
            return unknown(name)
        if not hint and (name == "xi" or name.startswith("xi_")):
            hint = "Noise can only be used in a differential equation."
        near = [other for other in self.scope.names() if other.lower() == name.lower()]
        if near:
            hint = hint or f"Did you mean '{near[0]}'?"
        hint = hint or _NAME_HINTS.get(name) or suggest(name, self._all_names())
        return self.fail(origin, message + self.scope.missing(name), hint, UnknownNameError)

    def _subexpression(self, node: Name, entry: SubexpressionEntry) -> Typed:
        """Return the expression of a subexpression, resolved in its own scope."""
        key = (id(entry.node), id(entry.scope))
        if key in self._inlined:
            _, result, operations = self._inlined[key]
            self._operations += operations
            return result
        if key in self._open:
            return self.fail(node.origin, f"The subexpression '{node.name}' is defined by itself.")
        before, scope, forbidden = self._operations, self.scope, self._forbid_random
        services = self._reductions, self._emissions, self._calls
        self._open.add(key)
        # equations form no reductions, no event arrives in them, and each use would call again
        self.scope, self._reductions, self._emissions, self._calls = entry.scope, None, None, None
        if not entry.constant_over_dt:
            self._forbid_random = _DRAW_IN_SUBEXPRESSION
        try:
            expr, dim = self._resolve(entry.node)
        finally:
            self.scope, self._forbid_random = scope, forbidden
            self._reductions, self._emissions, self._calls = services
            self._open.discard(key)
        self.check_declared(node.name, entry.node, (expr, dim), entry.dim, entry.dtype)
        if entry.dtype is not DType.BOOL:
            expr = as_number(expr)
        result = (expr, None if dim is None else entry.dim)
        self._inlined[key] = (entry, result, self._operations - before)
        return result

    def _call(self, node: CallNode) -> Typed:
        entry = self._find(node.function)
        args = [self._resolve(arg) for arg in node.args]
        if isinstance(entry, RefusedEntry):
            return self.fail(node.origin, entry.message, entry.hint, entry.error)
        if entry is None:
            message = f"There is no function '{node.function}'."
            hint = OTHER_FUNCTIONS.get(node.function, "")
            return self._unknown_name(node.function, node.origin, message, hint)
        if not isinstance(entry, FunctionEntry):
            hint = f"Write {node.function}*(...) for a product."
            return self.fail(node.origin, f"'{node.function}' is not a function.", hint)
        arity = entry.function.arity
        if len(args) != arity:
            wanted = "no argument" if arity == 0 else f"{arity} argument{'s' * (arity > 1)}"
            return self.fail(node.origin, f"'{node.function}' takes {wanted}, not {len(args)}.")
        known = [(expr, dim) for expr, dim in args if dim is not None]
        if len(known) < len(args):
            return unknown(node.function)
        return entry.function.resolve(self, node, known)


_TOO_LARGE = f"With all subexpressions put in, this has more than {MAX_OPERATIONS} operations."
_TOO_DEEP = f"With all subexpressions put in, this is nested more than {MAX_DEPTH} deep."
_DRAW_IN_SUBEXPRESSION = (
    "Every use of a subexpression would draw again; give it the flag (constant over dt)."
)
_NAME_HINTS = {
    "delay": "Code cannot read delays, which are kept as steps and not for each synapse: declare a "
    "variable such as 'lag : second (constant)', and set S.lag = S.delay[:].",
    "true": "Did you mean 'True'?",
    "false": "Did you mean 'False'?",
    "V": "Did you mean 'volt'?",
    "A": "Did you mean 'amp'?",
    "s": "Did you mean 'second'?",
    "nan": "There is no value for 'not a number'.",
}


def _number(value: float | int | bool) -> Const:
    if isinstance(value, bool):
        return Const(value, DType.BOOL)
    return Const(value, DType.I64) if isinstance(value, int) else real(value)


def dimension_of_unit(node: Node) -> Dimension:
    """Return the dimension of the unit ``node`` of a definition; raise if it is no base unit."""
    problems: list[Problem] = []
    dim = unit_dimension(node, problems)
    raise_problems(problems)
    return DIMENSIONLESS if dim is None else dim
