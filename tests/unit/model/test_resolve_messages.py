"""Problems of expressions in a scope: their classes, places, reasons and hints."""

import pytest
from resolving import node, problem_of, resolver

from simgen.errors import (
    DimensionMismatchError,
    EquationError,
    UnknownNameError,
)

MESSAGES = {
    "v + 5": (
        DimensionMismatchError,
        "v + 5",
        "'v' is a voltage (V), but '5' has no dimension; '+' needs equal dimensions. "
        "Did you mean 5*mV?",
    ),
    "x*w > -50": (
        DimensionMismatchError,
        "x*w > -50",
        "'x*w' is a voltage (V), but '-50' has no dimension; '>' needs equal dimensions. "
        "Did you mean -50*mV?",
    ),
    "0 < v": (
        DimensionMismatchError,
        "0 < v",
        "'0' has no dimension, but 'v' is a voltage (V); '<' needs equal dimensions. "
        "Did you mean 0*mV?",
    ),
    "v - (1 + 2)": (
        DimensionMismatchError,
        "v - (1 + 2)",
        "'v' is a voltage (V), but '1 + 2' has no dimension; '-' needs equal dimensions. "
        "Did you mean (1 + 2)*mV?",
    ),
    "v % tau": (
        DimensionMismatchError,
        "v % tau",
        "'v' is a voltage (V), but 'tau' is a time (s); '%' needs equal dimensions.",
    ),
    "x + exp(v)": (
        DimensionMismatchError,
        "v",
        "'exp' needs a number without dimension, but 'v' is a voltage (V). "
        "Divide it by a quantity of the same dimension.",
    ),
    "int(v)": (
        DimensionMismatchError,
        "v",
        "'int' needs a number without dimension, but 'v' is a voltage (V). "
        "Divide it by a quantity of the same dimension.",
    ),
    "clip(v, 0, w)": (
        DimensionMismatchError,
        "0",
        "The arguments of 'clip' must have one dimension: 'v' is a voltage (V), "
        "but '0' has no dimension. Did you mean 0*mV?",
    ),
    "timestep(v, dt)": (
        DimensionMismatchError,
        "v",
        "'timestep' needs two times, but 'v' is a voltage (V).",
    ),
    "v**k": (
        DimensionMismatchError,
        "k",
        "'v' is a voltage (V), so its exponent must be a number in the text (of at most 1000), "
        "not 'k'.",
    ),
    "v**1001": (
        DimensionMismatchError,
        "1001",
        "'v' is a voltage (V), so its exponent must be a number in the text (of at most 1000), "
        "not '1001'.",
    ),
    "v**inf": (
        DimensionMismatchError,
        "inf",
        "'v' is a voltage (V), so its exponent must be a number in the text (of at most 1000), "
        "not 'inf'.",
    ),
    "2**v": (
        DimensionMismatchError,
        "v",
        "An exponent has no dimension, but 'v' is a voltage (V).",
    ),
    "v + vv": (UnknownNameError, "vv", "The name 'vv' is not known. Did you mean 'v'?"),
    "true": (UnknownNameError, "true", "The name 'true' is not known. Did you mean 'True'?"),
    "xi": (
        UnknownNameError,
        "xi",
        "The name 'xi' is not known. Noise can only be used in a differential equation.",
    ),
    "sinn(x)": (
        UnknownNameError,
        "sinn(x)",
        "There is no function 'sinn'. Did you mean 'sin'?",
    ),
    "max(x, 2)": (
        UnknownNameError,
        "max(x, 2)",
        "There is no function 'max'. Use clip(x, lo, inf), or max_all(x) for that of all elements.",
    ),
    "v(3)": (
        EquationError,
        "v(3)",
        "'v' is not a function. Write v*(...) for a product.",
    ),
    "2*clip": (EquationError, "clip", "'clip' is a function. Write clip(x, y, z)."),
    "sin(1, 2)": (EquationError, "sin(1, 2)", "'sin' takes 1 argument, not 2."),
    "rand(3)": (EquationError, "rand(3)", "'rand' takes no argument, not 1."),
    "v/(0*mV)": (EquationError, "v/(0*mV)", "This divides by zero."),
    "exp(b)": (
        EquationError,
        "b",
        "'exp' needs a number, but 'b' is a condition. Use int(...) to make it 0 or 1.",
    ),
    "clip(b, b, b)": (
        EquationError,
        "b",
        "'clip' needs a number, but 'b' is a condition. Use int(...) to make it 0 or 1.",
    ),
    "not k": (
        EquationError,
        "k",
        "'not' needs conditions, but 'k' is a number. Compare it with something, as in x > y.",
    ),
    "b and x": (
        EquationError,
        "x",
        "'and' needs conditions, but 'x' is a number. Compare it with something, as in x > y.",
    ),
    "f(x, x)": (
        EquationError,
        "f(x, x)",
        "'f' is a Python function, whose units are not known. Make it a Function: "
        "Function(f, arg_units=[volt], return_unit=1); or decorate it with "
        "@implementation('cpp', ...) above @check_units(x=volt, result=1).",
    ),
}


@pytest.mark.parametrize("text", MESSAGES)
def test_problem_has_its_class_place_reason_and_hint(text):
    error, place, message = MESSAGES[text]
    problem = problem_of(text)
    assert problem.error is error
    assert problem.origin.text == place
    assert f"{problem.message} {problem.hint}".rstrip() == message


def test_whole_message_with_caret():
    assert problem_of("v > 0 and b").render() == (
        "in threshold of NeuronGroup 'exc', line 1\n"
        "    v > 0 and b\n"
        "    ^^^^^\n"
        "  'v' is a voltage (V), but '0' has no dimension; '>' needs equal dimensions. "
        "Did you mean 0*mV?"
    )


def test_one_mistake_is_one_problem_and_two_are_two():
    used = resolver()
    used.expression(node("exp(vv*2 + v) > vv - tau and not (v + tau)"))
    assert [problem.message.split("'")[1] for problem in used.problems] == ["vv", "vv", "v"]
    used.expression(node("v + tau", "reset"))
    again = len(used.problems)
    used.expression(node("v + tau", "reset"))
    assert len(used.problems) == again


# -- random numbers --------------------------------------------------------------------


def test_random_numbers_are_refused_where_there_is_no_key():
    problem = problem_of("rand()*mV", draw_key=None)
    assert problem.message == "'rand' draws random numbers. Random numbers cannot be drawn here."


def test_the_reason_for_refusing_random_numbers_is_told():
    problem = problem_of("x + randn()", forbid_random="A threshold is tested twice.")
    assert problem.message == "'randn' draws random numbers. A threshold is tested twice."
    assert problem.origin.text == "randn()"
