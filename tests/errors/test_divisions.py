"""Integers divided by zero in text that is evaluated at once, and constants that are zero.

What running code divides by is in numerics/test_zero_divisions.py.
"""

from __future__ import annotations

import logging

import pytest

from simgen import (
    ModelError,
    Network,
    NeuronGroup,
    NumericalError,
    Synapses,
    ms,
    set_device,
)

MODEL = "k : integer (constant)\nm : integer\nn : integer\nb : boolean\nx : 1\n"


def cells(more="", **options):
    """Three neurons, of which the last has m = k = 0."""
    group = NeuronGroup(3, MODEL + more, name="cells", **options)
    group.m = group.k = [2, 3, 0]
    return group


def assigned(text, name="n", where=Ellipsis):
    def build():
        group = cells()
        getattr(group, name)[where] = text

    return build


def read(text, kind="integer"):
    def build():
        group = cells(f"q = {text} : {kind}")
        return group.q[:]

    return build


def connected(condition=None, n_target=3, **options):
    def build():
        source, target = cells(), NeuronGroup(n_target, "z : integer (constant)", name="target")
        synapses = Synapses(source, target, name="wires")
        synapses.connect(condition, namespace={"zero": 0}, **options)

    return build


def of_synapses(variable, text):
    def build():
        group = cells(threshold="True", reset="")
        synapses = Synapses(group, group, "w : integer", on_pre="w += 1", name="wires")
        synapses.connect()
        setattr(synapses, variable, text)

    return build


AT_ONCE = {
    "assigned": (assigned("i // m"), "at index 2: 'm' is 0"),
    "assigned to a part": (assigned("7 % m", where=slice(1, 3)), "at index 2: 'm' is 0"),
    "assigned where": (assigned("7 // (m - 2)", where="i < 1"), "at index 0"),
    "condition": (assigned("7", where="7 % m == 1"), "at index 2: 'm' is 0"),
    "boolean": (assigned("7 % m == 1", name="b"), "at index 2: 'm' is 0"),
    "random": (assigned("7 // (m*int(rand() < 2))"), "at index 2"),
    "only random": (assigned("7 // int(rand() > 2)"), "at index 0"),
    "subexpression": (read("7 // m"), "at index 2: 'm' is 0"),
    "synaptic": (of_synapses("w", "i // m_post"), "from 0 to 2: 'm' is 0"),
    "delay": (of_synapses("delay", "(i // m_post)*ms"), "from 0 to 2: 'm' is 0"),
    "connect": (connected("i % k_pre == 0"), "for i = 2: 'k' is 0"),
    "connect, target": (connected("i % z_post == 0"), "for j = 0: 'z' is 0"),
    "connect, constant": (connected("i % zero == 0"), "'zero' is 0"),
    "connect, p": (connected("i != j", p="1.0/(1 + i // k_pre)"), "for i = 2: 'k' is 0"),
    "connect, n": (connected("i == 2", n="i // k_pre"), "for i = 2: 'k' is 0"),
    "connect, drawn": (connected("i % k_pre == 0", p=0.9, n_target=50), "for i = 2: 'k' is 0"),
    "generator": (connected(j="i // k_pre for _ in range(2)"), "for i = 2: 'k' is 0"),
    "generator, loop": (connected(j="q // q for q in range(2)"), "q // q"),
    "generator, if": (connected(j="q for q in range(2) if q % k_pre == 0"), "i = 2: 'k' is 0"),
    "generator, range": (connected(j="q for q in range(3 // k_pre)"), "for i = 2: 'k' is 0"),
    "generator, i": (connected(i="q for q in range(3 // z_post)"), "for j = 0: 'z' is 0"),
}


@pytest.mark.parametrize("name", AT_ONCE)
def test_what_is_evaluated_at_once_says_so(name):
    build, place = AT_ONCE[name]
    with pytest.raises(NumericalError) as caught:
        build()
    text = str(caught.value)
    assert "An integer is divided by zero" in text
    assert place in text
    assert "NeuronGroup 'cells'" in text or "Synapses 'wires'" in text


@pytest.mark.compiler
@pytest.mark.parametrize(
    "rule", [{"condition": "i % k_pre == 0"}, {"condition": "i > 0", "p": "0.1*(i // k_pre)"}]
)
def test_compiled_pairs_say_so(rule):
    set_device("cpu")
    with pytest.raises(NumericalError, match="for i = 2: 'k' is 0") as caught:
        connected(n_target=400000, **rule)()
    assert "Synapses 'wires'" in str(caught.value)


@pytest.mark.compiler
def test_guards_hold_for_compiled_pairs():
    set_device("cpu")
    synapses = Synapses(cells(), NeuronGroup(400000, "z : 1"), name="wires")
    synapses.connect("k_pre != 0 and j % k_pre == 1 and j < 10")
    assert synapses.i[:].tolist() == [0, 0, 0, 0, 0, 1, 1, 1]
    synapses.connect("i < 2 and j < 2", p="1.0*(1 // (2*k_pre) + 1)")
    assert len(synapses) == 12


@pytest.mark.compiler
def test_large_groups_and_devices_say_so():
    set_device("cuda", emulate=True)
    group = NeuronGroup(100000, MODEL, name="cells")
    group.m = "i + 1"
    group.n = "i % m"
    group.m[99998] = 0
    with pytest.raises(NumericalError, match="at index 99998: 'm' is 0"):
        group.n = "i // m"
    assert group.n[99998] == 99998


def test_constants_are_looked_at_before_a_run():
    group = cells("dv/dt = (7 // a)/ms : 1", threshold="(i + 1) % a == 1 and i % N == 0", reset="")
    net = Network(group)
    net.run(0.1 * ms, namespace={"a": 2})
    assert group.v[0] == pytest.approx(0.3)
    for _ in range(2):
        with pytest.raises(NumericalError, match=r"'a' is 0 .*NeuronGroup 'cells'"):
            net.run(0.1 * ms, namespace={"a": 0})
    assert group.v[0] == pytest.approx(0.3)
    net.run(0.1 * ms, namespace={"a": 7})


def test_values_stay_as_they_were():
    group = cells()
    with pytest.raises(NumericalError, match="divided by zero"):
        group.n = "7 % m"
    assert group.n[:].tolist() == [0, 0, 0]
    group.n["m > 0"] = "7 % m"
    assert group.n[:].tolist() == [1, 1, 0]


def test_guards_hold_for_pairs():
    synapses = Synapses(cells(), NeuronGroup(20, "z : 1"), name="wires")
    synapses.connect("k_pre != 0 and j % k_pre == 1 and j < 10")
    assert synapses.i[:].tolist() == [0, 0, 0, 0, 0, 1, 1, 1]
    synapses.connect("i < 2", p="0.1 + 0*(7 // k_pre)")
    synapses.connect(j="q for q in range(5) if k_pre != 0 and q % k_pre == 0")


WRONG_CHANCES = {
    "infinite": "rand() < C/M",
    "not a number": "rand() < (C - C)/M",
    "the other way": "i != j and C/M >= rand()",
    "in a generator": None,
}


@pytest.mark.parametrize("name", WRONG_CHANCES)
def test_chances_that_are_none(name):
    synapses = Synapses(cells(), name="wires")
    options = {"condition": WRONG_CHANCES[name]}
    if name == "in a generator":
        options = {"j": "q for q in range(N_post) if rand() < C/M"}
    with pytest.raises(ModelError, match=r"(?s)rand\(\).*Synapses 'wires'.*no probability"):
        synapses.connect(**options, namespace={"C": 10.0, "M": 0})
    assert len(synapses) == 0


@pytest.mark.parametrize(("chance", "warned"), [(1.5, True), (-0.5, True), (1, False), (0, False)])
def test_chances_outside_their_range(chance, warned, caplog):
    synapses = Synapses(cells(), name="wires")
    with caplog.at_level(logging.WARNING, "simgen.model"):
        synapses.connect("rand() < C/M", namespace={"C": float(chance), "M": 1})
    told = "rand() is compared with" in caplog.text and f"{float(chance)}" in caplog.text
    assert told == warned
    assert len(synapses) == (9 if chance >= 1 else 0)
