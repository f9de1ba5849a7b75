"""The cortical microcircuit as it is timed: spikes are counted, external input is Poisson."""

import simgen
from simgen.commands.workloads import microcircuit
from simgen.commands.workloads.workload import Workload

Workload(*microcircuit.build(simgen, 0.005, 0.005)).network.run(0.1 * simgen.ms)
