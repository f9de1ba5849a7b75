"""Links that cannot be made, and what is done with linked variables that may not be done."""

from __future__ import annotations

from typing import Any

import pytest
from bad_inputs import Bad, check_refused, neurons, run_of, spiking, table

from simgen import Hz, NeuronGroup, PoissonInput, Synapses, linked_var, mV
from simgen.errors import (
    ArgumentTypeError,
    DimensionMismatchError,
    EquationError,
    IndexRangeError,
    ModelError,
    UnknownNameError,
    UnsupportedFeatureError,
)

SOURCE = """x : volt
y : 1
s : 1 (shared)
z = 2*y : 1"""
X = "x : volt (linked)"


def source() -> NeuronGroup:
    return NeuronGroup(4, SOURCE, name="src")


def link(model: str = X, n: int = 4, to: str = "x", index: Any = None, **keywords: Any) -> None:
    """Link ``x`` of a group of ``n`` neurons."""
    group = neurons(model, n, **keywords)
    group.x = linked_var(source(), to, index=index)


def linked(model: str = X, **keywords: Any) -> NeuronGroup:
    """Return a group whose ``x`` is linked."""
    group = neurons(model, 4, **keywords)
    group.x = linked_var(source(), "x")
    return group


def write(group: Any, value: Any, item: Any = None) -> None:
    if item is None:
        group.x = value
    else:
        group.x[item] = value


def link_through(values: Any) -> NeuronGroup:
    group = neurons(f"{X}\nk : integer (constant)", 3)
    group.x = linked_var(source(), "x", index="k")
    group.k = values
    return group


ROWS = [
    Bad("other_unit", lambda: link(to="y"), DimensionMismatchError,
        ["'x'", "exc", "'y'", "src", "no dimension"]),
    Bad("other_type", lambda: link("x : integer (linked)", to="y"), ModelError,
        ["'x'", "an integer", "'y'", "floating point"]),
    Bad("other_size", lambda: link(n=3), ModelError,
        ["'x'", "exc", "3", "src", "4", "index="]),
    Bad("index_of_other_size", lambda: link(n=3, index=[0, 1]), ModelError,
        ["'x'", "exc", "3 values", "2 were"]),
    Bad("index_beyond", lambda: link(n=3, index=[0, 4, 1]), IndexRangeError,
        ["'x'", "exc", "is 4 at position 1", "src", "4 elements"]),
    Bad("negative_index", lambda: link(n=3, index=[0, 1, -1]), IndexRangeError,
        ["is -1 at position 2"]),
    Bad("fractional_index", lambda: link(n=3, index=[0, 1, 1.5]), ArgumentTypeError,
        ["'x'", "src", "integers"]),
    Bad("index_table", lambda: link(n=2, index=[[0, 1]]), ArgumentTypeError, ["src"]),
    Bad("unknown_index_variable", lambda: link(f"{X}\nkey : integer (constant)", index="kee"),
        UnknownNameError, ["'kee'", "exc", "'key'"]),
    Bad("floating_index_variable", lambda: link(f"{X}\nk : 1 (constant)", index="k"),
        ModelError, ["'x'", "k : integer (constant)"]),
    Bad("index_variable_that_changes", lambda: link(f"{X}\nk : integer", index="k"),
        ModelError, ["'x'", "k : integer (constant)"]),
    Bad("index_variable_beyond", lambda: link_through([0, 1, 9]).x[:], IndexRangeError,
        ["'x'", "is 9 at position 2", "src"]),
    Bad("index_of_shared", lambda: link("x : 1 (linked)", to="s", index=[0] * 4), ModelError,
        ["'x'", "'s'", "shared"]),
    Bad("shared_link_to_many", lambda: link("x : 1 (linked, shared)", to="y"), ModelError,
        ["'x'", "shared", "'y'"]),
    Bad("misspelt_source", lambda: linked_var(source(), "xs"), UnknownNameError,
        ["'xs'", "src", "'x'"]),
    Bad("number_as_source", lambda: linked_var(source(), "i"), UnsupportedFeatureError,
        ["'i'", "src", "no variable"]),
    Bad("source_without_name", lambda: linked_var(source()), ArgumentTypeError, ["src", "name"]),
    Bad("no_group", lambda: linked_var("src", "x"), ArgumentTypeError, ["linked_var", "'src'"]),
    Bad("variable_and_name", lambda: linked_var(source().x, "x"), ArgumentTypeError,
        ["linked_var", "'x'"]),
    Bad("synapses_of_other_number", lambda: write(neurons("x : 1 (linked)"), linked_var(
        Synapses(spiking(name="far"), neurons(name="inh"), "w : 1", name="syn"), "w")),
        ModelError, ["'x'", "exc", "'w' of Synapses 'syn'", "has 0", "index="]),
    Bad("number_of_synapses", lambda: linked_var(
        Synapses(spiking(), neurons(name="inh"), "w : 1", name="syn"), "N_incoming"),
        UnsupportedFeatureError, ["'N_incoming'", "syn", "no variable"]),
    Bad("circle", lambda: write(g := neurons("x : 1 (linked)\ny = x + 1 : 1"), linked_var(g, "y")),
        ModelError, ["'x'", "exc", "'y'", "itself"]),
    Bad("to_itself", lambda: write(g := neurons(X), linked_var(g, "x")), ModelError,
        ["'x'", "exc", "itself"]),
    Bad("to_an_open_link", lambda: write(
        neurons(X), linked_var(neurons("y : volt (linked)", name="inh"), "y")), ModelError,
        ["'y'", "inh", "nothing"]),
    Bad("twice", lambda: write(g := linked(), linked_var(g.variables["x"].link.group, "x")),
        ModelError, ["'x'", "exc", "already", "src"]),
    Bad("without_flag", lambda: link("x : volt"), ModelError, ["'x'", "exc", "(linked)"]),
    Bad("some_elements", lambda: write(neurons(X), linked_var(source(), "x"), slice(0, 2)),
        ModelError, ["'x'", "exc"]),
    Bad("values", lambda: write(linked(), 3 * mV), ModelError, ["'x'", "exc", "linked_var"]),
    Bad("text", lambda: write(linked(), "3*mV", slice(1)), ModelError, ["'x'", "exc"]),
    Bad("read_before_linked", lambda: neurons(X).x[:], ModelError, ["'x'", "exc", "nothing"]),
    Bad("run_before_linked", lambda: run_of(neurons(X)), ModelError, ["'x'", "exc", "nothing"]),
    Bad("source_elsewhere", lambda: run_of(linked()), ModelError, ["exc", "src", "not part"]),
    Bad("reset", lambda: neurons(X, threshold="x > 1*mV", reset="x = 0*mV"), EquationError,
        ["'x'", "exc", "linked", "^^^"]),
    Bad("on_pre", lambda: Synapses(spiking(name="inh"), linked(), on_pre="x += 1*mV"),
        EquationError, ["'x'", "exc", "linked", "^^^"]),
    Bad("sum", lambda: Synapses(spiking(name="inh"), linked(), "x_post = 1*mV : volt (summed)"),
        EquationError, ["'x'", "exc", "sum", "^^^"]),
    Bad("poisson_input", lambda: PoissonInput(linked(), "x", 10, 10 * Hz, 1 * mV), ModelError,
        ["'x'", "exc", "linked"]),
    Bad("synaptic", lambda: Synapses(spiking(), spiking(name="inh"), "u : volt (linked)"),
        EquationError, ["'u'", "linked", "NeuronGroup"]),
    Bad("differential", lambda: neurons("dx/dt = 1*volt/ms : volt (linked)"), EquationError,
        ["linked", "^^^"]),
]  # fmt: skip


@table(ROWS)
def test_bad_links(bad: Bad) -> None:
    check_refused(bad)


def test_regular_code_may_not_write_a_linked_variable() -> None:
    group, other = neurons(X, 4), source()
    group.x = linked_var(other, "x")
    group.run_regularly("x += 1*mV")
    with pytest.raises(EquationError, match=r"'x' of NeuronGroup 'exc' is linked.*") as caught:
        run_of(group, other)
    assert "x += 1*mV\n    ^^^^^^^^^" in str(caught.value)


def test_a_link_that_was_refused_leaves_the_variable_open() -> None:
    group, other = neurons(X, 3), source()
    with pytest.raises(IndexRangeError):
        group.x = linked_var(other, "x", index=[0, 1, 4])
    group.x = linked_var(other, "x", index=[0, 1, 3])
    other.x = [1, 2, 3, 4] * mV
    assert (group.x / mV).tolist() == [1, 2, 4]
    run_of(group, other)
