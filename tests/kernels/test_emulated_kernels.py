"""Kernels on the emulated device against numpy, in all orders and sizes of blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from emulated_kernels import BLOCKS, ORDERS, SOURCE, to_device, to_host

from simgen.targets.cuda.emulate import EmulatedDevice, open_emulated

pytestmark = pytest.mark.compiler
N = 2048


@pytest.fixture(params=[False, True], ids=["plain", "checked"])
def check(request: pytest.FixtureRequest) -> bool:
    """With checks, nothing that is right is reported."""
    return bool(request.param)


@pytest.fixture(params=ORDERS, ids=lambda order: f"{order[0]}{order[1]}")
def device(request: pytest.FixtureRequest, check: bool) -> EmulatedDevice:
    order, seed = request.param
    return open_emulated(order=order, seed=seed, check=check)


def launch(device: EmulatedDevice, name: str, grid: int, block: int, *args: Any, **more: Any):
    device.compile(SOURCE).function(name).launch(grid, block, args, **more)


@pytest.fixture
def values() -> Any:
    return np.random.default_rng(5)


@pytest.mark.parametrize("block", BLOCKS)
def test_compaction_lists_each_element_once(device, values, block) -> None:
    v = values.random(N - 5)
    ids, used = device.allocate(4 * N), to_device(device, np.zeros(1, np.int64))
    launch(device, "compact", 3, block, to_device(device, v), ids, used, 0.5, v.size)
    n = int(to_host(device, used, np.int64)[0])
    expected = np.nonzero(v > 0.5)[0]
    assert np.array_equal(np.sort(to_host(device, ids, np.uint32)[:n]), expected)


@pytest.mark.parametrize("kernel", ["scan_block", "scan_shuffle"])
@pytest.mark.parametrize("block", BLOCKS)
def test_scans_sum_within_blocks(device, values, block, kernel) -> None:
    x = values.integers(-9, 9, N).astype(np.int32)
    out = device.allocate(x.nbytes)
    launch(device, kernel, N // block, block, to_device(device, x), out)
    expected = np.cumsum(x.reshape(-1, block), axis=1, dtype=np.int32).ravel()
    assert np.array_equal(to_host(device, out, np.int32), expected)


@pytest.mark.parametrize("block", BLOCKS)
def test_dynamic_shared_memory_has_the_size_of_the_launch(device, values, block) -> None:
    x = values.random(N).astype(np.float32)
    out = device.allocate(x.nbytes)
    args = (to_device(device, x), out)
    launch(device, "reverse_block", N // block, block, *args, shared_bytes=4 * block)
    assert np.array_equal(to_host(device, out, np.float32), x.reshape(-1, block)[:, ::-1].ravel())


@pytest.mark.parametrize("block", BLOCKS)
def test_half_warps_shuffle_on_their_own(device, values, block) -> None:
    x = values.integers(0, 99, N).astype(float)
    out = device.allocate(x.nbytes)
    launch(device, "sum_halves", N // block, block, to_device(device, x), out)
    sums = x.reshape(-1, 16).sum(axis=1)
    assert np.array_equal(to_host(device, out, float), np.repeat(sums, 16))


@pytest.mark.parametrize("block", BLOCKS)
def test_atomic_additions_all_arrive(device, values, block) -> None:
    targets = values.integers(0, 7, N).astype(np.uint32)
    weights = values.integers(0, 64, N).astype(np.float32) / 8  # sums exact in any order
    sums = to_device(device, np.zeros(7, np.float32))
    args = (to_device(device, targets), to_device(device, weights), sums, N)
    launch(device, "add_weights", 2, block, *args)
    expected = np.bincount(targets, weights, minlength=7)
    assert np.array_equal(to_host(device, sums, np.float32), expected.astype(np.float32))


@pytest.mark.parametrize("block", BLOCKS)
def test_the_last_block_sees_what_the_others_wrote(device, values, block) -> None:
    x = values.integers(-(1 << 60), 1 << 60, N)
    out, parts = device.allocate(8), device.allocate(8 * N // block)
    done = to_device(device, np.zeros(1, np.uint32))
    launch(device, "largest", N // block, block, to_device(device, x), parts, out, done)
    assert to_host(device, out, np.int64)[0] == x.max()


@pytest.mark.parametrize("kernel", ["sum_all", "sum_all_fenced"])
@pytest.mark.parametrize("block", BLOCKS)
def test_the_last_block_sees_what_all_threads_wrote(device, values, block, kernel) -> None:
    x = values.integers(-(1 << 40), 1 << 40, N)
    out, done = to_device(device, np.zeros(1, np.int64)), to_device(device, np.zeros(1, np.uint32))
    copy = device.allocate(x.nbytes)
    launch(device, kernel, N // block, block, to_device(device, x), copy, out, done)
    assert to_host(device, out, np.int64)[0] == x.sum()


@pytest.mark.parametrize("block", BLOCKS)
def test_a_product_by_compare_and_swap(device, values, block) -> None:
    x = values.integers(1, 1 << 30, N).astype(np.int32) | 1
    product, seen = to_device(device, np.ones(1, np.uint32)), device.allocate(4)
    launch(device, "multiply_all", N // block, block, to_device(device, x), product, seen)
    expected = np.multiply.reduce(x.astype(np.uint32), dtype=np.uint32)
    assert to_host(device, product, np.uint32)[0] == expected
    assert to_host(device, seen, np.int32)[0] == 1


@pytest.mark.parametrize("block", BLOCKS)
def test_a_place_is_claimed_once(device, block) -> None:
    owners, won = to_device(device, np.full(8, -1, np.int32)), device.allocate(4 * N)
    launch(device, "claim", N // block, block, owners, won)
    winners = np.nonzero(to_host(device, won, np.int32))[0]
    assert np.array_equal(np.sort(winners % 8), np.arange(8))
    assert np.array_equal(np.sort(to_host(device, owners, np.int32)), winners)


@pytest.mark.parametrize("block", BLOCKS)
def test_atomic_operations_reduce(device, values, block) -> None:
    x = values.integers(-(1 << 20), 1 << 20, N).astype(np.int32)
    start = np.array([9, -9, -1, 0, 0, 0, 0, 0, 4], np.int32)
    out, counts = to_device(device, start), to_device(device, np.array([0, 4], np.uint32))
    wide = to_device(device, np.array([-1, -9]))
    places, total = device.allocate(4 * N), to_device(device, np.zeros(1))
    args = (to_device(device, x), out, counts, places, wide, total)
    launch(device, "reduce", N // block, block, *args)
    expected = [x.min(), x.max(), np.bitwise_and.reduce(x), np.bitwise_or.reduce(x)]
    expected += [np.bitwise_xor.reduce(x), -x.sum(), x.sum(), 4, 3]
    assert to_host(device, out, np.int32).tolist() == expected
    assert to_host(device, counts, np.uint32).tolist() == [0, (4 - N) % 10]
    assert (to_host(device, places, np.uint32) == 1).all()
    smallest = np.append(x.astype(np.int64), -1).view(np.uint64).min()
    assert to_host(device, wide, np.uint64)[0] == smallest
    assert to_host(device, wide, np.int64)[1] == x.max()
    assert to_host(device, total, float)[0] == x.sum()


@pytest.mark.parametrize("block", BLOCKS)
def test_threads_may_share_a_word_byte_by_byte(device, values, block) -> None:
    x = values.integers(0, 255, N).astype(np.uint8)
    data, sums = to_device(device, x), device.allocate(x.nbytes)
    for _ in range(2):
        launch(device, "bytes_and_words", N // block, block, data, sums)
    assert np.array_equal(to_host(device, sums, np.uint8), x + np.uint8(2))


@pytest.mark.parametrize("block", BLOCKS)
def test_warps_exchange_through_shared_memory(device, values, block) -> None:
    x = values.integers(0, 99, N).astype(np.int32)
    out = device.allocate(x.nbytes)
    launch(device, "reverse_warps", N // block, block, to_device(device, x), out)
    expected = x.reshape(-1, 32)[:, ::-1].reshape(-1, 16)[:, ::-1].ravel()
    assert np.array_equal(to_host(device, out, np.int32), expected)


@pytest.mark.parametrize("width", [1, 2, 4, 8, 16, 32])
@pytest.mark.parametrize("operand", [0, 1, 5, 17, 31])
def test_shuffles_stay_within_their_width(device, values, operand, width) -> None:
    x = values.integers(0, 1 << 60, 64)
    out = device.allocate(5 * x.nbytes)
    launch(device, "shuffle", 1, 64, to_device(device, x), out, operand, width)
    lane = np.arange(32)
    begin = lane // width * width
    up, down, across = lane - operand, lane + operand, lane ^ operand
    sources = (
        begin + operand % width,
        np.where(up < begin, lane, up),
        np.where(down >= begin + width, lane, down),
        np.where(across >= begin + width, lane, across),
    )
    found, warps = to_host(device, out, np.int64).reshape(2, 32, 5), x.reshape(2, 32)
    for kind, source in enumerate(sources):
        assert np.array_equal(found[:, :, kind], warps[:, source])
    equal = warps[:, :, None] % 3 == warps[:, None, :] % 3
    assert np.array_equal(found[:, :, 4], (equal << lane).sum(axis=2))


@pytest.mark.parametrize("block", BLOCKS)
def test_votes_and_exchanges(device, values, block) -> None:
    x = values.integers(0, 8, N).astype(np.int32)
    out = device.allocate(8 * x.nbytes)
    launch(device, "vote", N // block, block, to_device(device, x), out)
    found = to_host(device, out, np.int32).reshape(-1, 8)
    blocks, warps = x.reshape(-1, block), x.reshape(-1, 32)
    lanes = np.arange(32)
    assert np.array_equal(found[:, 0], np.repeat((blocks & 1).sum(axis=1), block))
    assert np.array_equal(found[:, 1], np.repeat((blocks == 7).any(axis=1), block))
    assert (found[:, 2] == 1).all()
    assert np.array_equal(found[:, 3], np.repeat((warps & 1).sum(axis=1), 32))
    assert np.array_equal(found[:, 4], np.repeat((warps == 7).any(axis=1), 32))
    assert np.array_equal(found[:, 5], np.repeat((warps < 7).all(axis=1), 32))
    assert np.array_equal(found[:, 6], warps[:, lanes ^ 5].ravel())
    assert np.array_equal(found[:, 7], np.roll(warps, -1, axis=1).ravel())


def test_a_recorded_list_runs_in_its_order(device) -> None:
    source = """extern "C" __global__ void step(long long *x, long long add, long long times) {
  if (threadIdx.x == 0) x[0] = x[0] * times + add;
}"""
    function = device.compile(source).function("step")
    x = to_device(device, np.ones(1, np.int64))

    def record() -> None:
        function.launch(1, 32, (x, 3, 1))
        function.launch(1, 32, (x, 0, 2))

    graph = device.capture(record)
    assert to_host(device, x, np.int64)[0] == 1
    graph.replay()
    assert to_host(device, x, np.int64)[0] == 8
    graph.replay(2)
    assert to_host(device, x, np.int64)[0] == ((8 + 3) * 2 + 3) * 2
