"""Assignments that combine: what they compute, and which types they refuse."""

import pytest

from simgen import EquationError, NeuronGroup, Synapses, ms, run

MODEL = "a : 1\nb : boolean\nk : integer\ns = 2*(i > 1) : 1"


@pytest.mark.usefixtures("device")
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a **= 2", [4, 9, 16]),
        ("a **= 0.5", [2**0.5, 3**0.5, 2]),
        ("a **= k", [8, 27, 64]),
        ("x = a; x **= 2; a = x", [4, 9, 16]),
        ("a -= 2*k; a /= 4", [-1, -0.75, -0.5]),
        ("k //= 2; k *= -7; k %= 5; a = k", [3, 3, 3]),
        ("a = 10*b + (i > 1)", [0, 10, 11]),
        ("a *= not b; k = b; a += k", [2, 1, 1]),
        ("a = -b + 2**(i > 1) + (b == 1) + (b < 1)", [2, 1, 2]),
        ("x = i > 0; a = s*x", [0, 0, 2]),
    ],
)
def test_what_operators_compute(code, expected):
    group = NeuronGroup(3, MODEL)
    group.a, group.k, group.b = "i + 2", 3, "i > 0"
    group.run_regularly(code)
    run(0.1 * ms)
    assert group.a[:] == pytest.approx(expected)


@pytest.mark.usefixtures("device")
def test_powers_of_what_spikes_meet():
    group = NeuronGroup(3, "a : 1", threshold="i == 0", reset="")
    group.a = 3
    synapses = Synapses(group, group, on_pre="a_post **= 2")
    synapses.connect(i=0, j=[1, 2])
    run(0.2 * ms)
    assert group.a[:].tolist() == [3, 81, 81]


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("k **= 2", "'k' is integer, but '**=' gives fractions. Use 'k = int(...)'."),
        ("k /= 2", "'k' is integer, but '/=' gives fractions. Use 'k = int(...)'."),
        ("k = a", "'k' is integer, but the right side is floating point. Use int(...)."),
        ("b = 1", "'b' is boolean, but the right side is integer. Use a condition."),
        ("b += b", "'b' is boolean, so '+=' cannot change it. Use '=' and a condition."),
    ],
)
def test_types_that_do_not_fit(code, shown):
    with pytest.raises(EquationError) as info:
        NeuronGroup(3, MODEL, threshold="a > 1", reset=code)
    assert shown in str(info.value)
    assert f"{code}\n    {'^' * len(code)}" in str(info.value)
