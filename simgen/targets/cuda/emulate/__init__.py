"""Kernels of the CUDA target on the processor: the unchanged text, compiled for the host.

For tests and for finding faults, on machines with or without a GPU.
"""

from simgen.targets.cuda.emulate.device import EmulatedDevice, open_emulated

__all__ = ["EmulatedDevice", "open_emulated"]
