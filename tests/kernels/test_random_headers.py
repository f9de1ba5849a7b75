"""Random numbers: compiled single draws, vectorised fills and the numpy mirror are bit-equal."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest
from numerics_library import run, same_bits

from simgen.numerics import distributions, philox

pytestmark = pytest.mark.compiler

KEY = 0x0123456789ABCDEF
STEP = 5 * 2**32 + 123  # uses the high step bits
DRAW = 7
REALS = [np.float64, np.float32]
REAL_NAMES = ["float64", "float32"]


def site(first: int, n: int) -> tuple[Any, ...]:
    return (
        ctypes.c_int64(first),
        ctypes.c_int64(n),
        ctypes.c_uint64(KEY),
        ctypes.c_int64(STEP),
        ctypes.c_uint32(DRAW),
    )


def suffix(real: type) -> str:
    return "f" if real is np.float32 else ""


def elements(first: int, n: int, real: type) -> philox.Counters:
    return philox.counters_at_elements(np.arange(first, first + n), STEP, DRAW, real)


def test_blocks_equal_the_mirror(scalar_library: ctypes.CDLL) -> None:
    counters = np.random.default_rng(1).integers(0, 2**32, (200, 4), dtype=np.uint32)
    expected = np.stack(philox.philox(*counters.T, KEY), axis=1)
    for counter, words in zip(counters, expected):
        out = np.empty(4, np.uint32)
        run(scalar_library, "philox", out, counter, ctypes.c_uint64(KEY), out)
        np.testing.assert_array_equal(out, words)


def test_derived_keys_equal_the_mirror(scalar_library: ctypes.CDLL) -> None:
    scalar_library.t_derive_key.restype = ctypes.c_uint64
    for seed, stream, copy in ((0, 0, 0), (2**64 - 1, 3, 1), (42, 2**32 - 1, 9)):
        got = scalar_library.t_derive_key(
            ctypes.c_uint64(seed), ctypes.c_uint32(stream), ctypes.c_uint32(copy)
        )
        assert got == philox.derive_key(seed, stream, copy)


@pytest.mark.parametrize("real", REALS, ids=REAL_NAMES)
@pytest.mark.parametrize("element", [0, 1, 2, 3, 6, 2**32 + 5])
def test_element_counters_equal_the_mirror(
    element: int, real: type, scalar_library: ctypes.CDLL
) -> None:
    out = np.empty(5, np.uint32)
    place = ctypes.c_int64(element), ctypes.c_int64(STEP), ctypes.c_uint32(DRAW)
    run(scalar_library, "at", out, *place, ctypes.c_int(real is np.float32), out)
    mirror = philox.counters_at_elements([element], STEP, DRAW, real)
    words = (mirror.c0, mirror.c1, mirror.c2, mirror.c3, mirror.lane)
    assert out.tolist() == [int(word[0]) for word in words]


def test_synaptic_counters_equal_the_mirror(scalar_library: ctypes.CDLL) -> None:
    out = np.empty(5, np.uint32)
    i, j, rank = 4_000_000_000, 17, 1023
    words = (ctypes.c_uint32(value) for value in (i, j, rank))
    run(scalar_library, "at_synapse", out, *words, ctypes.c_int64(STEP), ctypes.c_uint32(DRAW), out)
    mirror = philox.counters_at_synapses(i, j, rank, STEP, DRAW)
    expected = (mirror.c0, mirror.c1, mirror.c2, mirror.c3, mirror.lane)
    assert out.tolist() == [int(word[0]) for word in expected]


@pytest.mark.parametrize("real", REALS, ids=REAL_NAMES)
@pytest.mark.parametrize("name", ["rand", "randn"])
@pytest.mark.parametrize("first", [0, 1, 2, 3, 1001])
def test_fills_and_single_draws_equal_the_mirror(
    first: int,
    name: str,
    real: type,
    vector_library: ctypes.CDLL,
    scalar_library: ctypes.CDLL,
) -> None:
    n = 20_011
    draw = {"rand": distributions.draw_rand, "randn": distributions.draw_randn}[name]
    expected = draw(KEY, elements(first, n, real), real)
    for library in (vector_library, scalar_library):
        for symbol in (f"fill_{name}{suffix(real)}", f"{name}{suffix(real)}"):
            out = np.empty(n, real)
            run(library, symbol, out, out, *site(first, n))
            assert same_bits(out, expected).all(), symbol


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_short_fills_write_what_was_asked_and_no_more(n: int, vector_library: ctypes.CDLL) -> None:
    for name in ("rand", "randn"):
        for real in REALS:
            out = np.full(n + 1, -9.0, real)
            run(vector_library, f"fill_{name}{suffix(real)}", out, out, *site(3, n))
            whole = np.empty(n + 1, real)
            run(vector_library, f"{name}{suffix(real)}", whole, whole, *site(3, n + 1))
            assert out[n] == -9.0
            np.testing.assert_array_equal(out[:n], whole[:n])


@pytest.mark.parametrize("real", REALS, ids=REAL_NAMES)
def test_synaptic_draws_equal_the_mirror(real: type, scalar_library: ctypes.CDLL) -> None:
    n = 5000
    rng = np.random.default_rng(5)
    i, j = (rng.integers(0, 2**32, n, dtype=np.uint32) for _ in range(2))
    rank = rng.integers(0, 1024, n, dtype=np.uint32)
    out = np.empty(n, real)
    run(scalar_library, f"synapse_rand{suffix(real)}", out, out, i, j, rank, *site(0, n))
    counters = philox.counters_at_synapses(i, j, rank, STEP, DRAW)
    np.testing.assert_array_equal(out, distributions.draw_rand(KEY, counters, real))


@pytest.mark.parametrize("real", REALS, ids=REAL_NAMES)
def test_poisson_numbers_equal_the_mirror(
    real: type, vector_library: ctypes.CDLL, scalar_library: ctypes.CDLL
) -> None:
    n = 60_000
    mean = np.exp(np.random.default_rng(2).uniform(-5, 12, n)).astype(real)
    mean[:6] = [0.0, -1.0, np.nan, np.inf, 10.0, 1e5]
    expected = distributions.draw_poisson(KEY, elements(1, n, real), mean, real)
    for library in (vector_library, scalar_library):
        out = np.empty(n, np.int64)
        run(library, f"poisson{suffix(real)}", out, out, *site(1, n), mean)
        np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("real", REALS, ids=REAL_NAMES)
def test_binomial_numbers_equal_the_mirror(
    real: type, vector_library: ctypes.CDLL, scalar_library: ctypes.CDLL
) -> None:
    n = 60_000
    rng = np.random.default_rng(3)
    trials = np.exp(rng.uniform(0, 12, n)).astype(np.int64)
    p = rng.uniform(0, 1, n).astype(real) ** real(3)
    p[1::2] = real(1) - p[1::2]
    trials[:6], p[:6] = [0, -3, 10, 10, 10, 100], [0.5, 0.5, 0.0, 1.0, np.nan, 2.0]
    expected = distributions.draw_binomial(KEY, elements(1, n, real), trials, p, real)
    for library in (vector_library, scalar_library):
        out = np.empty(n, np.int64)
        run(library, f"binomial{suffix(real)}", out, out, *site(1, n), trials, p)
        np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("real", REALS, ids=REAL_NAMES)
def test_truncated_normal_numbers_equal_the_mirror(
    real: type, vector_library: ctypes.CDLL, scalar_library: ctypes.CDLL
) -> None:
    n = 40_000
    rng = np.random.default_rng(4)
    mean, low = rng.normal(0, 3, (2, n)).astype(real)
    deviation = np.exp(rng.uniform(-3, 3, n)).astype(real)
    high = low + np.exp(rng.uniform(-4, 4, n)).astype(real)
    low[::5], high[1::5] = -np.inf, np.inf
    deviation[:3], high[3], mean[4], mean[5] = [0.0, -1.0, np.nan], low[3] - 1, np.nan, 1e12
    expected = distributions.draw_truncated_normal(
        KEY, elements(1, n, real), mean, deviation, low, high, real
    )
    for library in (vector_library, scalar_library):
        out = np.empty(n, real)
        arguments = (mean, deviation, low, high)
        run(library, f"truncated{suffix(real)}", out, out, *site(1, n), *arguments)
        wrong = ~same_bits(out, expected)
        assert not wrong.any(), np.flatnonzero(wrong)[:5]


@pytest.mark.parametrize("real", REALS, ids=REAL_NAMES)
@pytest.mark.parametrize("mean", [0.0, 0.3, 9.9, 42.0])
def test_poisson_fills_equal_single_draws(
    mean: float, real: type, vector_library: ctypes.CDLL
) -> None:
    n = 1003
    out, single = np.empty((2, n), np.int64)
    run(vector_library, f"fill_poisson{suffix(real)}", out, out, *site(5, n), ctypes.c_double(mean))
    means = np.full(n, mean, real)
    run(vector_library, f"poisson{suffix(real)}", single, single, *site(5, n), means)
    np.testing.assert_array_equal(out, single)


@pytest.mark.parametrize("real", REALS, ids=REAL_NAMES)
@pytest.mark.parametrize(("trials", "p"), [(1000, 0.001), (12, 0.9), (1000, 0.4), (5, 1.0)])
def test_binomial_fills_equal_single_draws(
    trials: int, p: float, real: type, vector_library: ctypes.CDLL
) -> None:
    n = 1003
    out, single = np.empty((2, n), np.int64)
    arguments = ctypes.c_int64(trials), ctypes.c_double(p)
    run(vector_library, f"fill_binomial{suffix(real)}", out, out, *site(5, n), *arguments)
    arrays = np.full(n, trials, np.int64), np.full(n, p, real)
    run(vector_library, f"binomial{suffix(real)}", single, single, *site(5, n), *arrays)
    np.testing.assert_array_equal(out, single)
