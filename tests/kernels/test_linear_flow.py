"""Exponentials of small matrices: compiled code equals the numpy mirror bit for bit."""

from __future__ import annotations

import ctypes

import mpmath
import numpy as np
import pytest
from numerics_library import run, same_bits

from simgen.numerics.linear_flow import flow

pytestmark = pytest.mark.compiler

BLOCKS = [(1,), (2,), (1, 1), (3,), (1, 2, 1), (2, 2), (4,), (1,) * 8, (2, 1, 3, 2)]


def matrices(blocks: tuple[int, ...], count: int, real: type) -> tuple[np.ndarray, np.ndarray]:
    """Matrices (row, column, element) of all sizes, some equal, empty or defective; and values."""
    rng = np.random.default_rng(sum(b * 10**k for k, b in enumerate(blocks)))
    n, ends = sum(blocks), np.cumsum(blocks)
    sizes = np.exp(rng.uniform(-12, 7, count))
    m = rng.uniform(-1, 1, (n, n, count)) * sizes
    for i in range(n):
        m[i, i, ::2] = -np.abs(m[i, i, ::2]) - np.abs(m[:, i, ::2]).sum(axis=0)
        m[i, ends[np.searchsorted(ends, i, side="right")] :] = 0
    m[..., ::5] = np.round(m[..., ::5])
    m[..., 1::7] = 0
    diagonal = np.arange(n)
    m[diagonal, diagonal, 3::7] = m[0, 0, 3::7]
    return m.astype(real), rng.normal(size=(n, count)).astype(real)


@pytest.mark.parametrize("real", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("blocks", BLOCKS, ids=str)
def test_compiled_flows_equal_the_mirror(
    blocks: tuple[int, ...], real: type, vector_library: ctypes.CDLL, scalar_library: ctypes.CDLL
) -> None:
    n, count = sum(blocks), 400
    m, x = matrices(blocks, count, real)
    starts = sum(1 << int(end - size) for end, size in zip(np.cumsum(blocks), blocks))
    for row in {0, n // 2, n - 1}:
        entries = [m[i, j] for i in range(n) for j in range(n)]
        expected = flow(row, blocks, entries, list(x))
        assert expected.dtype == real
        for library in (vector_library, scalar_library):
            y = np.empty(count, real)
            numbers = [ctypes.c_int32(row), ctypes.c_int32(n), ctypes.c_uint32(starts)]
            name = "flow" if real is np.float64 else "flowf"
            run(library, name, y, y, *numbers, m, x, ctypes.c_int64(count))
            assert same_bits(y, expected).all()


@pytest.mark.parametrize("blocks", BLOCKS, ids=str)
def test_flows_are_matrix_exponentials(blocks: tuple[int, ...]) -> None:
    n, count = sum(blocks), 60
    m, x = matrices(blocks, count, np.float64)
    entries = [m[i, j] for i in range(n) for j in range(n)]
    found = np.array([flow(row, blocks, entries, list(x)) for row in range(n)])
    for k in range(0, count, 6):  # those that decay
        with mpmath.workdps(40):
            exact = mpmath.expm(mpmath.matrix(m[..., k].tolist()))
            power = np.array(exact.tolist(), float)
        scale = (np.abs(power) @ np.abs(x[:, k])).max()
        limit = 1e-14 * (1 + np.abs(m[..., k]).sum(axis=0).max())
        assert np.abs(found[:, k] - power @ x[:, k]).max() <= limit * scale
