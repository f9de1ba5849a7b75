"""Integers divided by zero, which would give 0 without a word."""

from __future__ import annotations

import pytest

from simgen import Network, NeuronGroup, NumericalError, Synapses, ms
from simgen.errors import EquationError

MODEL = "n : integer\nm : integer\nx : 1"


def cells(condition="i == 1", model=MODEL, **options):
    group = NeuronGroup(3, model, threshold=condition, name="exc", **options)
    group.n, group.m = 7, [2, 3, 0]
    return group


@pytest.mark.parametrize(
    ("code", "variable"),
    [
        ("n = n // m", "'n' of NeuronGroup 'exc'"),
        ("n += n % m", "'n' of NeuronGroup 'exc'"),
        ("n -= n % m", "'n' of NeuronGroup 'exc'"),
        ("n //= m", "'n' of NeuronGroup 'exc'"),
        ("q = 3 % m\nq += 1\nn = 2*q", "'n' of NeuronGroup 'exc'"),
        ("x += 0.5*(n // m)", "'x' of NeuronGroup 'exc' is nan"),
        ("x = int(n % m == 1)", "'x' of NeuronGroup 'exc' is nan"),
    ],
)
def test_code_is_told(code, variable):
    group = cells()
    group.run_regularly(code)
    with pytest.raises(NumericalError) as caught:
        Network(group).run(0.1 * ms)
    assert variable in str(caught.value)
    assert "at index 2" in str(caught.value)
    assert "division by zero" in str(caught.value)


def test_deliveries_are_told():
    group = cells(reset="")
    synapses = Synapses(group, group, on_pre="n_post += n_post // m_post", name="syn")
    synapses.connect()
    with pytest.raises(NumericalError, match=r"'n' of NeuronGroup 'exc' .* at index 2"):
        Network(group, synapses).run(0.1 * ms)


def test_conditions_and_equations_are_told():
    group = cells("n % m == 1", reset="")
    net = Network(group)
    with pytest.raises(NumericalError) as caught:
        net.run(0.1 * ms)
    for part in ("threshold of NeuronGroup 'exc'", "^^^^^^^^^^", "at index 2", "divided by zero"):
        assert part in str(caught.value)
    group.m = 3
    net.run(0.1 * ms)


def test_constants_are_looked_at_before_a_run():
    group = cells("(i + 1) % k == 1 and i % N == 0", f"dx/dt = (n // k)/ms : 1\n{MODEL[:-6]}")
    net = Network(group)
    net.run(0.1 * ms, namespace={"k": 2})
    assert group.x[0] == pytest.approx(0.3)
    with pytest.raises(NumericalError, match="divided by zero in NeuronGroup 'exc'"):
        net.run(0.1 * ms, namespace={"k": 0})
    assert group.x[0] == pytest.approx(0.3)
    net.run(0.1 * ms, namespace={"k": 7})


def test_text_is_refused():
    group = cells()
    with pytest.raises(NumericalError, match="divided by zero"):
        group.n = "n % m"
    assert group.n[:].tolist() == [7, 7, 7]
    group.n["m > 0"] = "n % m"
    assert group.n[:].tolist() == [1, 1, 7]
    synapses = Synapses(group, group)
    with pytest.raises(EquationError, match="'k' is 0"):
        synapses.connect("i % k == 0", namespace={"k": 0})
