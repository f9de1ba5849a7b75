"""Equations: kinds, continuation, units, flags and names, and their problems."""

import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simgen.errors import EquationError, SimgenError, SourceText, UnknownNameError
from simgen.lang.equations import parse_equations
from simgen.lang.expressions import parse_expression
from simgen.lang.names import RESERVED_NAMES


def parse(text):
    return parse_equations(SourceText(text, "equations", "NeuronGroup 'exc'"))


def expression(text):
    return parse_expression(SourceText(text))


def refusal(text):
    with pytest.raises(SimgenError) as caught:
        parse(text)
    return str(caught.value)


HODGKIN_HUXLEY = """
# the squid's axon
dv/dt = (gl*(El - v) - g_na*(m*m*m)*h*(v - ENa)
         - g_kd*(n*n*n*n)*(v - EK) + I)/Cm : volt (unless refractory)
dm/dt = alpha_m*(1 - m) - beta_m*m : 1

alpha_m = 0.32*(mV**-1)*4*mV/
          exprel((13.*mV - v + VT)/(4*mV))/ms : Hz   # per second
beta_m = 5/ms : Hz (constant over dt)
I : amp (shared, constant)
spikes : integer
is_on : boolean
g : siemens*meter**-2
r : 1/second
"""


def test_kinds_names_expressions_units_and_flags():
    found = parse(HODGKIN_HUXLEY)
    assert [(item.kind, item.name, item.flags, item.dtype) for item in found.equations] == [
        ("differential", "v", ("unless refractory",), "float"),
        ("differential", "m", (), "float"),
        ("subexpression", "alpha_m", (), "float"),
        ("subexpression", "beta_m", ("constant over dt",), "float"),
        ("parameter", "I", ("shared", "constant"), "float"),
        ("parameter", "spikes", (), "integer"),
        ("parameter", "is_on", (), "boolean"),
        ("parameter", "g", (), "float"),
        ("parameter", "r", (), "float"),
    ]
    assert found["alpha_m"].expression == expression(
        "0.32*(mV**-1)*4*mV/exprel((13.*mV - v + VT)/(4*mV))/ms"
    )
    assert found["I"].expression is None
    assert found["g"].unit_node == expression("siemens*meter**-2")
    assert found["m"].origin.text == "dm/dt = alpha_m*(1 - m) - beta_m*m : 1"
    assert found["v"].origin.line == 3


def test_text_without_equations_gives_an_empty_set():
    assert len(parse("\n  # nothing\n")) == 0


def test_a_line_with_name_and_colon_may_end_an_expression():
    found = parse("dv/dt = (a\n - v)/\n tau : volt\ntau : second")
    assert found["v"].expression == expression("(a - v)/tau")
    assert list(found) == ["v", "tau"]


def test_blanks_in_heads_and_flags_do_not_matter():
    found = parse("dx /dt= 1/second:1( event-driven )")
    assert found["x"].flags == ("event-driven",)
    assert parse("y = 1 : 1 (constant   over\tdt)")["y"].flags == ("constant over dt",)


def test_unit_in_brackets_is_no_flag():
    found = parse("x : (volt/second) (constant)\ny : volt/(second*meter)")
    assert found["x"].flags == ("constant",)
    assert found["y"].flags == ()


def test_names_differing_only_in_case_are_different():
    assert list(parse("v : 1\nV : 1")) == ["v", "V"]


def test_subexpressions_are_ordered_by_need():
    found = parse("a = b + c : 1\nb = c*2 : 1\nc = x : 1\nd = 1 : 1\nx : 1")
    assert [item.name for item in found.ordered_subexpressions()] == ["c", "d", "b", "a"]


def test_a_summed_variable_may_end_in_post():
    assert parse("g_post = w : siemens (summed)\nw : siemens")["g_post"].flags == ("summed",)
    assert "ends like a variable of the connected group" in refusal("g_post = w : siemens")
    assert "ends like a variable of the connected group" in refusal("x_pre : 1")


def test_all_problems_are_shown_with_their_places():
    text = """
        dv/dt = (El - v/tau : volt
        x, y : volt
        g : mV
        b = a + a.x : 1
        z : 1 (unless refractory)
        w += 1
    """
    assert refusal(textwrap.dedent(text)) == textwrap.dedent(
        """\
        6 problems
        in equations of NeuronGroup 'exc', line 2
            dv/dt = (El - v/tau : volt
                    ^
          This '(' is never closed.
        in equations of NeuronGroup 'exc', line 3
            x, y : volt
            ^^^^^^^^^^^
          One line defines one variable. Use a line for each.
        in equations of NeuronGroup 'exc', line 4
            g : mV
                ^^
          The unit of a definition must be a base unit, not 'mV'. Use 'volt'.
        in equations of NeuronGroup 'exc', line 5
            b = a + a.x : 1
                     ^
          Attributes are not part of the language. Give the value a name of its own.
        in equations of NeuronGroup 'exc', line 6
            z : 1 (unless refractory)
                   ^^^^^^^^^^^^^^^^^
          A parameter cannot have the flag 'unless refractory'. \
Possible are: constant, shared, linked, kernel, point current.
        in equations of NeuronGroup 'exc', line 7
            w += 1
              ^^
          '+=' belongs into a reset or another code, not into equations. \
Write 'dx/dt = ... : unit', 'x = ... : unit' or 'x : unit'."""
    )


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("dv/dt = -v/tau", "The definition of 'v' has no unit. End it with ': unit'"),
        ("dv/dt = -v/tau\nx : 1", "The definition of 'v' has no unit."),
        ("dv/dt = -v/tau\ndw/dt = 1 : 1", "The definition of 'v' has no unit."),
        ("x = : 1", "An expression is expected after '='."),
        ("x :", "A unit is expected after ':'. Use 1 for a number without dimension."),
        ("dv/dx = 1 : 1", "Only derivatives by time are possible, not by 'dx'."),
        ("x, y : volt", "One line defines one variable. Use a line for each."),
        ("v' = 3 : 1", "There is no derivative by an apostrophe."),
        ("-v/tau", "This is not a definition. Write 'dx/dt = ... : unit'"),
        ("x : volt second", "An operator is missing before 'second'."),
        ("x : 2*volt", "A unit has no factor but 1."),
        ("x : ms", "must be a base unit, not 'ms'. Use 'second'."),
        ("x : nS/cm**2", "must be a base unit, not 'nS'. Use 'siemens'."),
        ("x : bool", "There is no unit 'bool'. Use 'boolean'."),
        ("x : vlot", "There is no unit 'vlot'. Did you mean 'volt'?"),
        ("x : volt**v", "The exponent of a unit is a number"),
        ("x : -volt", "This is not a unit. A unit is made of"),
        ("x : volt + volt", "This is not a unit."),
        ("∂v = 3 : 1", "The character '∂' has no meaning here."),
        ("x : boolean*volt", "'boolean' stands alone"),
        ("dx/dt = 1/second : integer", "cannot be of type integer"),
        ("x : 1 (constat)", "There is no flag 'constat'. Did you mean 'constant'?"),
        ("x : 1 (constant, constant)", "The flag 'constant' is given twice."),
        ("x : 1 (constant", "This '(' is never closed."),
        ("x : 1 (constant,)", "A flag is expected before ')'."),
        ("x : 1 (constant) 3", "Nothing may follow the flags of a definition."),
        ("dx/dt = 1/second : 1 (event-driven, clock-driven)", "exclude each other"),
        ("dx/dt = 1/second : 1 (constant)", "A differential equation cannot have the flag"),
        ("x = 1 : 1 (linked)", "A subexpression cannot have the flag 'linked'."),
        ("x : 1\nx : 1", "'x' is already defined in line 1."),
        ("dx/dt = 1/second : 1\nx = 2 : 1", "'x' is already defined in line 1."),
        ("mV : volt", "'mV' is a unit."),
        ("exp : 1", "'exp' is a function of the language."),
        ("pi : 1", "'pi' is a constant of the language."),
        ("lambda : 1", "'lambda' is a keyword of Python and cannot be a name. Use 'lambda_'."),
        ("_x : 1", "is reserved: it begins with '_'"),
        ("_x : 1", "is reserved"),
        ("xi_1 : 1", "The name 'xi_1' is reserved."),
        ("größe : 1", "Names are made of the letters a to z"),
        ("v" * 300 + " : 1", "longer than 200 characters"),
        ("a = a + 1 : 1", "The subexpression 'a' is defined by itself."),
        ("a = b : 1\nb = c : 1\nc = a : 1", "need each other: a -> b -> c -> a."),
        ("d = a : 1\na = b : 1\nb = a : 1", "need each other: a -> b -> a."),
    ],
)
def test_wrong_equations_are_refused(text, part):
    message = refusal(text)
    assert part in message
    assert "^" in message


@pytest.mark.parametrize("name", sorted(RESERVED_NAMES))
def test_reserved_names_are_refused_in_every_kind(name):
    for text in (f"{name} : 1", f"{name} = 1 : 1", f"d{name}/dt = 1/second : 1"):
        assert f"'{name}'" in refusal(text)


def test_the_class_of_an_unknown_unit_is_that_of_unknown_names():
    with pytest.raises(UnknownNameError):
        parse("x : vlot")


def test_a_flagged_cycle_is_an_equation_error():
    with pytest.raises(EquationError):
        parse("a = a : 1")


def test_a_text_full_of_problems_shows_a_bounded_number():
    assert refusal("stray\n" * 5000).startswith("20 problems\n")


def test_a_long_valid_text_is_read():
    lines = [f"dx{n}/dt = -x{n}/tau : 1" for n in range(300)]
    assert len(parse("\n".join(lines))) == 300


_WORDS = "dv/dt v = + - ( ) : volt 1 mV (constant) \n \n (unless , # \\ é x integer == x^2 ."


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.lists(st.sampled_from(_WORDS.split(" ")), max_size=25))
def test_random_equations_give_a_set_or_an_error_of_ours(words):
    try:
        found = parse(" ".join(words))
    except SimgenError:
        return
    assert all(name.isidentifier() for name in found)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.integers(0, len(HODGKIN_HUXLEY)), st.integers(0, 12), st.text(max_size=3))
def test_damaged_equations_give_a_set_or_an_error_of_ours(place, drop, insert):
    text = HODGKIN_HUXLEY[:place] + insert + HODGKIN_HUXLEY[place + drop :]
    told = "a set"
    try:
        parse(text)
    except SimgenError as error:
        told = str(error)
    assert told
