"""Rows shared by several objects: what is put in is found again, in the order of its owner."""

import itertools

import numpy as np
import pytest

from simgen.connect import rules
from simgen.connect.pieces import Piece, SharedRows, find_piece, put_values, take_values
from simgen.connect.rows import Rows
from simgen.connect.store import build_store, delay_classes_of, sources_of

pytestmark = pytest.mark.compiler
SOURCES, TARGETS = [0, 3, 4, 9, 30], [0, 10, 11, 40]  # bounds of the rectangles; some stay free


def members(rng, kind):
    """Return (piece, rows with absolute targets) of some rectangles, ascending by targets."""
    found = []
    for low, high in itertools.pairwise(TARGETS):
        for first, last in itertools.pairwise(SOURCES):
            if (first, low) == (3, 0):
                continue
            n = 0 if (first, low) == (4, 11) else int(rng.integers(1, 90))
            i = np.sort(rng.integers(0, last - first, n))
            j = low + rng.integers(0, high - low, n)
            if kind != "unsorted":
                j = j[np.lexsort((j, i))]
            if kind == "single":
                i, j = np.unique(np.stack([i, j]), axis=1)
            rows = rules.from_arrays(i, j, last - first, TARGETS[-1])
            found.append((Piece(first, low, high, rows.row_start), rows))
    return found


def shared_rows(parts):
    shared = SharedRows([piece for piece, _ in parts], SOURCES[-1])
    targets = np.empty(shared.n, np.uint32)
    shared.splice([rows.targets for _, rows in parts], targets)
    ascending = all(rows.sorted for _, rows in parts)
    repeats = any(rows.multapses for _, rows in parts)
    return shared, Rows(shared.row_start, targets, TARGETS[-1], ascending, repeats)


@pytest.mark.parametrize("bounds", [[0, 40], [0, 5, 5, 20, 40]])
@pytest.mark.parametrize("n_classes", [1, 4, 900])
@pytest.mark.parametrize("kind", ["single", "sorted", "unsorted"])
def test_pieces_are_found_in_a_store_in_their_own_order(kind, n_classes, bounds):
    rng = np.random.default_rng(n_classes)
    parts = members(rng, kind)
    shared, rows = shared_rows(parts)
    own_classes = [rng.integers(0, n_classes, piece.n).astype(np.uint16) for piece, _ in parts]
    classes = np.empty(shared.n, np.uint16)
    shared.splice(own_classes, classes)
    keep = not rows.sorted or (rows.multapses and n_classes > 1)
    store = build_store(rows, classes, n_classes, bounds, with_order=keep)
    values = np.zeros(store.n)
    for number, ((piece, own), wanted) in enumerate(zip(parts, own_classes), 1):
        positions, found = find_piece(store, piece, classes=True)
        np.testing.assert_array_equal(take_values(store.targets, positions), own.targets)
        np.testing.assert_array_equal(
            take_values(sources_of(store), positions), own.sources() + piece.first_row
        )
        np.testing.assert_array_equal(found, wanted)
        np.testing.assert_array_equal(delay_classes_of(store)[positions], wanted)
        put_values(number + np.arange(piece.n) / 1024, positions, values)
    for number, (piece, _) in enumerate(parts, 1):
        positions, none = find_piece(store, piece)
        assert none is None
        expected = number + np.arange(piece.n) / 1024
        np.testing.assert_array_equal(take_values(values, positions), expected)


def test_pieces_are_found_in_rows():
    parts = members(np.random.default_rng(3), "unsorted")
    _, rows = shared_rows(parts)
    for piece, own in parts:
        positions, classes = find_piece(rows, piece, classes=True)
        np.testing.assert_array_equal(rows.targets[positions], own.targets)
        assert not classes.any()


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.int32, np.float32, np.float64])
def test_values_of_any_type_are_spliced(dtype):
    parts = members(np.random.default_rng(4), "single")
    shared, rows = shared_rows(parts)
    own = [np.arange(piece.n).astype(dtype) for piece, _ in parts]
    out = np.empty(shared.n, dtype)
    shared.splice(own, out)
    for (piece, _), wanted in zip(parts, own):
        np.testing.assert_array_equal(take_values(out, find_piece(rows, piece)[0]), wanted)
