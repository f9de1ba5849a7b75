"""Whether anything works: the device and its versions, one kernel, one step of a network."""

from __future__ import annotations

import time

import numpy as np

from simgen.api import network
from simgen.api.binding import CompiledNetwork
from simgen.commands.check.models import api, leaky
from simgen.commands.check.report import Values
from simgen.commands.check.setting import Setting, has_compiler, load_kernels, to_device, to_host
from simgen.commands.check.units import require_equal
from simgen.targets.cuda.lower import lower_program


def run(setting: Setting) -> None:
    """Look at the device and try it."""
    device = setting.device()
    facts = {**device.facts(), "C++ compiler": "found" if has_compiler() else "none"}
    setting.report.part("device", lambda: facts)
    setting.report.part("kernel", lambda: _kernel(setting))
    setting.report.part("network", lambda: _network(setting))
    setting.report.note(", ".join(f"{name} {value}" for name, value in facts.items()))


def _kernel(setting: Setting) -> Values:
    """Run one kernel."""
    device = setting.device()
    begin = time.perf_counter()
    module = load_kernels(device, "units")
    compiled = time.perf_counter() - begin
    x = np.arange(64)
    given, out = to_device(device, x), device.allocate(x.nbytes)
    module.function("check_scan").launch(2, 32, (given.address, out.address))
    device.synchronize()
    expected = np.cumsum(x.reshape(2, 32), axis=1).ravel()
    require_equal("a sum", to_host(device, out, np.int64), expected)
    return {"seconds to compile": round(compiled, 3)}


def _network(setting: Setting) -> Values:
    """Compile a network and make one step."""
    setting.use_device()
    cells = leaky(1000)
    links = api.Synapses(cells, cells, on_pre="v_post += 0.01")
    links.connect(p=0.01)
    links.delay = "ms*rand()"
    programs = []

    def note(compiled: CompiledNetwork) -> None:
        programs.append(compiled.program)

    network.on_compiled = note
    try:
        begin = time.perf_counter()
        api.Network(cells, links).run(0.1 * api.ms)
        seconds = time.perf_counter() - begin
    finally:
        network.on_compiled = None
    lines = len(lower_program(programs[0], np.dtype(np.float64)).source.splitlines())
    return {"lines of CUDA": lines, "seconds to compile and make a step": round(seconds, 3)}
