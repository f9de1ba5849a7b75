"""Bad sizes; what does not fit into memory is refused before it is allocated."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from bad_inputs import Bad, check_refused, neurons, run_of, spiking, synapses, table

from simgen import (
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    PoissonInput,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    mV,
    second,
    volt,
)
from simgen.errors import ArgumentTypeError, MemoryLimitError, ModelError, SimgenError

MEMORY = ["bytes", "free"]


def huge_pair(n: int) -> Synapses:
    first = NeuronGroup(n, "", threshold="i < 0", name="exc")
    second_group = NeuronGroup(n, "", name="inh")
    return Synapses(first, second_group, name="exc_syn")


def recording_too_large() -> None:
    group = NeuronGroup(1000, "v : volt", name="exc")
    monitor = StateMonitor(group, "v", True, name="trace")
    Network(group, monitor).run(1e9 * second)


def recording_of_synapses_too_large() -> None:
    made = synapses(n=100)
    monitor = StateMonitor(made, "w", True, name="trace")
    Network(made.source, made, monitor).run(1e9 * second)


def monitor_larger_than_memory() -> None:
    group = NeuronGroup(2**31 - 1, "", name="exc")
    StateMonitor(group, "i", True, name="trace")
    Network(group).run(1 * ms)


def ring_too_large() -> None:
    made = synapses(n=1000, delay=3000 * second)
    Network(made.source, made).run(1 * ms)


def spike_monitor_too_large() -> None:
    group = NeuronGroup(2**20, "v : 1", threshold="v >= 0", name="exc")
    monitor = SpikeMonitor(group, name="spikes")
    Network(group, monitor).run(1e9 * second)


ROWS = [
    *(Bad(f"neurons_{label}", lambda value=value: neurons(n=value), error, ["exc", text])
      for label, value, error, text in [
          ("zero", 0, ModelError, "0"),
          ("negative", -3, ModelError, "-3"),
          ("fraction", 2.5, ArgumentTypeError, "2.5"),
          ("true", True, ArgumentTypeError, "True"),
          ("numpy_false", np.bool_(False), ArgumentTypeError, "False"),
          ("two_to_31", 2**31, ModelError, "2147483648"),
          ("ten_to_13", 10**13, ModelError, "10000000000000"),
          ("ten_to_400", 10**400, ModelError, "1000000"),
          ("nan", float("nan"), ArgumentTypeError, "nan"),
          ("inf", float("inf"), ArgumentTypeError, "inf"),
          ("text", "3", ArgumentTypeError, "'3'"),
          ("none", None, ArgumentTypeError, "None"),
          ("list", [3], ArgumentTypeError, "[3]"),
          ("quantity", 3 * mV, ArgumentTypeError, "3"),
          ("complex", 3 + 0j, ArgumentTypeError, "(3+0j)"),
          ("equations", "v : 1", ArgumentTypeError, "'v : 1'"),
      ]),
    Bad("neurons_beyond_memory", lambda: neurons("\n".join(f"v{k} : 1" for k in range(200)),
        n=2**31 - 1), MemoryLimitError, ["exc", *MEMORY]),
    Bad("poisson_zero", lambda: PoissonGroup(0, 10 * Hz, name="noise"), ModelError, ["noise", "0"]),
    Bad("poisson_fraction", lambda: PoissonGroup(2.5, 10 * Hz, name="noise"),
        ArgumentTypeError, ["noise", "2.5"]),
    Bad("poisson_input_fraction", lambda: PoissonInput(neurons(), "v", 2.5, 1 * Hz, 1 * mV,
        name="drive"), ArgumentTypeError, ["drive", "2.5"]),
    Bad("poisson_input_negative", lambda: PoissonInput(neurons(), "v", -1, 1 * Hz, 1 * mV,
        name="drive"), ModelError, ["drive", "-1"]),
    Bad("generator_zero", lambda: SpikeGeneratorGroup(0, [], [] * ms, name="gen"),
        ModelError, ["gen", "0"]),
    Bad("generator_bool", lambda: SpikeGeneratorGroup(True, [0], [1] * ms, name="gen"),
        ArgumentTypeError, ["gen", "True"]),
    # connectivity
    Bad("synapses_ten_to_12", lambda: huge_pair(10**6).connect(),
        MemoryLimitError, ["exc_syn", *MEMORY, "storage='procedural'"]),
    Bad("synapses_ten_to_12_sampled", lambda: huge_pair(2 * 10**6).connect(p=0.25),
        MemoryLimitError, ["exc_syn", *MEMORY, "storage='procedural'"]),
    Bad("synapses_condition_many", lambda: huge_pair(10**6).connect("i >= 0"),
        MemoryLimitError, ["exc_syn", *MEMORY]),
    Bad("synapses_ten_to_12_repeats", lambda: huge_pair(10**3).connect(n=10**6),
        MemoryLimitError, ["exc_syn", *MEMORY]),
    Bad("synapses_repeated_indices", lambda: huge_pair(10).connect(i=0, j=0, n=10**12),
        MemoryLimitError, ["exc_syn", *MEMORY]),
    Bad("synapses_n_total", lambda: huge_pair(10**6).connect(n_total=10**13),
        MemoryLimitError, ["exc_syn", *MEMORY]),
    Bad("synapses_out_degree", lambda: huge_pair(10**6).connect(out_degree=10**6),
        MemoryLimitError, ["exc_syn", *MEMORY]),
    Bad("synapses_generator", lambda: huge_pair(10**6).connect(j="k for k in range(N_post)"),
        MemoryLimitError, ["exc_syn", *MEMORY]),
    Bad("synapses_generator_sampled", lambda: huge_pair(2 * 10**6).connect(
        j="k for k in sample(N_post, p=0.25)"), MemoryLimitError, ["exc_syn", *MEMORY]),
    Bad("delay_ring", ring_too_large, MemoryLimitError, ["exc", "30,000,001 steps", *MEMORY]),
    # recording
    Bad("recording_state", recording_too_large, MemoryLimitError, ["trace", *MEMORY]),
    Bad("recording_synapses", recording_of_synapses_too_large,
        MemoryLimitError, ["trace", *MEMORY]),
]  # fmt: skip


@table(ROWS)
def test_bad_sizes_are_refused(bad: Bad) -> None:
    check_refused(bad)


def test_refusals_come_before_the_memory_is_taken() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(SimgenError):
            huge_pair(10**6).connect()
        with pytest.raises(SimgenError):
            neurons(n=2**31)
        with pytest.raises(SimgenError):
            neurons("\n".join(f"v{k} : 1" for k in range(200)), n=2**31 - 1)
        assert tracemalloc.get_traced_memory()[1] < 200e6
    finally:
        tracemalloc.stop()


def test_sizes_may_be_any_whole_number() -> None:
    for number, value in enumerate((3, np.int8(3), np.uint64(3), 3.0, np.float32(3))):
        assert neurons(n=value, name=f"exc_{number}").N == 3
    group = spiking(n=1)
    made = Synapses(group, group, "w : volt", on_pre="v += w", name="none")
    made.connect(False)
    run_of(group, made)
    assert made.N == 0
    assert group.v[0] == 0 * volt
