"""What tests of headers and of CUDA text share, made once a session."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numerics_library import compile_library
from nvrtc_compiler import Compiled, Nvrtc, find_nvrtc

from simgen.commands.show import compile_script
from simgen.ir.kernel import Program
from simgen.targets import shared
from simgen.targets.cuda.lower import LoweredProgram, lower_program

SMALLER = {"microcircuit": ["--scale", "0.01"]}  # arguments of examples whose building takes long


@pytest.fixture(scope="session")
def vector_library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """The headers as programs use them, vectorised for this machine."""
    return compile_library(tmp_path_factory.mktemp("vector"), "vector", "-O3", "-march=native")


@pytest.fixture(scope="session")
def scalar_library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """The headers in plain scalar code of the base instruction set."""
    return compile_library(
        tmp_path_factory.mktemp("scalar"), "scalar", "-O1", "-fno-tree-vectorize"
    )


@pytest.fixture(scope="session")
def nvrtc() -> Nvrtc:
    """NVIDIA's compiler, where it is installed."""
    library = find_nvrtc()
    if library is None:
        pytest.skip("NVRTC is not installed (the nvidia-cuda-nvrtc wheel)")
    return library


@pytest.fixture(scope="session")
def lowered() -> Callable[..., LoweredProgram]:
    """``lowered(path, real, deterministic, delayed, apart)`` is the CUDA of an example.

    With ``apart`` each kernel has a function of its own, in which all names are its own.
    """

    @functools.cache
    def program(path: Path) -> Program:
        return compile_script(path, SMALLER.get(path.stem, [])).program

    @functools.cache
    def lower(
        path: Path,
        real: type,
        deterministic: bool = False,
        delayed: bool = False,
        apart: bool = False,
    ) -> LoweredProgram:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(shared, "SHARED_FROM", 10**6 if apart else shared.SHARED_FROM)
            return lower_program(program(path), np.dtype(real), deterministic, delayed)

    return lower


@pytest.fixture(scope="session")
def compiled(nvrtc: Nvrtc, lowered: Callable[..., LoweredProgram]) -> Callable[..., Compiled]:
    """``compiled(path, real)`` is an example compiled for sm_90; the log tells what was spilt.

    It is the text for delays of a step at least, in which more shares a launch.
    """

    @functools.cache
    def compile_example(path: Path, real: type) -> Compiled:
        return nvrtc.compile(
            lowered(path, real, delayed=True).source, "sm_90", "--ptxas-options=-v"
        )

    return compile_example
