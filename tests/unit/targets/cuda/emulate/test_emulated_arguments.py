"""Sizes and arguments of launches are checked against the kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simgen.errors import InternalError
from simgen.targets.cuda.emulate.arguments import launch_sizes, pack
from simgen.targets.cuda.emulate.loaded import KernelFacts, Parameter
from simgen.targets.cuda.emulate.memory import spoiled

POINTER, INT, LONG = Parameter("pointer", 8), Parameter("int", 4), Parameter("int", 8)
UINT, BOOL = Parameter("uint", 4), Parameter("bool", 1)
DOUBLE, STRUCT = Parameter("float", 8), Parameter("struct", 16)


def facts(*parameters: Parameter, most_threads: int = 256) -> KernelFacts:
    return KernelFacts(0, parameters, most_threads)


def packed(parameter: Parameter, argument: Any) -> bytes:
    return pack("k", facts(parameter), (argument,))[0].tobytes()


def test_arguments_become_the_bytes_of_their_parameters() -> None:
    assert packed(INT, -2) == np.int32(-2).tobytes()
    assert packed(LONG, -2) == np.int64(-2).tobytes()
    assert packed(UINT, 2**32 - 1) == b"\xff" * 4
    assert packed(BOOL, True) == b"\1"
    assert packed(DOUBLE, 0.5) == np.float64(0.5).tobytes()
    assert packed(LONG, np.int64(7)) == np.int64(7).tobytes()
    pair = np.array([(1, 2.0)], dtype=[("a", "i8"), ("b", "f8")])[0]
    assert packed(STRUCT, pair) == pair.tobytes()
    buffer = spoiled(8, "v", check=False)
    for parameter in (POINTER, LONG):
        assert packed(parameter, buffer) == np.uint64(buffer.address).tobytes()


@pytest.mark.parametrize(
    ("parameter", "argument"),
    [
        (INT, 2**31),
        (INT, 1.0),
        (UINT, -1),
        (BOOL, 2),
        (LONG, np.int32(1)),
        (DOUBLE, 1),
        (DOUBLE, np.float32(1)),
        (STRUCT, 5),
        (POINTER, -8),
        (INT, spoiled(8, "v", check=False)),
    ],
)
def test_an_argument_that_does_not_fit_is_refused(parameter: Parameter, argument: Any) -> None:
    with pytest.raises(InternalError, match=r"^argument 2 of kernel 'k' is .* but the param"):
        pack("k", facts(INT, parameter), (1, argument))


def test_the_number_of_arguments_is_checked() -> None:
    with pytest.raises(InternalError, match="kernel 'k' has 2 parameters, not 1"):
        pack("k", facts(INT, LONG), (1,))


def test_sizes_are_filled_up_to_three_dimensions() -> None:
    assert launch_sizes("k", facts(), 4, (8, 2)) == ((4, 1, 1), (8, 2, 1))
    assert launch_sizes("k", facts(), (4, 3, 2), np.int64(8)) == ((4, 3, 2), (8, 1, 1))


@pytest.mark.parametrize(("grid", "block"), [(0, 32), (1, 0), (-1, 32), ((2**16, 2**16), 32)])
def test_impossible_sizes_are_refused(grid: Any, block: Any) -> None:
    with pytest.raises(InternalError, match="kernel 'k' cannot be launched with grid"):
        launch_sizes("k", facts(), grid, block)


def test_the_bound_of_a_kernel_holds() -> None:
    expected = "kernel 'k' cannot be launched with 512 threads a block; it is compiled for at most"
    with pytest.raises(InternalError, match=expected):
        launch_sizes("k", facts(most_threads=256), 1, 512)
