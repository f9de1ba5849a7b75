"""When the lanes of a kernel may be executed side by side without a change of meaning.

The meaning is lane after lane. Statement after statement over all lanes gives the same bits if no
lane touches what another lane writes, or if what they share is only written, by one statement,
whose writes are applied in the order of the lanes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from simgen.ir.expr import Array, Index, IndexValue
from simgen.ir.kernel import Kernel
from simgen.ir.stmt import Accumulate, Append, Scatter, Store
from simgen.ir.visit import all_nodes, flatten, reads
from simgen.targets.effects import must_walk_by_rows
from simgen.targets.reference.lanes import Positions


@dataclass(frozen=True, slots=True)
class Independence:
    """What decides whether lanes may run side by side.

    ``never`` says they may not; else they may where the positions of each index are distinct.
    ``by_rows``: the lanes of all parts are visited row by row (see :mod:`simgen.targets.effects`).
    """

    never: bool
    distinct: frozenset[Index]
    by_rows: bool = False


def analyse(kernel: Kernel) -> Independence:
    """Return what the lanes of a kernel share."""
    writers = [stmt for stmt in flatten(kernel.body) if isinstance(stmt, (Store, Accumulate))]
    read = list(_reads(kernel))
    read_names = {array.name for array, _ in read}
    written_names = {stmt.array.name for stmt in writers}
    recorders = [stmt.recorder for stmt in flatten(kernel.body) if isinstance(stmt, Append)]
    scattered = {s.array.name for s in flatten(kernel.body) if isinstance(s, Scatter)}
    never = bool(scattered & (read_names | written_names))
    never = never or len(recorders) != len(set(recorders))  # lanes append to one recorder in turn
    distinct = set()
    for name in written_names:
        own = [stmt.index for stmt in writers if stmt.array.name == name]
        if len(own) == 1 and name not in read_names:
            continue
        indices = {*own, *(index for array, index in read if array.name == name)}
        (first, *others) = indices
        never = never or bool(others) or first is None
        if first is not None:
            never = never or (first.via is not None and first.via.name in written_names)
            distinct.add(first)
    return Independence(never, frozenset(distinct), must_walk_by_rows(kernel))


def _reads(kernel: Kernel) -> Iterator[tuple[Array, Index | None]]:
    """Yield all reads of the body, also those of the index arrays that indices go through."""
    yield from reads(kernel.body)
    indices = [stmt.index for stmt in flatten(kernel.body) if isinstance(stmt, (Store, Accumulate))]
    indices += [node.index for node in all_nodes(kernel.body) if isinstance(node, IndexValue)]
    for index in indices:
        if index.via is not None:
            yield index.via, Index(index.kind)


def may_run_together(independence: Independence, resolve: Callable[[Index], Positions]) -> bool:
    """Return whether the lanes for which ``resolve`` gives the positions may run side by side."""
    if independence.never:
        return False
    return all(
        len(np.unique(positions)) == len(positions)
        for positions in map(resolve, independence.distinct)
    )
