"""Equations objects: substitution, addition, and what they tell."""

import pytest

from simgen.errors import ArgumentTypeError, EquationError, UnknownNameError
from simgen.lang.equations_object import Equations
from simgen.units import ms, mV, volt

LEAKY = "dv/dt = (El - v)/tau : volt  # leak\nEl : volt"


def test_names_by_kind():
    found = Equations(LEAKY + "\nI = v*2 : volt\nb : boolean")
    assert found.names == {"v", "El", "I", "b"}
    assert found.diff_eq_names == {"v"}
    assert found.subexpr_names == {"I"}
    assert found.eq_names == {"v", "I"}
    assert found.parameter_names == {"El", "b"}
    assert list(found) == ["v", "El", "I", "b"]
    assert len(found) == 4
    assert "v" in found
    assert found["v"].kind == "differential"


@pytest.mark.parametrize(
    ("name", "kind", "expr", "var_type", "unit"),
    [
        ("v", "differential equation", "(El - v)/tau", "float", volt),
        ("El", "parameter", None, "float", volt),
        ("y", "subexpression", "2*n", "float", 1),
        ("n", "parameter", None, "integer", 1),
    ],
)
def test_an_equation_tells_what_it_defines(name, kind, expr, var_type, unit):
    found = Equations(LEAKY + "\nn : integer\ny = 2*n : 1")[name]
    assert (found.varname, found.type, found.expr, found.var_type) == (name, kind, expr, var_type)
    assert found.unit == unit
    assert found.dim == found.unit.dim


def test_an_unknown_name_is_answered_with_a_suggestion():
    with pytest.raises(UnknownNameError, match=r"do not define 'Ell'\. Did you mean 'El'\?"):
        Equations(LEAKY)["Ell"]


def test_names_are_replaced_everywhere_but_in_comments():
    found = Equations("dv/dt = (El - v)/tau : volt # v, tau", v="u", tau="tau_m")
    assert found.text == "du/dt = (El - u)/tau_m : volt # v, tau"


def test_two_names_can_change_places():
    assert Equations("x = y : 1\ny : 1", x="y", y="x").text == "y = x : 1\nx : 1"


def test_values_are_kept_beside_the_text():
    found = Equations(LEAKY, tau=10 * ms)
    assert found.substituted_values == {"tau": 10 * ms}
    assert "tau" in found.text


@pytest.mark.parametrize(
    ("substitutions", "error", "part"),
    [
        ({"tao": 3}, EquationError, "no name 'tao' that could be replaced. Did you mean 'tau'?"),
        ({"tau": "10*ms"}, EquationError, "'10\\*ms' is not a name."),
        ({"tau": "mV"}, EquationError, "'mV' is a unit."),
        ({"tau": [1, 2]}, ArgumentTypeError, "not by list"),
        ({"v": 3 * volt}, EquationError, "'v' is defined by the equations"),
    ],
)
def test_wrong_substitutions_are_refused(substitutions, error, part):
    with pytest.raises(error, match=part):
        Equations(LEAKY, **substitutions)


def test_a_text_is_needed():
    with pytest.raises(ArgumentTypeError, match="as a string, not as int"):
        Equations(3)


def test_equations_and_texts_are_added():
    both = Equations("x : 1") + "y : 1"
    assert list(both) == ["x", "y"]
    assert list("z : 1" + both) == ["z", "x", "y"]
    with pytest.raises(EquationError, match="'x' is already defined"):
        both + "x : 1"
    with pytest.raises(TypeError):
        both + 3


def test_equal_names_with_different_values_are_told_apart_by_addition():
    first = Equations("dx/dt = -x/tau : 1", tau=5 * ms)
    both = first + Equations("dy/dt = -y/tau : 1", tau=10 * ms)
    assert both.substituted_values == {"tau": 5 * ms, "tau_2": 10 * ms}
    assert both.text == "dx/dt = -x/tau : 1\ndy/dt = -y/tau_2 : 1"
    same = first + Equations("dy/dt = -y/tau : 1", tau=5 * ms)
    assert same.substituted_values == {"tau": 5 * ms}


def test_a_value_does_not_capture_a_free_name_of_the_other_side():
    valued, free = Equations("x = k*2 : 1", k=3), Equations("y = k + k_2 : 1")
    assert (valued + free).text == "x = k_3*2 : 1\ny = k + k_2 : 1"
    assert (valued + free).substituted_values == {"k_3": 3}
    assert (free + valued).text == "y = k + k_2 : 1\nx = k_3*2 : 1"


def test_text_and_equality():
    found = Equations(LEAKY)
    assert str(found) == "dv/dt = (El - v)/tau : volt\nEl : volt"
    assert repr(found) == f"Equations({str(found)!r})"
    assert found == Equations(LEAKY + "  # other comment")
    assert hash(found) == hash(Equations(LEAKY))
    assert found != Equations(LEAKY, tau=3 * ms)
    assert Equations("x = k : volt", k=3 * mV) != Equations("x = k : volt", k=4 * mV)


def test_what_equations_say_of_themselves():
    text = """dv/dt = (E - v)/tau + s*xi_1*tau**-0.5 : volt
              E = E0*sin(2*pi*f*t) : volt  # driven
              E0 : volt (constant)"""
    equations = Equations(text)
    assert equations.eq_expressions == [
        ("v", "(E - v)/tau + s*xi_1*tau**-0.5"),
        ("E", "E0*sin(2*pi*f*t)"),
    ]
    assert equations.diff_eq_expressions == equations.eq_expressions[:1]
    assert equations.identifiers == {*["tau", "s", "xi_1", "sin", "pi", "f", "t"]}
    assert Equations(text, f=5.0, s="noise").identifiers == {
        *["tau", "noise", "xi_1", "sin", "pi", "t"]
    }
    assert equations.dimensions == dict.fromkeys(("v", "E", "E0"), volt.dim)
    assert equations.stochastic_variables == {"xi_1"}
    assert equations.is_stochastic
    assert not Equations("v : 1").is_stochastic
