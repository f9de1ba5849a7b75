"""simgen: spiking networks from equation strings, compiled and run in-process."""

from __future__ import annotations

from typing import Any

from simgen.api.binomial import BinomialFunction
from simgen.api.clock import Clock, defaultclock
from simgen.api.device import get_device, set_device
from simgen.api.functions import Function, declare_types, implementation
from simgen.api.links import LinkedVariable, linked_var
from simgen.api.magic import (
    collect,
    magic_network,
    profiling_summary,
    restore,
    run,
    scheduling_summary,
    start_scope,
    store,
)
from simgen.api.missing import missing_name
from simgen.api.monitors import EventMonitor, SpikeMonitor
from simgen.api.network import Network
from simgen.api.neuron_group import NeuronGroup
from simgen.api.operations import NetworkOperation, network_operation
from simgen.api.own_methods import ExplicitStateUpdater, StateUpdateMethod
from simgen.api.poisson import PoissonGroup, PoissonInput
from simgen.api.rate_monitor import PopulationRateMonitor
from simgen.api.running import stop
from simgen.api.seeds import get_seed, seed
from simgen.api.spike_generator import SpikeGeneratorGroup
from simgen.api.state_monitor import StateMonitor
from simgen.api.subgroup import Subgroup
from simgen.api.synapses import Synapses
from simgen.api.timed_array import TimedArray
from simgen.errors import (
    CompileError,
    DeviceError,
    DimensionMismatchError,
    EquationError,
    InternalError,
    MagicError,
    ModelError,
    NumericalError,
    SimgenError,
    StateFileError,
    UnknownNameError,
    UnsupportedFeatureError,
)
from simgen.lang.equations_object import Equations
from simgen.units import (
    STANDARD_UNITS,
    Quantity,
    Unit,
    check_units,
    get_dimensions,
    have_same_dimensions,
    register_new_unit,
)

__version__ = "0.1.0"

__all__ = [
    "BinomialFunction",
    "Clock",
    "CompileError",
    "DeviceError",
    "DimensionMismatchError",
    "EquationError",
    "Equations",
    "EventMonitor",
    "ExplicitStateUpdater",
    "Function",
    "InternalError",
    "LinkedVariable",
    "MagicError",
    "ModelError",
    "Network",
    "NetworkOperation",
    "NeuronGroup",
    "NumericalError",
    "PoissonGroup",
    "PoissonInput",
    "PopulationRateMonitor",
    "Quantity",
    "SimgenError",
    "SpikeGeneratorGroup",
    "SpikeMonitor",
    "StateFileError",
    "StateMonitor",
    "StateUpdateMethod",
    "Subgroup",
    "Synapses",
    "TimedArray",
    "Unit",
    "UnknownNameError",
    "UnsupportedFeatureError",
    "check_units",
    "collect",
    "declare_types",
    "defaultclock",
    "get_device",
    "get_dimensions",
    "get_seed",
    "have_same_dimensions",
    "implementation",
    "linked_var",
    "magic_network",
    "network_operation",
    "profiling_summary",
    "register_new_unit",
    "restore",
    "run",
    "scheduling_summary",
    "seed",
    "set_device",
    "start_scope",
    "stop",
    "store",
]
__all__ += list(STANDARD_UNITS)


def __getattr__(name: str) -> Any:
    if name in STANDARD_UNITS:
        return STANDARD_UNITS[name]
    raise missing_name(name, tuple(__all__))
