"""Philox, its keys and the layout of its counters."""

from __future__ import annotations

import numpy as np
import pytest

from simgen.numerics import philox as p

ONES = 0xFFFFFFFF
# Known answers of the Random123 distribution (kat_vectors, philox4x32 with 10 rounds).
KNOWN = [
    ((0, 0, 0, 0), 0, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ONES,) * 4, 2**64 - 1, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        0x299F31D0_A4093822,
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_words_are_the_published_ones(
    counter: tuple[int, ...], key: int, expected: tuple[int, ...]
) -> None:
    assert tuple(int(word) for word in p.philox(*counter, key)) == expected


def test_arrays_of_counters_give_arrays_of_words() -> None:
    words = p.philox(np.arange(5, dtype=np.uint32), 0, 0, 0, 0)
    assert [word.shape for word in words] == [(5,)] * 4
    assert all(word.dtype == np.uint32 for word in words)
    assert int(words[0][0]) == 0x6627E8D5


def test_keys_differ_by_seed_stream_and_copy() -> None:
    base = p.derive_key(1, 2, 3)
    assert 0 <= base < 2**64
    others = {p.derive_key(2, 2, 3), p.derive_key(1, 3, 3), p.derive_key(1, 2, 4)}
    others.add(p.derive_key(1 + 2**32, 2, 3))
    assert len(others | {base}) == 5


def test_the_key_is_the_block_of_seed_stream_and_copy() -> None:
    low, high, _, _ = p.philox(7, 9, 0x73696D67, 0, 0x1122334455667788)
    assert p.derive_key(0x1122334455667788, 7, 9) == int(low) + (int(high) << 32)


# element, step, draw, dtype -> c0, c1, c2, c3, lane
ELEMENT_LAYOUT = [
    ((0, 0, 0, np.float64), (0, 0, 0, 0, 0)),
    ((1, 0, 0, np.float64), (0, 0, 0, 0, 1)),
    ((7, 5, 3, np.float64), (3, 0, 5, 3, 1)),
    ((7, 5, 3, np.float32), (1, 0, 5, 3, 3)),
    ((2**33 - 1, 0, 255, np.float64), (ONES, 0, 0, 255, 1)),
    ((4, 2**32 + 9, 1, np.float64), (2, 0, 9, 1 | 1 << 24, 0)),
    ((4, 255 * 2**32, 1, np.float64), (2, 0, 0, 1 | 255 << 24, 0)),
]


@pytest.mark.parametrize(("place", "expected"), ELEMENT_LAYOUT)
def test_element_counters_follow_the_table(
    place: tuple[int, int, int, type], expected: tuple[int, ...]
) -> None:
    counters = p.counters_at_elements([place[0]], *place[1:])
    assert words_of(counters) == expected


# i, j, rank, step, draw -> c0, c1, c2, c3, lane
SYNAPSE_LAYOUT = [
    ((3, 4, 0, 6, 2), (3, 4, 6, 2, 0)),
    ((3, 4, 1, 6, 2), (3, 4, 6, 2 | 1 << 14, 0)),
    ((ONES, ONES, 1023, 2**32, 255), (ONES, ONES, 0, 255 | 1023 << 14 | 1 << 24, 0)),
]


@pytest.mark.parametrize(("place", "expected"), SYNAPSE_LAYOUT)
def test_synaptic_counters_follow_the_table(
    place: tuple[int, int, int, int, int], expected: tuple[int, ...]
) -> None:
    assert words_of(p.counters_at_synapses(*place)) == expected


def test_attempts_stand_in_bits_8_to_13() -> None:
    counters = p.counters_at_synapses(3, 4, 1, 6, 2)
    expected = p.philox(3, 4, 6, 2 | 63 << 8 | 1 << 14, 99)
    assert [int(word[0]) for word in counters.blocks(99, 63)] == [int(word) for word in expected]


def test_neighbouring_elements_share_a_block() -> None:
    counters = p.counters_at_elements(np.arange(8), 0, 0, np.float32)
    assert counters.c0.tolist() == [0] * 4 + [1] * 4
    assert counters.lane.tolist() == [0, 1, 2, 3] * 2


def words_of(counters: p.Counters) -> tuple[int, ...]:
    words = (counters.c0, counters.c1, counters.c2, counters.c3, counters.lane)
    return tuple(int(word[0]) for word in words)
