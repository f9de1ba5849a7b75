"""Expansion of expressions by SymPy, for equations that are linear only after terms cancel.

``(x + 1)**2 - x**2`` is such a case. Nothing else in simgen needs SymPy while a model is built.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from simgen.errors import InternalError
from simgen.integrate.algebra import add, divide, exp, multiply, negated
from simgen.ir.construct import call, power, real
from simgen.ir.expr import Binary, Call, Cast, Const, Expr, Load, Unary
from simgen.ir.visit import walk

_FUNCTIONS: dict[str, Any] = {"exp": sympy.exp, "log": sympy.log, "sqrt": sympy.sqrt}


def expand_in(expr: Expr, states: Sequence[Load]) -> Expr | None:
    """Return ``expr`` as sum of coefficient * state plus a rest, None where it is not linear."""
    translation = _Translation(frozenset(states))
    symbolic = translation.to_symbols(expr)
    symbols = {state: translation.symbol(state) for state in states}
    result: Expr | None = None
    rest = symbolic
    for state, symbol in symbols.items():
        slope = sympy.cancel(sympy.expand(sympy.diff(symbolic, symbol)))
        if slope.free_symbols & set(symbols.values()):
            return None
        if slope != 0:
            rest = rest - slope * symbol
            term = multiply(translation.to_expr(slope), state)
            result = term if result is None else add(result, term)
    rest = sympy.cancel(sympy.expand(rest))
    if rest.free_symbols & set(symbols.values()):
        return None
    constant = translation.to_expr(rest)
    return constant if result is None else add(result, constant)


class _Translation:
    """A two-way table between leaves of expressions and symbols."""

    def __init__(self, states: frozenset[Load]) -> None:
        self.states = states
        self.symbols: dict[Expr, Any] = {}
        self.leaves: dict[Any, Expr] = {}

    def symbol(self, leaf: Expr) -> Any:
        if leaf not in self.symbols:
            # SymPy sorts by names; its own end in numbers that go on, so "99" would follow "100".
            self.symbols[leaf] = sympy.Dummy(f"leaf{len(self.symbols):06}", real=True)
            self.leaves[self.symbols[leaf]] = leaf
        return self.symbols[leaf]

    def to_symbols(self, expr: Expr) -> Any:
        match expr:
            case Const(value=value) if not isinstance(value, bool):
                return sympy.Rational(value)
            case Unary(op="-", operand=operand):
                return -self.to_symbols(operand)
            case Binary(op="+" | "-" | "*" | "/" as op, left=left, right=right):
                first, second = self.to_symbols(left), self.to_symbols(right)
                match op:
                    case "+":
                        return first + second
                    case "-":
                        return first - second
                    case "*":
                        return first * second
                    case _:
                        return first / second
            case Cast(operand=operand) if expr.dtype.is_float and operand.dtype.is_float:
                return self.to_symbols(operand)
            case Call(args=args, function=name) if self.has_state(expr):
                inner = [self.to_symbols(arg) for arg in args]
                return inner[0] ** inner[1] if name == "pow" else _FUNCTIONS[name](*inner)
            case _:
                return self.symbol(expr)

    def has_state(self, expr: Expr) -> bool:
        return any(isinstance(node, Load) and node in self.states for node in walk(expr))

    def to_expr(self, symbolic: Any) -> Expr:
        if symbolic in self.leaves:
            return self.leaves[symbolic]
        if symbolic.is_Rational:
            top = real(float(symbolic.p))
            return top if symbolic.q == 1 else divide(top, real(float(symbolic.q)))
        if symbolic.is_Add or symbolic.is_Mul:
            return self.from_operands(symbolic)
        if symbolic.is_Pow:
            base, exponent = (self.to_expr(part) for part in symbolic.args)
            if symbolic.exp.is_Integer and symbolic.exp < 0:
                inner = power(base, real(-float(symbolic.exp)))
                return divide(real(1.0), inner)
            return power(base, exponent)
        if isinstance(symbolic, sympy.exp):
            return exp(self.to_expr(symbolic.args[0]))
        if isinstance(symbolic, sympy.log):
            return call("log", self.to_expr(symbolic.args[0]))
        raise InternalError(f"SymPy returned a {type(symbolic).__name__}")

    def from_operands(self, symbolic: Any) -> Expr:
        if symbolic.is_Mul:
            top, bottom = symbolic.as_numer_denom()
            if bottom != 1:
                return divide(self.to_expr(top), self.to_expr(bottom))
        combine = add if symbolic.is_Add else multiply
        result: Expr | None = None
        for part in symbolic.as_ordered_terms() if symbolic.is_Add else symbolic.args:
            if symbolic.is_Add and part.could_extract_minus_sign():
                term = negated(self.to_expr(-part))
            else:
                term = self.to_expr(part)
            result = term if result is None else combine(result, term)
        if result is None:
            raise InternalError("SymPy returned an empty sum")
        return result
