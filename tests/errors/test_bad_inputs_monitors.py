"""Bad monitors, networks, operations: what is recorded, what is missing, what belongs elsewhere."""

from __future__ import annotations

import gc
import math

from bad_inputs import Bad, check_refused, neurons, run_of, spiking, synapses, table

from simgen import (
    EventMonitor,
    Network,
    NetworkOperation,
    PopulationRateMonitor,
    SpikeMonitor,
    StateMonitor,
    collect,
    magic_network,
    ms,
    mV,
    network_operation,
    run,
    start_scope,
)
from simgen.errors import (
    ArgumentTypeError,
    EquationError,
    IndexRangeError,
    MagicError,
    ModelError,
    SimgenError,
    UnknownAttributeError,
    UnknownNameError,
)


def state(variables: object = "v", record: object = True, **keywords: object) -> StateMonitor:
    return StateMonitor(neurons(), variables, record, **{"name": "trace", **keywords})


def ran(monitor: object) -> object:
    Network(monitor.source, monitor).run(1 * ms)
    return monitor


def nothing_to_run() -> None:
    run(1 * ms)


def group_in_list() -> None:
    hidden = [neurons()]
    run(1 * ms)
    raise AssertionError(hidden)


def new_group_after_run() -> None:
    group = neurons()
    run(1 * ms)
    late = neurons(name="inh")
    run(1 * ms)
    raise AssertionError(group, late)


def group_of_two_networks() -> None:
    group = spiking()
    Network(group).run(1 * ms)
    Network(group).run(1 * ms)


def two_names_in_network() -> None:
    first = neurons()
    start_scope()
    run_of(first, neurons())


def inactive_source() -> None:
    group = neurons()
    monitor = StateMonitor(group, "v", True, name="trace")
    group.active = False
    run_of(group, monitor)


def operation_that_fails() -> None:
    @network_operation
    def operation(t: object, dt: object) -> None:
        raise AssertionError

    raise AssertionError(operation)


def removed_twice() -> None:
    group = neurons()
    network = Network(group)
    network.remove(group)
    network.remove(group)


ROWS = [
    # state
    Bad("state_variable_unknown", lambda: state("vm"), UnknownNameError, ["'vm'", "trace", "exc"]),
    Bad("state_variable_misspelt", lambda: StateMonitor(neurons("g_ampa : 1"), "g_ampe", True,
        name="trace"), UnknownNameError, ["'g_ampe'", "Did you mean 'g_ampa'?", "trace", "exc"]),
    Bad("state_variable_number", lambda: state(3), ArgumentTypeError, ["trace", "3"]),
    Bad("state_variable_expression", lambda: state("v*2"), UnknownNameError, ["'v*2'", "trace"]),
    Bad("state_variables_empty", lambda: state([]), ModelError, ["trace"]),
    Bad("state_variables_of_numbers", lambda: state(["v", 3]), ArgumentTypeError, ["trace", "3"]),
    Bad("state_index_outside", lambda: state(record=[0, 7]),
        IndexRangeError, ["trace", "7", "exc"]),
    *(Bad(f"state_index_{label}", lambda value=value: state(record=value), kind,
          ["trace", "exc", *words])
      for label, value, kind, words in [
          ("far_negative", -9, IndexRangeError, ["-9", "3 elements"]),
          ("negative", [0, -1], IndexRangeError, ["-1", "3 elements", "from 0 to 2"]),
          ("size", 3, IndexRangeError, ["3", "3 elements"]),
          ("huge", 2**40, IndexRangeError, [str(2**40), "3 elements"]),
          ("fraction", 0.5, ArgumentTypeError, ["0.5", "3 elements"]),
          ("float", [1.0], ArgumentTypeError, ["[1.0]", "3 elements"]),
          ("nan", math.nan, ArgumentTypeError, ["nan"]),
          ("unit", 2 * mV, ArgumentTypeError, ["2. * mvolt"]),
          ("set", {1}, ArgumentTypeError, ["{1}"]),
          ("matrix", [[0, 1]], ArgumentTypeError, ["[[0, 1]]"]),
          ("slice_of_fractions", slice(0, 2.5), ArgumentTypeError, ["2.5"]),
          ("slice_step", slice(0, 2, 0), ArgumentTypeError, ["slice(0, 2, 0)"]),
          ("mask", [True, False], IndexRangeError, ["3 values", "2"])]),
    Bad("state_variable_t", lambda: state("t"), UnknownNameError, ["trace", "'t'", "attribute"]),
    Bad("state_of_synapses_negative", lambda: StateMonitor(synapses(), "w", -1, name="trace"),
        IndexRangeError, ["-1", "trace", "exc_syn"]),
    Bad("rate_record", lambda: PopulationRateMonitor(spiking(), record=[0]), ArgumentTypeError,
        ["record"]),
    Bad("state_index_text_number", lambda: state(record="i + 1"), SimgenError, ["trace", "i + 1"]),
    Bad("state_record_false", lambda: state(record=False), SimgenError, ["trace", "False"]),
    Bad("state_record_none", lambda: state(record=None), SimgenError, ["trace", "None"]),
    Bad("state_source_text", lambda: StateMonitor("exc", "v", True), ArgumentTypeError, ["'exc'"]),
    Bad("state_source_monitor", lambda: StateMonitor(state(), "v", True),
        ArgumentTypeError, ["trace"]),
    Bad("state_slot", lambda: state(when="strat"), ModelError, ["'strat'", "'start'", "trace"]),
    Bad("state_slot_number", lambda: state(when=3), SimgenError, ["3", "trace"]),
    Bad("state_order", lambda: state(order=0.5), ArgumentTypeError, ["0.5", "order", "trace"]),
    Bad("state_order_bool", lambda: state(order=True), ArgumentTypeError, ["True", "trace"]),
    Bad("state_attribute", lambda: ran(state()).w, UnknownAttributeError, ["'w'", "trace"]),
    Bad("state_element_not_recorded", lambda: ran(state(record=[0]))[2], IndexRangeError,
        ["2", "trace"]),
    Bad("state_element_fraction", lambda: ran(state())[0.5], ArgumentTypeError, ["0.5", "trace"]),
    Bad("state_element_text", lambda: ran(state())["v"], ArgumentTypeError, ["'v'", "trace"]),
    Bad("state_single_before_run", lambda: state().record_single_timestep(), ModelError, ["trace"]),
    Bad("state_of_synapses_outside", lambda: StateMonitor(synapses(), "w", [0, 99], name="trace"),
        IndexRangeError, ["99", "trace", "exc_syn"]),
    Bad("state_of_synapses_without", lambda: StateMonitor(synapses(connected=False), "w", [0],
        name="trace"), SimgenError, ["exc_syn", "connect()"]),
    Bad("state_write_result", lambda: setattr(ran(state()), "v", 1 * mV),
        SimgenError, ["'v'", "trace"]),
    # spikes
    Bad("spikes_without_threshold", lambda: SpikeMonitor(neurons()),
        ModelError, ["exc", "threshold"]),
    Bad("spikes_of_synapses", lambda: SpikeMonitor(synapses()), SimgenError, ["exc_syn"]),
    Bad("spikes_of_text", lambda: SpikeMonitor("exc"), ArgumentTypeError, ["'exc'"]),
    Bad("spikes_of_none", lambda: SpikeMonitor(None), ArgumentTypeError, ["None"]),
    Bad("spikes_variable_unknown", lambda: SpikeMonitor(spiking(), "w", name="spikes"),
        UnknownNameError, ["'w'", "spikes", "exc"]),
    Bad("spikes_variable_number", lambda: SpikeMonitor(spiking(), 3, name="spikes"),
        ArgumentTypeError, ["3", "spikes"]),
    Bad("spikes_record_indices", lambda: SpikeMonitor(spiking(), record=[0], name="spikes"),
        ArgumentTypeError, ["record", "[0]", "spikes"]),
    Bad("spikes_not_recorded", lambda: SpikeMonitor(spiking(), record=False, name="spikes").t,
        ModelError, ["'t'", "spikes"]),
    Bad("spikes_value_unknown", lambda: SpikeMonitor(spiking(), name="spikes").values("v"),
        UnknownNameError, ["'v'", "spikes"]),
    Bad("spikes_attribute", lambda: SpikeMonitor(spiking(), name="spikes").num_spike,
        UnknownAttributeError, ["'num_spike'", "'num_spikes'", "spikes"]),
    Bad("spikes_slot", lambda: SpikeMonitor(spiking(), when="threshold", name="spikes"),
        ModelError, ["'threshold'", "'thresholds'", "spikes"]),
    Bad("event_unknown", lambda: EventMonitor(spiking(), "spyke"), ModelError,
        ["'spyke'", "'spike'", "exc"]),
    Bad("event_number", lambda: EventMonitor(spiking(), 3), SimgenError, ["3", "exc"]),
    # rates
    Bad("rate_without_threshold", lambda: PopulationRateMonitor(neurons()),
        ModelError, ["exc", "threshold"]),
    Bad("rate_of_number", lambda: PopulationRateMonitor(3), ArgumentTypeError, ["3"]),
    Bad("rate_window_unknown", lambda: ran(PopulationRateMonitor(spiking())).smooth_rate(
        "gausian", 1 * ms), ModelError, ["'gausian'", "gaussian"]),
    Bad("rate_window_even", lambda: ran(PopulationRateMonitor(spiking())).smooth_rate([1, 1]),
        ModelError, ["odd"]),
    Bad("rate_window_zero", lambda: ran(PopulationRateMonitor(spiking())).smooth_rate([0, 0, 0]),
        ModelError, ["window"]),
    Bad("rate_window_text_array", lambda: ran(PopulationRateMonitor(spiking())).smooth_rate(["a"]),
        SimgenError, ["'a'"]),
    Bad("rate_width_missing", lambda: ran(PopulationRateMonitor(spiking())).smooth_rate(),
        ModelError, ["width"]),
    Bad("rate_width_zero", lambda: ran(PopulationRateMonitor(spiking())).smooth_rate(
        "gaussian", 0 * ms), ModelError, ["width", "0.0"]),
    Bad("rate_width_negative", lambda: ran(PopulationRateMonitor(spiking())).smooth_rate(
        "flat", -1 * ms), ModelError, ["width", "-0.001"]),
    Bad("rate_width_no_unit", lambda: ran(PopulationRateMonitor(spiking())).smooth_rate(
        "flat", 3), SimgenError, ["width", "3"]),
    Bad("rate_before_run", lambda: PopulationRateMonitor(spiking()).smooth_rate("flat", 1 * ms),
        ModelError, ["run"]),
    Bad("rate_bin_zero", lambda: ran(PopulationRateMonitor(spiking())).binned_rate(0 * ms),
        ModelError, ["bin_size", "0"]),
    # networks
    Bad("source_not_in_network", lambda: run_of(state()), ModelError, ["trace", "exc", "Add it"]),
    Bad("operation_group_not_in_network", lambda: run_of(neurons().run_regularly("v = 0*volt")),
        ModelError, ["exc_run_regularly", "exc"]),
    Bad("source_inactive", inactive_source, ModelError, ["trace", "exc", "active"]),
    Bad("network_of_text", lambda: Network("exc"), ArgumentTypeError, ["'exc'"]),
    Bad("network_of_number", lambda: Network(3), ArgumentTypeError, ["3"]),
    Bad("network_of_unit", lambda: Network([neurons(), 3 * mV]), SimgenError, ["3"]),
    Bad("network_remove_absent", lambda: Network(name="net").remove(neurons()),
        ModelError, ["exc", "net"]),
    Bad("network_remove_twice", removed_twice, ModelError, ["exc"]),
    Bad("network_remove_number", lambda: Network().remove(3), ArgumentTypeError, ["3"]),
    Bad("two_names_in_network", two_names_in_network, ModelError, ["two objects", "'exc'"]),
    Bad("group_of_two_networks", group_of_two_networks, ModelError, ["exc", "already run"]),
    Bad("nothing_to_run", nothing_to_run, MagicError, ["nothing to run"]),
    Bad("group_in_list", group_in_list, MagicError, ["lists", "Network"]),
    Bad("new_group_after_run", new_group_after_run, MagicError, ["inh", "exc", "start_scope"]),
    Bad("operation_not_a_function", lambda: NetworkOperation(3), ArgumentTypeError, ["3"]),
    Bad("operation_of_text", lambda: network_operation("x"),
        ArgumentTypeError, ["network_operation"]),
    Bad("operation_with_two_arguments", operation_that_fails, ArgumentTypeError, ["2 arguments"]),
    Bad("operation_keyword", lambda: network_operation(wen="start")(lambda: None),
        ArgumentTypeError, ["wen", "when"]),
    Bad("operation_slot", lambda: network_operation(when="finish")(lambda: None),
        ModelError, ["'finish'"]),
    Bad("regular_slot", lambda: neurons().run_regularly("v = 0*volt", when="ends"),
        ModelError, ["'ends'", "exc"]),
    Bad("group_order_text", lambda: neurons(order="1"), ArgumentTypeError, ["'1'", "order", "exc"]),
    Bad("constant_over_dt_written", lambda: setattr(
        neurons("x = 2 : 1 (constant over dt)"), "x", 3), SimgenError, ["'x'", "exc"]),
    Bad("subexpression_recorded_unknown", lambda: run_of(*(lambda g: (g, StateMonitor(
        g, "x", True, name="trace")))(neurons("x = 2*y : 1"))), SimgenError, ["'y'"]),
    Bad("bad_code_of_recorded", lambda: run_of(neurons("x = 2*y : 1\nv : 1")),
        UnknownNameError, ["'y'", "exc"]),
    Bad("syntax_in_condition", lambda: neurons().v["i >"], EquationError, ["exc", "^"]),
]  # fmt: skip


@table(ROWS)
def test_bad_monitors_are_refused(bad: Bad) -> None:
    check_refused(bad)


def test_a_monitor_may_record_no_element() -> None:
    assert ran(state(record=[])).v.shape == (0, 10)


def test_monitors_may_come_between_runs() -> None:
    group = spiking()
    run(1 * ms)
    late = SpikeMonitor(group)
    run(1 * ms)
    assert late.num_spikes == 0
    assert late in collect()
    assert group in list(magic_network)
    gc.collect()
