"""What goes wrong in a kernel is reported with its line, its threads and its array."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from emulated_kernels import ORDERS, to_device
from faulty_kernels import FAULTY

from simgen.errors import KernelError
from simgen.targets.cuda.emulate import EmulatedDevice, open_emulated

pytestmark = pytest.mark.compiler


def line_of(text: str, after: str = "") -> int:
    """The line of ``text``, behind the kernel or function ``after``."""
    at = FAULTY.index(text, FAULTY.index(after))
    return FAULTY.count("\n", 0, at) + 1


@pytest.fixture(params=ORDERS, ids=lambda order: f"{order[0]}{order[1]}")
def device(request: pytest.FixtureRequest) -> EmulatedDevice:
    order, seed = request.param
    return open_emulated(order=order, seed=seed, check=True)


def fault(device: EmulatedDevice, kernel: str, grid: int, block: int, *args: Any, **more: Any):
    """The message of the error that the kernel raises."""
    with pytest.raises(KernelError) as caught:
        device.compile(FAULTY).function(kernel).launch(grid, block, args, **more)
    return str(caught.value)


def zeros(device: EmulatedDevice, n: int, dtype: Any, name: str) -> Any:
    return to_device(device, np.zeros(n, dtype), name)


def race(kernel: str, line: int, doing: str, array: str, other: str, other_line: int) -> str:
    """The pattern of a message; which threads met depends on the order."""
    return (
        rf"kernel '{kernel}', line {line}: thread (\d+) of block (\d+) {doing} element (\d+) of "
        rf"'{array}' \(\d bytes each\), and thread (\d+) of block (\d+) {other} it at line "
        rf"{other_line}: nothing orders the two"
    )


def found_either_way(message: str, kernel: str, array: str, *sides: tuple[str, int]) -> bool:
    (doing, line), (other, line_before) = sides
    patterns = (
        race(kernel, line, doing, array, other, line_before),
        race(kernel, line_before, other, array, doing, line),
    )
    return any(re.search(pattern, message) for pattern in patterns)


def test_a_missing_barrier_is_a_race_in_shared_memory(device) -> None:
    kernel = "reverse_without_barrier"
    args = (zeros(device, 256, np.int32, "in"), device.allocate(1024, "out"))
    message = fault(device, kernel, 2, 128, *args)
    sides = ("writes", line_of("copy[threadIdx.x] =", kernel)), ("reads", line_of("out[", kernel))
    assert found_either_way(message, kernel, "copy", *sides)


def test_a_race_is_found_even_where_the_result_is_right(device) -> None:
    kernel = "scan_without_second_barrier"
    message = fault(device, kernel, 1, 64, zeros(device, 64, np.int32, "values"))
    sides = (
        ("writes", line_of("part[t] +=", kernel)),
        ("reads", line_of("const int before", kernel)),
    )
    assert found_either_way(message, kernel, "part", *sides)


def test_blocks_that_write_one_element_race(device) -> None:
    kernel = "blocks_write_one_list"
    message = fault(device, kernel, 2, 32, device.allocate(128, "list"))
    line = line_of("list[threadIdx.x]", kernel)
    found = re.fullmatch(race(kernel, line, "writes", "list", "writes", line), message)
    assert found is not None
    thread, block, element, other_thread, other_block = map(int, found.groups())
    assert thread == other_thread == element
    assert {block, other_block} == {0, 1}


def test_a_block_that_reads_what_another_writes_races(device) -> None:
    kernel = "blocks_read_neighbours"
    message = fault(device, kernel, 4, 32, zeros(device, 4, float, "v"))
    line = line_of("v[blockIdx.x] =", kernel)
    assert found_either_way(message, kernel, "v", ("reads", line), ("writes", line))


def test_a_missing_atomic_is_a_race(device) -> None:
    kernel = "count_without_atomic"
    n_spikes, v = zeros(device, 1, np.int32, "n_spikes"), to_device(device, np.ones(64), "v")
    message = fault(device, kernel, 2, 32, n_spikes, v)
    line = line_of("n_spikes[0] += 1", kernel)
    assert re.search(race(kernel, line, "(reads|writes)", "n_spikes", "writes", line), message)


def test_a_plain_write_beside_an_atomic_operation_races(device) -> None:
    kernel = "count_mixed"
    message = fault(device, kernel, 1, 32, zeros(device, 1, np.int32, "n_spikes"))
    sides = (
        ("writes", line_of("n_spikes[0] = 0", kernel)),
        (
            "atomically changes",
            line_of("atomicAdd", kernel),
        ),
    )
    assert found_either_way(message, kernel, "n_spikes", *sides)


def test_shuffles_order_no_memory(device) -> None:
    kernel = "shuffle_is_no_barrier"
    message = fault(device, kernel, 1, 32, device.allocate(128, "out"))
    sides = ("writes", line_of("first = 7", kernel)), ("reads", line_of("first + got", kernel))
    assert found_either_way(message, kernel, "first", *sides)


def test_a_missing_fence_is_a_race_between_blocks(device) -> None:
    kernel = "last_block_without_fence"
    args = [zeros(device, 4, np.int32, name) for name in ("in", "parts", "n_done", "out")]
    message = fault(device, kernel, 4, 32, *args)
    sides = ("writes", line_of("parts[blockIdx.x] =", kernel)), ("reads", line_of("sum +=", kernel))
    assert found_either_way(message, kernel, "parts", *sides)


def test_a_fence_of_one_thread_before_the_barrier_is_not_one_for_all(device) -> None:
    kernel = "last_block_fenced_by_one"
    args = [zeros(device, n, np.int32, name) for n, name in zip((64, 64, 1, 1), "ipdo")]
    message = fault(device, kernel, 2, 32, *args)
    sides = ("writes", line_of("parts[HERE] =", kernel)), ("reads", line_of("*out = parts", kernel))
    assert found_either_way(message, kernel, "p", *sides)


def test_a_race_with_one_of_many_readers_is_found(device) -> None:
    kernel = "third_reader"
    value, out = zeros(device, 1, np.int32, "value"), device.allocate(256, "out")
    message = fault(device, kernel, 1, 64, value, out)
    sides = ("writes", line_of("*value = 2", kernel)), ("reads", line_of("= *value", kernel))
    assert found_either_way(message, kernel, "value", *sides)


def test_a_race_for_a_part_of_a_word_is_found(device) -> None:
    kernel = "byte_within_a_word"
    message = fault(device, kernel, 1, 2, zeros(device, 8, np.uint8, "bytes"))
    lines = line_of("*)bytes = 0", kernel), line_of("bytes[3] = 1", kernel)
    assert re.search(rf"line ({lines[0]}|{lines[1]}): .* 'bytes' .*: nothing orders", message)


def test_a_block_does_not_see_what_one_before_it_left(device) -> None:
    kernel = "left_by_a_block_before"
    message = fault(device, kernel, 2, 1, device.allocate(8, "out"))
    assert message == (
        f"kernel '{kernel}', line {line_of('= total', kernel)}: thread 0 of block 1 reads element "
        "0 of 'total' (4 bytes each), which was never written"
    )


def test_a_volatile_access_beside_a_plain_one_races(device) -> None:
    kernel = "volatile_beside_plain"
    flag, out = zeros(device, 1, np.int32, "flag"), device.allocate(128, "out")
    message = fault(device, kernel, 1, 32, flag, out)
    reads = r"reads \(volatile\)", line_of("(volatile int *)", kernel)
    sides = ("writes", line_of("*flag = 1", kernel)), reads
    assert found_either_way(message, kernel, "flag", *sides)


def test_an_access_behind_an_array_names_the_array_and_both_lines(device) -> None:
    v, out = zeros(device, 64, float, "v"), device.allocate(512, "out")
    message = fault(device, "one_past_the_end", 2, 32, v, out)
    assert message == (
        f"kernel 'one_past_the_end', line {line_of('return v[i + 1]')} (called from line "
        f"{line_of('= next_of(')}): thread 31 of block 1 reads element 64 of 'v', which has 64 "
        "(8 bytes each)"
    )


def test_an_access_to_a_freed_array_is_reported(device) -> None:
    out, v = device.allocate(512, "out"), zeros(device, 64, float, "v")
    address = v.address
    del v
    message = fault(device, "one_past_the_end", 1, 1, address, out)
    assert message.endswith("thread 0 of block 0 reads element 1 of 'v', which was freed")


def test_an_index_outside_a_shared_array_is_reported(device) -> None:
    where = to_device(device, np.array([3, 16] + [0] * 30, np.int32), "where")
    message = fault(device, "index_of_shared_array", 1, 2, where, device.allocate(8, "out"))
    line = line_of("table[where")
    assert message == (
        f"kernel 'index_of_shared_array', line {line}: the index 16 is outside an array of type "
        "'int[16]' (thread 1 of block 0)"
    )


def test_dynamic_shared_memory_ends_where_the_launch_says(device) -> None:
    out = device.allocate(128, "out")
    message = fault(device, "beyond_dynamic_shared", 1, 32, out, shared_bytes=31 * 4)
    assert message == (
        f"kernel 'beyond_dynamic_shared', line {line_of('room[threadIdx.x] = 1')}: thread 31 of "
        "block 0 writes element 31 of 'room', which has 31 (4 bytes each)"
    )


def test_memory_that_was_never_written_is_reported(device) -> None:
    never, out = device.allocate(128, "never"), device.allocate(128, "out")
    device.upload(never, np.zeros(31, np.int32))
    message = fault(device, "reads_before_writing", 1, 32, never, out)
    assert message == (
        f"kernel 'reads_before_writing', line {line_of('= never[HERE]')}: thread 31 of block 0 "
        "reads element 31 of 'never' (4 bytes each), which was never written"
    )


def test_a_misaligned_access_is_reported(device) -> None:
    data = zeros(device, 16, np.uint8, "bytes")
    message = fault(device, "half_an_element", 1, 1, data, device.allocate(8, "out"))
    assert message == (
        f"kernel 'half_an_element', line {line_of('*(const double *)')}: thread 0 of block 0 "
        "reads 8 bytes from byte 4 of 'bytes' on, at an address that is no multiple of 8"
    )


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (0, "a value of type 'int' is divided by zero"),
        (32, "a value of type 'int' is shifted by 32 bits"),
    ],
)
def test_what_processors_disagree_on_is_reported(device, by, expected) -> None:
    values = to_device(device, np.array([by], np.int32), "by")
    message = fault(device, "divides", 1, 1, values, device.allocate(4, "out"))
    line = line_of("6 / by")
    assert message == f"kernel 'divides', line {line}: {expected} (thread 0 of block 0)"


def test_a_kernel_that_waits_for_another_block_is_stopped(device) -> None:
    device = open_emulated(order=device.order, seed=device.seed, check=True, patience=0.01)
    message = fault(device, "waits_for_a_later_block", 2, 1, zeros(device, 2, np.int32, "done"))
    lines = line_of("done[1] == 0"), line_of("done[0] == 0")
    assert re.fullmatch(
        rf"kernel 'waits_for_a_later_block', line ({lines[0]}|{lines[1]}): thread 0 of block \d "
        r"still reads \(volatile\) element \d of 'done' \(4 bytes each\) when patience ends",
        message,
    )


@pytest.mark.parametrize(
    ("kernel", "block", "expected"),
    [
        (
            "some_miss_the_barrier",
            64,
            "the barrier __syncthreads at line {0} is not reached by all its threads. "
            "Threads 0-39 wait in __syncthreads at line {0}, threads 40-63 have ended.",
        ),
        (
            "ended_before_the_barrier",
            128,
            "the barrier __syncthreads at line {0} is not reached by all its threads. "
            "Threads 0-99 wait in __syncthreads at line {0}, threads 100-127 have ended.",
        ),
        (
            "two_barriers",
            4,
            "its threads wait at different barriers. "
            "Threads 0, 2 wait in __syncthreads at line {1}, threads 1, 3 wait in "
            "__syncthreads at line {0}.",
        ),
        (
            "some_lanes_vote",
            64,
            "the warp function __ballot_sync(0xffffffff) at line {0} is not reached by all its "
            "threads. Threads 0-7, 32-39 wait in __ballot_sync(0xffffffff) at line {0}, "
            "threads 8-31, 40-63 have ended.",
        ),
        (
            "some_lanes_vote",
            8,
            "the warp function __ballot_sync(0xffffffff) at line {0} is not reached by all its "
            "threads. Threads 0-7 wait in __ballot_sync(0xffffffff) at line {0}, "
            "lanes 8-31 of the last warp do not exist in a block of 8.",
        ),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_divergence_is_reported_and_does_not_hang(device, kernel, block, expected, check) -> None:
    device = open_emulated(order=device.order, seed=device.seed, check=check)
    out = device.allocate(4 * block, "out")
    message = fault(device, kernel, 1, block, out)
    call = "__ballot_sync" if "vote" in kernel else "__syncthreads"
    first = line_of(call, kernel)
    assert message == f"kernel '{kernel}', block 0: " + expected.format(first, first + 2)


def test_a_lane_must_be_in_its_own_mask(device) -> None:
    message = fault(device, "lane_outside_its_mask", 1, 32, device.allocate(128, "out"))
    line = line_of("__any_sync")
    assert re.fullmatch(
        rf"kernel 'lane_outside_its_mask', block 0, thread (\d+): __any_sync\(0x0000ffff\) at line "
        rf"{line} is called by lane \1, which its mask leaves out",
        message,
    )


def test_the_width_of_a_shuffle_is_a_power_of_2(device) -> None:
    message = fault(device, "odd_width", 1, 32, device.allocate(128, "out"))
    assert re.fullmatch(
        rf"kernel 'odd_width', block 0, thread \d+: __shfl_sync\(0xffffffff\) at line "
        rf"{line_of('__shfl_sync', 'odd_width')} has a width that is not 1, 2, 4, 8, 16 or 32",
        message,
    )


def test_a_trap_is_an_error(device) -> None:
    values = to_device(device, np.array([1, 1, -1, 1], np.int32), "in")
    message = fault(device, "traps", 1, 4, values)
    line = line_of("__trap")
    assert message == f"kernel 'traps', block 0, thread 2: __trap at line {line}"


def test_a_device_works_after_a_fault(device) -> None:
    out = device.allocate(256, "out")
    fault(device, "some_miss_the_barrier", 1, 64, out)
    function = device.compile(FAULTY).function("some_miss_the_barrier")
    function.launch(2, 32, (out,))  # here all threads reach the barrier
    values = np.zeros(64, np.int32)
    device.download(out, values)
    assert (values == 1).all()


def test_a_recorded_launch_reports_its_faults(device) -> None:
    functions = device.compile(FAULTY)
    out, data = device.allocate(128, "out"), zeros(device, 1, np.int32, "n_spikes")

    def record() -> None:
        functions.function("some_miss_the_barrier").launch(1, 32, (out,))
        functions.function("count_mixed").launch(1, 32, (data,))

    graph = device.capture(record)
    with pytest.raises(KernelError, match="kernel 'count_mixed'"):
        graph.replay(3)
