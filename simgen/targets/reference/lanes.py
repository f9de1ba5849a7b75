"""Which elements or synapses a domain visits in the present step, and in which order.

The answer is a list of lanes: for each visit the position of every running index. It is written
down plainly, with no regard to speed; the order of the lanes is the order of the program's meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from simgen.errors import InternalError
from simgen.ir.expr import Expr, IndexKind
from simgen.ir.kernel import (
    Domain,
    Once,
    OverCarried,
    OverElements,
    OverEvents,
    OverFanIn,
    OverFanOut,
    OverIndices,
    OverSynapses,
    RowIndex,
    SynapseStore,
)
from simgen.ir.stmt import EventList
from simgen.targets.base import AnyArray, Memory
from simgen.targets.reference.made_rows import row_targets

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Lanes:
    """The visits of a domain: ``positions`` int64 (n,) per index kind, in the order of execution.

    ``starts`` ascends from 0: where runs of lanes begin that usually share no target, such as the
    synapses of one spike. It is a hint about speed and carries no meaning.
    """

    n: int
    positions: dict[IndexKind, Positions]
    starts: tuple[int, ...] = (0,)

    def take(self, chosen: npt.NDArray[np.intp]) -> Lanes:
        """Return the ``chosen`` lanes, in the order given."""
        positions = {kind: values[chosen] for kind, values in self.positions.items()}
        return Lanes(len(chosen), positions)


def lookup_array(memory: Memory, name: str) -> AnyArray:
    """Return ``memory.arrays[name]``; raise :class:`InternalError` if the binder left it out."""
    try:
        return memory.arrays[name]
    except KeyError:
        raise InternalError(f"the array '{name}' is not in the memory of the program") from None


def lookup_int(memory: Memory, name: str) -> int:
    """Return ``memory.ints[name]``; raise :class:`InternalError` if the binder left it out."""
    try:
        return int(memory.ints[name])
    except KeyError:
        raise InternalError(f"the integer '{name}' is not in the memory of the program") from None


def lanes_of(
    domain: Domain,
    memory: Memory,
    step: int,
    scalar: Callable[[Expr], int],
    by_rows: bool = False,
) -> Lanes:
    """Return the lanes of ``domain`` at ``step`` of the kernel's clock.

    ``scalar`` evaluates the domain's own expressions (bounds, delays, first steps).
    """
    match domain:
        case Once():
            return Lanes(1, {})
        case OverElements(start=start, stop=stop):
            return _elements(np.arange(scalar(start), scalar(stop), dtype=np.int64))
        case OverIndices(indices=indices, synapses=synapses):
            listed = lookup_array(memory, indices.name)[: lookup_int(memory, indices.length)]
            values = listed.astype(np.int64)
            return _elements(values) if synapses is None else _synapses(memory, synapses, values)
        case OverEvents(events=events, start=start, stop=stop):
            fired = fired_at(memory, events, step - domain.lag)
            lanes = _elements(fired[(fired >= scalar(start)) & (fired < scalar(stop))])
            return _with_events(lanes, memory, events, np.full(lanes.n, step - domain.lag))
        case OverCarried(store=store, steps=arrivals):
            n = lookup_int(memory, arrivals.length)
            due = lookup_array(memory, arrivals.name)[:n] == step
            listed = lookup_array(memory, domain.positions.name)[:n]
            lanes = _synapses(memory, store, listed[due].astype(np.int64))
            lanes.positions[IndexKind.EVENT] = np.flatnonzero(due)
            return lanes
        case OverFanOut() if domain.store.is_regenerated:
            return _made(domain, memory, step, _born(domain.born, scalar))
        case OverFanOut():
            first = _born(domain.born, scalar)
            found = list(_fan_out(domain, memory, step, first, by_rows))
            lanes = _joined(memory, domain.store, IndexKind.PRE, (run for _, run in found))
            steps = np.array([step for step, _ in found], np.int64)
            emitted = np.repeat(steps, [len(run) for _, run in found])
            return _with_events(lanes, memory, domain.events, emitted)
        case OverFanIn():
            runs = list(_fan_in(domain, memory, step, scalar))
            positions = (_at_entries(memory, domain.store, run) for run in runs)
            lanes = _joined(memory, domain.store, IndexKind.POST, positions)
            lanes.positions[IndexKind.ENTRY] = np.concatenate([np.zeros(0, np.int64), *runs])
            return lanes
        case OverSynapses(store=store, listed=True):
            listed = lookup_array(memory, f"{domain.list_name}_pos")
            return _synapses(memory, store, listed.astype(np.int64))
        case OverSynapses(store=store) if by_rows:
            places = range(lookup_int(memory, f"{store.name}.n_rows"))
            rows = [run for place in places for run in _row(memory, store, place)]
            return _synapses(memory, store, np.concatenate([np.zeros(0, np.int64), *rows]))
        case OverSynapses(store=store):
            n = int(lookup_array(memory, f"{store.name}.row_start")[_rows(memory, store)])
            return _synapses(memory, store, np.arange(n, dtype=np.int64))


def _born(born: Expr | None, scalar: Callable[[Expr], int]) -> int:
    """Return the first step whose events reach the synapses of a pathway."""
    return 0 if born is None else scalar(born)


def fired_at(memory: Memory, events: EventList, step: int) -> Positions:
    """Return the elements that fired at ``step``, ascending; the ring must still hold them.

    Before step 0 nothing fired, whatever the ring holds.
    """
    if step < 0:
        return np.zeros(0, dtype=np.int64)
    depth, length = lookup_int(memory, f"{events.name}.depth"), lookup_int(memory, events.length)
    slot = step % depth
    ids = lookup_array(memory, f"{events.name}.ids").reshape(-1)[: depth * length]
    row = ids.reshape(depth, length)[slot]
    counts = lookup_array(memory, f"{events.name}.counts").reshape(-1)[: depth * memory.n_parts]
    bounds = lookup_array(memory, f"{events.length}.bounds")
    pieces = [
        row[int(bounds[part]) : int(bounds[part]) + int(count)]
        for part, count in enumerate(counts.reshape(depth, memory.n_parts)[slot])
    ]
    return np.concatenate(pieces).astype(np.int64)


def _with_events(lanes: Lanes, memory: Memory, events: EventList, emitted: Positions) -> Lanes:
    """Add where the values of the events are that the lanes are of, emitted in these steps."""
    depth, length = lookup_int(memory, f"{events.name}.depth"), lookup_int(memory, events.length)
    elements = lanes.positions.get(IndexKind.ELEMENT, np.zeros(0, np.int64))
    lanes.positions[IndexKind.EVENT] = emitted % depth * length + elements
    return lanes


def _elements(elements: Positions) -> Lanes:
    return Lanes(len(elements), {IndexKind.ELEMENT: elements})


def _rows(memory: Memory, store: SynapseStore) -> int:
    """Return the number of rows of all parts."""
    return memory.n_parts * lookup_int(memory, f"{store.name}.n_rows")


def _synapses(memory: Memory, store: SynapseStore, positions: Positions) -> Lanes:
    """Return lanes that visit the synapses at storage ``positions`` in the order given."""
    rows = _rows(memory, store)
    row_start = lookup_array(memory, f"{store.name}.row_start")[: rows + 1].astype(np.int64)
    row = np.searchsorted(row_start, positions, side="right") - 1
    if store.is_dense:
        bounds = lookup_array(memory, f"{store.target_length}.bounds").astype(np.int64)
        part = row // max(1, lookup_int(memory, f"{store.name}.n_rows"))
        low = np.maximum(bounds[part], lookup_int(memory, f"{store.name}.first_target"))
        targets = low + positions - row_start[row]
    else:
        kept = lookup_array(memory, f"{store.name}.targets")
        targets = kept[positions].astype(np.int64)
    source_row = row % max(1, lookup_int(memory, f"{store.name}.n_rows"))
    return Lanes(
        len(positions),
        {
            IndexKind.SYNAPSE: positions,
            IndexKind.PRE: source_row + lookup_int(memory, f"{store.name}.source_start"),
            IndexKind.POST: targets,
        },
    )


def _joined(
    memory: Memory, store: SynapseStore, spiking: IndexKind, runs: Iterable[Positions]
) -> Lanes:
    """Return the lanes of several runs of synapses, one run after the other."""
    kept = [run for run in runs if len(run)]
    if not kept:
        return _synapses(memory, store, np.zeros(0, dtype=np.int64))
    lanes = _synapses(memory, store, np.concatenate(kept))
    lanes.positions[IndexKind.ELEMENT] = lanes.positions[spiking]
    ends = np.cumsum([len(run) for run in kept])
    return Lanes(lanes.n, lanes.positions, (0, *(int(end) for end in ends[:-1])))


def _fan_out(
    domain: OverFanOut, memory: Memory, step: int, born: int, by_rows: bool
) -> Iterator[tuple[int, Positions]]:
    """Yield the storage positions that arrive now: delay class, then source, then part.

    Each with the step in which the event was emitted.
    """
    store = domain.store
    n_classes = lookup_int(memory, domain.delays.length)  # the pathway's, not the store's
    n_rows = lookup_int(memory, f"{store.name}.n_rows")
    source_start = lookup_int(memory, f"{store.name}.source_start")
    delays = lookup_array(memory, domain.delays.name)
    found = replace(store, format="none") if domain.whole_rows else store
    order = None
    if domain.index is not None:
        order = lookup_array(memory, f"{domain.index.name}.positions").astype(np.int64)
    for delay_class in reversed(range(n_classes)):
        emitted = step - int(delays[delay_class])
        for source in fired_at(memory, domain.events, emitted) if emitted >= born else ():
            source_row = int(source) - source_start
            if not 0 <= source_row < n_rows:
                continue
            if domain.listed:
                yield emitted, _listed(memory, domain, source_row * n_classes + delay_class)
                continue
            if by_rows:
                yield from ((emitted, run) for run in _row(memory, store, source_row))
                continue
            for part in range(memory.n_parts):
                row = part * n_rows + source_row
                begin, end = segment(memory, found, row, delay_class, domain.index)
                run = np.arange(begin, end, dtype=np.int64) if order is None else order[begin:end]
                yield emitted, run


def _made(domain: OverFanOut, memory: Memory, step: int, born: int) -> Lanes:
    """Return the lanes of rows that are made anew: delay class, then source, then target."""
    store = domain.store
    source_start = lookup_int(memory, f"{store.name}.source_start")
    sources: list[int] = []
    rows: list[Positions] = []
    for delay in reversed(lookup_array(memory, domain.delays.name).tolist()):
        emitted = step - int(delay)
        for source in fired_at(memory, domain.events, emitted) if emitted >= born else ():
            row = int(source) - source_start
            if 0 <= row < lookup_int(memory, f"{store.name}.n_rows"):
                sources.append(int(source))
                rows.append(row_targets(memory, store, row))
    sizes = [len(row) for row in rows]
    pre = np.repeat(np.array(sources, np.int64), sizes)
    post = np.concatenate([np.zeros(0, np.int64), *rows])
    positions = {IndexKind.PRE: pre, IndexKind.POST: post, IndexKind.ELEMENT: pre}
    return Lanes(len(post), positions, (0, *np.cumsum(sizes)[:-1].tolist()))


def _listed(memory: Memory, domain: OverFanOut, place: int) -> Positions:
    """Return the positions that the list of a domain has at one of its places."""
    start = lookup_array(memory, f"{domain.list_name}_start")
    listed = lookup_array(memory, f"{domain.list_name}_pos")
    return listed[int(start[place]) : int(start[place + 1])].astype(np.int64)


def _row(memory: Memory, store: SynapseStore, source_row: int) -> Iterator[Positions]:
    """Yield what the parts hold of a row, class by class."""
    n_rows = lookup_int(memory, f"{store.name}.n_rows")
    n_classes = 1 if store.format == "none" else lookup_int(memory, f"{store.name}.n_classes")
    for delay_class in range(n_classes):
        for part in range(memory.n_parts):
            begin, end = segment(memory, store, part * n_rows + source_row, delay_class)
            yield np.arange(begin, end, dtype=np.int64)


def segment(
    memory: Memory, store: SynapseStore, row: int, delay_class: int, index: RowIndex | None = None
) -> tuple[int, int]:
    """Return the storage positions (or entries of ``index``) [begin, end) of a row and class."""
    row_start = lookup_array(memory, f"{store.name}.row_start")
    base, row_end = int(row_start[row]), int(row_start[row + 1])
    bounds = store if index is None else index
    if bounds.format == "none":
        return base, row_end
    if bounds.format in ("dense16", "dense32"):
        width = lookup_int(memory, f"{bounds.name}.n_classes") + 1
        starts = lookup_array(memory, f"{bounds.name}.bounds").reshape(-1)
        at = row * width + delay_class
        return base + int(starts[at]), base + int(starts[at + 1])
    if bounds.format == "compact":
        pair_start = lookup_array(memory, f"{bounds.name}.pair_start")
        first, last = int(pair_start[row]), int(pair_start[row + 1])
        begins = lookup_array(memory, f"{bounds.name}.pair_begin")
        classes = lookup_array(memory, f"{bounds.name}.pair_class")
        for pair in range(first, last):
            if int(classes[pair]) == delay_class:
                end = base + int(begins[pair + 1]) if pair + 1 < last else row_end
                return base + int(begins[pair]), end
        return base, base
    raise InternalError(f"the reference target met segment bounds of format '{bounds.format}'")


def _at_entries(memory: Memory, store: SynapseStore, entries: Positions) -> Positions:
    """Return the storage positions of entries of the columns."""
    if not store.is_dense:
        return lookup_array(memory, f"{store.name}.col_pos")[entries].astype(np.int64)
    n_rows = lookup_int(memory, f"{store.name}.n_rows")
    first = lookup_int(memory, f"{store.name}.first_target")
    bounds = lookup_array(memory, f"{store.target_length}.bounds").astype(np.int64)
    row_start = lookup_array(memory, f"{store.name}.row_start").astype(np.int64)
    targets, row = first + entries // max(1, n_rows), entries % max(1, n_rows)
    part = np.searchsorted(bounds, targets, side="right") - 1
    begins = row_start[part * n_rows + row]
    return np.asarray(begins + targets - np.maximum(bounds[part], first))


def _fan_in(
    domain: OverFanIn, memory: Memory, step: int, scalar: Callable[[Expr], int]
) -> Iterator[Positions]:
    """Yield the entries of the columns of the neurons that fired: delay, then target."""
    store = domain.store
    col_start = lookup_array(memory, f"{store.name}.col_start")
    if domain.delays is None:
        delays, own = [scalar(domain.delay)], None
    else:
        own = lookup_array(memory, domain.delays.name)[: lookup_int(memory, store.length)]
        delays = [int(delay) for delay in np.unique(own)[::-1]]
    born = _born(domain.born, scalar)
    for delay in (delay for delay in delays if step - delay >= born):
        for target in fired_at(memory, domain.events, step - delay):
            column = np.arange(int(col_start[target]), int(col_start[target + 1]), dtype=np.int64)
            if own is not None:
                column = column[own[_at_entries(memory, store, column)] == delay]
            yield column
