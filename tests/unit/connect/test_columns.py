import numpy as np
import pytest

from simgen.connect import checks, rules
from simgen.connect.columns import build_columns
from simgen.connect.store import build_store, delay_classes_of, sources_of
from simgen.errors import ArgumentTypeError, IndexRangeError, MemoryLimitError, ModelError

pytestmark = pytest.mark.compiler


def make_store(n_classes, bounds=None, p=0.2):
    rows = rules.fixed_probability(60, 90, p, 5)
    classes = np.random.default_rng(2).integers(0, n_classes, rows.n).astype(np.uint16)
    return build_store(rows, classes, n_classes, bounds)


def column_of(index, c):
    begin, end = int(index.col_start[c]), int(index.col_start[c + 1])
    return index.positions[begin:end]


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("bounds", [None, [0, 20, 20, 90]])
def test_a_column_lists_the_positions_of_its_target(threads, bounds, each_backend):
    store = make_store(5, bounds)
    total = 0
    for part in range(store.n_parts):
        index = build_columns(store, part, with_source=True, threads=threads)
        begin, end = store.part_range(part)
        assert index.first_target == store.part_bounds[part]
        for c in range(index.n_columns):
            inside = np.flatnonzero(store.targets[begin:end] == index.first_target + c) + begin
            assert np.array_equal(column_of(index, c), inside)
            total += len(inside)
        assert np.array_equal(index.sources, sources_of(store)[index.positions])
        assert index.positions.dtype == np.uint32
    assert total == store.n
    assert build_columns(store).sources is None


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize(
    ("n_classes", "p", "kind"), [(5, 0.2, "dense16"), (3000, 0.2, "compact"), (1, 0.2, "none")]
)
@pytest.mark.parametrize("with_source", [False, True])
def test_columns_sorted_by_delay(n_classes, p, kind, threads, with_source, each_backend):
    store = make_store(n_classes, [0, 30, 90], p)
    index = build_columns(store, 1, by_delay=True, with_source=with_source, threads=threads)
    assert index.segments.kind == kind
    check_sorted(index, store, delay_classes_of(store))


def check_sorted(index, store, classes):
    plain = build_columns(store, 1)
    assert np.array_equal(plain.col_start, index.col_start)
    for c in range(index.n_columns):
        column = column_of(plain, c)
        wanted = column[np.lexsort((column, classes[column]))]
        assert np.array_equal(column_of(index, c), wanted)
        assert classes_from_bounds(index, c).tolist() == classes[wanted].tolist()
    if index.sources is not None:
        assert np.array_equal(index.sources, sources_of(store)[index.positions])


def classes_from_bounds(index, c):
    """Expand the segment bounds of a column to the class of each entry."""
    size = int(index.col_start[c + 1] - index.col_start[c])
    bounds = index.segments
    if bounds.kind == "none":
        return np.zeros(size, dtype=int)
    if bounds.starts is not None:
        return np.repeat(np.arange(bounds.n_classes), np.diff(bounds.starts[0, c].astype(int)))
    pairs = slice(int(bounds.pair_start[0, c]), int(bounds.pair_start[0, c + 1]))
    ends = np.append(bounds.pair_begin[pairs].astype(int), size)
    return np.repeat(bounds.pair_class[pairs], np.diff(ends))


def test_columns_sorted_by_the_delays_of_a_post_pathway(each_backend):
    store = make_store(4, [0, 30, 90])
    post = np.random.default_rng(8).integers(0, 11, store.n).astype(np.uint8)
    index = build_columns(store, 1, post_delay_class=post, n_post_classes=11, with_source=True)
    check_sorted(index, store, post)
    same = build_columns(store, 1, post_delay_class=0 * post, n_post_classes=1)
    assert same.segments.kind == "none"


def test_a_store_without_synapses_has_empty_columns(each_backend):
    store = build_store(rules.fixed_probability(4, 6, 0.0, 1))
    index = build_columns(store, with_source=True)
    assert index.col_start.tolist() == [0] * 7
    assert index.positions.size == index.sources.size == 0


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"part": 1}, IndexRangeError, "partition 1 of a store that has 1"),
        ({"part": -1}, IndexRangeError, "partition -1"),
        ({"post_delay_class": np.zeros(3, np.uint8)}, ModelError, "(3,)"),
        ({"post_delay_class": np.zeros(3)}, ArgumentTypeError, "float64"),
        ({"threads": -1}, ModelError, "threads"),
    ],
)
def test_bad_column_arguments_are_refused(options, error, text):
    store = make_store(2)
    with pytest.raises(error) as raised:
        build_columns(store, **options)
    assert text in str(raised.value)


def test_post_classes_are_checked_against_their_number_and_exclude_pre_delays():
    store = make_store(2)
    post = np.full(store.n, 3, dtype=np.uint8)
    with pytest.raises(IndexRangeError, match="delay class 3 is not below 3"):
        build_columns(store, post_delay_class=post, n_post_classes=3)
    with pytest.raises(ModelError, match="either"):
        build_columns(store, post_delay_class=post, n_post_classes=4, by_delay=True)


def test_columns_beyond_memory_are_refused(monkeypatch):
    store = make_store(2)
    monkeypatch.setattr(checks, "UNCHECKED", 0)
    monkeypatch.setattr(checks, "free_memory", lambda: 100)
    with pytest.raises(MemoryLimitError, match="an index of columns would take"):
        build_columns(store)
