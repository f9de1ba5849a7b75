"""CUBA as it is timed: spikes are counted and not kept, so that a step can be one launch."""

import simgen
from simgen.commands.workloads import cuba
from simgen.commands.workloads.workload import Workload

Workload(*cuba.build(simgen, neurons=50)).network.run(0.1 * simgen.ms)
