"""What a loop over elements records for others, as CUDA; see fold_records.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from simgen.errors import InternalError
from simgen.ir.expr import Const, IndexKind, Param
from simgen.ir.kernel import Kernel, OverEvents, OverIndices
from simgen.ir.stmt import Accumulate, Append, Recorder, Store
from simgen.targets.cstyle import comment_text, mangle, stored_type
from simgen.targets.hoist import written_names
from simgen.targets.scope import Scope


@dataclass(frozen=True, slots=True)
class WholeList:
    """The C names of a list of events and of its length, where all threads of a block see it."""

    ids: str
    length: str


@dataclass(frozen=True, slots=True)
class ValueLines:
    """What each warp does before its loop, and what the last block does."""

    first: tuple[str, ...]
    joined: tuple[str, ...]


def record_values(outer: Scope, kernels: tuple[Kernel, ...]) -> ValueLines:
    """Return the lines by which a warp records listed elements among those of its ``range``."""
    first: list[str] = []
    joined: list[str] = []
    for kernel in kernels:
        domain = kernel.domain
        if not isinstance(domain, OverIndices):
            raise InternalError(f"kernel '{kernel.name}' does not record listed elements")
        first += _alone(outer, kernel, partial(_listed, kernel=kernel, domain=domain))
        joined += _alone(outer, kernel, partial(_more, kernel=kernel, count=domain.indices.length))
    if first:
        first.append("__syncwarp();  // then the warp may write what it has recorded")
    return ValueLines(tuple(first), tuple(joined))


def record_events(
    outer: Scope, kernels: tuple[Kernel, ...], lists: Mapping[str, WholeList]
) -> list[str]:
    """Return the lines by which the last block records events from lists that it has joined."""
    lines: list[str] = []
    for kernel in kernels:
        if isinstance(kernel.domain, OverEvents):
            found = lists[kernel.domain.events.name]
            printed = partial(_from_list, kernel=kernel, domain=kernel.domain, found=found)
        else:
            printed = partial(_once, kernel=kernel)
        lines += _alone(outer, kernel, printed)
    return lines


def _alone(
    outer: Scope, kernel: Kernel, printed: Callable[[Scope], Iterator[str]]
) -> Iterator[str]:
    """Yield a block of lines with what it needs declared inside, so that no loop holds it.

    What the loop writes is that of the ``outer`` scope.
    """
    indices = {IndexKind.ELEMENT: "i", IndexKind.ZERO: "0"}
    scope = Scope(outer.layout, kernel, indices, written_names(kernel.body))
    written = (slot.name for slot in outer.pointers() if outer.is_written(slot))
    scope.elsewhere.update({name: mangle("a", name) for name in written})  # one pointer for each
    lines = tuple(printed(scope))
    told = f": {comment_text(kernel.comment)}" if kernel.comment else ""
    yield f"{{  // {comment_text(kernel.name)}{told}"
    yield from (f"  {line}" for line in (*scope.declarations(), *lines))
    yield "}"


def _listed(scope: Scope, kernel: Kernel, domain: OverIndices) -> Iterator[str]:
    """Yield the lines that record the listed elements of a warp."""
    indices, count = scope.array(domain.indices), scope.size(domain.indices.length)
    yield f"const int64_t from = sg_warp_bound({indices}, {count}, range.first);"
    yield f"const int64_t to = sg_warp_bound({indices}, {count}, range.last);"
    stores = []
    for stmt in _appends(kernel):
        begin = _begin(stmt.recorder)
        yield f"const int64_t {begin} = {_used(scope, stmt.recorder)}[0];"
        place = f"{_data(scope, stmt.recorder)}[{begin} + r]"
        stores.append(f"  {place} = {scope.printer.text(stmt.value)};")
    yield "for (int64_t r = from + range.lane; r < to; r += range.width) {"
    yield f"  const int64_t i = {indices}[r];"
    yield from stores
    yield "}"


def _more(scope: Scope, kernel: Kernel, count: str) -> Iterator[str]:
    """Yield the lines that count what all warps have recorded."""
    for stmt in _appends(kernel):
        yield f"if (threadIdx.x == 0) {_used(scope, stmt.recorder)}[0] += {scope.size(count)};"


def _from_list(scope: Scope, kernel: Kernel, domain: OverEvents, found: WholeList) -> Iterator[str]:
    """Yield the lines that record events; one thread counts them when all know where they began."""
    yield from _bounds(scope, domain, found)
    stores = []
    for stmt in _appends(kernel):
        begin = _begin(stmt.recorder)
        yield f"const int64_t {begin} = {_used(scope, stmt.recorder)}[0];"
        place = f"{_data(scope, stmt.recorder)}[{begin} + (r - first)]"
        stores.append(f"  {place} = {scope.printer.text(stmt.value)};")
    if stores:
        yield "for (int64_t r = first + threadIdx.x; r < last; r += blockDim.x) {"
        yield f"  const int64_t i = {found.ids}[r];"
        yield from stores
        yield "}"
        yield "__syncthreads();"
    yield "if (threadIdx.x == 0) {"
    for one in kernel.body:
        if isinstance(one, Append):
            yield f"  {_used(scope, one.recorder)}[0] = {_begin(one.recorder)} + (last - first);"
        elif isinstance(one, Accumulate):
            place = scope.printer.place(one.array, one.index)
            yield f"  {place} += (last - first) * {scope.printer.text(one.value)};"
    yield "}"


def _bounds(scope: Scope, domain: OverEvents, found: WholeList) -> Iterator[str]:
    """Yield the lines that find the part of a list that lies in the range of elements."""
    start, stop = "0", found.length
    if domain.start != Const(0, domain.start.dtype):
        least = scope.printer.text(domain.start)
        start = f"sg_warp_bound({found.ids}, {found.length}, {least})"
    if not (isinstance(domain.stop, Param) and domain.stop.name == domain.events.length):
        least = scope.printer.text(domain.stop)
        stop = f"sg_warp_bound({found.ids}, {found.length}, {least})"
    yield f"const int64_t first = {start};"
    yield f"const int64_t last = {stop};"


def _once(scope: Scope, kernel: Kernel) -> Iterator[str]:
    """Yield the lines that record shared values, by the thread that has counted events."""
    yield "if (threadIdx.x == 0) {"
    for stmt in kernel.body:
        if isinstance(stmt, Append):
            used, value = _used(scope, stmt.recorder), scope.printer.text(stmt.value)
            yield f"  {_data(scope, stmt.recorder)}[{used}[0]++] = {value};"
        elif isinstance(stmt, Store):
            place = scope.printer.place(stmt.array, stmt.index)
            yield f"  {place} = {scope.printer.text(stmt.value)};"
    yield "}"


def _appends(kernel: Kernel) -> list[Append]:
    return [stmt for stmt in kernel.body if isinstance(stmt, Append)]


def _begin(recorder: Recorder) -> str:
    """Return the variable that holds how many values a recorder had."""
    return mangle("u", recorder.name)


def _used(scope: Scope, recorder: Recorder) -> str:
    return scope.buffer(f"{recorder.name}.used", "int64_t", written=True)


def _data(scope: Scope, recorder: Recorder) -> str:
    kind = stored_type(recorder.dtype, scope.layout.real)
    return scope.buffer(f"{recorder.name}.data", kind, written=True)
