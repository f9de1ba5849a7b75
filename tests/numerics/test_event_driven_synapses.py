"""Coupled event-driven equations in networks: as Brian 2.9 computes them, and on every device.

Pathways on both sides, heterogeneous delays, neuron variables that are read at the event.
"""

import numpy as np
import pytest

from simgen import (
    Network,
    NeuronGroup,
    NumericalError,
    SpikeGeneratorGroup,
    Synapses,
    ms,
    seed,
    set_device,
    start_scope,
)

TIMES = [0.3, 0.9, 1.0, 4.2, 7.7, 7.8, 21.3, 40.0, 63.1]
SOURCES = [0, 1, 0, 2, 1, 0, 2, 0, 1]
CASES = {
    "depression": (
        """dxr/dt = (1 - xr)/tau_rec : 1 (event-driven)
        dy/dt = -y/tau_i : 1 (event-driven)
        dz/dt = y/tau_i - z/tau_rec + xr*0.1/tau_i : 1 (event-driven)""",
        "y += 0.4*xr; xr -= 0.4*xr; v_post += y",
        "z += 0.01*v_post",
        {"tau_rec": 80 * ms, "tau_i": 3 * ms},
    ),
    "drive": (
        """da/dt = (b - a)/tau : 1 (event-driven)
        db/dt = (v_post - b)/tau : 1 (event-driven)
        dc/dt = -c/(2*tau) : 1 (event-driven)""",
        "a += 1; c += 0.5; v_post += a",
        "b += 0.3",
        {"tau": 5 * ms},
    ),
    "own": (
        """da/dt = (b - a)/tau : 1 (event-driven)
        db/dt = (c - b)/tau : 1 (event-driven)
        dc/dt = -c/(tau + u_post) : 1 (event-driven)
        tau : second""",
        "c += 1; v_post += a",
        "b += 0.3*a",
        {},
    ),
    "pair": (
        """da/dt = (0.5*b - a + g)/ms : 1 (event-driven)
        db/dt = (0.25*a - 1.5*b)/ms : 1 (event-driven)
        g : 1""",
        "a += 1; v_post += 0.1*b",
        "b += 0.3*a",
        {},
    ),
}
# found with Brian 2.9 (numpy target)
BRIAN = {
    "depression": {
        "xr": [0.29848472262019293] * 2 + [0.4137466149500868] * 2 + [0.4069297419876091] * 2,
        "y": [0.19899468836053] * 2 + [0.27583107944603785] * 2 + [0.2632088526679234] * 2,
        "z": [
            *(0.9553983574367435, 0.963465248864992, 1.1818990999942667),
            *(1.187912667738793, 0.825416493226094, 0.8354936202758371),
        ],
        "v": [0.4748257678065678] * 2,
    },
    "drive": {
        "a": [
            *(1.0496779657796425, 1.0498667645118367, 1.0578869922521736),
            *(1.0580410987410072, 1.0974023410505926, 1.097669344650863),
        ],
        "b": [
            *(1.3723377685196831, 1.3724975076018195, 0.33534383759189906),
            *(0.33537075675412104, 1.3825838338373062, 1.3827591151890184),
        ],
        "c": [0.050943034140414324] * 2 + [0.49795337144464175] * 2 + [0.00930783008376706] * 2,
        "v": [0.0, 0.0],
    },
    "own": {
        "a": [
            *(3.3524712072924706e-05, 0.00024950174083976227, 0.0001630652933574715),
            *(0.00040994390002098283, 0.2459181759845569, 0.2693463004346149),
        ],
        "b": [
            *(6.125989117656266e-06, 7.983249850162591e-05, 2.7501537092480127e-05),
            *(9.452770535667865e-05, 0.17656670382588752, 0.2987527405387999),
        ],
        "c": [
            *(1.0000009066610824, 1.000025856087615, 1.0000030613007156),
            *(1.0000193747095463, 1.0662522591522616, 1.0714952422260642),
        ],
        "v": [0.9855165076150549, 0.0006594456408607452],
    },
    "pair": {
        "a": [
            *(1.1090909090938905, 1.3272727272757079, 1.109090909090909),
            *(1.3272727272727272, 1.1090915831521244, 1.3272733997152921),
        ],
        "b": [
            *(0.01818181818290953, 0.05454545454654568, 0.0181818181818182),
            *(0.054545454545454605, 0.01818206490523065, 0.054545700676399946),
        ],
        "v": [0.01998506922236516, 0.04699467576597985],
    },
}


@pytest.fixture(autouse=True)
def automatic_device():
    """Leave the choice of the device as it was."""
    yield
    set_device("auto")


def build(name):
    """Return (network, target, synapses) of a case."""
    model, on_pre, on_post, namespace = CASES[name]
    start_scope()
    source = SpikeGeneratorGroup(3, SOURCES, TIMES * ms)
    target = NeuronGroup(2, "v : 1\nu : second", threshold="v > 1", reset="v = 0")
    target.u = "(i*0.7 + 0.3)*ms"
    synapses = Synapses(source, target, model, on_pre=on_pre, on_post=on_post, namespace=namespace)
    synapses.connect()
    synapses.delay = "(i + j)*0.4*ms"
    for variable, value in {"xr": 1, "tau": "(1 + i)*2*ms", "g": "0.1 + 0.2*j"}.items():
        if variable in synapses.variables:
            setattr(synapses, variable, value)
    return Network(source, target, synapses), target, synapses


def state(name, synapses, target):
    found = {k: np.array(getattr(synapses, k)[:]) for k in BRIAN[name] if k != "v"}
    return {**found, "v": np.array(target.v[:])}


@pytest.mark.parametrize("name", CASES)
def test_coupled_equations_are_those_of_brian(device, name):
    network, target, synapses = build(name)
    network.run(70 * ms)
    for variable, values in state(name, synapses, target).items():
        expected = BRIAN[name][variable]
        np.testing.assert_allclose(values, expected, rtol=1e-12, atol=1e-14, err_msg=variable)


@pytest.mark.parametrize("name", CASES)
def test_devices_threads_and_parts_of_a_run_give_the_same_bits(name):
    results = []
    for choose in (
        lambda: set_device("reference"),
        lambda: set_device("cpu"),
        lambda: set_device("cpu", threads=3),
    ):
        choose()
        for parts in ([70], [1, 22, 47]):
            network, target, synapses = build(name)
            for part in parts:
                network.run(part * ms)
            results.append(state(name, synapses, target))
    for other in results[1:]:
        for variable, values in results[0].items():
            np.testing.assert_array_equal(values, other[variable], err_msg=variable)


def test_a_constant_that_changes_between_runs_counts_for_the_whole_interval(device):
    """As in Brian: what the coefficients are at the event holds since the last one."""
    source = SpikeGeneratorGroup(1, [0, 0], [0.5, 10.5] * ms)
    target = NeuronGroup(1, "v : 1")
    model = """da/dt = (b - a)/tau : 1 (event-driven)
    db/dt = (c - b)/tau : 1 (event-driven)
    dc/dt = -c/tau : 1 (event-driven)"""
    synapses = Synapses(source, target, model, on_pre="c += 1")
    synapses.connect()
    network = Network(source, target, synapses)
    network.run(5 * ms, namespace={"tau": 1 * ms})
    network.run(6 * ms, namespace={"tau": 4 * ms})
    age = 10 / 4
    expected = np.exp(-age) * np.array([age**2 / 2, age, 1.0]) + [0, 0, 1]
    found = [synapses.a[0], synapses.b[0], synapses.c[0]]
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_a_coefficient_that_is_no_number_is_named(device):
    source, target = SpikeGeneratorGroup(1, [0], [0.5] * ms), NeuronGroup(1, "v : 1")
    model = """da/dt = (b - a)/tau : 1 (event-driven)
    db/dt = (c - b)/tau : 1 (event-driven)
    dc/dt = -c/tau : 1 (event-driven)"""
    synapses = Synapses(source, target, model, on_pre="c += 1", name="plastic")
    synapses.connect()
    with pytest.raises(NumericalError, match=r"plastic.*\n?.*coefficient of '.' in d./dt, .*tau"):
        Network(source, target, synapses).run(1 * ms, namespace={"tau": 0 * ms})


def test_many_synapses_of_four_variables_stay_exact(device):
    """Chains with equal rates have the solution exp(-s) s^k/k!; random spikes, all synapses."""
    seed(5)
    rng = np.random.default_rng(2)
    times = np.sort(rng.choice(3000, 60, replace=False)) * 0.1
    sources = rng.integers(0, 20, 60)
    source = SpikeGeneratorGroup(20, sources, times * ms)
    target = NeuronGroup(15, "v : 1")
    model = "\n".join(
        f"d{x}/dt = ({y} - {x})/(7*ms) : 1 (event-driven)" for x, y in zip("abc", "bcd")
    )
    model += "\ndd/dt = -d/(7*ms) : 1 (event-driven)"
    synapses = Synapses(source, target, model, on_pre="d += 1")
    synapses.connect(p=0.6)
    Network(source, target, synapses).run(301 * ms)
    rows = np.array(synapses.i[:])
    for cell in np.unique(rows):
        own = times[sources == cell]
        if not len(own):
            continue
        age = (own[-1] - own) / 7
        expected = [np.sum(np.exp(-age) * age**k / f) for k, f in ((3, 6), (2, 2), (1, 1), (0, 1))]
        for name, value in zip("abcd", expected):
            found = np.array(getattr(synapses, name)[:])[rows == cell]
            np.testing.assert_allclose(found, value, rtol=1e-12)
