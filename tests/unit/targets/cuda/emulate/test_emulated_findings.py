"""What messages say about places, elements and threads."""

from __future__ import annotations

import pytest

from simgen.targets.cuda.emulate.faults import (
    AT_WARP,
    DIVERGENT,
    ENDED,
    NO_MEMORY,
    Fault,
    Site,
    render,
)
from simgen.targets.cuda.emulate.findings import (
    OUTSIDE,
    RACE,
    UNWRITTEN,
    Finding,
    Party,
    Surroundings,
    render_findings,
)
from simgen.targets.cuda.emulate.memory import Allocation
from simgen.targets.cuda.emulate.symbols import Line, lines_of, plain_name

V, W = Allocation(10_000, 800, "v"), Allocation(20_000, 10, "")
LINES = {
    1: (Line("program.cpp", 7),),
    2: (Line("/home/x/cuda_kernels/cuda/append.cuh", 30), Line("program.cpp", 8)),
}


def party(place: int, thread: int = 3, block: int = 0, how: int = 0) -> Party:
    return Party(block, thread, place, how)


def finding(kind: int, address: int, n_bytes: int, now: Party, before: Party | None = None):
    return Finding(kind, address, n_bytes, now, before or party(0), "", 0, "", 0)


def message(*findings: Finding, grid=(4, 1, 1), block=(64, 1, 1), lines=LINES) -> str:
    return render_findings(findings, Surroundings("k", grid, block, (V, W), (), lines))


def test_a_place_in_a_header_is_told_with_the_line_that_calls_it() -> None:
    text = message(finding(UNWRITTEN, V.begin + 16, 8, party(2)))
    assert text == (
        "kernel 'k', line 30 of cuda/append.cuh (called from line 8): thread 3 of block 0 reads "
        "element 2 of 'v' (8 bytes each), which was never written"
    )


def test_without_line_numbers_the_kernel_is_still_named() -> None:
    text = message(finding(UNWRITTEN, V.begin, 4, party(9)), lines={})
    assert text.startswith("kernel 'k', an unknown line: thread 3 of block 0 reads element 0")


def test_threads_and_blocks_of_more_dimensions_are_triples() -> None:
    now, before = party(1, thread=9, block=5, how=1), party(1, thread=1, block=0)
    text = message(finding(RACE, V.begin, 8, now, before), grid=(2, 2, 2), block=(8, 2, 1))
    assert "thread (1, 1, 0) of block (1, 0, 1) writes element 0" in text
    assert "thread (1, 0, 0) of block (0, 0, 0) reads it at line 7" in text


@pytest.mark.parametrize(
    ("address", "n_bytes", "expected"),
    [
        (V.begin + 800, 8, "element 100 of 'v', which has 100 (8 bytes each)"),
        (V.begin - 8, 8, "element -1 of 'v', which has 100 (8 bytes each)"),
        (V.begin + 797, 4, "4 bytes from byte 797 of 'v' on, which has 800 bytes"),
        (W.begin + 8, 4, "4 bytes from byte 8 of the memory at 0x4e20 on, which has 10 bytes"),
        (0, 8, "8 bytes at address 0x0, where no memory is"),
        (14_999, 1, "1 byte at address 0x3a97, where no memory is"),
    ],
)
def test_an_address_is_told_by_the_memory_that_is_near(address, n_bytes, expected) -> None:
    assert message(finding(OUTSIDE, address, n_bytes, party(1))).endswith(f"reads {expected}")


def test_several_findings_are_counted() -> None:
    one = finding(UNWRITTEN, V.begin, 8, party(1))
    assert message(one, one).splitlines()[0] == "2 faults"
    assert message(*[one] * 16).splitlines()[0] == "16 or more faults"


def test_lanes_that_a_block_lacks_are_named() -> None:
    waiting = Site("__all_sync", "program.cpp", 4, AT_WARP, 0xFFFFFFFF)
    sites = [waiting] * 33 + [Site("", "", 0, ENDED, 0)] * 2
    fault = Fault(DIVERGENT, "k", (8, 2, 1), (35, 1, 1), 9, -1, tuple(sites))
    assert render(fault) == (
        "kernel 'k', block (1, 1, 0): the warp function __all_sync(0xffffffff) at line 4 is not "
        "reached by all its threads. Threads 0-32 wait in __all_sync(0xffffffff) at line 4, "
        "threads 33-34 have ended, lanes 3-31 of the last warp do not exist in a block of 35."
    )


def test_long_lists_of_threads_are_cut() -> None:
    waiting, ended = Site("__syncthreads", "program.cpp", 4, 2, 0), Site("", "", 0, ENDED, 0)
    fault = Fault(DIVERGENT, "k", (1, 1, 1), (64, 1, 1), 0, -1, (waiting, ended) * 32)
    assert "Threads 0, 2, 4, 6, 8, 10, ... wait in" in render(fault)


def test_exhausted_memory_is_told() -> None:
    fault = Fault(NO_MEMORY, "k", (1, 1, 1), (64, 1, 1), 0, -1, ())
    assert render(fault) == "kernel 'k', block 0: there is no memory for the stacks of its threads"


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("totals", "totals"),
        ("_ZL6totals", "totals"),
        ("_ZZ4scanE4part", "part"),
        ("_ZZ4scanE4part_0", "part"),
        ("_ZZ5E2E1xPKiE5E9top", "E9top"),
        ("_ZZL9scan_warpiE6totals__10_", "totals"),
    ],
)
def test_symbols_are_told_by_the_names_of_the_source(symbol: str, name: str) -> None:
    assert plain_name(symbol) == name


def test_without_the_program_that_knows_lines_none_are_known(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert lines_of(tmp_path / "library.so", [0x1000]) == {}
