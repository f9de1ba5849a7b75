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
from simgen.connect.implied import ImpliedRows, ImpliedStore, dense_rows
from simgen.connect.rows import Rows, UIntArray
from simgen.connect.rules import from_arrays
from simgen.connect.store import (
    RowStore,
    build_store,
    delay_classes_of,
    gather_into_storage,
    is_zero,
    recompute_order,
    release_memory,
    scatter_to_creation,
    sources_of,
    take,
)


class SynapticData:
    """Connectivity between absolute indices of the target and rows of the source (sub)group.

    If ``dense``, rows must hold every target (see :mod:`simgen.connect.implied`).
    """

    def __init__(self, n_source: int, n_target: int, dense: bool = False) -> None:
        self.dense = dense
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
        if isinstance(self.store, ImpliedStore):
            return self.store.creation()
        if self.store is not None:
            if self.store.order is not None:
                return self.store.order
            return None if self._lies_as_created(self.store) else recompute_order(self.store)
        return None if self.rows is None else self.rows.creation_of_row_order

    @staticmethod
    def _lies_as_created(store: RowStore) -> bool:
        """Whether a store holds rows as they were created, without parts or delays between."""
        return store.recomputable and store.n_parts == 1 and store.segments.n_classes == 1

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

    def last_positions(self, count: int) -> npt.NDArray[np.int64]:
        """Return where the synapses lie that were created last, in their order."""
        order = self.creation_of_data()
        if order is None:
            return np.arange(self.n - count, self.n)
        places = np.flatnonzero(order >= self.n - count)
        return places[np.argsort(order[places])]

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

    def implied(self) -> ImpliedRows | None:
        """Return the rows if they keep no targets, else None."""
        if isinstance(self.store, ImpliedStore):
            return self.store.rows
        return self.rows if isinstance(self.rows, ImpliedRows) else None

    @property
    def rule(self) -> str:
        """What programs call the rule that targets follow from, empty where they are kept."""
        implied = self.implied()
        return "" if implied is None else implied.rule.name

    def numbers(self, name: str) -> dict[str, float | int]:
        """Return the parameters of that rule, by the names of programs."""
        implied = self.implied()
        found = {} if implied is None else implied.numbers()
        return {f"{name}.{key}": value for key, value in found.items()}

    def classes(self) -> AnyArray | None:
        """Return the delay class of each datum; None before a store was built or with one class."""
        if self.store is None or self.store.segments.n_classes == 1:
            return None
        return delay_classes_of(self.store)

    # --- change -----------------------------------------------------------------------------

    def change(
        self,
        kept: npt.NDArray[np.bool_] | None,
        numbers: npt.NDArray[np.int64] | None,
        rows: Rows | None,
        variables: Iterable[StateVariable],
    ) -> None:
        """Remove the synapses that are not ``kept``, add those of ``rows``; all are in rows then.

        ``kept`` and the new ``numbers`` of those are in creation order. Those that stay keep their
        order and their values and are numbered from 0; the others come after them, with zeros.
        """
        if self.n == 0 and rows is not None:
            self._begin(rows, variables)
            return
        order = self.creation_of_data()
        stay = kept if kept is None or order is None else kept[order]
        places = np.arange(self.n) if stay is None else np.flatnonzero(stay)
        came = places.astype(index_dtype(self.n), copy=False)
        if order is None:
            made = np.arange(came.size, dtype=came.dtype)
        else:
            made = order if numbers is None else take(numbers, take(order, came)).astype(came.dtype)
        n_kept = came.size
        pairs = self.sources(), self.targets()
        if stay is not None:
            pairs = take(pairs[0], came), take(pairs[1], came)
        if rows is not None:
            pairs = np.append(pairs[0], rows.sources()), np.append(pairs[1], rows.targets)
            more = rows.creation_of_row_order
            fresh = np.arange(rows.n) if more is None else more.astype(np.int64)
            made = np.append(made, (fresh + n_kept).astype(made.dtype))
            came = np.append(came, np.zeros(rows.n, came.dtype))  # which have values of their own
        moved = self._arrange_pairs(pairs, made, by_creation=rows is None)
        came = came if moved is None else take(came, moved)
        new = slice(n_kept, None) if moved is None else np.flatnonzero(moved >= n_kept)
        threads = 1 if self.store is None else self.store.n_parts
        self.store, self._inverse = None, None
        for variable in variables:
            if variable.info.shared:
                continue
            if is_zero(variable.values):
                variable.data = np.zeros(self.n, variable.dtype)
                continue
            variable.data = take(variable.data, came, threads=threads)
            variable.data[new] = 0

    def _arrange_pairs(
        self, pairs: tuple[AnyArray, AnyArray], made: UIntArray, *, by_creation: bool
    ) -> UIntArray | None:
        """Put pairs with the creation indices ``made`` into rows; return where each came from.

        Rows hold pairs as they were created. Where none repeats, code cannot see that; then those
        that lay together stay so, which is faster, unless ``by_creation``: what was created in the
        order of rows needs no permutation.
        """
        sizes = self.n_source, self.n_target
        first: UIntArray | None = None
        if not by_creation:
            rows = from_arrays(pairs[0], pairs[1].astype(np.uint32, copy=False), *sizes)
            by_creation = rows.multapses
        if by_creation:
            first = np.empty_like(made)
            scatter_to_creation(np.arange(made.size, dtype=made.dtype), made, first)
            sources, targets = take(pairs[0], first), take(pairs[1], first)
            rows = from_arrays(sources, targets.astype(np.uint32, copy=False), *sizes)
            own = rows.creation_of_row_order
            self.rows = rows
            return first if own is None else take(first, own)
        came = rows.creation_of_row_order
        created = made if came is None else take(made, came)
        in_order = bool(np.all(created[1:] > created[:-1]))
        self.rows = replace(rows, creation_of_row_order=None if in_order else created)
        return came

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
        implied = self.implied()
        if implied is None:
            self.change(None, None, None, variables)
            return
        kept = [(v, self.in_creation_order(v.data)) for v in variables if not v.info.shared]
        self.rows, self.store, self._inverse = implied, None, None
        for variable, values in kept:
            variable.data = values

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
        if self.dense and (every := dense_rows(self.rows)) is not None:
            self.rows = every
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
        if isinstance(rows, ImpliedRows):
            self._build_implied(rows, moved, np.ascontiguousarray(bounds, np.uint32))
            return
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
                if is_zero(variable.values):
                    continue  # its pages stay untouched: traces that move to neurons cost nothing
                data = np.empty_like(variable.data)
                gather_into_storage(variable.data, order, data, threads=threads)
                variable.data = data
        self.store = store if keep else replace(store, order=None)
        self.rows = None
        self._inverse = None
        del store
        release_memory(self.n)

    def take_store(self, store: RowStore) -> None:
        """Take a store of the rows; the data of variables are in its order."""
        self.store, self.rows, self._inverse = store, None, None

    def _build_implied(
        self, rows: ImpliedRows, moved: list[StateVariable], bounds: npt.NDArray[np.uint32]
    ) -> None:
        store = rows.store(bounds)
        largest = max((v.dtype.itemsize for v in moved), default=0)
        if store.n_parts > 1 and moved:
            require_memory(largest * store.n, f"sorting the data of {store.n:,} synapses")
            for variable in moved:
                if not is_zero(variable.values):
                    variable.data = store.moved(variable.data)
        self.store, self.rows, self._inverse = store, None, None


def _row_index(store: RowStore, creation: UIntArray | None) -> Any:
    """Return the row-order index of each storage position; ``creation`` is that of the rows."""
    order = store.order
    if order is None or creation is None:
        return order
    inverse = np.empty_like(creation)
    scatter_to_creation(np.arange(store.n, dtype=inverse.dtype), creation, inverse)
    return inverse[order]
