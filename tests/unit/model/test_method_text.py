"""Descriptions of methods that are refused, each with the place in its text."""

import pytest

from simgen import ExplicitStateUpdater
from simgen.errors import (
    ArgumentTypeError,
    DimensionMismatchError,
    EquationError,
    ModelError,
    UnknownNameError,
    UnsupportedFeatureError,
)

CARET = "^"


@pytest.mark.parametrize(
    ("text", "error", "shown"),
    [
        ("x_new = x + f(x, t)", DimensionMismatchError, "x + f(x, t)"),
        ("x_new = x + dt*f(x, t)**2", DimensionMismatchError, "change of x per second"),
        ("x_new = x + dW*f(x, t)", DimensionMismatchError, "These cannot be added"),
        ("x_new = x - f(x, t)", DimensionMismatchError, "These cannot be subtracted"),
        ("x_new = x + dt*f(t, x)", DimensionMismatchError, "the dimension of t"),
        ("x_new = x + dt*f(x, t + 2)", DimensionMismatchError, "These cannot be added"),
        ("x_new = dt", DimensionMismatchError, "the dimension of x"),
        ("x_new = x*exp(dt)", DimensionMismatchError, "the dimension of a number"),
        ("x_new = x + dt*h(x, t)", UnknownNameError, "has no 'h'"),
        ("x_new = xx", UnknownNameError, "Did you mean 'x'?"),
        ("x_new = sin(x)", UnknownNameError, "has no 'sin'"),
        ("x_new = x + dt*f(x)", EquationError, "a state and a time"),
        ("x_new += dt*f(x, t)", EquationError, "by '='"),
        ("k = x", EquationError, "assigns 'x_new'"),
        ("x_new = x\nx_new = x", EquationError, "'x_new' has a value already"),
        ("f = x\nx_new = f", EquationError, "'f' has a value already"),
        ("x_new = x : volt", EquationError, "no unit that holds for every"),
        ("x_new = x*(x > 2)", EquationError, "no place in the description"),
        ("x_new = x**t", EquationError, "An exponent is a number here"),
        ("x_new = x*True", EquationError, "no place in the description"),
        ("x_new = x + dt*f(x, t", EquationError, "never closed"),
        ("x_new = __import__('os')", EquationError, "is reserved"),
    ],
)
def test_a_wrong_description_is_refused_with_its_place(text, error, shown):
    with pytest.raises(error) as info:
        ExplicitStateUpdater(text)
    assert shown in str(info.value)
    assert "in ExplicitStateUpdater, line" in str(info.value)
    assert CARET in str(info.value)


def test_all_problems_come_at_once():
    with pytest.raises(UnknownNameError) as info:
        ExplicitStateUpdater("k = h(x)\nx_new = x + f(x, t)")
    assert len(info.value.problems) == 2


@pytest.mark.parametrize(
    ("arguments", "error", "shown"),
    [
        ((3,), ArgumentTypeError, "not by 3"),
        (("",), EquationError, "'x_new = ...'"),
        (("x_new = x", "any"), ModelError, "'any'"),
        (("x_new = x", None, print), UnsupportedFeatureError, "custom_check"),
    ],
)
def test_arguments_that_are_refused(arguments, error, shown):
    with pytest.raises(error, match=shown):
        ExplicitStateUpdater(*arguments)
