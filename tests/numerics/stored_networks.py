"""Networks with all kinds of state, for the tests of store() and restore()."""

from __future__ import annotations

import numpy as np

from simgen import (
    EventMonitor,
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    PoissonInput,
    PopulationRateMonitor,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    defaultclock,
    ms,
    seed,
    start_scope,
)

STDP = """w : 1
n : integer
total : 1 (shared)
da/dt = -a/(10*ms) : 1 (event-driven)
db/dt = -b/(15*ms) : 1 (event-driven)"""


class Whole:
    """A network of nearly everything that has state."""

    def __init__(self, number):
        start_scope()
        seed(number)
        defaultclock.dt = 0.1 * ms
        drive = TimedArray(np.arange(50) % 7 / 64, dt=1 * ms)
        self.poisson = PoissonGroup(20, 150 * Hz, name="poisson")
        self.cells = NeuronGroup(
            30,
            """dv/dt = (i0 - v + c)/(10*ms) + 0.1*xi*(10*ms)**-0.5 : 1 (unless refractory)
            i0 = 1.5 + drive(t) : 1
            c : 1 (constant)
            dx/dt = -x/(20*ms) : 1
            ref : second""",
            threshold="v > 1",
            reset="v = 0; x += 1",
            refractory="ref",
            events={"high": "x > 1.5"},
            method="euler",
            namespace={"drive": drive},
            name="cells",
        )
        self.cells.v = "rand()"
        self.cells.c = "rand()/4"
        self.cells.ref = "rand()*3*ms"
        self.plastic = Synapses(
            self.poisson,
            self.cells,
            STDP,
            on_pre="v_post += w; a += 0.125; w = clip(w + b, 0, 1); n += 1",
            on_post="b -= 0.0625; w = clip(w + a, 0, 1)",
            name="plastic",
        )
        self.plastic.connect(p=0.4)
        self.plastic.connect(i=[3, 3], j=[5, 5])
        self.plastic.w = "rand()/8"
        self.plastic.pre.delay = "rand()*3*ms"
        self.plastic.total = number
        self.lateral = Synapses(
            self.cells[:20],
            self.cells[5:],
            "u : 1",
            on_pre={"fast": "v_post -= u", "slow": "x_post += u"},
            delay={"fast": 1.2 * ms},
            name="lateral",
        )
        self.lateral.connect(p=0.3)
        self.lateral.u = "rand()/16"
        self.lateral.slow.delay = "rand()*4*ms"
        self.input = PoissonInput(self.cells, "v", 20, 20 * Hz, 1 / 64, name="background")
        self.kicks = self.cells.run_regularly("v += rand()/64", dt=1 * ms, name="kicks")
        self.spikes = SpikeMonitor(self.cells, "x", name="spikes")
        self.counts = SpikeMonitor(self.poisson, record=False, name="counts")
        self.high = EventMonitor(self.cells, "high", name="high")
        self.trace = StateMonitor(self.cells, ["v", "ref"], record=[0, 7], name="trace")
        self.weights = StateMonitor(self.plastic, "w", record=True, dt=2 * ms, name="weights")
        self.rate = PopulationRateMonitor(self.cells, name="rate")
        parts = [self.poisson, self.cells, self.plastic, self.lateral, self.input, self.spikes]
        parts += [self.counts, self.high, self.trace, self.weights, self.rate]
        self.net = Network(parts)

    def state(self):
        """Return all that a user can see."""
        cells, plastic, lateral = self.cells, self.plastic, self.lateral
        found = {
            "t": self.net.t_,
            "v": cells.v[:],
            "x": cells.x[:],
            "c": cells.c[:],
            "ref": cells.ref_[:],
            "lastspike": cells.lastspike_[:],
            "not_refractory": cells.not_refractory[:],
            "rates": self.poisson.rates_[:],
            **{f"plastic.{n}": getattr(plastic, n)[:] for n in ("i", "j", "w", "a", "b", "n")},
            "lastupdate": plastic.lastupdate_[:],
            "total": plastic.total[:],
            "plastic.delay": plastic.delay_[:],
            **{f"lateral.{n}": getattr(lateral, n)[:] for n in ("i", "j", "u")},
            "fast": lateral.fast.delay_[:],
            "slow": lateral.slow.delay_[:],
            "spikes": [self.spikes.i, self.spikes.t_, self.spikes.x],
            "counts": self.counts.count,
            "high": [self.high.i, self.high.t_],
            "trace": [self.trace.t_, *self.trace.v, *self.trace.ref_],
            "weights": [self.weights.t_, *self.weights.w],
            "rate": [self.rate.t_, self.rate.rate_],
            "last": [cells.spikes, self.poisson.spikes],
        }
        return {
            name: b"".join(np.ascontiguousarray(each).tobytes() for each in np.atleast_1d(values))
            if not isinstance(values, list)
            else b"|".join(np.ascontiguousarray(each).tobytes() for each in values)
            for name, values in found.items()
        }


def differing(one, other):
    return [name for name in one if one[name] != other[name]]


class Dyadic:
    """A network whose sums are exact in any order, of objects of which some run as one."""

    def __init__(self, number):
        start_scope()
        seed(number)
        self.group = NeuronGroup(
            80,
            "v : 1\nd : 1",
            threshold="v >= 1",
            reset="v -= 1",
            refractory=0.4 * ms,
            name="group",
        )
        self.group.v = "floor(rand()*64)/64"
        self.group.d = "floor(rand()*8)/256"
        self.group.run_regularly("v += d*int(rand() < 0.5)")
        parts = [self.group[:30], self.group[30:70], self.group[70:]]
        self.links = []
        for source in parts:
            for target in parts:
                made = Synapses(source, target, "w : 1", on_pre="w = 0.75 - w; v_post += w/16")
                made.connect(p=0.2)
                made.w = "floor(rand()*4)/16"
                made.delay = "floor(rand()*30)*0.1*ms"
                self.links.append(made)
        self.spikes = SpikeMonitor(self.group, name="spikes")
        self.net = Network(self.group, self.links, self.spikes)

    def state(self):
        found = [self.group.v[:], self.spikes.i, self.spikes.t_, self.group.lastspike_[:]]
        found += [each for link in self.links for each in (link.w[:], link.delay_[:], link.i[:])]
        return [each.tobytes() for each in found]
