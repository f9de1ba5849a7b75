"""The connectivity of synapses at present, for code that runs at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from simgen.api.compiled_text import add_synapses
from simgen.api.monitors import parent_group
from simgen.api.present import Present
from simgen.api.row_storage import require_kept
from simgen.api.storage import AnyArray
from simgen.api.store_tables import row_tables
from simgen.api.synapse_counts import update_axis
from simgen.errors import ModelError
from simgen.ir.kernel import OverSynapses
from simgen.targets.base import Memory

if TYPE_CHECKING:
    from simgen.api.synapses_in_network import SynapsesInNetwork


def present_synapses(synapses: SynapsesInNetwork) -> Present:
    """Return how code goes over synapses as they lie; ModelError if there were never any.

    They are in rows until they run first, then sorted by delays and parts as well.
    """
    require_kept(synapses, "run_now()")
    data, run = synapses._data, synapses._run
    if data.n == 0 and data.rows is None and data.store is None:
        raise ModelError(
            f"{synapses.describe()} has no synapses yet; call connect() before run_now()."
        )
    groups = dict.fromkeys((parent_group(synapses.source), parent_group(synapses.target)))
    own: dict[str, float | int] = {f"{synapses.name}.update_dt": update_axis(synapses).width}
    if data.store is None:
        memory = Memory()
        add_synapses(memory, synapses)
        walk, parts = OverSynapses(run.plain_store()), memory.n_parts
        values: dict[str, float | int] = {**memory.ints}
        tables: Mapping[str, AnyArray] = memory.arrays
    else:
        store = replace(run.store(), columns=False, column_sources=False)
        walk, parts = OverSynapses(store), data.store.n_parts
        tables = row_tables(store.name, data.store)
        values = {
            store.length: data.n,
            f"{store.name}.n_rows": data.n_source,
            f"{store.name}.n_classes": data.store.segments.n_classes,
            f"{store.name}.source_start": run.source_start(),
            **data.numbers(store.name),
        }
    return Present(tuple(groups), walk, parts, tables, {**values, **own})
