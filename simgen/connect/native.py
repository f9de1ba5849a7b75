"""The compiled support library behind the connection rules, called through cffi."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.connect.checks import free_memory, index_dtype, require_memory, require_rows
from simgen.connect.oracle import PIECE, skip_scale
from simgen.connect.rows import UIntArray
from simgen.errors import InternalError, MemoryLimitError
from simgen.resources import cuda_kernel_dir
from simgen.targets.cpu.compile import compile_shared, interface

_CDEF = """
typedef struct { void *data; int64_t width; } sg_uints;
typedef struct {
  int64_t format; uint64_t n_classes; sg_uints starts; const uint64_t *pair_start;
  sg_uints pair_class; sg_uints pair_begin;
} sg_segment_sink;
typedef struct {
  uint64_t n_source; uint64_t n_target; double scale; uint64_t key; uint32_t first_row;
  int64_t skip_self; int64_t n_threads; const uint64_t *counts; const double *scales;
} sg_skip_job;
typedef struct {
  const uint64_t *row_start; uint64_t n_rows; uint64_t n_target; uint64_t key; uint32_t first_row;
  int64_t distinct; int64_t skip_self; int64_t ordered; uint64_t longest; int64_t n_threads;
  const uint64_t *counts;
} sg_uniform_job;
typedef struct {
  const uint64_t *row_start; const uint32_t *targets; uint64_t n_rows; const uint32_t *bounds;
  uint64_t n_parts; sg_uints cls; uint64_t n_classes; int64_t sorted; uint32_t target_bits;
  uint64_t longest_row; int64_t n_threads;
} sg_store_job;
typedef struct {
  const uint64_t *row_start; sg_uints targets; sg_uints order; sg_uints creation;
  sg_segment_sink sink;
} sg_store_out;
typedef struct {
  const uint64_t *col_start; uint64_t n_cols; sg_uints cls; uint64_t n_classes; uint64_t longest;
  int64_t n_threads;
} sg_column_job;
typedef struct {
  const uint64_t *row_start; sg_uints targets; uint64_t n_rows; uint64_t n_parts;
  sg_uints order; int64_t one_class; sg_segment_sink bounds; uint64_t first_row; uint64_t last_row;
  uint64_t first_target; uint64_t last_target; const uint64_t *own_start; uint64_t longest_row;
  int64_t n_threads;
} sg_piece_job;
typedef struct {
  uint64_t n_rows; uint64_t n_target; uint64_t total; uint64_t key; int64_t distinct;
  int64_t skip_self;
} sg_split_job;
void sg_support_layout(uint64_t *sizes);
int64_t sg_rows_by_skips(const sg_skip_job *job, const uint64_t *region, uint64_t *row_start,
                         uint32_t *targets, uint64_t *needed);
uint64_t sg_pieces_by_skips(const sg_skip_job *job, uint64_t room, uint64_t *row_start,
                            uint32_t *begins);
int64_t sg_rows_by_draws(const sg_uniform_job *job, uint32_t *targets);
void sg_split_total(const sg_split_job *job, uint64_t *row_start);
void sg_rows_of_all(const uint64_t *row_start, uint64_t n_source, int64_t skip_self,
                    uint32_t *targets, int64_t n_threads);
int64_t sg_row_facts(const uint64_t *row_start, uint64_t n_rows, const uint32_t *targets,
                     uint64_t longest);
void sg_ranks(const uint64_t *row_start, uint64_t n_rows, const uint32_t *targets,
              uint32_t *ranks, int64_t n_threads);
int64_t sg_transpose(const uint64_t *row_start, uint64_t n_rows, sg_uints targets,
                     uint32_t first, uint64_t n_cols, uint64_t *col_start, sg_uints positions,
                     uint32_t *sources, int64_t n_threads);
int64_t sg_store_count(const sg_store_job *job, uint64_t *sizes, uint64_t *pairs);
int64_t sg_store_fill(const sg_store_job *job, const sg_store_out *out);
int64_t sg_columns_count(const sg_column_job *job, sg_uints positions, uint64_t *pairs);
int64_t sg_columns_sort(const sg_column_job *job, sg_uints positions, uint32_t *sources,
                        const sg_segment_sink *sink);
int64_t sg_order_again(const uint64_t *row_start, sg_uints targets, uint64_t n_rows,
                       uint64_t n_parts, uint64_t n_target, int64_t one_class, uint64_t longest,
                       sg_uints order, int64_t n_threads);
void sg_expand(const uint64_t *row_start, uint64_t n_rows, const sg_segment_sink *bounds,
               sg_uints sources, sg_uints classes, int64_t n_threads);
void sg_move(void *out, const void *values, uint64_t itemsize, sg_uints order, uint64_t n,
             int64_t gather, int64_t n_threads);
void sg_splice(void *out, const void *values, uint64_t itemsize, const uint64_t *row_start,
               uint64_t n_rows, uint64_t *cursor);
void sg_release_memory(void);
int64_t sg_piece(const sg_piece_job *job, sg_uints positions, sg_uints classes);
"""
# The parts of the library: most networks need one or two of them, and each takes a second to
# compile. By their names: the structs that they tell the sizes of, and their functions.
_PARTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "rows": (
        ("sg_skip_job",),
        (
            *("sg_rows_by_skips", "sg_pieces_by_skips", "sg_rows_of_all", "sg_row_facts"),
            *("sg_ranks", "sg_release_memory"),
        ),
    ),
    "draws": (("sg_uniform_job", "sg_split_job"), ("sg_rows_by_draws", "sg_split_total")),
    "store": (
        ("sg_store_job", "sg_store_out"),
        ("sg_store_count", "sg_store_fill", "sg_expand", "sg_move"),
    ),
    "index": (
        ("sg_column_job", "sg_piece_job"),
        (
            *("sg_transpose", "sg_columns_count", "sg_columns_sort", "sg_order_again"),
            *("sg_splice", "sg_piece"),
        ),
    ),
}
_HOMES = {function: part for part, (_, functions) in _PARTS.items() for function in functions}


@functools.lru_cache(maxsize=len(_PARTS))
def load_part(part: str) -> Any:
    """Return a loaded part of the library (a cffi object, untyped); the first call compiles it.

    Raises :class:`simgen.errors.CompileError` without a compiler.
    """
    source = (cuda_kernel_dir() / "cpu" / f"support_{part}.cpp").read_text(encoding="utf-8")
    lib = compile_shared(source, optimize="-O2", openmp=True).load(_CDEF)
    structs = _PARTS[part][0]
    sizes = np.zeros(len(structs), dtype=np.uint64)
    lib.sg_support_layout(pointer(sizes))
    if [int(size) for size in sizes] != [interface(_CDEF).sizeof(name) for name in structs]:
        raise InternalError("the support library and its declarations differ")
    return lib


class _Support:
    """All functions of the library; each finds its part when it is first called."""

    def __getattr__(self, name: str) -> Any:
        function = getattr(load_part(_HOMES[name]), name)
        setattr(self, name, function)
        return function


@functools.lru_cache(maxsize=1)
def support() -> Any:
    """Return the functions of the support library (untyped)."""
    return _Support()


def pointer(array: NDArray[Any] | None) -> Any:
    """Return the address of a contiguous array as its C type, or NULL for None.

    The caller keeps the array alive for the length of the C call.
    """
    ffi = interface(_CDEF)
    if array is None:
        return ffi.NULL
    if not array.flags.c_contiguous or not array.dtype.isnative:
        raise InternalError("an array handed to the support library is not contiguous and native")
    names = {"u1": "uint8_t", "u2": "uint16_t", "u4": "uint32_t", "u8": "uint64_t"}
    kind = names.get(f"{array.dtype.kind}{array.dtype.itemsize}", "void")
    return ffi.cast(f"{kind} *", array.ctypes.data)


def uints(array: NDArray[Any] | None) -> Any:
    """Return an unsigned array of any width as C sees it; width 0 for None."""
    if array is not None and array.dtype.kind != "u":
        raise InternalError(f"an index array has dtype {array.dtype}")
    width = 0 if array is None else array.dtype.itemsize
    void = interface(_CDEF).cast("void *", pointer(array))
    return interface(_CDEF).new("sg_uints *", {"data": void, "width": width})[0]


def struct(name: str, fields: Mapping[str, Any]) -> Any:
    """Return a pointer to a new C struct with these fields."""
    return interface(_CDEF).new(f"{name} *", dict(fields))


def check_status(status: int, what: str) -> None:
    """Raise if a C function ran out of scratch memory."""
    if status < 0:
        raise MemoryLimitError(f"not enough memory for {what}; {free_memory():,} bytes are free")


def skip_rows(
    n_source: int,
    n_target: int | NDArray[np.uint64],
    p: float | NDArray[np.float64],
    key: int,
    *,
    skip_self: bool,
    first_row: int,
    threads: int,
) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    """Return row starts and ascending targets, each pair taken with probability p in (0, 1).

    Targets and probabilities of each row may differ, and p then also be 0 or 1.

    One pass: each thread fills a region with room for six standard deviations above the mean, which
    practically always suffices; else the pass is repeated with the measured sizes.
    """
    threads = min(threads, n_source)
    shares = [n_source * (t + 1) // threads - n_source * t // threads for t in range(threads)]
    fields: dict[str, Any] = {"n_source": n_source, "key": key, "first_row": first_row}
    fields |= {"skip_self": int(skip_self), "n_threads": threads}
    if isinstance(n_target, int) and isinstance(p, float):
        rooms = [_likely_size(rows * n_target, p) for rows in shares]
        fields |= {"n_target": n_target, "scale": float(skip_scale(p))}
    else:
        counts = np.require(np.broadcast_to(n_target, n_source), np.uint64, "C")
        chance = np.broadcast_to(p, n_source)
        scales = np.require(skip_scale(chance), np.float64, "C")
        begins = np.append(0, np.cumsum(shares)[:-1])
        pairs = np.add.reduceat(counts, begins).tolist()
        means = np.add.reduceat(counts * chance, begins).tolist()
        rooms = [_likely_size(n, mean / max(n, 1)) for n, mean in zip(pairs, means)]
        fields |= {"counts": pointer(counts), "scales": pointer(scales)}
    job = struct("sg_skip_job", fields)
    row_start = np.empty(n_source + 1, dtype=np.uint64)
    needed = np.zeros(threads, dtype=np.uint64)
    status = 1
    while status:
        require_rows(n_source, sum(rooms), 0)
        region = np.zeros(threads + 1, dtype=np.uint64)
        np.cumsum(rooms, out=region[1:])
        targets = np.empty(sum(rooms), dtype=np.uint32)
        status = support().sg_rows_by_skips(
            job, pointer(region), pointer(row_start), pointer(targets), pointer(needed)
        )
        rooms = [int(size) for size in needed]
    targets.resize(int(row_start[-1]), refcheck=False)  # gives the spare room back
    return row_start, targets


def skip_pieces(
    n_source: int, n_target: int, p: float, key: int, *, skip_self: bool
) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    """Return the row starts of :func:`skip_rows`, and where pieces of 64 skips begin in each row.

    The latter are the first targets that pieces decide on: uint32 (n_source, pieces), ``n_target``
    behind a row's last piece. Targets themselves take no memory.
    """
    fields = {"n_source": n_source, "key": key, "first_row": 0, "skip_self": int(skip_self)}
    fields |= {"n_threads": 1, "n_target": n_target}
    job = struct("sg_skip_job", {**fields, "scale": float(skip_scale(p))})
    row_start = np.empty(n_source + 1, dtype=np.uint64)
    most, room = _likely_size(n_target, p) // PIECE + 1, 0
    while most > room:
        room = most
        require_memory(4 * n_source * room, f"what {n_source:,} random rows are made again from")
        begins = np.empty((n_source, room), dtype=np.uint32)
        most = support().sg_pieces_by_skips(job, room, pointer(row_start), pointer(begins))
    return row_start, np.ascontiguousarray(begins[:, :most])


def _likely_size(n_pairs: int, p: float) -> int:
    return min(n_pairs, int(n_pairs * p + 6.0 * math.sqrt(n_pairs * p * (1.0 - p))) + 64)


def draw_rows(
    row_start: NDArray[np.uint64],
    n_target: int | NDArray[np.uint64],
    key: int,
    *,
    distinct: bool,
    skip_self: bool,
    ordered: bool,
    first_row: int,
    threads: int,
) -> NDArray[np.uint32]:
    """Return uniform draws, as many a row as ``row_start`` says; unordered ones in any order.

    The number of targets may differ between rows.
    """
    targets = np.empty(int(row_start[-1]), dtype=np.uint32)
    n_rows = len(row_start) - 1
    most = n_target if isinstance(n_target, int) else int(n_target.max(initial=0))
    fields = {"row_start": pointer(row_start), "n_rows": n_rows, "n_target": most, "key": key}
    if not isinstance(n_target, int):
        fields["counts"] = pointer(n_target)
    fields |= {"first_row": first_row, "distinct": int(distinct), "skip_self": int(skip_self)}
    fields |= {"ordered": int(ordered), "longest": longest_row(row_start), "n_threads": threads}
    status = support().sg_rows_by_draws(struct("sg_uniform_job", fields), pointer(targets))
    check_status(status, "drawing connections")
    return targets


def split_total(
    n_rows: int, n_target: int, total: int, key: int, *, distinct: bool, skip_self: bool
) -> NDArray[np.uint64]:
    """Return row starts of ``total`` synapses between uniformly drawn pairs."""
    row_start = np.zeros(n_rows + 1, dtype=np.uint64)
    fields = {"n_rows": n_rows, "n_target": n_target, "total": total, "key": key}
    fields |= {"distinct": int(distinct), "skip_self": int(skip_self)}
    support().sg_split_total(struct("sg_split_job", fields), pointer(row_start))
    return row_start


def full_rows(
    row_start: NDArray[np.uint64], *, skip_self: bool, threads: int
) -> NDArray[np.uint32]:
    """Return all targets for each row, in order."""
    targets = np.empty(int(row_start[-1]), dtype=np.uint32)
    n_rows = len(row_start) - 1
    support().sg_rows_of_all(pointer(row_start), n_rows, skip_self, pointer(targets), threads)
    return targets


def transpose(
    row_start: NDArray[np.uint64], values: NDArray[np.uint32], n_values: int, *, threads: int
) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    """Return, for each value, the rows that hold it, ascending, as (starts, row numbers)."""
    rows = np.empty(len(values), dtype=np.uint32)
    return _transpose(row_start, values, n_values, None, rows, threads), rows


def group(
    values: NDArray[np.uint32], n_values: int, *, wanted: bool, threads: int
) -> tuple[NDArray[np.uint64], UIntArray | None]:
    """Return starts of equal values and, if wanted, the stable permutation that groups them."""
    order = np.empty(len(values), dtype=index_dtype(len(values))) if wanted else None
    one_row = np.array([0, len(values)], dtype=np.uint64)
    return _transpose(one_row, values, n_values, order, None, threads), order


def _transpose(
    row_start: NDArray[np.uint64],
    values: NDArray[np.uint32],
    n_values: int,
    positions: UIntArray | None,
    rows: NDArray[np.uint32] | None,
    threads: int,
) -> NDArray[np.uint64]:
    starts = np.empty(n_values + 1, dtype=np.uint64)
    status = support().sg_transpose(
        pointer(row_start),
        len(row_start) - 1,
        uints(values),
        0,
        n_values,
        pointer(starts),
        uints(positions),
        pointer(rows),
        threads,
    )
    check_status(status, "a transposition")
    return starts


def row_facts(row_start: NDArray[np.uint64], targets: NDArray[np.uint32]) -> tuple[bool, bool]:
    """Return whether all rows are sorted, and whether a row holds a target twice."""
    longest = longest_row(row_start)
    facts = support().sg_row_facts(
        pointer(row_start), len(row_start) - 1, pointer(targets), longest
    )
    check_status(facts, "inspecting rows")
    return bool(facts & 1), bool(facts & 2)


def ranks(
    row_start: NDArray[np.uint64], targets: NDArray[np.uint32], *, threads: int
) -> NDArray[np.uint32]:
    """Return the number of each target among its equals in its row, which is sorted."""
    require_memory(4 * len(targets), f"the ranks of {len(targets):,} synapses")
    out = np.empty(len(targets), np.uint32)
    n_rows = len(row_start) - 1
    support().sg_ranks(pointer(row_start), n_rows, pointer(targets), pointer(out), threads)
    return out


def longest_row(row_start: NDArray[np.uint64]) -> int:
    """Return the length of the longest row."""
    return int(np.diff(row_start).max(initial=0))
