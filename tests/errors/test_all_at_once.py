"""What is wrong at the same moment comes in one error, each with its caret."""

from __future__ import annotations

import pytest

from simgen import Network, NeuronGroup, PoissonInput, Synapses, ms
from simgen.errors import EquationError, SimgenError, UnknownNameError
from simgen.units import Hz


def cells(**arguments):
    model = "dv/dt = -v/tau : volt"
    return NeuronGroup(2, model, **{"threshold": "v > 1*mV", "reset": "v = vr", **arguments})


def told(make):
    with pytest.raises(SimgenError) as caught:
        make()
    return str(caught.value)


def check(text, count, *parts):
    assert text.startswith(f"{count} problems\n")
    assert text.count("^\n") >= count - 1
    missing = [part for part in parts if part not in text]
    assert not missing, text


def test_texts_of_neurons_that_cannot_be_read():
    text = told(
        lambda: NeuronGroup(
            2, "dv/dt = v+ : volt", threshold="v >", reset="v = = 3", refractory="("
        )
    )
    check(text, 4, "in equations", "in threshold", "in reset", "in refractory period")


def test_units_of_neurons_beside_texts_that_cannot_be_read():
    text = told(
        lambda: NeuronGroup(
            2, "dv/dt = v : volt", threshold="v >", reset="v = 3", refractory="v", method="rk5"
        )
    )
    check(text, 5, "'rk5'", "in equations", "in threshold", "in reset", "in refractory period")


def test_texts_of_synapses():
    group = cells()
    text = told(
        lambda: Synapses(group, group, "w = + : 1", on_pre="w +=", on_post={"late": "w = ("})
    )
    check(text, 3, "in equations", "in on_pre", "in pathway 'late'")
    text = told(lambda: Synapses(group, group, "w = 1*mV : 1", on_pre={"a": "v += 2", "b": "v +="}))
    check(text, 3, "in equations", "in pathway 'a'", "in pathway 'b'")


def test_unknown_names_of_all_objects_of_a_network():
    group = cells(refractory="ref")
    synapses = Synapses(group, group, on_pre="v += gain")
    synapses.connect()
    group.run_regularly("v = low")
    drive = PoissonInput(group, "v", 10, 10 * Hz, "weight")
    with pytest.raises(UnknownNameError) as caught:
        Network(group, synapses, drive).run(1 * ms, namespace={})
    check(str(caught.value), 6, *(f"'{n}'" for n in ("ref", "tau", "vr", "gain", "low", "weight")))


def test_methods_that_refuse_equations():
    first = NeuronGroup(1, "dv/dt = v**2/ms : 1", method="exact", name="first")
    second = NeuronGroup(1, "dv/dt = v*xi*ms**-0.5 : 1", method="euler", name="second")
    with pytest.raises(EquationError) as caught:
        Network(first, second).run(1 * ms)
    for part in ("2 problems", "NeuronGroup 'first'", "NeuronGroup 'second'"):
        assert part in str(caught.value)
