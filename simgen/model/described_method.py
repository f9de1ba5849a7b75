"""ExplicitStateUpdater: a method of integration that a user describes by statements.

The statements are about one equation ``dx/dt = f(x, t) + g(x, t)*xi``, and are carried out for all
equations of a model side by side, each statement after the one before it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from simgen.dtypes import DType
from simgen.errors import ArgumentTypeError, EquationError, ModelError, UnsupportedFeatureError
from simgen.integrate.algebra import add, add_all, divide, multiply, negated
from simgen.integrate.emit import Body
from simgen.integrate.explicit import multiplicative_noise, noisy_variables
from simgen.integrate.model import OdeSystem, OwnMethod, Refusal, Update
from simgen.integrate.rewrite import substitute
from simgen.ir.construct import call, cast, power, real
from simgen.ir.expr import Expr, Time
from simgen.lang.syntax import BinaryNode, CallNode, Name, Node, Number, UnaryNode
from simgen.model.method_text import RESULT, read_method

# What a description computes for one equation: a value, or one for each source of noise, zero for
# those that are not named.
_Value = Expr | dict[str, Expr]
_Values = list[_Value]


class ExplicitStateUpdater(OwnMethod):
    """A method of integration, to be given as ``method=`` of a group or of synapses.

    With several sources of noise, ``g(x, t)`` and ``dW`` have a value for each; where these are
    added to values that have no source (as in ``x + g(x, t)*dW``), they are summed.

    Parameters
    ----------
    description
        Statements, the last of which assigns ``x_new``, the value after a step. They may use
        ``x``, ``t``, ``dt`` and the results of statements before; ``f(x, t)`` and ``g(x, t)``, the
        drift and the factor of the noise, of any state and time; ``dW``, a normal number of
        variance dt; ``sqrt`` and ``exp``.
    stochastic
        None: equations with noise are refused; ``"additive"``: those with a factor of noise that
        depends on variables are; ``"multiplicative"``: none is.

    Raises
    ------
    EquationError, UnknownNameError, DimensionMismatchError
        The description is wrong, with a caret under the place.

    """

    def __init__(
        self,
        description: str,
        stochastic: Literal["additive", "multiplicative"] | None = None,
        custom_check: Any = None,
    ) -> None:
        if not isinstance(description, str):
            raise ArgumentTypeError(
                f"An ExplicitStateUpdater is described by text, not by {description!r}."
            )
        if stochastic not in (None, "additive", "multiplicative"):
            raise ModelError(
                "stochastic of an ExplicitStateUpdater is None, 'additive' or 'multiplicative', "
                f"not {stochastic!r}."
            )
        if custom_check is not None:
            raise UnsupportedFeatureError(
                "An ExplicitStateUpdater has no custom_check: stochastic= says which equations it "
                "can integrate."
            )
        self.description = description
        self.stochastic = stochastic
        self._statements = read_method(description)

    def __repr__(self) -> str:
        return f"ExplicitStateUpdater({self.description!r}, stochastic={self.stochastic!r})"

    def integrate(self, system: OdeSystem) -> Update | Refusal:
        """Return the update of a system, or why there is none."""
        reasons: tuple[str, ...] = ()
        if self.stochastic is None:
            reasons = noisy_variables(system)
        elif self.stochastic == "additive":
            reasons = multiplicative_noise(system)
        if reasons:
            return Refusal(reasons)
        step = _Step(system)
        for statement in self._statements:
            step.assign(statement.target, statement.value)
        result = step.totals(step.named[RESULT])
        return Update(step.body.finish(dict(enumerate(result))), (), "ExplicitStateUpdater")


class _Step:
    """A step of all equations of a system: what the names of a description stand for."""

    def __init__(self, system: OdeSystem) -> None:
        self.system = system
        self.body = Body(system)
        self._dt = system.step_width
        self._noise: dict[str, Expr] = dict(self.body.noise())
        self._calls = 0
        odes = system.odes
        self.named: dict[str, _Values] = {
            "x": [ode.target for ode in odes],
            "t": [Time()] * len(odes),
            "dt": [self._dt] * len(odes),
            "dW": [dict(self._noise) for _ in odes],
        }

    def assign(self, name: str, node: Node) -> None:
        """Carry out a statement for every equation."""
        self.named[name] = [
            self._bound(f"{name}_{ode.name}", value)
            for ode, value in zip(self.system.odes, self._values(node))
        ]

    def totals(self, values: _Values) -> list[Expr]:
        """Return values summed over the sources of noise."""
        return list(map(_total, values))

    def _bound(self, name: str, value: _Value) -> _Value:
        if isinstance(value, dict):
            return {
                source: self.body.bind(f"{name}_{source}", each) for source, each in value.items()
            }
        return self.body.bind(name, cast(value, DType.REAL))

    def _values(self, node: Node) -> _Values:
        match node:
            case Number(value=value):
                return [real(float(value))] * len(self.system.odes)
            case Name(name=name):
                return self.named[name]
            case UnaryNode(op=op):
                values = self._values(node.operand)
                return [_each(negated, value) for value in values] if op == "-" else values
            case CallNode(function="f" | "g"):
                return self._equations(node)
            case CallNode():
                return [
                    _each(lambda inner: call(node.function, inner), value)
                    for value in self._values(node.args[0])
                ]
            case BinaryNode(op=op):
                pairs = zip(self._values(node.left), self._values(node.right))
                return [_combined(op, left, right) for left, right in pairs]
            case _:
                raise AssertionError(node)

    def _equations(self, node: CallNode) -> _Values:
        """Return the drifts, or the factors of noise, of a state and a time."""
        states, times = map(self._values, node.args)
        replaced: dict[Expr, Expr] = {}
        if states != self.named["x"]:
            self._calls += 1
            replaced = self.body.stage(f"x{self._calls}", self.totals(states))
        time = None if times == self.named["t"] else self.totals(times)[0]
        if node.function == "f":
            return [substitute(ode.rhs, replaced, time) for ode in self.system.odes]
        return [
            {source: substitute(factor, replaced, time) for source, factor in ode.noise}
            for ode in self.system.odes
        ]


def _total(value: _Value) -> Expr:
    return (add_all(value.values()) or real(0.0)) if isinstance(value, dict) else value


def _each(function: Callable[[Expr], Expr], value: _Value) -> _Value:
    if isinstance(value, dict):
        return {source: function(each) for source, each in value.items()}
    return function(value)


def _combined(op: str, left: _Value, right: _Value) -> _Value:
    """Return a sum, product, quotient or power of two values for one equation."""
    if op in "+-":
        if not isinstance(left, dict) or not isinstance(right, dict):
            left, right = _total(left), _total(right)
            return add(left, right if op == "+" else negated(right))
        other = right if op == "+" else {name: negated(each) for name, each in right.items()}
        return {
            name: add_all([left.get(name), other.get(name)]) or real(0.0)
            for name in dict.fromkeys([*left, *other])
        }
    if op == "/" and isinstance(right, dict):
        raise EquationError(
            "The description of a method divides by g(x, t) or dW, which are zero for the sources "
            "of noise of other equations."
        )
    function = {"*": multiply, "/": divide, "**": power}[op]
    if isinstance(left, dict) and isinstance(right, dict):
        # a source that one of the factors lacks is zero there
        return {name: function(left[name], right[name]) for name in left if name in right}
    if isinstance(left, dict):
        return _each(lambda value: function(value, _total(right)), left)
    return _each(lambda value: function(_total(left), value), right)
