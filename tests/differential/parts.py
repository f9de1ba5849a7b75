"""A group in parts with many objects of synapses between them, which may run as one."""

from __future__ import annotations

import numpy as np
from wiring import begin

from simgen import Network, NeuronGroup, Synapses, ms, seed, set_device
from simgen.ir.kernel import OverCarried, OverFanOut

CODES = {
    "constant": ("w : 1", "x_post += w"),
    "plastic": ("w : 1\nu : 1\nn : integer", "u = 0.75 - u; n += 1; x_post += w*u"),
    "no variables": ("", "x_post += 0.0625"),
    "graded": (
        "w : 1\nu : 1\nn : integer",
        "u = at_emission(x_pre)/2; n += 1;"  # bounded: sums are the same in any order while exact
        "x_post += w*(1 + at_emission(int(clip(8*(x_pre - low), 0, 4))))/2",
    ),
}
NAMESPACES = {"graded": {"low": 1}}
SIZES = (7, 1, 12, 4)
EMULATED = 0  # threads: on an emulated GPU


class Wired:
    """A group in four parts, and sixteen objects of equal code between them."""

    def __init__(
        self,
        optimize,
        threads,
        code="plastic",
        delays=True,
        dtype="float64",
        kinds=(0, 1, 2, 3, 4),
        **keywords,
    ):
        where = {"device": "cuda", "emulate": True} if threads == EMULATED else {"threads": threads}
        set_device(**{"device": "cpu", "optimize": optimize, "dtype": dtype, **where})
        begin()
        seed(5)
        self.optimize, self.dtype = optimize, dtype
        self.group = NeuronGroup(
            sum(SIZES), "x : 1\nd : 1", threshold="x >= 1", reset="x -= 1", name="cells"
        )
        self.group.x = "floor(rand()*16)/16"
        self.group.d = "floor(rand()*8)/64"
        self.group.run_regularly("x += d")
        ends = np.cumsum(SIZES)
        self.parts = [self.group[end - size : end] for end, size in zip(ends, SIZES)]
        self.model, self.on_pre = CODES[code]
        keywords = {**keywords, "namespace": NAMESPACES.get(code)}
        self.kinds = kinds
        order = [(5 * k + 3) % 16 for k in range(16)]  # not that of their places
        made = {number: self.link(number, delays, **keywords) for number in order}
        self.objects = [made[number] for number in range(16)]
        self.network = Network(self.group, list(made.values()))

    def link(self, number, delays, **keywords):
        source, target = self.parts[number // 4], self.parts[number % 4]
        made = Synapses(source, target, self.model, on_pre=self.on_pre, **keywords)
        match self.kinds[number % len(self.kinds)]:
            case 0:
                made.connect(p=0.5)
            case 1:
                made.connect(n_total=25)  # with repeated pairs
            case 2:
                made.connect(i=0, j=np.arange(min(3, len(target)))[::-1])  # not sorted
            case 3:
                made.connect("i != j")
            case 4:
                made.connect(False)
        if len(made):
            if isinstance(delays, str):
                made.delay = delays
            elif delays and number % 3:
                made.delay = "floor(rand()*9)*0.1*ms"
            elif delays:
                made.delay = 0.1 * number * ms
            if "w" in made.variables:
                made.w = "(1 + floor(rand()*4))/64"
        return made

    def kernels(self):
        """Return the names of the walks over synapses."""
        found = self.network._compiled.program.kernels
        walks = (kernel for kernel in found if isinstance(kernel.domain, OverFanOut | OverCarried))
        return [kernel.name for kernel in walks]

    def rest(self):
        """Run without spikes until none is under way."""
        drive = self.group.d[:]
        self.group.d, self.group.x = 0, 0
        self.network.run(4 * ms)
        self.group.d = drive

    def state(self):
        """Return all that Python can see, as bytes."""
        seen = [self.group.x[:]]
        for made in self.objects:
            seen += [made.i[:], made.j[:], made.delay_[:], np.array(len(made))]
            seen += [getattr(made, name)[:] for name in made.variables]
            seen += [made.N_incoming_post[:]]
        return [np.asarray(values).tobytes() for values in seen]
