"""Rows that keep no targets say the same as rows that do."""

from __future__ import annotations

import numpy as np
import pytest

from simgen.connect import rules
from simgen.connect.backend import choose_backend, plain_backend
from simgen.connect.implied import (
    DENSE,
    ImpliedRows,
    KernelTargets,
    SkippingTargets,
    dense_rows,
    every_target,
)
from simgen.connect.kernels import KernelGrid, padded_grid
from simgen.connect.store import build_store
from simgen.errors import InternalError


@pytest.mark.parametrize("bounds", [[0, 20], [0, 7, 20], [0, 0, 3, 3, 12, 20, 20]])
@pytest.mark.parametrize("first", [0, 5])
def test_a_dense_store_has_the_places_of_a_store_that_keeps_targets(bounds, first):
    dense = every_target(DENSE, 6, 11).within(first, 20)
    kept = rules.from_arrays(np.repeat(np.arange(6), 11), first + np.tile(np.arange(11), 6), 6, 20)
    stored = build_store(kept, part_bounds=bounds, with_order=True)
    made = dense.store(np.array(bounds, np.uint32))
    assert np.array_equal(made.row_start, stored.row_start)
    assert np.array_equal(made.targets, stored.targets)
    assert made.targets.dtype == stored.targets.dtype
    assert (made.n, made.n_parts) == (stored.n, stored.n_parts)
    order = np.arange(66) if made.creation() is None else made.creation()
    assert np.array_equal(order, stored.order)
    values = np.random.default_rng(1).normal(size=66)
    assert np.array_equal(made.moved(values), values[stored.order])


def test_only_all_pairs_in_order_are_dense():
    assert dense_rows(rules.all_to_all(3, 4)).n == 12
    assert dense_rows(every_target(DENSE, 3, 4)).n == 12
    assert dense_rows(every_target("every", 3, 4)) is None
    assert dense_rows(rules.all_to_all(3, 4, skip_self=True)) is None
    again = rules.from_arrays([0, 0, 0, 0], [0, 1, 2, 2], 1, 4)
    swapped = rules.from_arrays([0, 0], [1, 0], 1, 2)
    assert dense_rows(again) is None
    assert dense_rows(swapped) is None


@pytest.mark.parametrize("p", [0.0, 0.01, 0.4, 0.99])
@pytest.mark.parametrize("skip_self", [False, True])
def test_rows_are_counted_and_made_again_as_they_were_drawn(p, skip_self):
    kept = rules.fixed_probability(50, 80, p, 77, skip_self=skip_self)
    found = [
        backend.rows.skip_pieces(50, 80, p, 77, skip_self=skip_self)
        for backend in (choose_backend(1), plain_backend())
    ]
    for row_start, begins in found:
        assert np.array_equal(row_start, kept.row_start)
        assert np.array_equal(begins, found[0][1])
    rows = ImpliedRows(
        kept.row_start, SkippingTargets(80, p, 77, found[0][1], skip_self), 80, 3, 90
    )
    assert np.array_equal(rows.targets, kept.targets + 3)
    assert np.array_equal(rows.sources(), kept.sources())
    with pytest.raises(InternalError):
        rows.store(np.array([0, 90], np.uint32)).moved(np.zeros(rows.n))


@pytest.mark.parametrize("n", [63, 64, 65, 128, 129, 1000])
@pytest.mark.parametrize("p", [0.0, 0.1, 0.7, 0.999999])
def test_pieces_begin_behind_every_64th_skip(n, p):
    """At a probability near 1 no skip is above 0, so that pieces end with rows."""
    drawn = rules.fixed_probability(9, n, p, 5)
    for backend in (choose_backend(1), plain_backend()):
        row_start, begins = backend.rows.skip_pieces(9, n, p, 5, skip_self=True)
        assert begins.dtype == np.uint32
        assert row_start[-1] == rules.fixed_probability(9, n, p, 5, skip_self=True).n
        for row in range(9):
            own = drawn.targets[int(drawn.row_start[row]) : int(drawn.row_start[row + 1])]
            wanted = [0, *(t + 1 for t in own[63::64].tolist() if t + 1 < n)]
            assert begins[row].tolist() == [*wanted, *[n] * (begins.shape[1] - len(wanted))]
        assert np.any(begins[:, -1] < n)


def test_rows_without_pieces():
    for backend in (choose_backend(1), plain_backend()):
        for n_source, n_target in ((0, 5), (3, 0)):
            row_start, begins = backend.rows.skip_pieces(
                n_source, n_target, 0.5, 1, skip_self=False
            )
            assert row_start.tolist() == [0] * (n_source + 1)
            assert begins.shape == (n_source, 1)
            assert not begins.any()


@pytest.mark.parametrize("chunk", [1, 7, 1 << 18])
def test_a_kernel_reaches_what_its_definition_says(monkeypatch, chunk):
    monkeypatch.setattr("simgen.connect.kernels.CHUNK", chunk)
    grid = KernelGrid((3, 2), (5, 4), (3, 2), (2, 3), (1, 0), (2, 3))
    pairs, entries = [], []
    for y, x, c in np.ndindex(5, 4, 2):
        for oy, ox, co in np.ndindex(3, 2, 3):
            ky, kx = y + 1 - 2 * oy, x - 3 * ox
            if 0 <= ky < 3 and 0 <= kx < 2:
                pairs.append(((y * 4 + x) * 2 + c, (oy * 2 + ox) * 3 + co))
                entries.append(((ky * 2 + kx) * 2 + c) * 3 + co)
    rows = grid.rows()
    assert list(zip(rows.sources().tolist(), rows.targets.tolist(), strict=True)) == pairs
    assert np.array_equal(grid.row_start(), rows.row_start)
    found = grid.source_numbers()[rows.sources()] - grid.target_numbers()[rows.targets]
    assert found.tolist() == entries
    kept = np.arange(36) % 5 != 0
    some = grid.rows(kept)
    chosen = [pair for pair, entry in zip(pairs, entries, strict=True) if kept[entry]]
    assert list(zip(some.sources().tolist(), some.targets.tolist(), strict=True)) == chosen
    made = ImpliedRows(rows.row_start, KernelTargets(grid), grid.n_target, 0, grid.n_target)
    assert np.array_equal(made.targets, rows.targets)
    assert grid.largest_number() >= grid.source_numbers().max()
    assert grid.largest_number() >= np.abs(grid.target_numbers()).max()


@pytest.mark.parametrize(
    ("padding", "stride", "targets", "before"),
    [
        ("valid", 1, 5, 0),
        ("full", 1, 9, 2),
        ("same", 1, 7, 1),
        ("same", 2, 4, 1),
        ("same", 4, 2, 0),
        ((4,), 3, 5, 4),
    ],
)
def test_padding_makes_targets(padding, stride, targets, before):
    grid = padded_grid((3,), (7,), (stride,), padding)
    assert (grid.target, grid.before) == ((targets,), (before,))


def test_a_kernel_that_does_not_fit_has_no_targets():
    assert padded_grid((9,), (7,), (1,), "valid").target == (0,)
