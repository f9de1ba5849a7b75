"""The connectivity of a Synapses object and the order of its data.

Users see synapses in creation order. Data lies in *row order* (by source, as the rules make it)
until a network runs, then in *storage order* (by part, source, delay class and target). The
permutation between data and creation order is kept only where it cannot be recomputed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.api.storage import AnyArray, StateVariable
from simgen.connect.checks import index_dtype, require_memory
from simgen.connect.rows import Rows, UIntArray
from simgen.connect.rules import from_arrays
from simgen.connect.store import (
    RowStore,
    build_store,
    delay_classes_of,
    gather_into_storage,
    recompute_order,
    release_memory,
    scatter_to_creation,
    sources_of,
)


class SynapticData:
    """Connectivity between absolute indices of the target and rows of the source (sub)group."""

    def __init__(self, n_source: int, n_target: int) -> None:
        self.n_source = n_source
        self.n_target = n_target
        self.rows: Rows | None = None
        self.store: RowStore | None = None
        self._inverse: UIntArray | None = None

    @property
    def n(self) -> int:
        """The number of synapses."""
        if self.store is not None:
            return self.store.n
        return 0 if self.rows is None else self.rows.n

    # --- order ------------------------------------------------------------------------------

    def creation_of_data(self) -> UIntArray | None:
        """Return the creation index of each datum, None where the orders are the same."""
        if self.store is not None:
            if self.store.order is not None:
                return self.store.order
            return recompute_order(self.store)
        return None if self.rows is None else self.rows.creation_of_row_order

    def positions(self) -> UIntArray | None:
        """Return where each synapse (in creation order) lies; None where the orders are equal."""
        if self._inverse is None:
            order = self.creation_of_data()
            if order is None:
                return None
            inverse = np.empty(self.n, index_dtype(self.n))
            scatter_to_creation(np.arange(self.n, dtype=inverse.dtype), order, inverse)
            self._inverse = inverse
        return self._inverse

    def forget_positions(self) -> None:
        """Free the cached permutation."""
        self._inverse = None

    def in_creation_order(self, values: AnyArray) -> AnyArray:
        """Return data as a new array in creation order."""
        order = self.creation_of_data()
        if order is None:
            return np.asarray(values.copy())
        out = np.empty_like(values)
        scatter_to_creation(values, order, out)
        return out

    def sources(self) -> npt.NDArray[np.uint32]:
        """Return the row (source relative to the source group) of each datum."""
        if self.store is not None:
            return sources_of(self.store)
        return np.zeros(0, np.uint32) if self.rows is None else self.rows.sources()

    def targets(self) -> UIntArray:
        """Return the absolute target of each datum (uint16 or uint32)."""
        if self.store is not None:
            return self.store.targets
        return np.zeros(0, np.uint32) if self.rows is None else self.rows.targets

    def classes(self) -> AnyArray | None:
        """Return the delay class of each datum; None before a store was built or with one class."""
        if self.store is None or self.store.segments.n_classes == 1:
            return None
        return delay_classes_of(self.store)

    # --- change -----------------------------------------------------------------------------

    def change(
        self,
        kept: npt.NDArray[np.bool_] | None,
        rows: Rows | None,
        variables: Iterable[StateVariable],
    ) -> None:
        """Remove the synapses that are not ``kept``, add those of ``rows``; all are in rows then.

        ``kept`` is in creation order. Those that stay keep their order and their values and are
        numbered from 0; the others come after them, with zeros.
        """
        if self.n == 0 and rows is not None:
            self._begin(rows, variables)
            return
        came: Any = self.positions()  # where in the data each synapse that stays comes from
        if kept is not None:
            came = np.flatnonzero(kept) if came is None else came[kept]
        if came is not None:
            came = came.astype(np.int64, copy=False)
        before, n_kept = self.n, self.n if came is None else came.size
        sources, targets = _taken(self.sources(), came), _taken(self.targets(), came)
        if rows is not None:
            more_sources, more_targets = _created_pairs(rows)
            sources = np.concatenate([sources, more_sources])
            targets = np.concatenate([targets, more_targets])
        values = [v for v in variables if not v.info.shared]
        self._rebuild(sources, targets)
        del sources, targets
        order = None if self.rows is None else self.rows.creation_of_row_order
        if order is not None:
            came = np.arange(n_kept) if came is None else came
            fresh = np.full(self.n - n_kept, before)  # which is where a zero is appended
            came = np.concatenate([came, fresh])[order]
        for variable in values:
            data = variable.data
            if order is not None:
                data = (data if n_kept == self.n else np.append(data, data.dtype.type(0)))[came]
            elif came is not None or n_kept != self.n:
                data = np.zeros(self.n, data.dtype)
                data[:n_kept] = _taken(variable.data, came)
            variable.data = data

    def _begin(self, rows: Rows, variables: Iterable[StateVariable]) -> None:
        """Take the first synapses, whose variables are zero."""
        self.rows, self.store, self._inverse = rows, None, None
        for variable in variables:
            if not variable.info.shared:
                variable.data = np.zeros(rows.n, variable.data.dtype)

    def to_rows(self, variables: Iterable[StateVariable]) -> None:
        """Return from storage order to row order, so that delays can be given anew."""
        if self.store is not None:
            self._arrange(variables)

    def resize_ends(self, n_source: int, n_target: int, variables: Iterable[StateVariable]) -> None:
        """Follow groups that have other sizes; synapses of elements that are gone go with them."""
        inside = self.sources().max(initial=0) < max(1, n_source)
        inside &= self.targets().max(initial=0) < max(1, n_target)
        self.n_source, self.n_target = n_source, n_target
        if not inside:  # a state is being restored, which brings connections of its own
            self.disconnect()
        elif self.rows is not None or self.store is not None:
            self._arrange(variables)

    def _arrange(self, variables: Iterable[StateVariable]) -> None:
        """Bring connections and variables into row order, for the present sizes of the groups."""
        self.change(None, None, variables)

    def connect_anew(self, sources: AnyArray, targets: AnyArray) -> None:
        """Take other synapses, given in creation order; what is stored per synapse must follow."""
        self._rebuild(sources, targets)

    def disconnect(self) -> None:
        """Go back to before the first connections."""
        self.rows, self.store, self._inverse = None, None, None

    def _rebuild(self, sources: AnyArray, targets: AnyArray) -> None:
        self.rows = from_arrays(
            sources, targets.astype(np.uint32, copy=False), self.n_source, self.n_target
        )
        self.store = None
        self._inverse = None

    def put_created(self, variable: StateVariable, values: AnyArray) -> None:
        """Take values in creation order as the variable's data, in whatever order data lie."""
        order = self.creation_of_data()
        if order is None:
            variable.data = values
        else:
            variable.data = np.empty_like(values)
            gather_into_storage(values, order, variable.data)

    def build(
        self,
        variables: Iterable[StateVariable],
        classes: Any,
        n_classes: int,
        bounds: AnyArray,
        threads: int,
    ) -> None:
        """Sort into a store, moving all data; ``classes`` are in row order."""
        rows = self.rows
        if rows is None:
            rows = from_arrays(
                np.zeros(0, np.int64), np.zeros(0, np.int64), self.n_source, self.n_target
            )
        moved = [v for v in variables if not v.info.shared and v.size]
        sorted_already = rows.sorted and n_classes == 1 and len(bounds) == 2
        keep = rows.creation_of_row_order is not None or not rows.sorted
        keep |= rows.multapses and n_classes > 1
        store = build_store(
            rows,
            classes,
            n_classes,
            bounds,
            with_order=not sorted_already or keep,
            threads=threads,
        )
        if not sorted_already and store.order is not None:
            order = _row_index(store, rows.creation_of_row_order)
            largest = max((v.dtype.itemsize for v in moved), default=0)
            require_memory(largest * store.n, f"sorting the data of {store.n:,} synapses")
            rows = self.rows = None  # not needed while the data of variables are there twice
            for variable in moved:
                if _is_zero(variable.values):
                    continue  # its pages stay untouched: traces that move to neurons cost nothing
                data = np.empty_like(variable.data)
                gather_into_storage(variable.data, order, data, threads=threads)
                variable.data = data
        self.store = store if keep else replace(store, order=None)
        self.rows = None
        self._inverse = None
        del store
        release_memory(self.n)


def _is_zero(values: AnyArray) -> bool:
    """Whether all bits are zero, which the first that is not tells at once; -0.0 has one."""
    return not np.any(values.view(f"u{values.dtype.itemsize}"))


def _taken(values: AnyArray, places: Any) -> AnyArray:
    return values if places is None else values[places]


def _created_pairs(rows: Rows) -> tuple[AnyArray, AnyArray]:
    """Return the sources and the targets of rows in creation order."""
    order = rows.creation_of_row_order
    pairs = rows.sources(), rows.targets
    if order is None:
        return pairs
    created = np.empty_like(pairs[0]), np.empty_like(pairs[1])
    for values, out in zip(pairs, created):
        scatter_to_creation(values, order, out)
    return created


def _row_index(store: RowStore, creation: UIntArray | None) -> Any:
    """Return the row-order index of each storage position; ``creation`` is that of the rows."""
    order = store.order
    if order is None or creation is None:
        return order
    inverse = np.empty_like(creation)
    scatter_to_creation(np.arange(store.n, dtype=inverse.dtype), creation, inverse)
    return inverse[order]
