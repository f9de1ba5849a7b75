"""Bad values for variables, and unusual arrays that must work."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pytest
from bad_inputs import Bad, check_refused, neurons, run_of, synapses, table

from simgen import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    ms,
    mV,
    nA,
    set_device,
    volt,
)
from simgen.errors import (
    ArgumentTypeError,
    DimensionMismatchError,
    EquationError,
    IndexRangeError,
    ModelError,
    NumericalError,
    SimgenError,
    UnknownAttributeError,
)

ALL = "v : volt\nx : 1\nn : integer\nb : boolean\nc : volt (constant)\ns : 1 (shared)"


def assign(name: str, value: object) -> None:
    setattr(neurons(ALL), name, value)


def in_place(change: Callable[[NeuronGroup], object]) -> None:
    group = neurons("n : integer")
    group.n = 2**31 - 1
    change(group)


def wide(values: np.ndarray) -> np.ndarray:
    values += 1
    return values


def assign_at(name: str, index: object, value: object) -> None:
    getattr(neurons(ALL), name)[index] = value


def weights(value: object, index: object = slice(None)) -> None:
    made = synapses()
    made.w[index] = value


def weights_before_connect() -> None:
    synapses(connected=False).w = 1 * mV


def nan_start() -> None:
    group = neurons("dv/dt = -v/ms : volt")
    group.variables["v"].data[1] = np.nan
    run_of(group)


def nan_from_text() -> None:
    neurons(ALL).x = "0*inf"


def ragged() -> None:
    neurons(ALL).x = [[1, 2], [3]]


ROWS = [
    # shape
    Bad("too_few_values", lambda: assign("x", [1, 2]), ModelError, ["'x'", "exc", "3", "2"]),
    Bad("too_many_values", lambda: assign("x", np.zeros(4)), ModelError, ["'x'", "exc", "3", "4"]),
    Bad("no_values", lambda: assign("x", []), ModelError, ["'x'", "exc", "0"]),
    Bad("matrix", lambda: assign("x", np.zeros((3, 1))), ModelError, ["'x'", "exc", "(3, 1)"]),
    Bad("matrix_of_right_size", lambda: assign("x", np.zeros((1, 3))),
        ModelError, ["'x'", "exc", "(1, 3)"]),
    Bad("ragged", ragged, SimgenError, ["'x'", "exc"]),
    Bad("array_for_shared", lambda: assign("s", [1, 2]), ModelError, ["'s'", "exc", "2"]),
    Bad("array_for_one_index", lambda: assign_at("x", 1, [1, 2]), ModelError, ["'x'", "exc", "2"]),
    Bad("array_for_slice", lambda: assign_at("x", slice(0, 2), [1, 2, 3]),
        ModelError, ["'x'", "exc", "2", "3"]),
    Bad("array_for_condition", lambda: assign_at("x", "i > 0", [1, 2, 3]),
        ModelError, ["'x'", "exc", "2", "3"]),
    # types
    Bad("complex_value", lambda: assign("x", 1j), ArgumentTypeError, ["'x'", "exc", "1j"]),
    Bad("complex_array", lambda: assign("x", np.zeros(3, complex)),
        ArgumentTypeError, ["'x'", "exc", "complex128"]),
    Bad("complex_quantity", lambda: assign("v", 1j * mV), SimgenError, ["complex"]),
    Bad("object_array", lambda: assign("x", np.array([1, None, 3], object)),
        ArgumentTypeError, ["'x'", "exc", "object"]),
    Bad("text_array", lambda: assign("x", np.array(["1", "2", "3"])),
        ArgumentTypeError, ["'x'", "exc", "'1'"]),
    Bad("list_of_text", lambda: assign("x", ["1", "2", "3"]),
        ArgumentTypeError, ["'x'", "exc", "'1'"]),
    Bad("bytes_value", lambda: assign("x", b"1"), ArgumentTypeError, ["'x'", "exc", "b'1'"]),
    Bad("none_value", lambda: assign("x", None), ArgumentTypeError, ["'x'", "exc", "None"]),
    Bad("dict_value", lambda: assign("x", {0: 1}), ArgumentTypeError, ["'x'", "exc", "{0: 1}"]),
    Bad("function_value", lambda: assign("x", abs), ArgumentTypeError, ["'x'", "exc", "abs"]),
    Bad("dates", lambda: assign("x", np.zeros(3, "datetime64[s]")),
        ArgumentTypeError, ["'x'", "exc", "1970"]),
    Bad("masked_array", lambda: assign("x", np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0])),
        ArgumentTypeError, ["'x'", "exc", "masked"]),
    Bad("structured", lambda: assign("x", np.zeros(3, [("a", float)])), ArgumentTypeError, ["'x'"]),
    # units
    Bad("unit_missing", lambda: assign("v", 3), DimensionMismatchError, ["'v'", "exc", "voltage"]),
    Bad("unit_missing_array", lambda: assign("v", [1, 2, 3]),
        DimensionMismatchError, ["'v'", "exc"]),
    Bad("unit_wrong", lambda: assign("v", 3 * nA),
        DimensionMismatchError, ["'v'", "exc", "current"]),
    Bad("unit_too_much", lambda: assign("x", 3 * mV), DimensionMismatchError, ["'x'", "exc"]),
    Bad("unit_wrong_in_text", lambda: assign("v", "3*nA"), DimensionMismatchError, ["'v'", "exc"]),
    Bad("unit_missing_in_text", lambda: assign("v", "3"), DimensionMismatchError, ["'v'", "exc"]),
    Bad("list_of_units_mixed", lambda: assign("v", [1 * mV, 2 * nA, 3 * mV]), SimgenError, ["nA"]),
    Bad("unit_of_false", lambda: assign("v", False), DimensionMismatchError, ["'v'", "exc"]),
    # numbers
    Bad("nan_value", lambda: assign("x", np.nan), ModelError, ["'x'", "exc", "NaN"]),
    Bad("nan_in_array", lambda: assign("v", [1, np.nan, 2] * mV),
        ModelError, ["'v'", "exc", "NaN", "position 1"]),
    Bad("nan_from_text", nan_from_text, ModelError, ["'x'", "exc", "NaN"]),
    Bad("weight_infinite", lambda: weights(np.inf * volt), SimgenError, ["'w'", "exc_syn", "inf"]),
    Bad("weight_infinite_in_array", lambda: weights([1, -np.inf] * volt, slice(0, 2)),
        SimgenError, ["'w'", "exc_syn", "-inf", "position 1"]),
    Bad("state_infinite", lambda: setattr(neurons("dv/dt = -v/ms : volt"), "v", np.inf * volt),
        ModelError, ["'v'", "exc", "inf"]),
    Bad("too_large_for_float", lambda: assign("x", 10**400), SimgenError, ["'x'", "exc"]),
    Bad("nan_at_start_of_run", nan_start, NumericalError, ["'v'", "exc", "nan", "index 1"]),
    # integers and booleans
    Bad("fraction_to_integer", lambda: assign("n", 2.7),
        ArgumentTypeError, ["'n'", "exc", "2.7", "integer"]),
    Bad("fraction_in_array", lambda: assign("n", [1, 2.5, 3]),
        ArgumentTypeError, ["'n'", "exc", "2.5", "position 1"]),
    Bad("fraction_from_text", lambda: assign("n", "i/2"),
        SimgenError, ["'n'", "exc", "integer", "0.5", "position 1"]),
    Bad("nan_to_integer", lambda: assign("n", np.nan), SimgenError, ["'n'", "exc", "nan"]),
    Bad("inf_to_integer", lambda: assign("n", np.inf), SimgenError, ["'n'", "exc", "inf"]),
    Bad("overflow_of_integer", lambda: assign("n", 2**31),
        ModelError, ["'n'", "exc", "2147483648", "32-bit"]),
    Bad("underflow_of_integer", lambda: assign("n", -(2**31) - 1),
        ModelError, ["'n'", "exc", "-2147483649"]),
    Bad("overflow_in_array", lambda: assign("n", np.array([1, 2**40, 3])),
        ModelError, ["'n'", "exc", "1099511627776", "position 1"]),
    Bad("overflow_unsigned", lambda: assign("n", np.array([2**63, 1, 1], np.uint64)),
        ModelError, ["'n'", "exc", "9223372036854775808"]),
    Bad("overflow_of_float_to_integer", lambda: assign("n", 1e18), ModelError, ["'n'", "1e+18"]),
    Bad("overflow_from_text", lambda: assign("n", "3000000000"), ModelError, ["'n'", "3000000000"]),
    Bad("boolean_gets_two", lambda: assign("b", 2), ArgumentTypeError, ["'b'", "exc", "2"]),
    Bad("boolean_gets_array", lambda: assign("b", [0, 1, 3]), ArgumentTypeError, ["'b'", "3"]),
    Bad("boolean_gets_number_text", lambda: assign("b", "i"), SimgenError, ["'b'", "exc"]),
    # indices
    Bad("index_too_large", lambda: assign_at("x", 3, 1), IndexRangeError, ["3", "exc"]),
    Bad("index_too_negative", lambda: assign_at("x", -4, 1), IndexRangeError, ["-4", "exc"]),
    Bad("index_fraction", lambda: assign_at("x", 1.0, 1), ArgumentTypeError, ["1.0", "exc"]),
    Bad("index_array_of_floats", lambda: assign_at("x", np.array([0.0, 1.0]), 1),
        ArgumentTypeError, ["exc"]),
    Bad("index_none", lambda: assign_at("x", None, 1), ArgumentTypeError, ["None", "exc"]),
    Bad("index_bool", lambda: assign_at("x", True, 1), ArgumentTypeError, ["True", "exc"]),
    Bad("index_mask_too_short", lambda: assign_at("x", np.array([True, False]), 1),
        IndexRangeError, ["3", "2", "exc"]),
    Bad("index_text_number", lambda: assign_at("x", "i + 1", 1), SimgenError, ["i + 1", "exc"]),
    Bad("index_pair", lambda: assign_at("x", (0, 1), 1), SimgenError, ["(0, 1)", "exc"]),
    Bad("index_masked", lambda: assign_at("x", np.ma.array([0, 1], mask=[0, 1]), 1),
        ArgumentTypeError, ["exc", "masked_array"]),
    Bad("index_dict", lambda: assign_at("x", {}, 1), SimgenError, ["{}", "exc"]),
    *(Bad(f"integer_wraps_{label}", lambda change=change: in_place(change), SimgenError,
        ["'n'", "exc", text])
      for label, change, text in [
          ("added", lambda g: g.__setattr__("n", g.n.__iadd__(1)), "cannot hold 2147483648"),
          ("added_to_copy", lambda g: g.n.__setitem__(slice(None), wide(g.n[:])), "2147483648"),
          ("multiplied", lambda g: g.__setattr__("n", g.n.__imul__(2)), "4294967294"),
          ("beyond_64_bits", lambda g: g.__setattr__("n", g.n.__imul__(2**40)), "e+21"),
          ("divided_by_zero", lambda g: g.__setattr__("n", g.n.__imod__(0)), "nan"),
          ("one_element", lambda g: g.n.__setitem__(0, g.n[0] + 1), "2147483648"),
      ]),
    Bad("text_for_shared_of_index", lambda: assign("s", "i + 1"), EquationError,
        ["'s' is shared", "'i'", "^^^^^"]),
    Bad("text_for_shared_of_variable", lambda: assign("s", "2*x"), EquationError,
        ["'s' is shared", "'x'", "^^^"]),
    Bad("index_shared", lambda: assign_at("s", 5, 1), IndexRangeError, ["5", "'s'", "exc"]),
    Bad("read_index_too_large", lambda: neurons(ALL).v[3], IndexRangeError, ["3", "exc"]),
    Bad("read_index_fraction", lambda: neurons(ALL).v[1.5], ArgumentTypeError, ["1.5", "exc"]),
    Bad("write_indices", lambda: neurons().i.__setitem__(0, 3),
        UnknownAttributeError, ["'i'", "exc"]),
    Bad("write_indices_of_synapses", lambda: synapses().j.__setitem__("i > 0", 1),
        UnknownAttributeError, ["'j'", "exc_syn"]),
    Bad("write_numbers_of_synapses", lambda: synapses().N_incoming.__setitem__(0, 3),
        UnknownAttributeError, ["'N_incoming'", "exc_syn"]),
    Bad("subgroup_too_large", lambda: neurons()[0:7], IndexRangeError, ["7", "exc", "3"]),
    Bad("subgroup_step", lambda: neurons()[0:3:2], ArgumentTypeError, ["exc", "contiguous"]),
    Bad("subgroup_empty", lambda: neurons()[2:2], ModelError, ["exc", "slice(2, 2"]),
    Bad("subgroup_gap", lambda: neurons()[[0, 2]],
        ArgumentTypeError, ["exc", "contiguous", "from 0 to 2"]),
    Bad("subgroup_indices_fractions", lambda: neurons()[[0.0, 1.0]],
        ArgumentTypeError, ["exc", "integer", "float64"]),
    Bad("subgroup_indices_negative", lambda: neurons()[[-1, 0]], IndexRangeError, ["exc", "-1"]),
    Bad("subgroup_indices_too_large", lambda: neurons()[[2, 3]], IndexRangeError, ["exc", "4"]),
    Bad("subgroup_indices_none", lambda: neurons()[[]], ArgumentTypeError, ["exc", "[]"]),
    Bad("subgroup_text", lambda: neurons()["v > 0*mV"], ArgumentTypeError, ["exc", "v > 0*mV"]),
    Bad("subgroup_fraction", lambda: neurons()[0.5:2], ArgumentTypeError, ["exc", "0.5"]),
    Bad("subgroup_index_too_large", lambda: neurons()[3], IndexRangeError, ["3", "exc"]),
    Bad("weights_before_connect", weights_before_connect,
        SimgenError, ["'w'", "exc_syn", "connect()"]),
    Bad("weights_wrong_length", lambda: weights(np.zeros(5) * mV), ModelError, ["'w'", "9", "5"]),
    Bad("weights_pair_outside", lambda: weights(1 * mV, (0, 7)),
        IndexRangeError, ["7", "j", "exc_syn"]),
    Bad("weights_four_indices", lambda: weights(1 * mV, (0, 1, 2, 3)),
        IndexRangeError, ["exc_syn"]),
    Bad("weights_pair_text", lambda: weights(1 * mV, ("i", 2)), SimgenError, ["exc_syn"]),
    Bad("weights_without_multisynaptic_index", lambda: weights(1 * mV, (0, 1, 0)),
        IndexRangeError, ["multisynaptic_index", "exc_syn"]),
]  # fmt: skip


@table(ROWS)
def test_bad_values_are_refused(bad: Bad) -> None:
    check_refused(bad)


def read_only() -> np.ndarray:
    values = np.array([1.0, 2.0, 3.0])
    values.flags.writeable = False
    return values


UNUSUAL = {
    "read_only": read_only(),
    "every_other": np.arange(6.0)[::2] / 2 + 1,
    "reversed": np.array([3.0, 2.0, 1.0])[::-1],
    "big_endian": np.array([1, 2, 3], ">f8"),
    "big_endian_integers": np.array([1, 2, 3], ">i2"),
    "float16": np.array([1, 2, 3], np.float16),
    "longdouble": np.array([1, 2, 3], np.longdouble),
    "uint8": np.array([1, 2, 3], np.uint8),
    "column_of_matrix": np.arange(6.0).reshape(3, 2)[:, 0] / 2 + 1,
    "unaligned": np.frombuffer(b"\0" + np.array([1.0, 2, 3]).tobytes(), "u1")[1:].view("f8"),
    "list": [1, 2, 3],
    "tuple": (1.0, 2, 3),
    "range": range(1, 4),
}  # fmt: skip


@pytest.mark.parametrize("device", ["reference", pytest.param("cpu", marks=pytest.mark.compiler)])
def test_unusual_arrays_work(device: str) -> None:
    set_device(device)
    group = NeuronGroup(3, "\n".join(f"{name} : 1" for name in UNUSUAL), name="exc")
    group.run_regularly("\n".join(f"{name} += 1" for name in UNUSUAL), dt=0.1 * ms)
    before = {name: np.array(value, float) for name, value in UNUSUAL.items()}
    for name, value in UNUSUAL.items():
        setattr(group, name, value)
        assert getattr(group, name)[:].tolist() == [1, 2, 3], name
    Network(group).run(0.2 * ms)
    for name, value in UNUSUAL.items():
        assert getattr(group, name)[:].tolist() == [3, 4, 5], name
        assert np.array_equal(np.array(value, float), before[name]), f"{name} of the caller changed"


def test_later_changes_by_the_caller_do_not_matter() -> None:
    values, table = np.array([1.0, 2.0, 3.0]), np.array([5.0, 6.0])
    group = NeuronGroup(3, "x : 1\ndy/dt = f(t)/ms : 1", name="exc")
    group.x = values
    group.x[0:2] = values[1:3]
    f = TimedArray(table, dt=0.1 * ms)
    recorded = StateMonitor(group, "x", [0, 1], dt=0.1 * ms)
    values[:] = -1
    table[:] = -1
    Network(group, recorded).run(0.2 * ms, namespace={"f": f})
    assert group.x[:].tolist() == [2, 3, 3]
    assert recorded.x[:, 1].tolist() == [2, 3]
    assert group.y[0] == pytest.approx(1.1)


@pytest.mark.parametrize("dtype", [np.uint32, np.int32, np.uint64, np.int64])
def test_indices_and_delays_are_copied(dtype: type) -> None:
    group = NeuronGroup(10, "v : 1", threshold="v > 1", name="exc")
    made = Synapses(group[2:8], group[4:9], on_pre="v += 1", name="exc_syn")
    sources, targets = np.arange(5, dtype=dtype), np.arange(5, dtype=dtype)[::-1]
    delays = np.arange(5.0) * ms
    made.connect(i=sources, j=targets)
    made.delay = delays
    assert sources.tolist() == [0, 1, 2, 3, 4], "changed for the caller"
    assert targets.tolist() == [4, 3, 2, 1, 0], "changed for the caller"
    source = SpikeGeneratorGroup(5, sources, delays, name="gen")
    sources[:], targets[:], delays[:] = 0, 0, 9 * ms
    assert made.i[:].tolist() == [0, 1, 2, 3, 4]
    assert made.j[:].tolist() == [4, 3, 2, 1, 0]
    assert made.delay_[:].tolist() == pytest.approx([0, 1e-3, 2e-3, 3e-3, 4e-3])
    spikes = SpikeMonitor(source)
    Network(source, spikes).run(5 * ms)
    assert spikes.i.tolist() == [0, 1, 2, 3, 4]


def test_delays_without_unit() -> None:
    made = synapses()
    made.pre.delay_ = 2e-3
    assert made.delay_[:] == pytest.approx(2e-3)
    made.delay_ = np.arange(9) * 1e-3
    assert made.pre.delay[8] == 8 * ms


def test_what_the_caller_gets_is_a_copy() -> None:
    group = neurons(ALL)
    got = group.x[:]
    got[:] = 7
    part = group.x[0:2]
    part[:] = 7
    assert group.x[:].tolist() == [0, 0, 0]


def test_whole_numbers_as_floats_are_integers() -> None:
    group = neurons(ALL)
    group.n = 2.0
    group.n[1] = np.float64(5)
    assert group.n[:].tolist() == [2, 5, 2]
    with pytest.raises(ArgumentTypeError):
        group.x = Decimal("1.5")
