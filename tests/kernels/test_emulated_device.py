"""The emulated device itself: memory, orders, launches, and what it refuses."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from emulated_kernels import ORDERS, to_device, to_host

from simgen.errors import CompileError, InternalError, UnsupportedFeatureError
from simgen.targets.cpu.compile import compiler_calls
from simgen.targets.cuda.emulate import EmulatedDevice, loaded, open_emulated

pytestmark = pytest.mark.compiler

SOURCE = """\
struct pair { double factor; long long *counts; };

extern "C" __global__ void arrive(long long *n_arrived, long long *blocks, int *threads) {
  const unsigned long long place = atomicAdd((unsigned long long *)n_arrived, 1ull);
  blocks[place] = blockIdx.x;
  threads[place] = threadIdx.x;
  __syncthreads();
  const unsigned long long second = atomicAdd((unsigned long long *)n_arrived, 1ull);
  blocks[second] = blockIdx.x;
  threads[second] = threadIdx.x;
}

extern "C" __global__ void where(int *out) {
  const int block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  const int thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  out[block * blockDim.x * blockDim.y * blockDim.z + thread] = 1000 * block + thread;
}

extern "C" __global__ void arguments(const struct pair p, float a, bool b, unsigned char c,
                                     double *out) {
  out[0] = p.factor + a + (b ? 100.0 : 0.0) + c + (double)p.counts[1];
}

extern "C" __global__ void unset(unsigned *words, double *numbers) {
  __shared__ unsigned shared_words[2], never[2];
  __shared__ double shared_numbers[2];
  words[0] = shared_words[1];
  words[1] = never[1];
  numbers[0] = shared_numbers[1];
  shared_words[1] = 0;
  shared_numbers[1] = 0.0;
}

extern "C" __global__ void deep(int *out) {
  volatile int room[8000];
  for (int k = 0; k < 8000; ++k) room[k] = k;
  __syncthreads();
  out[threadIdx.x] = room[threadIdx.x + 7000];
}

extern "C" __global__ void increment(int *counter) {
  __shared__ int copy[64];
  copy[threadIdx.x] = counter[threadIdx.x];
  __syncthreads();
  counter[threadIdx.x] = copy[threadIdx.x] + 1;
}
"""


@pytest.fixture
def device() -> EmulatedDevice:
    return open_emulated()


def arrivals(order: str, seed: int, device: EmulatedDevice | None = None) -> tuple[Any, Any]:
    """The blocks and threads in the order of their running, before and after the barrier."""
    device = device or open_emulated(order=order, seed=seed)
    n, blocks, threads = (to_device(device, np.zeros(k, np.int64)) for k in (1, 320, 320))
    device.compile(SOURCE).function("arrive").launch(5, 32, (n, blocks, threads))
    return (
        to_host(device, blocks, np.int64)[::32],
        to_host(device, threads, np.int32)[:320].reshape(5, 2, 32),
    )


def test_blocks_and_threads_run_in_the_chosen_order() -> None:
    blocks, threads = arrivals("forward", 0)
    assert blocks.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert (threads == np.arange(32)).all()
    blocks, threads = arrivals("reverse", 0)
    assert blocks.tolist() == [4, 4, 3, 3, 2, 2, 1, 1, 0, 0]
    assert (threads == np.arange(32)[::-1]).all()


def test_shuffled_orders_are_permutations_that_the_seed_decides() -> None:
    blocks, threads = arrivals("shuffled", 1)
    assert sorted(blocks[::2]) == list(range(5))
    assert (np.sort(threads) == np.arange(32)).all()
    assert not (threads == np.arange(32)).all(axis=2).any()
    assert (threads[:, 0] != threads[:, 1]).any(axis=1).all()  # another order after a barrier
    again, other = arrivals("shuffled", 1), arrivals("shuffled", 2)
    assert (again[1] == threads).all()
    assert (other[1] != threads).any()


def test_each_launch_has_another_shuffled_order() -> None:
    first, second = (open_emulated(order="shuffled", seed=1) for _ in range(2))
    orders = [[arrivals("", 0, device)[1] for _ in range(3)] for device in (first, second)]
    assert np.array_equal(orders[0], orders[1])
    assert (orders[0][0] != orders[0][1]).any()
    assert (orders[0][1] != orders[0][2]).any()


def test_an_unknown_order_is_refused() -> None:
    with pytest.raises(InternalError, match="the order 'random' is none of forward, reverse, shu"):
        open_emulated(order="random")


def test_other_systems_are_refused(monkeypatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(UnsupportedFeatureError, match="the emulated CUDA device needs Linux"):
        open_emulated()


@pytest.mark.parametrize("check", [False, True])
def test_grids_and_blocks_have_three_dimensions(check: bool) -> None:
    device = open_emulated(check=check)
    out = device.allocate(4 * 12 * 30)
    device.compile(SOURCE).function("where").launch((2, 3, 2), (5, 3, 2), (out,))
    expected = 1000 * np.arange(12)[:, None] + np.arange(30)
    assert np.array_equal(to_host(device, out, np.int32), expected.ravel())


@pytest.mark.parametrize("check", [False, True])
def test_structures_and_narrow_types_are_passed_by_value(check: bool) -> None:
    device = open_emulated(check=check)
    counts, out = to_device(device, np.array([5, 7])), device.allocate(8)
    pair = np.array([(0.5, counts.address)], dtype=[("factor", "f8"), ("counts", "u8")])[0]
    args = (pair, np.float32(0.25), True, np.uint8(200), out)
    device.compile(SOURCE).function("arguments").launch(1, 1, args)
    assert to_host(device, out, float)[0] == 0.5 + 0.25 + 100 + 200 + 7


def test_what_was_never_written_is_no_number(device) -> None:
    buffer = device.allocate(16)
    assert np.isnan(to_host(device, buffer, np.float64)).all()
    assert np.isnan(to_host(device, buffer, np.float32)).all()
    assert (to_host(device, buffer, np.int32) < -100_000).all()
    assert buffer.address % 256 == 0


def test_each_block_finds_its_shared_memory_unset(device) -> None:
    words, numbers = device.allocate(8), device.allocate(8)
    for n_blocks in (1, 2):  # and does not see what a block before it left
        device.compile(SOURCE).function("unset").launch(n_blocks, 1, (words, numbers))
        assert (to_host(device, words, np.uint32) == 0xFFF4A5A5).all()
        assert np.isnan(to_host(device, numbers, float)[0])


def test_each_thread_has_a_stack_of_its_own(device) -> None:
    out = device.allocate(4 * 256)
    device.compile(SOURCE).function("deep").launch(1, 256, (out,))
    assert np.array_equal(to_host(device, out, np.int32), 7000 + np.arange(256))


def test_texts_share_their_stacks(device) -> None:
    def mappings() -> int:
        return Path("/proc/self/maps").read_text(encoding="utf-8").count("\n")

    def work(source: str) -> None:
        out = device.allocate(4 * 256)
        function = device.compile(source).function("deep")
        function.launch(1, 256, (out,))
        assert np.array_equal(to_host(device, out, np.int32), 7000 + np.arange(256))

    work(SOURCE)
    before = mappings()
    work(SOURCE + "// another one\n")
    work(SOURCE)
    assert mappings() < before + 100  # 256 stacks are 512 mappings, of 65,530 for a process


def test_threads_switch_by_the_system_where_we_have_no_way_of_our_own(device, monkeypatch) -> None:
    monkeypatch.setattr(loaded, "FLAGS", (*loaded.FLAGS, "-DSG_EMU_PORTABLE"))
    out = device.allocate(4 * 256)
    for _ in range(2):
        device.compile(SOURCE).function("deep").launch(3, 256, (out,))
    assert np.array_equal(to_host(device, out, np.int32), 7000 + np.arange(256))


def test_parts_of_memory_are_copied(device) -> None:
    buffer = to_device(device, np.arange(6))
    device.upload(buffer, np.array([-1, -2]), offset=16)
    assert to_host(device, buffer, np.int64).tolist() == [0, 1, -1, -2, 4, 5]
    out = np.zeros((1, 2), np.int64)
    device.download(buffer, out, offset=24)
    assert out.tolist() == [[-2, 4]]
    device.zero(buffer)
    assert not to_host(device, buffer, np.int64).any()


def test_copies_outside_memory_are_refused(device) -> None:
    buffer = device.allocate(40, "v")
    expected = "bytes 32 to 48 of the 40 of device memory 'v' were asked for"
    with pytest.raises(InternalError, match=expected):
        device.upload(buffer, np.zeros(2), offset=32)
    with pytest.raises(InternalError, match=expected):
        device.download(buffer, np.zeros(2), offset=32)
    with pytest.raises(InternalError, match="contiguous"):
        device.download(buffer, np.zeros((4, 2))[:, 0])


@pytest.mark.parametrize("check", [False, True])
def test_memory_may_be_empty(check: bool) -> None:
    device = open_emulated(check=check)
    buffer = device.allocate(0)
    device.upload(buffer, np.zeros(0))
    assert to_host(device, buffer, float).size == 0


def test_a_kernel_that_does_not_exist_is_named(device) -> None:
    with pytest.raises(InternalError, match="has no kernel 'wher', only arrive, where, arguments"):
        device.compile(SOURCE).function("wher")


def test_too_much_shared_memory_is_refused(device) -> None:
    function = device.compile(SOURCE).function("where")
    with pytest.raises(InternalError, match="cannot have 300000 bytes of shared memory"):
        function.launch(1, 32, (0,), shared_bytes=300_000)


def test_a_text_is_compiled_once(device) -> None:
    device.compile(SOURCE)
    before = compiler_calls()
    open_emulated(order="reverse").compile(SOURCE)
    assert compiler_calls() == before


def test_an_error_names_the_line_of_the_text(device) -> None:
    source = 'extern "C" __global__ void k(int *a) {\n  a[0] = 1;\n  a[1] = missing;\n}\n'
    with pytest.raises(CompileError, match=r"line 3 of the generated program: .*'missing'"):
        device.compile(source)


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(("order", "seed"), ORDERS)
def test_threads_of_the_host_may_launch_side_by_side(order: str, seed: int, check: bool) -> None:
    counters: list[Any] = []

    def work() -> None:
        device = open_emulated(order=order, seed=seed, check=check)
        counter = to_device(device, np.zeros(64, np.int32))
        function = device.compile(SOURCE).function("increment")
        for _ in range(20):
            function.launch(1, 64, (counter,))
        counters.append(to_host(device, counter, np.int32))

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(counters) == 3
    assert (np.array(counters) == 20).all()


def test_a_list_may_be_empty_or_fail_while_it_is_recorded(device) -> None:
    device.capture(lambda: None).replay()
    with pytest.raises(ZeroDivisionError):
        device.capture(lambda: 1 // 0)
    out = device.allocate(4 * 30)
    device.compile(SOURCE).function("where").launch(1, (5, 3, 2), (out,))  # runs at once again
    assert np.array_equal(to_host(device, out, np.int32), np.arange(30))
