"""Bad names: of variables, constants, units, objects, attributes and keywords."""

from __future__ import annotations

import numpy as np
import pytest
from bad_inputs import Bad, check_refused, network_of, neurons, run_of, spiking, synapses, table

from simgen import (
    Equations,
    Network,
    NeuronGroup,
    StateMonitor,
    Synapses,
    ms,
    mV,
    run,
    set_device,
    volt,
)
from simgen.errors import (
    ArgumentTypeError,
    EquationError,
    ModelError,
    SimgenError,
    UnknownAttributeError,
    UnknownNameError,
)


def set_attribute(name: str) -> None:
    setattr(neurons("v : volt"), name, 1 * mV)


def two_of_one_name() -> None:
    run_of(neurons(), neurons("x : 1"))


def local_named_as_function() -> None:
    spiking(reset="exp = 3")


def constant_redefined() -> None:
    group = neurons("dv/dt = -v*e/(10*ms) : volt")
    run_of(group, namespace={"e": 5})


def unit_redefined() -> None:
    group = neurons("dv/dt = -v/(10*ms) : volt")
    run_of(group, namespace={"ms": 5})


def namespace_array() -> None:
    group = neurons("dv/dt = -v/tau : volt")
    run_of(group, namespace={"tau": np.array([1.0, 2.0]) * ms})


def namespace_value(value: object) -> None:
    group = neurons("dv/dt = -v/tau : volt")
    run_of(group, namespace={"tau": value})


def misspelt_run_keyword() -> None:
    group = neurons()
    run(1 * ms, chek_finite="step")
    raise AssertionError(group)


ROWS = [
    # unknown names
    Bad("unknown_in_equation", lambda: run_of(neurons("dv/dt = -v/tau : volt")),
        UnknownNameError, ["tau", "exc", "^^^"]),
    Bad("unknown_near_miss", lambda: run_of(neurons("dg_ex/dt = -g_ec/(10*ms) : volt")),
        UnknownNameError, ["g_ec", "Did you mean 'g_ex'?", "exc"]),
    Bad("unknown_by_case", lambda: run_of(neurons("dv/dt = -V/(10*ms) : volt")),
        UnknownNameError, ["'V'", "'v'", "exc"]),
    Bad("unknown_in_threshold", lambda: run_of(spiking(threshold="vm > 1*volt")),
        UnknownNameError, ["vm", "threshold", "exc"]),
    Bad("unknown_in_reset", lambda: run_of(spiking(reset="v = v_reset")),
        UnknownNameError, ["v_reset", "reset", "exc"]),
    Bad("unknown_in_on_pre", lambda: network_of(synapses(on_pre="v += weight")).run(1*ms),
        UnknownNameError, ["weight", "on_pre", "exc_syn"]),
    Bad("unknown_target_in_on_pre", lambda: network_of(synapses(on_pre="ge_post += w")).run(1*ms),
        UnknownNameError, ["ge_post", "on_pre", "exc_syn"]),
    Bad("unknown_function", lambda: run_of(neurons("dv/dt = max(v, 0*volt)/(10*ms) : volt")),
        UnknownNameError, ["max", "clip", "exc"]),
    Bad("unknown_unit", lambda: neurons("v : vlot"),
        UnknownNameError, ["vlot", "volt", "exc"]),
    Bad("unknown_in_assignment", lambda: setattr(neurons(), "v", "v0"),
        UnknownNameError, ["v0", "exc"]),
    Bad("unknown_in_condition_index", lambda: neurons().v["x > 3"],
        UnknownNameError, ["'x'", "exc"]),
    Bad("unknown_in_run_regularly", lambda: (
        lambda g: (g.run_regularly("v = x*volt"), run_of(g)))(neurons()),
        UnknownNameError, ["'x'", "run_regularly", "exc"]),
    # reserved names
    *(Bad(f"reserved_{name}", lambda name=name: neurons(f"{name} : 1"),
          EquationError, [f"'{name}'", "reserved", "exc"])
      for name in ("t", "dt", "i", "N", "xi", "lastspike", "not_refractory")),
    Bad("reserved_j_in_synapses", lambda: synapses("j : 1"), EquationError, ["'j'", "exc_syn"]),
    Bad("reserved_delay", lambda: synapses("delay : second"),
        EquationError, ["'delay'", "exc_syn"]),
    Bad("reserved_lastupdate", lambda: synapses(
        "lastupdate : second\ndx/dt = -x/second : 1 (event-driven)"),
        EquationError, ["'lastupdate'", "reserved", "event-driven", "exc_syn"]),
    Bad("delay_of_two", lambda: (
        lambda g: Synapses(g, g, on_pre="v += delay*volt/second", name="exc_syn"))(
            neurons("v : volt\ndelay : second", threshold="v > 1*volt")),
        EquationError, ["'delay'", "delay_post", "exc_syn"]),
    Bad("unit_as_variable", lambda: neurons("mV : volt"), EquationError, ["'mV'", "unit", "exc"]),
    Bad("constant_as_variable", lambda: neurons("pi : 1"), EquationError, ["'pi'", "exc"]),
    Bad("function_as_variable", lambda: neurons("exp : 1"), EquationError, ["'exp'", "exc"]),
    Bad("leading_underscore", lambda: neurons("_v : volt"), EquationError, ["'_v'", "'_'", "exc"]),
    Bad("two_underscores_first", lambda: neurons("__b : volt"), EquationError, ["__b", "exc"]),
    Bad("python_keyword", lambda: neurons("lambda : volt"), EquationError, ["'lambda'", "exc"]),
    Bad("suffix_pre", lambda: neurons("v_pre : volt"), EquationError, ["'v_pre'", "exc"]),
    Bad("suffix_post_in_synapses", lambda: synapses("w_post : 1"), EquationError, ["'w_post'"]),
    Bad("non_ascii", lambda: neurons("τ : second"), EquationError, ["letters a to z", "exc"]),
    Bad("non_ascii_lookalike", lambda: neurons("dv/dt = -ν/(10*ms) : volt"),
        EquationError, ["letters a to z", "exc"]),
    Bad("ten_thousand_characters", lambda: neurons("a" * 10_000 + " : 1"),
        EquationError, ["longer than 200", "exc"]),
    *(Bad(f"attribute_{name}_as_variable", lambda name=name: neurons(f"{name} : 1"),
          EquationError, [f"'{name}'", "attribute", "exc"])
      for name in ("clock", "order", "name", "events", "namespace", "run_regularly")),
    Bad("attribute_of_synapses_as_variable", lambda: synapses("source : 1"),
        EquationError, ["'source'", "attribute", "exc_syn"]),
    Bad("attribute_of_subgroup_as_variable", lambda: neurons("start : 1")[0:2],
        ModelError, ["'start'", "exc", "subgroup"]),
    Bad("local_named_as_function", local_named_as_function, EquationError, ["'exp'", "reset"]),
    Bad("source_variable_hidden", lambda: synapses("v : volt", on_pre=None),
        EquationError, ["'v'", "v_syn", "exc"]),
    # the namespace
    Bad("constant_redefined", constant_redefined, EquationError, ["'e'", "5", "constant"]),
    Bad("unit_redefined", unit_redefined, EquationError, ["'ms'", "5", "unit"]),
    Bad("namespace_array", namespace_array, EquationError, ["'tau'", "(2,)"]),
    Bad("namespace_text", lambda: namespace_value("10*ms"), EquationError, ["'tau'", "string"]),
    Bad("namespace_none", lambda: namespace_value(None), EquationError, ["'tau'", "NoneType"]),
    Bad("namespace_list", lambda: namespace_value([1, 2]), EquationError, ["'tau'", "list"]),
    Bad("namespace_complex", lambda: namespace_value(1j), SimgenError, ["'tau'", "1j"]),
    Bad("namespace_huge_integer", lambda: namespace_value(2**70),
        EquationError, ["'tau'", "64-bit"]),
    Bad("namespace_not_a_dict", lambda: run_of(neurons(), namespace=[1]),
        ArgumentTypeError, ["namespace", "[1]"]),
    Bad("group_namespace_not_a_dict", lambda: neurons(namespace="tau"),
        ArgumentTypeError, ["namespace", "exc", "'tau'"]),
    # objects
    Bad("two_objects_of_one_name", two_of_one_name, ModelError, ["exc"]),
    Bad("name_with_code", lambda: neurons(name="a; rm -rf"), ModelError, ["a; rm -rf"]),
    Bad("name_empty", lambda: neurons(name=""), ModelError, ["''"]),
    Bad("name_number", lambda: neurons(name=3), ArgumentTypeError, ["3"]),
    Bad("name_begins_with_digit", lambda: neurons(name="1st"), ModelError, ["'1st'"]),
    Bad("name_too_long", lambda: neurons(name="x" * 10_000), ModelError, ["xxx"]),
    Bad("name_newline", lambda: neurons(name="a\nb"), ModelError, ["a\\nb"]),
    Bad("network_object_missing", lambda: Network(neurons())["inh"], SimgenError, ["'inh'"]),
    # attributes and keywords
    Bad("attribute_misspelt_read", lambda: neurons("volts : volt").volt,
        UnknownAttributeError, ["'volt'", "'volts'", "exc"]),
    Bad("attribute_misspelt_write", lambda: set_attribute("w"),
        UnknownAttributeError, ["'exc' has no variable 'w'. To attach data of your own"]),
    Bad("attribute_read_only", lambda: setattr(neurons(), "i", 3),
        UnknownAttributeError, ["'i'", "exc"]),
    Bad("attribute_N", lambda: setattr(neurons(), "N", 5), UnknownAttributeError, ["'N'", "exc"]),
    Bad("subexpression_written", lambda: setattr(neurons("v : volt\nx = 2*v : volt"), "x", 3*mV),
        UnknownAttributeError, ["'x'", "exc"]),
    Bad("synapses_attribute_misspelt", lambda: synapses().wt, UnknownAttributeError,
        ["'wt'", "'w'", "exc_syn"]),
    Bad("monitor_attribute_misspelt", lambda: StateMonitor(neurons("g_ex : 1"), "g_ex", True).g_ec,
        UnknownAttributeError, ["'g_ec'", "'g_ex'"]),
    Bad("keyword_misspelt_group", lambda: NeuronGroup(3, "v : volt", treshold="v > 1*volt"),
        ArgumentTypeError, ["treshold", "threshold", "NeuronGroup"]),
    Bad("keyword_misspelt_synapses", lambda: Synapses(spiking(), on_pree="v += 1*mV"),
        ArgumentTypeError, ["on_pree", "on_pre", "Synapses"]),
    Bad("keyword_misspelt_connect", lambda: synapses(connected=False).connect(probability=0.1),
        ArgumentTypeError, ["probability", "connect"]),
    Bad("keyword_misspelt_run", misspelt_run_keyword,
        ArgumentTypeError, ["chek_finite", "check_finite"]),
    Bad("keyword_misspelt_device", lambda: set_device("cpu", treads=2),
        ArgumentTypeError, ["treads", "threads"]),
    Bad("argument_missing_group", lambda: NeuronGroup(model="v : volt"),
        ArgumentTypeError, ["NeuronGroup", "N"]),
    Bad("equations_substitution_unknown", lambda: Equations("dv/dt = -v/tau : volt", tua=10*ms),
        EquationError, ["'tua'", "'tau'"]),
    Bad("equations_substitution_text", lambda: Equations("dv/dt = -v/tau : volt", tau="10*ms"),
        EquationError, ["'tau'", "10*ms"]),
    Bad("equations_substitution_list", lambda: Equations("dv/dt = -v/tau : volt", tau=[1, 2]),
        ArgumentTypeError, ["'tau'", "list"]),
    Bad("equations_name_unknown", lambda: Equations("dv/dt = -v/tau : volt")["w"],
        UnknownNameError, ["'w'"]),
]  # fmt: skip


@table(ROWS)
def test_bad_names_are_refused(bad: Bad) -> None:
    check_refused(bad)


@pytest.mark.parametrize("device", ["reference", pytest.param("cpu", marks=pytest.mark.compiler)])
def test_words_of_other_languages_are_ordinary_names(device: str) -> None:
    """Keywords and macros of C++ and CUDA never reach the compiler as the user writes them."""
    names = ["double", "new", "template", "threadIdx", "M_PI", "NULL", "EOF", "int32_t", "static"]
    names += ["main", "right", "this", "memory", "state"]
    set_device(device)
    group = NeuronGroup(2, "\n".join(f"{name} : 1" for name in names), name="template")
    for number, name in enumerate(names):
        setattr(group, name, number)
    group.run_regularly("\n".join(f"{name} += 1" for name in names), dt=0.1 * ms)
    Network(group).run(0.2 * ms)
    assert [int(getattr(group, name)[0]) for name in names] == [k + 2 for k in range(len(names))]


def test_names_that_differ_by_case_are_different() -> None:
    group = NeuronGroup(1, "v : volt\nV : volt\ndVm/dt = V/ms : volt\ndvM/dt = v/ms : volt")
    group.V = 1 * volt
    group.v = 2 * volt
    Network(group).run(1 * ms)
    assert float(group.Vm_[0]) == pytest.approx(1.0)
    assert float(group.vM_[0]) == pytest.approx(2.0)
