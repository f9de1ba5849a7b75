import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simgen.connect import backend, checks, columns, native, native_store, rules, store
from simgen.connect.store import (
    build_store,
    delay_classes_of,
    gather_into_storage,
    recompute_order,
    scatter_to_creation,
    sources_of,
)
from simgen.errors import (
    ArgumentTypeError,
    IndexRangeError,
    InternalError,
    MemoryLimitError,
    ModelError,
)

pytestmark = pytest.mark.compiler
KEY = 99


def random_rows(rng, n_source, n_target, n):
    i, j = rng.integers(0, n_source, n), rng.integers(0, n_target, n)
    return rules.from_arrays(i, j, n_source, n_target), i, j


def check_store(built, i, j, classes_by_creation):
    """Compare a store with its definition: one sort of all synapses."""
    part = np.searchsorted(built.part_bounds, j, side="right") - 1
    n = len(i)
    wanted = np.lexsort((np.arange(n), j, classes_by_creation, i, part))
    assert np.array_equal(built.order, wanted)
    assert np.array_equal(built.targets, j[wanted])
    assert np.array_equal(sources_of(built), i[wanted])
    assert np.array_equal(delay_classes_of(built), classes_by_creation[wanted])
    ends = np.cumsum(np.bincount(part[wanted], minlength=built.n_parts)).tolist()
    assert [built.part_range(p)[1] for p in range(built.n_parts)] == ends


@pytest.mark.parametrize("n_parts", [1, 3, 6])
@pytest.mark.parametrize(
    ("n_source", "n_target", "n", "n_classes", "kind"),
    [
        (20, 50, 3000, 1, "none"),
        (20, 50, 3000, 7, "dense16"),
        (5, 200, 4000, 300, "dense16"),
        (300, 400, 3000, 500, "compact"),
        (300, 400, 3000, 70_000, "compact"),
        (50, 10, 20, 3, "dense16"),
        (3, 10, 0, 3, "dense16"),
    ],
)
@pytest.mark.parametrize("threads", [1, 3])
def test_a_store_is_sorted_by_partition_source_class_target_and_creation(
    n_parts, n_source, n_target, n, n_classes, kind, threads, each_backend
):
    rng = np.random.default_rng(n + n_classes)
    rows, i, j = random_rows(rng, n_source, n_target, n)
    dtype = checks.smallest_dtype(n_classes - 1)
    classes = rng.integers(0, n_classes, n).astype(dtype)
    creation = rows.creation_of_row_order
    in_rows = classes if creation is None else classes[creation]
    inner = np.sort(rng.integers(0, n_target + 1, n_parts - 1))  # some partitions are empty
    bounds = np.concatenate([[0], inner, [n_target]])
    built = build_store(rows, in_rows, n_classes, bounds, with_order=True, threads=threads)
    assert built.segments.kind == kind
    check_store(built, i, j, classes)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_small_stores_agree_between_compiled_and_numpy(data):
    n_source = data.draw(st.integers(1, 6))
    n_target = data.draw(st.integers(1, 200))
    pairs = st.tuples(st.integers(0, n_source - 1), st.integers(0, n_target - 1))
    drawn = data.draw(st.lists(pairs, max_size=150))
    n_classes = data.draw(st.sampled_from([1, 2, 5, 400]))
    i, j = (np.array([pair[k] for pair in drawn], dtype=np.int64) for k in (0, 1))
    if data.draw(st.booleans()):
        order = np.lexsort((j, i))
        i, j = i[order], j[order]
    classes = np.array(
        data.draw(st.lists(st.integers(0, n_classes - 1), min_size=len(i), max_size=len(i))),
        dtype=np.uint16,
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, n_target), max_size=3)))
    results = []
    original = store.choose_backend
    try:
        for chosen in (backend.choose_backend(0), backend.plain_backend()):
            store.choose_backend = rules.choose_backend = lambda n, chosen=chosen: chosen
            rows = rules.from_arrays(i, j, n_source, n_target)
            creation = rows.creation_of_row_order
            in_rows = classes if creation is None else classes[creation]
            built = build_store(rows, in_rows, n_classes, [0, *cuts, n_target], with_order=True)
            check_store(built, i, j, classes if n_classes > 1 else 0 * classes)
            results.append(built)
            if built.recomputable:
                assert np.array_equal(recompute_order(built), built.order)
    finally:
        store.choose_backend = rules.choose_backend = original
    first, second = results
    assert np.array_equal(first.row_start, second.row_start)
    assert first.recomputable == second.recomputable
    for name in ("kind", "starts", "pair_start", "pair_class", "pair_begin"):
        assert np.array_equal(getattr(first.segments, name), getattr(second.segments, name))


@pytest.mark.parametrize("threads", [1, 3])
def test_more_than_four_thousand_million_synapses_would_use_64_bit_indices(threads, monkeypatch):
    rng = np.random.default_rng(11)
    classes = rng.integers(0, 5, 900).astype(np.uint8)
    assert checks.index_dtype(2**32) == np.uint32
    assert checks.index_dtype(2**32 + 1) == np.uint64
    for module in (store, native, native_store, columns):
        monkeypatch.setattr(module, "index_dtype", lambda n: np.dtype(np.uint64))
    rows, i, j = random_rows(rng, 20, 30, 900)
    assert rows.creation_of_row_order.dtype == np.uint64
    in_rows = classes[rows.creation_of_row_order]
    built = build_store(rows, in_rows, 5, [0, 11, 30], with_order=True, threads=threads)
    assert built.order.dtype == np.uint64
    check_store(built, i, j, classes)
    index = columns.build_columns(built, 1, by_delay=True, threads=threads)
    assert index.positions.dtype == np.uint64
    begin, end = built.part_range(1)
    wanted = np.lexsort((delay_classes_of(built)[begin:end], built.targets[begin:end])) + begin
    assert np.array_equal(index.positions, wanted)
    whole = rules.fixed_probability(20, 90, 0.3, KEY)
    again = build_store(whole, (whole.targets % 3).astype(np.uint8), 3, with_order=True)
    assert np.array_equal(recompute_order(again, threads=threads), again.order)
    assert recompute_order(again).dtype == np.uint64


def test_equal_delay_and_target_keep_creation_order():
    rows = rules.from_arrays([0, 0, 0, 0], [1, 1, 1, 0], 1, 2)
    built = build_store(rows, np.array([1, 0, 1, 1], dtype=np.uint8), 2, with_order=True)
    assert built.order.tolist() == [1, 3, 0, 2]


def test_a_row_above_65535_gets_32_bit_bounds(each_backend):
    rows = rules.all_to_all(2, 70_000)
    classes = (np.arange(rows.n) % 3).astype(np.uint8)
    built = build_store(rows, classes, 3)
    assert built.segments.kind == "dense32"
    assert built.segments.starts.dtype == np.uint32
    assert np.array_equal(np.bincount(delay_classes_of(built)), np.bincount(classes))
    cut = build_store(rows, classes, 3, [0, 35_000, 70_000])
    assert cut.segments.kind == "dense16"  # each partition's part of a row is short enough


def test_a_sorted_store_of_one_class_shares_its_rows_unless_fewer_bits_do():
    rows = rules.fixed_probability(3, (1 << 16) + 1, 0.01, KEY)
    assert build_store(rows).targets is rows.targets
    assert build_store(rows, np.zeros(rows.n, dtype=np.uint8), 1).targets is rows.targets
    assert build_store(rows).order is None
    assert np.array_equal(build_store(rows, with_order=True).order, np.arange(rows.n))
    rows = rules.fixed_probability(3, 1 << 16, 0.01, KEY)
    targets = build_store(rows).targets
    assert targets.dtype == np.uint16
    np.testing.assert_array_equal(targets, rows.targets)


def test_compact_bounds_take_less_memory_where_rows_are_short():
    rows = rules.fixed_probability(2000, 1000, 0.005, KEY)
    classes = (np.arange(rows.n) % 1000).astype(np.uint16)
    built = build_store(rows, classes, 1000)
    assert built.segments.kind == "compact"
    assert built.segments.n_bytes < 2 * 2000 * 1001 / 20


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(("p", "n_classes"), [(0.3, 9), (0.01, 9), (0.3, 1), (0.002, 2000)])
def test_the_creation_order_can_be_recomputed(p, n_classes, threads, each_backend):
    rows = rules.fixed_probability(40, 3000, p, KEY)
    classes = np.random.default_rng(1).integers(0, n_classes, rows.n).astype(np.uint16)
    for bounds in (None, [0, 100, 100, 1500, 3000]):
        built = build_store(rows, classes, n_classes, bounds, with_order=True)
        assert built.recomputable
        assert np.array_equal(recompute_order(built, threads=threads), built.order)


def test_what_cannot_be_recomputed_says_so():
    shuffled = rules.from_arrays([1, 0], [0, 0], 2, 2)
    repeated = rules.from_arrays([0, 0], [1, 1], 2, 2)
    unsorted = rules.from_arrays([0, 0], [1, 0], 2, 2)
    classes = np.array([0, 1], dtype=np.uint8)
    assert not build_store(shuffled).recomputable
    assert not build_store(unsorted).recomputable
    assert not build_store(repeated, classes, 2).recomputable
    assert build_store(repeated).recomputable
    with pytest.raises(InternalError, match="cannot be recomputed"):
        recompute_order(build_store(shuffled))


@pytest.mark.parametrize("dtype", ["u1", "f2", "f4", "f8", "c16", "S3", "b1"])
@pytest.mark.parametrize("width", [np.uint32, np.uint64])
def test_values_go_to_storage_order_and_back(dtype, width, each_backend):
    rng = np.random.default_rng(5)
    order = rng.permutation(1000).astype(width)
    values = rng.integers(0, 250, 1000).astype(dtype)
    stored, back = np.empty_like(values), np.empty_like(values)
    gather_into_storage(values, order, stored, threads=3)
    assert np.array_equal(stored, values[order])
    scatter_to_creation(stored, order, back, threads=3)
    assert np.array_equal(back, values)


def test_moving_values_checks_its_arrays():
    order = np.arange(4, dtype=np.uint32)
    values, out = np.zeros(4), np.zeros(4)
    for bad, error in [
        ((values, order, np.zeros(4, dtype=np.float32)), ArgumentTypeError),
        ((values, order, np.zeros(5)), ModelError),
        ((values[:3], order, out), ModelError),
        ((values, order.astype(np.int64), out), ArgumentTypeError),
        ((values, order, values), ArgumentTypeError),
        ((values, order, np.zeros(8)[::2]), ArgumentTypeError),
        ((values, order + np.uint32(1), out), IndexRangeError),
        ((values.astype(object), order, out.astype(object)), ArgumentTypeError),
    ]:
        with pytest.raises(error):
            gather_into_storage(*bad)
    gather_into_storage(np.arange(8.0)[::2], order, out)  # a strided input is fine
    assert out.tolist() == [0, 2, 4, 6]


ROWS = rules.Rows(
    np.array([0, 2], dtype=np.uint64), np.array([0, 3], dtype=np.uint32), 4, True, False
)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: build_store(ROWS, None, 2), ModelError, "2 delay classes need the class"),
        (lambda: build_store(ROWS, None, 0), ModelError, "n_classes is 0"),
        (lambda: build_store(ROWS, np.array([0, 1]), 2), ArgumentTypeError, "int64"),
        (lambda: build_store(ROWS, np.zeros(3, np.uint8), 2), ModelError, "(3,)"),
        (
            lambda: build_store(ROWS, np.array([0, 2], np.uint8), 2),
            IndexRangeError,
            "delay class 2 of synapse 1 is not below 2",
        ),
        (lambda: build_store(ROWS, None, 1, [0, 3]), ModelError, "ascend from 0 to 4"),
        (lambda: build_store(ROWS, None, 1, [1, 4]), ModelError, "ascend from 0 to 4"),
        (lambda: build_store(ROWS, None, 1, [0, 3, 2, 4]), ModelError, "ascend from 0 to 4"),
        (lambda: build_store(ROWS, None, 1, [0]), ModelError, "at least two"),
        (lambda: build_store(ROWS, None, 1, [0.0, 4.0]), ModelError, "whole numbers"),
        (lambda: build_store(ROWS, threads=0), ModelError, "threads"),
    ],
)
def test_bad_store_arguments_are_refused(call, error, text):
    with pytest.raises(error) as raised:
        call()
    assert text in str(raised.value)


def test_a_store_beyond_memory_is_refused(monkeypatch):
    monkeypatch.setattr(checks, "UNCHECKED", 0)
    monkeypatch.setattr(checks, "free_memory", lambda: 3)
    with pytest.raises(MemoryLimitError, match="a store of 2 synapses would take 4 bytes"):
        build_store(ROWS)
