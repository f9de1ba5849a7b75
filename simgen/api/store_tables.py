"""The connectivity of synapses as programs read it (the names are those of simgen.targets.base)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simgen.api.device_store import DeviceStore
from simgen.api.storage import AnyArray
from simgen.connect.columns import ColumnIndex, build_columns, joined
from simgen.connect.implied import ImpliedStore
from simgen.connect.segments import Segments
from simgen.connect.store import RowStore


def row_tables(name: str, store: RowStore) -> dict[str, AnyArray]:
    """Return the rows of all parts, one after the other, with their targets and segments."""
    starts = store.row_start
    flat = np.append(starts[:, :-1].reshape(-1), starts[-1, -1]).astype(np.uint64)
    tables: dict[str, AnyArray] = {f"{name}.row_start": flat}
    if isinstance(store, ImpliedStore):
        made = store.rows.rule.tables()
        return {**tables, **{f"{name}.{key}": values for key, values in made.items()}}
    tables[f"{name}.targets"] = np.require(store.targets, requirements=["C", "W"])
    return {**tables, **segment_tables(name, store.segments)}


def known_tables(name: str, store: RowStore) -> dict[str, AnyArray]:
    """Return the tables of rows that the host has: all, or where rows and their pairs start."""
    if not isinstance(store, DeviceStore):
        return row_tables(name, store)
    tables: dict[str, AnyArray] = {f"{name}.row_start": store.row_start[0].copy()}
    if store.segments.pair_start is not None:
        tables[f"{name}.pair_start"] = store.segments.pair_start[0].copy()
    return tables


def segment_tables(name: str, segments: Segments) -> dict[str, AnyArray]:
    """Return the bounds of the segments of rows, in their format."""
    tables: dict[str, AnyArray] = {}
    if segments.starts is not None:
        tables[f"{name}.bounds"] = segments.starts.reshape(-1)
    if segments.pair_start is not None and segments.pair_class is not None:
        pairs = segments.pair_start
        tables[f"{name}.pair_start"] = np.append(pairs[:, :-1].reshape(-1), pairs[-1, -1])
        tables[f"{name}.pair_class"] = segments.pair_class.astype(np.uint32, copy=False)
        if segments.pair_begin is not None:
            tables[f"{name}.pair_begin"] = segments.pair_begin.astype(np.uint32, copy=False)
    return tables


def column_tables(
    name: str,
    store: RowStore,
    first_source: int | None,
    arranged: Callable[[ColumnIndex], ColumnIndex],
) -> dict[str, AnyArray]:
    """Return the columns of all parts; with their sources where the first one's index is given.

    Of dense rows programs need only where columns start.
    """
    if isinstance(store, ImpliedStore):
        places = np.arange(store.n_target + 1, dtype=np.int64) - store.rows.first
        columns = np.clip(places, 0, store.rows.n_reached).astype(np.uint64)
        return {f"{name}.col_start": columns * np.uint64(store.n_source)}
    with_source = first_source is not None
    parts = [
        arranged(build_columns(store, part, with_source=with_source))
        for part in range(store.n_parts)
    ]
    starts = [np.zeros(1, np.uint64)]
    offset = 0
    for part in parts:
        starts.append(part.col_start[1:] + np.uint64(offset))
        offset += part.positions.size
    tables = {
        f"{name}.col_start": np.concatenate(starts),
        f"{name}.col_pos": joined([part.positions for part in parts]),
    }
    if first_source is not None:
        first = np.uint32(first_source)
        sources = [part.sources + first for part in parts if part.sources is not None]
        tables[f"{name}.col_src"] = joined(sources)
    return tables
