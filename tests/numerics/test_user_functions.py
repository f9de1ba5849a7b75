"""Functions of the user's own: their values on every target, in equations, statements and text."""

import numpy as np
import pytest

import simgen
from simgen import (
    Function,
    NeuronGroup,
    SpikeGeneratorGroup,
    Synapses,
    UnsupportedFeatureError,
    check_units,
    declare_types,
    implementation,
    ms,
    mV,
    run,
    volt,
)

CUBE = "double cube(double x) { return x*x*x; }"


@implementation("cuda", f"__device__ {CUBE}")
@implementation("cpp", CUBE)
@check_units(x=volt, result=volt**3)
def cube(x):
    return x * x * x


@implementation("cuda", "__device__ double squash(double x) { return 1/(1 + exp(-cube(x))); }",
                dependencies={"cube": cube})  # fmt: skip
@implementation("cpp", "double squash(double x) { return 1/(1 + exp(-cube(x))); }",
                dependencies={"cube": cube})  # fmt: skip
@check_units(x=volt, result=1)
def squash(x):
    return 1 / (1 + np.exp(-cube(x) / volt**3))


LOOK_UP = "double look_up(int64_t k) { return _namespacevalues[k % 3]; }"


def _look_up(k):
    return np.array([2.0, 4.0, 8.0])[k % 3]


look_up = Function(
    _look_up, arg_units=[1], return_unit=1, arg_types=["integer"], name="look_up"
)  # fmt: skip
for target, head in (("cpp", ""), ("cuda", "__device__ ")):
    look_up.add_implementation(target, head + LOOK_UP, namespace={"values": [2.0, 4.0, 8.0]})

ABOVE = "bool above(double x, double y) { return x > y; }"


@implementation("cuda", f"__device__ {ABOVE}")
@implementation("cpp", ABOVE)
@check_units(x=volt, y="x", result=bool)
def above(x, y):
    return x > y


@pytest.mark.usefixtures("device")
def test_functions_in_equations_conditions_and_code():
    model = """dv/dt = (2*volt - cube(v)/volt**2)/(1*ms) : volt
               s = squash(v) : 1
               w : 1
               k : integer"""
    group = NeuronGroup(
        3, model, method="rk2", threshold="above(v, 1.05*volt)", reset="w += look_up(k)"
    )
    group.v = [0, 1, 1.5] * volt
    group.k = [0, 1, 2]
    run(0.3 * ms)
    v, w = np.array([0, 1, 1.5]), np.zeros(3)
    for _ in range(3):
        half = v + 0.05 * (2 - v**3)
        v = v + 0.1 * (2 - half**3)
        w = w + np.array([2, 4, 8]) * (v > 1.05)
    np.testing.assert_allclose(group.v / volt, v, rtol=1e-12)
    assert group.w[:].tolist() == w.tolist()
    np.testing.assert_allclose(group.s[:], 1 / (1 + np.exp(-(v**3))), rtol=1e-12)


@pytest.mark.usefixtures("device")
def test_functions_in_synapses_sums_and_regular_code():
    source = SpikeGeneratorGroup(2, [0, 1], [0.1, 0.1] * ms)
    target = NeuronGroup(2, "v : volt\ntotal : 1\nx : 1")
    target.v = [1, 2] * volt
    synapses = Synapses(
        source, target, "w : 1\ntotal_post = squash(w*volt) : 1 (summed)",
        on_pre="x_post += w*look_up(i)",
    )  # fmt: skip
    synapses.connect()
    synapses.w = "look_up(j + 1)/2"
    target.run_regularly("v = cube(v)/volt**2", dt=0.2 * ms)
    run(0.2 * ms)
    assert synapses.w[:].tolist() == [2, 4, 2, 4]
    assert target.x[:].tolist() == [2 * 2 + 2 * 4, 4 * 2 + 4 * 4]
    assert (target.v / volt).tolist() == [1, 8]
    np.testing.assert_allclose(
        target.total[:], 2 / (1 + np.exp(-np.array([8.0, 64.0]))), rtol=1e-12
    )


@pytest.mark.usefixtures("device")
def test_a_function_of_constants_is_a_coefficient_of_exact_integration():
    group = NeuronGroup(2, "dv/dt = -v*cube(rate)/volt**3/ms : 1", method="exact",
                        namespace={"rate": 2 * volt, "cube": cube})  # fmt: skip
    group.v = 1
    run(0.1 * ms)
    np.testing.assert_allclose(group.v[:], np.exp(-0.8), rtol=1e-12)


def test_two_functions_of_one_name_do_not_meet(device):
    def made(factor):
        function = Function(lambda x: factor * x, arg_units=[1], return_unit=1, name="f")
        code = f"double f(double x) {{ return {factor}*x; }}"
        function.add_implementation("cpp", code)
        function.add_implementation("cuda", f"__device__ {code}")
        return function

    groups = [
        NeuronGroup(1, "x : 1", namespace={"f": made(factor)}, name=f"group{factor}")
        for factor in (2, 3)
    ]
    for group in groups:
        group.x = 1
        group.run_regularly("x = f(x)")
    simgen.Network(groups).run(0.2 * ms)
    assert [float(group.x[0]) for group in groups] == [4, 9]


def test_another_function_of_the_same_name_counts_in_the_next_run(device):
    group = NeuronGroup(1, "x : 1")
    group.x = 1
    group.run_regularly("x = f(x)")
    net = simgen.Network(group)
    for code, factor in (("2", 2), ("5", 5)):
        f = Function(lambda x, factor=factor: factor * x, arg_names=["x"], arg_units=[1],
                     return_unit=1, name="f")  # fmt: skip
        f.add_implementation("cpp", f"double f(double x) {{ return {code}*x; }}")
        f.add_implementation("cuda", f"__device__ double f(double x) {{ return {code}*x; }}")
        net.run(0.1 * ms, namespace={"f": f})
    assert group.x[0] == 10


def test_python_functions_get_units_unless_they_discard_them():
    seen = []

    @check_units(v=volt, result=1)
    def plain(v):
        seen.append(v)
        return v / mV

    group = NeuronGroup(2, "x : 1", namespace={"g": Function(plain)})
    group.x = "g(i*mV)"
    assert group.x[:].tolist() == [0, 1]
    assert simgen.have_same_dimensions(seen[0], volt)

    @implementation("numpy", discard_units=True)
    @check_units(v=volt, result=1)
    def discards(v):
        return 1000 * v

    group = NeuronGroup(2, "x : 1", namespace={"g": discards})
    group.x = "g(i*mV)"
    assert group.x[:].tolist() == [0, 1]


@check_units(v=volt, result=volt)
def only_python(v):
    return np.maximum(v, 3 * mV)


def test_functions_in_python_only_run_where_python_runs(device):
    group = NeuronGroup(3, "v : volt")
    group.v = "only_python(i*2*mV)"
    assert np.allclose(group.v / mV, [3, 3, 4])
    assert group.v["only_python(v) > 3.5*mV"] / mV == pytest.approx([4])
    group.run_regularly("v = only_python(v - 1*mV) + 1*mV")
    if device == "reference":
        run(0.1 * ms)
        assert np.allclose(group.v / mV, [4, 4, 4])
        return
    language = {"cpu": "cpp", "cuda": "cuda"}[device]
    with pytest.raises(
        UnsupportedFeatureError, match="'only_python' has no implementation"
    ) as caught:
        run(0.1 * ms)
    assert f"@implementation('{language}', \"" in str(caught.value)
    assert "double only_python(double v) { return ...; }" in str(caught.value)


@implementation("cuda", "__device__ int64_t halved(int64_t k) { return k/2; }")
@implementation("cpp", "int64_t halved(int64_t k) { return k/2; }")
@declare_types(k="integer", result="highest")
@check_units(k=1, result=1)
def halved(k):
    return k // 2


def test_declared_types_are_those_of_arguments_and_result():
    group = NeuronGroup(4, "n : integer\nx : 1", dt=1 * ms, namespace={"halved": halved})
    group.run_regularly("n = halved(i)")
    group.run_now("x = halved(i + 1)")
    run(1 * ms)
    np.testing.assert_array_equal(group.n[:], [0, 0, 1, 1])
    np.testing.assert_array_equal(group.x[:], [0, 1, 1, 2])
    group = NeuronGroup(4, "x : 1", namespace={"halved": halved})
    group.run_regularly("x = halved(2.5)")
    with pytest.raises(simgen.EquationError, match="needs an integer"):
        run(1 * ms)


@pytest.mark.parametrize(
    ("types", "told"), [({"y": "integer"}, "no argument 'y'"), ({"x": "double"}, "'double' of 'x'")]
)
def test_wrong_declarations_of_types_name_the_function(types, told):
    with pytest.raises(simgen.errors.ArgumentTypeError, match=told):
        declare_types(**types)(lambda x: x)
