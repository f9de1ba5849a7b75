"""The cortical microcircuit of Potjans & Diesmann (2014), scaled down, with Poisson drive.

Eight populations are parts of one group; 64 Synapses objects, fewer where there are no synapses,
join them. Scaled to a tenth in neurons and in inputs it has 7,700 neurons and three million
synapses; weights grow by the square root and a constant current replaces the mean input that is
lost (van Albada et al. 2015).
"""

from typing import Any

import numpy as np

SIZES = np.array([20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948])  # L2/3e, L2/3i, L4e ... L6i
PROBABILITIES = np.array(  # rows: targets, columns: sources
    [
        [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0],
        [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0],
        [0.0077, 0.0059, 0.0497, 0.135, 0.0067, 0.0003, 0.0453, 0.0],
        [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0],
        [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0],
        [0.0548, 0.0269, 0.0257, 0.0022, 0.06, 0.3158, 0.0086, 0.0],
        [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
        [0.0364, 0.001, 0.0034, 0.0005, 0.0277, 0.008, 0.0658, 0.1443],
    ]
)
EXTERNAL = np.array([1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100])  # inputs at 8 Hz
RATES = np.array([0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829])  # Hz, at full scale
V_MEAN = (-68.28, -63.16, -63.33, -63.45, -63.11, -61.66, -66.72, -61.43)  # mV, at the start
V_SD = (5.36, 4.57, 4.74, 4.94, 4.94, 4.55, 5.46, 4.48)
PSC, TAU_SYN = 87.8085, 0.5e-3  # pA, s


def weights() -> Any:
    """Return the mean weights in pA, [target, source]."""
    mean = np.tile(np.where(np.arange(8) % 2 == 0, PSC, -4 * PSC), (8, 1))
    mean[0, 2] *= 2
    return mean


def synapse_counts() -> Any:
    """Return the numbers of synapses at full scale, [target, source]."""
    pairs = np.outer(SIZES, SIZES).astype(float)
    return np.log1p(-PROBABILITIES) / np.log1p(-1 / pairs)


def build(
    api: Any, neurons: float = 0.1, inputs: float = 0.1, record: bool = False
) -> tuple[Any, ...]:
    """Return the network with these shares of its neurons and of the inputs of each.

    The monitors of the populations count spikes and with ``record`` keep them, too.
    """
    ms, mV, pA, pF, Hz = api.ms, api.mV, api.pA, api.pF, api.Hz
    constants = {"tau_m": 10 * ms, "tau_syn": 0.5 * ms, "C": 250 * pF, "E_L": -65 * mV, "mV": mV}
    sizes = np.round(SIZES * neurons).astype(int)
    group = api.NeuronGroup(
        int(sizes.sum()),
        """dv/dt = (E_L - v)/tau_m + (I + I_dc)/C : volt (unless refractory)
        dI/dt = -I/tau_syn : amp
        I_dc : amp""",
        threshold="v > -50*mV",
        reset="v = E_L",
        refractory=2 * ms,
        method="exact",
        namespace=constants,
    )
    ends = np.cumsum(sizes)
    populations = [group[int(end - size) : int(end)] for end, size in zip(ends, sizes)]
    counts, mean, lost = synapse_counts(), weights(), 1 - np.sqrt(inputs)
    external = EXTERNAL * PSC * 8
    current = lost * ((counts * mean * RATES).sum(axis=1) / SIZES + external)
    drives, pathways = [], []
    for target, population in enumerate(populations):
        population.v = f"{V_MEAN[target]}*mV + {V_SD[target]}*mV*randn()"
        population.I_dc = current[target] * TAU_SYN * pA
        number, weight = int(EXTERNAL[target] * inputs), PSC / np.sqrt(inputs) * pA
        drives.append(api.PoissonInput(population, "I", number, 8 * Hz, weight))
        for source in range(8):
            count = round(counts[target, source] * neurons * inputs)
            if count:
                synapses = _connect(api, populations[source], population, count)
                _fill(api, synapses, mean[target, source] / np.sqrt(inputs), source % 2 == 0)
                pathways.append((source, synapses))
    monitors = [api.SpikeMonitor(population, record=record) for population in populations]
    network = api.Network(group, drives, monitors, [synapses for _, synapses in pathways])
    events = tuple((monitors[s], int(sizes[s]), synapses) for s, synapses in pathways)
    return network, int(sizes.sum()), monitors[0], int(sizes[0]), events


def _connect(api: Any, source: Any, target: Any, count: int) -> Any:
    units = {"ms": api.ms, "pA": api.pA, "inf": np.inf}
    synapses = api.Synapses(source, target, "w : amp", on_pre="I_post += w", namespace=units)
    if api.__name__.startswith("simgen"):
        synapses.connect(n_total=count)
    else:
        i, j = (
            np.random.randint(len(source), size=count),
            np.random.randint(len(target), size=count),
        )
        synapses.connect(i=i, j=j)
    return synapses


def _fill(api: Any, synapses: Any, weight: float, excites: bool) -> None:
    """Give every synapse a weight (in pA) and a delay, both normal."""
    sign = "" if excites else "-"
    size, mean = abs(weight), 1.5 if excites else 0.75
    if api.__name__.startswith("simgen"):
        synapses.w = f"{sign}truncated_normal({size}, {size / 10}, 0, inf)*pA"
        synapses.delay = f"truncated_normal({mean}, {mean / 2}, 0.1, inf)*ms"
    else:
        synapses.w = f"{sign}clip({size} + {size / 10}*randn(), 0, inf)*pA"
        synapses.delay = f"clip({mean} + {mean / 2}*randn(), 0.1, 100)*ms"
