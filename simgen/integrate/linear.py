"""The linear form of an expression: sum of coefficient * variable, plus what has no variable.

Structure is enough for the equations people write, so the symbolic library stays unloaded; only
an expression that looks non-linear but proves linear at random points is given to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from simgen.dtypes import DType
from simgen.integrate.algebra import ONE, add, divide, multiply, negated
from simgen.ir.construct import real
from simgen.ir.expr import Binary, Cast, Expr, Load, Select, Unary
from simgen.ir.visit import walk


class NonLinearError(Exception):
    """An expression is not linear; ``part`` is the smallest part that shows it."""

    def __init__(self, part: Expr) -> None:
        super().__init__("not linear")
        self.part = part


@dataclass(frozen=True, slots=True)
class Term:
    """``factor`` (constant during a run) times ``core`` (varies between steps; None is 1)."""

    factor: Expr
    core: Expr | None = None

    @property
    def product(self) -> Expr:
        """The whole term."""
        return self.factor if self.core is None else multiply(self.factor, self.core)


@dataclass(frozen=True, slots=True)
class LinearForm:
    """expr = sum(coefficients[x] * x) + rest; sums of terms, at most one without a core."""

    coefficients: dict[Load, tuple[Term, ...]]
    rest: tuple[Term, ...]

    def coefficient(self, state: Load) -> Expr | None:
        """Return the whole coefficient of a variable, None where it is zero."""
        return total(self.coefficients.get(state, ()))


def total(terms: Sequence[Term]) -> Expr | None:
    """Return the sum of terms as one expression, None for no terms."""
    result: Expr | None = None
    for term in terms:
        result = term.product if result is None else add(result, term.product)
    return result


_Sums = dict[Load | None, list[Term]]


def linear_form(
    expr: Expr, states: Sequence[Load], is_constant: Callable[[Expr], bool]
) -> LinearForm:
    """Return the linear form of ``expr`` in ``states``.

    ``is_constant`` tells which expressions keep their value during a run. Raises NonLinearError
    where the structure does not show linearity.
    """
    sums = _Splitter(frozenset(states), is_constant).split(expr)
    rest = sums.pop(None, [])
    found = {state: merge(sums[state]) for state in states if state in sums}
    return LinearForm(found, merge(rest))


def frozen_form(expr: Expr, state: Load, is_constant: Callable[[Expr], bool]) -> LinearForm:
    """Return the linear form of ``expr`` in ``state``, with functions of ``state`` held still.

    So m(v)**3*(v - E) has the coefficient m(v)**3, and exp(v) belongs to the rest: as Brian's
    exponential_euler reads equations such as those of Wang and Buzsaki (1996). Raises
    NonLinearError for products of the variable with itself.
    """
    sums = _Freezer(frozenset((state,)), is_constant).split(expr)
    rest = sums.pop(None, [])
    return LinearForm({key: merge(terms) for key, terms in sums.items() if key}, merge(rest))


def merge(terms: list[Term]) -> tuple[Term, ...]:
    """Add up what is constant, and the cores that have the same factor."""
    constant: Expr | None = None
    cores: dict[Expr, Expr] = {}
    for term in terms:
        if term.core is None:
            constant = term.factor if constant is None else add(constant, term.factor)
        elif term.factor in cores:
            cores[term.factor] = add(cores[term.factor], term.core)
        else:
            cores[term.factor] = term.core
    first = () if constant is None or constant == real(0.0) else (Term(constant),)
    return (*first, *(Term(factor, core) for factor, core in cores.items()))


class _Splitter:
    def __init__(self, states: frozenset[Load], is_constant: Callable[[Expr], bool]) -> None:
        self.states = states
        self.is_constant = is_constant

    def has_state(self, expr: Expr) -> bool:
        return any(isinstance(node, Load) and node in self.states for node in walk(expr))

    def split(self, expr: Expr) -> _Sums:
        """Return the terms by variable (None: without a variable)."""
        if isinstance(expr, Load) and expr in self.states:
            return {expr: [Term(real(1.0))]}
        if not self.has_state(expr) and not self.is_sum(expr):
            return {None: [self.term(expr)]}
        match expr:
            case Unary(op="-", operand=operand):
                return self.map(self.split(operand), lambda t: Term(negated(t.factor), t.core))
            case Binary(op="+", left=left, right=right):
                return self.join(self.split(left), self.split(right))
            case Binary(op="-", left=left, right=right):
                other = self.map(self.split(right), lambda t: Term(negated(t.factor), t.core))
                return self.join(self.split(left), other)
            case Binary(op="*", left=left, right=right):
                return self.product(expr, left, right)
            case Binary(op="/", left=left, right=right) if not self.has_state(right):
                return self.scaled(self.split(left), self.term(right), over=True)
            case Select(condition=condition) if not self.has_state(condition):
                return self.select(expr)
            case Cast(dtype=DType.REAL, operand=operand) if operand.dtype.is_float:
                return self.split(operand)
            case _:
                raise NonLinearError(expr)

    def is_sum(self, expr: Expr) -> bool:
        """Whether an expression without variables is a sum of constant and varying parts."""
        if not expr.dtype.is_float or self.is_constant(expr):
            return False
        match expr:
            case Unary(op="-", operand=operand):
                return self.is_sum(operand)
            case Binary(op="+" | "-", left=left, right=right):
                parts = (left, right)
                return any(self.is_constant(part) or self.is_sum(part) for part in parts)
            case Binary(op="*", left=left, right=right):
                return self.is_sum(left) or self.is_sum(right)
            case Binary(op="/", left=left):
                return self.is_sum(left)
            case _:
                return False

    def term(self, expr: Expr) -> Term:
        """Return an expression without variables as constant factor times varying core."""
        if self.is_constant(expr):
            return Term(expr)
        match expr:
            case Unary(op="-", operand=operand) if expr.dtype.is_float:
                inner = self.term(operand)
                return Term(negated(inner.factor), inner.core)
            case Binary(op="*" | "/" as op, left=left, right=right) if expr.dtype.is_float:
                combine = multiply if op == "*" else divide
                first, second = self.term(left), self.term(right)
                core = first.core
                if second.core is not None:
                    core = combine(real(1.0) if core is None else core, second.core)
                return Term(combine(first.factor, second.factor), core)
            case _:
                return Term(real(1.0), expr)

    def product(self, expr: Expr, left: Expr, right: Expr) -> _Sums:
        if not self.has_state(left) and (self.has_state(right) or not self.is_sum(left)):
            return self.scaled(self.split(right), self.term(left))
        if not self.has_state(right):
            return self.scaled(self.split(left), self.term(right))
        raise NonLinearError(expr)

    def scaled(self, sums: _Sums, by: Term, over: bool = False) -> _Sums:
        combine = divide if over else multiply

        def scale(term: Term) -> Term:
            core = term.core
            if by.core is not None:
                core = combine(real(1.0) if core is None else core, by.core)
            return Term(combine(term.factor, by.factor), core)

        if by.core is None:
            return self.map(sums, scale)
        # Nothing stays constant: a sum is multiplied or divided once and not term by term.
        whole = {key: total(terms) for key, terms in sums.items()}
        return {
            key: [scale(terms[0] if len(terms) == 1 else Term(ONE, whole[key]))]
            for key, terms in sums.items()
        }

    def select(self, expr: Select) -> _Sums:
        then, otherwise = self.split(expr.then), self.split(expr.otherwise)
        result: _Sums = {}
        for key in dict.fromkeys((*then, *otherwise)):
            first = total(then.get(key, [])) or real(0.0)
            second = total(otherwise.get(key, [])) or real(0.0)
            result[key] = [self.term(Select(expr.condition, first, second))]
        return result

    @staticmethod
    def map(sums: _Sums, function: Callable[[Term], Term]) -> _Sums:
        return {key: [function(term) for term in terms] for key, terms in sums.items()}

    @staticmethod
    def join(first: _Sums, second: _Sums) -> _Sums:
        keys = dict.fromkeys((*first, *second))
        return {key: [*first.get(key, []), *second.get(key, [])] for key in keys}


class _Freezer(_Splitter):
    """Takes what has variables, but is no sum of their multiples, for a number."""

    def split(self, expr: Expr) -> _Sums:
        match expr:
            case Binary(op="/", left=left, right=right) if self.has_state(right):
                return self.scaled(self.split(left), Term(ONE, right), over=True)
        try:
            return super().split(expr)
        except NonLinearError:
            if isinstance(expr, Binary) and expr.op == "*":
                raise
            return {None: [Term(ONE, expr)]}

    def product(self, expr: Expr, left: Expr, right: Expr) -> _Sums:
        for one, other in ((left, right), (right, left)):
            if self.has_state(one) and set(self.split(one)) == {None}:
                return self.scaled(self.split(other), Term(ONE, one))
        return super().product(expr, left, right)
