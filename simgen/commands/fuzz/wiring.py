"""Random networks given by arrays, so that related ones can be made from them.

Weights lie on a dyadic grid and what arrives in a step is summed before anything reads it: sums are
exact in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.api.clock import defaultclock
from simgen.api.magic import start_scope
from simgen.api.monitors import SpikeMonitor
from simgen.api.network import Network
from simgen.api.neuron_group import NeuronGroup
from simgen.api.seeds import seed
from simgen.api.synapses import Synapses
from simgen.commands.fuzz.text import Names, real_text
from simgen.units import STANDARD_UNITS

DT = 1e-4  # seconds
LENGTH = 200  # steps
TRACES = "dta/dt = -ta/(4*ms) : 1 (event-driven)\ndtb/dt = -tb/(5*ms) : 1 (event-driven)"
_second: Any = STANDARD_UNITS["second"]
Numbers = NDArray[Any]


@dataclass(frozen=True)
class Wiring:
    """``n`` neurons with drives and first values, and synapses (i, j, weight, delay in steps)."""

    text: str
    reset: str
    plastic: bool
    drive: Numbers
    start: Numbers
    i: Numbers
    j: Numbers
    w: Numbers
    d: Numbers

    @property
    def n(self) -> int:
        """The number of neurons."""
        return len(self.drive)

    def relabelled(self, order: Numbers, shuffle: Numbers) -> Wiring:
        """Return the same network where neuron ``order[k]`` is called k, synapses shuffled."""
        place = np.argsort(order)
        return replace(
            self,
            drive=self.drive[order],
            start=self.start[order],
            i=place[self.i][shuffle],
            j=place[self.j][shuffle],
            w=self.w[shuffle],
            d=self.d[shuffle],
        )

    def repeated(self, times: int) -> Wiring:
        """Return the network with ``times`` synapses, a power of two, in place of each one."""
        i, j, w, d = (np.repeat(values, times) for values in (self.i, self.j, self.w, self.d))
        return replace(self, i=i, j=j, w=w / times, d=d)


@dataclass(frozen=True)
class Outcome:
    """Spikes as (neuron, step since the start), final values, and how many events came to each."""

    spikes: frozenset[tuple[int, int]]
    v: Numbers
    u: Numbers
    n: Numbers


def make_wiring(random: Random, plastic: bool = False) -> Wiring:
    """Return a random network."""
    names = Names([("v", "1"), ("u", "1"), ("drive", "1")])
    first, second = (real_text(random, names, 2, 0.0) for _ in range(2))
    text = (
        f"dv/dt = (drive + clip({first}, -0.5, 0.5) - v)/(5*ms) : 1 (unless refractory)\n"
        f"du/dt = (clip({second}, -2, 2) - u)/(7*ms) : 1\n"
        "drive : 1\nx : 1\nn : integer"
    )
    reset = random.choice(("v = 0", "v -= 1", f"v = clip({second}, -1, 0.5); u += 0.25"))
    numbers = np.random.default_rng(random.randrange(2**32))
    n = int(numbers.integers(2, 14)) if random.random() < 0.8 else 130
    count = int(numbers.integers(0, 6 * n))
    return Wiring(
        text=text,
        reset=reset,
        plastic=plastic,
        drive=numbers.integers(8, 40, n) / 16,
        start=numbers.integers(-64, 64, n) / 64,
        i=numbers.integers(0, n, count),
        j=numbers.integers(0, n, count),
        w=numbers.integers(-128, 128, count) / 128,
        d=numbers.integers(0, 12, count),
    )


def neurons(wiring: Wiring, low: int, high: int) -> NeuronGroup:
    """Return the neurons from ``low`` to before ``high`` as a group."""
    group = NeuronGroup(
        high - low,
        wiring.text,
        method="euler",
        threshold="v > 1",
        reset=wiring.reset,
        refractory=5 * DT * _second,
        namespace={},
    )
    group.drive, group.v = wiring.drive[low:high], wiring.start[low:high]
    group.run_regularly("v += x\nx = 0")
    return group


def link(source: Any, target: Any, wiring: Wiring, chosen: Numbers, i0: int, j0: int) -> Synapses:
    """Return the chosen synapses of a network between groups that begin at ``i0`` and ``j0``."""
    model, on_pre = "w : 1", "x_post += floor(w*128)/128; n_post += 1"
    keywords: dict[str, Any] = {}
    if wiring.plastic:
        model += "\n" + TRACES
        on_pre += "; ta += 0.125; w = clip(w + tb, -2, 2)"
        keywords["on_post"] = "tb -= 0.0625; w = clip(w + ta, -2, 2)"
    synapses = Synapses(source, target, model, on_pre=on_pre, namespace={}, **keywords)
    if not chosen.any():
        synapses.connect(False)
        return synapses
    synapses.connect(i=wiring.i[chosen] - i0, j=wiring.j[chosen] - j0)
    synapses.w = wiring.w[chosen]
    synapses.delay = wiring.d[chosen] * DT * _second
    return synapses


def run_wiring(
    wiring: Wiring,
    *,
    cuts: Sequence[int] = (),
    slices: Sequence[int] = (),
    shares: Numbers | None = None,
    first: int = 0,
    pieces: Sequence[int] = (LENGTH,),
    watch: bool = True,
) -> Outcome:
    """Run a network on the present device.

    ``cuts`` are where it is cut into groups; with ``slices`` it stays one group, of which synapses
    and monitors see subgroups. ``shares`` says to which object each synapse goes, ``first`` is the
    step of the start, ``pieces`` are the lengths of the runs in steps. Without ``watch`` nothing is
    recorded.
    """
    start_scope()
    seed(99)
    defaultclock.dt = DT * _second
    places = list(pairwise([0, *(slices or cuts), wiring.n]))
    if slices:
        whole = neurons(wiring, 0, wiring.n)
        groups: list[Any] = [whole[low:high] for low, high in places]
    else:
        groups = [neurons(wiring, low, high) for low, high in places]
    shares = np.zeros(len(wiring.i), int) if shares is None else shares
    synapses = []
    for source, (i0, i1) in zip(groups, places):
        for target, (j0, j1) in zip(groups, places):
            here = (wiring.i >= i0) & (wiring.i < i1) & (wiring.j >= j0) & (wiring.j < j1)
            for share in range(int(shares.max(initial=0)) + 1):
                synapses.append(link(source, target, wiring, here & (shares == share), i0, j0))
    monitors = [SpikeMonitor(group) for group in groups] if watch else []
    network = Network(whole if slices else groups, synapses, monitors)
    network._t = first * DT
    for piece in pieces:
        network.run(piece * DT * _second)
    spikes = {
        (int(k) + low, int(step) - first)
        for monitor, (low, _) in zip(monitors, places)
        for k, step in zip(monitor.i, np.rint(monitor.t_ / DT).astype(np.int64))
    }
    v, u, n = (np.concatenate([getattr(g, name)[:] for g in groups]) for name in ("v", "u", "n"))
    return Outcome(frozenset(spikes), v, u, n)


def unlike(first: Outcome, second: Outcome) -> str:
    """Return how two outcomes differ, or nothing; all bits of the values count."""
    lines = []
    if first.spikes != second.spikes:
        lines.append(f"spikes: {sorted(first.spikes ^ second.spikes)[:5]} in one only")
    for name in ("v", "u", "n"):
        a, b = getattr(first, name), getattr(second, name)
        if not np.array_equal(a, b, equal_nan=True):
            lines.append(f"{name}: {a.tolist()[:5]} against {b.tolist()[:5]}")
    return "; ".join(lines)
