"""Functions of the user's own that cannot be made, called or compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from bad_inputs import Bad, check_refused, neurons, run_of, table

from simgen import Function, check_units, implementation, ms, set_device, volt
from simgen.errors import (
    ArgumentTypeError,
    CompileError,
    DimensionMismatchError,
    EquationError,
    ModelError,
    SimgenError,
    UnsupportedFeatureError,
)


@check_units(x=volt, y="x", result=1)
def ratio(x: Any, y: Any) -> Any:
    return x / y


def plain(x: Any) -> Any:
    return x


def call(text: str, function: Any = ratio, name: str = "f", **keywords: Any) -> None:
    """Run a group whose equations use a function."""
    group = neurons(f"dv/dt = {text} : volt", method="euler", namespace={name: function})
    group.v = keywords.get("v", 1) * volt
    run_of(group)


def one(function: Callable[..., Any] = plain, **keywords: Any) -> Function:
    return Function(function, **{"arg_units": [1], "return_unit": 1, "name": "f", **keywords})


def implement(target: str = "cpp", code: Any = "double f(double x) { return x; }",
              **keywords: Any) -> Function:  # fmt: skip
    made = one()
    made.add_implementation(target, code, **keywords)
    return made


def fails(x: Any) -> Any:
    return x if x > 0 else 0


@check_units(x=1, result=1)
def wrong_result(x: Any) -> Any:
    return x * volt


ROWS = [
    Bad("no_units", lambda: call("f(v)/ms", plain), EquationError,
        ["'f'", "units", "Function(f", "@check_units", "^^^"]),
    Bad("lambda", lambda: call("f(v)/ms", lambda x: x), EquationError, ["'f'", "units"]),
    Bad("unit_of_argument", lambda: call("f(ms, v)*volt/ms"), DimensionMismatchError,
        ["'f'", "'x'", "'ms'", "voltage", "^^"]),
    Bad("unit_of_second_argument", lambda: call("f(v, 2)*volt/ms"), DimensionMismatchError,
        ["'f'", "'y'", "'2'", "^"]),
    Bad("unit_of_result", lambda: call("f(v, v)/ms"), DimensionMismatchError, ["dv/dt"]),
    Bad("number_of_arguments", lambda: call("f(v)*volt/ms"), EquationError,
        ["'f'", "2 arguments", "not 1", "^^^"]),
    Bad("condition_as_argument", lambda: call("f(v > 0*volt)*volt/ms", one()), EquationError,
        ["'f'", "condition", "^^^"]),
    Bad("number_as_condition", lambda: call("f(v/volt)*volt/ms", one(arg_types=["boolean"])),
        EquationError, ["'f'", "condition", "'v/volt'"]),
    Bad("float_as_integer", lambda: call("f(v/volt)*volt/ms", one(arg_types=["integer"])),
        EquationError, ["'f'", "integer", "'v/volt'", "int("]),
    Bad("not_called", lambda: call("f*volt/ms"), EquationError, ["'f'", "function"]),
    Bad("no_array_function", lambda: call("f(v/volt)*volt/ms", one(fails)), ModelError,
        ["'f'", "failed", "(3,)", "ValueError"]),
    Bad("unit_of_returned_value", lambda: call("f(v/volt)*volt/ms", wrong_result),
        DimensionMismatchError, ["'wrong_result'", "voltage"]),
    Bad("shape_of_result", lambda: call("f(v/volt)*volt/ms", one(lambda x: [1.0, 2.0])),
        SimgenError, ["'f'", "(3,)"]),
    Bad("text_as_result", lambda: call("f(v/volt)*volt/ms", one(lambda x: "a")), SimgenError,
        ["'f'"]),
    Bad("no_function", lambda: Function(3), ArgumentTypeError, ["Function()", "3"]),
    Bad("no_units_given", lambda: Function(plain), ModelError, ["'plain'", "check_units"]),
    Bad("no_unit_of_result", lambda: Function(check_units(x=1)(plain)), ModelError,
        ["'plain'", "result"]),
    Bad("too_few_units", lambda: Function(ratio, arg_units=[1], return_unit=1), ModelError,
        ["'ratio'", "2 arguments", "1 arg_units"]),
    Bad("unknown_argument", lambda: one(arg_units=["y"]), ArgumentTypeError, ["'f'", "'y'"]),
    Bad("unknown_type", lambda: one(arg_types=["double"]), ModelError, ["'f'", "'double'"]),
    Bad("too_many_types", lambda: one(arg_types=["float"] * 2), ModelError, ["'f'", "2 arg_types"]),
    Bad("bad_name", lambda: one(name="f; system()"), ModelError, ["'f; system()'"]),
    Bad("built_in_name", lambda: one(name="exp"), ModelError, ["'exp'"]),
    Bad("sympy", lambda: one(sympy_func=plain), UnsupportedFeatureError, ["'f'", "sympy_func"]),
    Bad("unknown_target", lambda: implement("cppp"), ModelError, ["'f'", "'cppp'", "'cpp'"]),
    Bad("cython", lambda: implement("cython"), UnsupportedFeatureError, ["'f'", "cython"]),
    Bad("no_code", lambda: implement(code=None), ModelError, ["'f'", "'cpp'"]),
    Bad("code_of_another", lambda: implement(code="double g(double x) { return x; }"), ModelError,
        ["'f'", "defines"]),
    Bad("include", lambda: implement(code="#include <map>\ndouble f(double x) { return x; }"),
        UnsupportedFeatureError, ["'f'", "include"]),
    Bad("libraries", lambda: implement(libraries=["m"]), UnsupportedFeatureError,
        ["'f'", "'libraries'"]),
    Bad("unknown_option", lambda: implement(flags=["-O3"]), ArgumentTypeError, ["'f'", "'flags'"]),
    Bad("scalar_in_namespace", lambda: implement(namespace={"k": 3}), ModelError, ["'f'", "'k'"]),
    Bad("python_dependency", lambda: implement(dependencies={"g": plain}), ModelError,
        ["'f'", "'g'"]),
    Bad("numpy_code", lambda: implement("numpy", "x"), ArgumentTypeError, ["'f'", "no code"]),
]  # fmt: skip


@table(ROWS)
def test_bad_functions(bad: Bad) -> None:
    check_refused(bad)


@pytest.mark.compiler
def test_code_that_does_not_compile_says_so() -> None:
    set_device("cpu")
    broken = implement(code="double f(double x) { return y; }")
    with pytest.raises(CompileError, match="y"):
        call("f(v/volt)*volt/ms", broken)


@pytest.mark.compiler
def test_a_dependency_needs_code_too() -> None:
    set_device("cpu")
    inner = Function(plain, arg_units=[1], return_unit=1, name="inner")
    outer = implement(code="double f(double x) { return inner(x); }", dependencies={"inner": inner})
    with pytest.raises(UnsupportedFeatureError, match="'inner' has no implementation"):
        call("f(v/volt)*volt/ms", outer)


def test_what_is_decorated_remains_a_function() -> None:
    made = implementation("cpp", "double ratio(double x, double y) { return x/y; }")(ratio)
    assert isinstance(made, Function)
    assert made(6 * volt, 2 * volt) == 3
    assert made.__doc__ == ratio.__doc__
    with pytest.raises(DimensionMismatchError):
        made(6 * ms, 2 * volt)
