"""The segment iterators of generated code, against stores in every format."""

import numpy as np
import pytest

from simgen.connect import rules
from simgen.connect.columns import build_columns
from simgen.connect.store import build_store, delay_classes_of
from simgen.targets.cpu.compile import compile_shared, interface

pytestmark = pytest.mark.compiler

CDEF = """
void walk_none(uint64_t *row_start, uint64_t n_rows, uint64_t *out);
void walk_dense16(uint64_t *row_start, uint16_t *starts, uint64_t n_rows, uint64_t n_classes,
                  uint64_t *out);
void walk_dense32(uint64_t *row_start, uint32_t *starts, uint64_t n_rows, uint64_t n_classes,
                  uint64_t *out);
void walk_compact(uint64_t *row_start, uint64_t *pair_start, uint16_t *pair_class,
                  uint16_t *pair_begin, uint64_t n_rows, uint64_t n_classes, uint64_t *out);
void walk_compact_wide(uint64_t *row_start, uint64_t *pair_start, uint32_t *pair_class,
                       uint32_t *pair_begin, uint64_t n_rows, uint64_t n_classes, uint64_t *out);
"""
WALK = """
extern "C" void walk_{name}({arguments}) {{
  for (uint64_t row = 0; row < n_rows; ++row)
    for (uint32_t cls = 0; cls < {n_classes}; ++cls, out += 2)
      {call};
}}
"""


def source():
    text = ['#include "common/segments.h"']
    for line in CDEF.replace("\n", " ").split(";"):
        if not line.strip():
            continue
        name, arguments = line.split("walk_", 1)[1].split("(", 1)
        arguments = arguments.rstrip(") ")
        given = [word.split()[-1].lstrip("*") for word in arguments.split(",")]
        arrays = [word for word in given if word not in ("n_rows", "out", "n_classes")]
        function = "sg_segment_" + name.removesuffix("_wide")
        middle = ["n_classes"] if name.startswith("dense") else []
        last = ["row"] if name == "none" else ["row", "cls"]
        call = f"{function}({', '.join([*arrays, *middle, *last, 'out', 'out + 1'])})"
        n_classes = "1" if name == "none" else "n_classes"
        text.append(WALK.format(name=name, arguments=arguments, n_classes=n_classes, call=call))
    return "\n".join(text)


@pytest.fixture(scope="module")
def lib():
    return compile_shared(source(), optimize="-O1").load(CDEF)


def address(array):
    kinds = {2: "uint16_t *", 4: "uint32_t *", 8: "uint64_t *"}
    return interface(CDEF).cast(kinds[array.dtype.itemsize], array.ctypes.data)


def walk(lib, row_start, segments, part):
    """Return begin and end of every (row, class) of a partition: (n_rows, n_classes, 2)."""
    n_rows = len(row_start) - 1
    out = np.zeros((n_rows, segments.n_classes, 2), dtype=np.uint64)
    size = (n_rows, segments.n_classes)
    if segments.kind == "none":
        lib.walk_none(address(row_start), n_rows, address(out))
    elif segments.starts is not None:
        function = getattr(lib, f"walk_{segments.kind}")
        function(address(row_start), address(segments.starts[part]), *size, address(out))
    else:
        function = lib.walk_compact
        if segments.pair_class.dtype.itemsize == 4:
            function = lib.walk_compact_wide
        pairs = (segments.pair_start[part], segments.pair_class, segments.pair_begin)
        function(address(row_start), *(address(array) for array in pairs), *size, address(out))
    return out


CASES = [
    (40, 60, 0.5, 1, "none", 2),
    (40, 60, 0.5, 6, "dense16", 2),
    (2, 70_000, 1.0, 3, "dense32", 4),
    (60, 90, 0.1, 400, "compact", 2),
]


@pytest.mark.parametrize(("n_source", "n_target", "p", "n_classes", "kind", "width"), CASES)
@pytest.mark.parametrize("n_parts", [1, 3])
def test_segments_cover_each_class_of_each_row(
    lib, n_source, n_target, p, n_classes, kind, width, n_parts
):
    if kind == "dense32" and n_parts > 1:
        n_parts = 1  # parts of the row would be short enough for 16 bits
    rows = rules.fixed_probability(n_source, n_target, p, 3)
    classes = np.random.default_rng(0).integers(0, n_classes, rows.n).astype(np.uint16)
    bounds = np.linspace(0, n_target, n_parts + 1).astype(int)
    store = build_store(rows, classes, n_classes, bounds)
    assert store.segments.kind == kind
    expanded = delay_classes_of(store)
    for part in range(n_parts):
        found = walk(lib, store.row_start[part], store.segments, part).astype(int)
        for row in range(n_source):
            begin, end = (int(x) for x in store.row_start[part, row : row + 2])
            for cls in range(n_classes):
                inside = begin + np.flatnonzero(expanded[begin:end] == cls)
                low, high = found[row, cls]
                assert list(range(low, high)) == inside.tolist()


def test_wide_pairs_are_found_too(lib):
    rows = rules.fixed_probability(30, 50, 0.2, 3)
    n_classes = 2**16 + 5
    classes = np.random.default_rng(0).integers(0, n_classes, rows.n).astype(np.uint32)
    segments = build_store(rows, classes, n_classes).segments
    assert segments.pair_class.dtype == np.uint32
    wide = type(segments)(
        "compact",
        n_classes,
        pair_start=segments.pair_start,
        pair_class=segments.pair_class,
        pair_begin=segments.pair_begin.astype(np.uint32),
    )
    found = walk(lib, rows.row_start, wide, 0).astype(int)
    sizes = found[..., 1] - found[..., 0]
    assert sizes.sum() == rows.n
    row, cls = np.nonzero(sizes)
    wanted = np.unique(rows.sources().astype(np.int64) * n_classes + classes)
    assert np.array_equal(row * n_classes + cls, wanted)


def test_columns_use_the_same_iterators(lib):
    rows = rules.fixed_probability(50, 40, 0.5, 3)
    classes = np.random.default_rng(0).integers(0, 5, rows.n).astype(np.uint8)
    store = build_store(rows, classes, 5)
    index = build_columns(store, by_delay=True)
    expanded = delay_classes_of(store)
    found = walk(lib, index.col_start, index.segments, 0).astype(int)
    for column in range(index.n_columns):
        for cls in range(5):
            low, high = found[column, cls]
            inside = index.positions[low:high]
            assert np.all(expanded[inside] == cls)
            assert np.all(store.targets[inside] == column)
    assert (found[..., 1] - found[..., 0]).sum() == rows.n
