"""What can be counted in the connectivity: degrees, and ranks among repeated pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from simgen.api.device import current_options
from simgen.api.subgroup import Subgroup
from simgen.connect.backend import choose_backend
from simgen.connect.checks import check_ranks
from simgen.connect.oracle import numbers_of_equals
from simgen.runtime.timing import TimeAxis, common_axis

if TYPE_CHECKING:
    from simgen.api.synapses_in_network import SynapsesInNetwork


def degree(synapses: SynapsesInNetwork, name: str) -> npt.NDArray[np.int32]:
    """Return the number of synapses per target or source of the connected (sub)groups."""
    if name == "N_outgoing":
        counts = np.bincount(synapses._data.sources(), minlength=synapses._data.n_source)
        return counts.astype(np.int32)
    counts = np.bincount(synapses._data.targets(), minlength=synapses._data.n_target)
    target = synapses.target
    if isinstance(target, Subgroup):
        counts = counts[target.start : target.stop]
    return counts.astype(np.int32)


def degree_by_position(synapses: SynapsesInNetwork, name: str) -> npt.NDArray[np.int32]:
    """Return the degrees by absolute index of the parent group."""
    counts = degree(synapses, name)
    group = synapses.target if name == "N_incoming" else synapses.source
    if not isinstance(group, Subgroup):
        return counts
    whole = np.zeros(group.source._size(), np.int32)
    whole[group.start : group.stop] = counts
    return whole


def ranks_among_equals(synapses: SynapsesInNetwork) -> npt.NDArray[np.uint32]:
    """Return each synapse's number among those of its pair, in creation order."""
    data, rows = synapses._data, synapses._data.rows
    if rows is not None and rows.sorted and data.creation_of_data() is None:
        kernels = choose_backend(data.n).rows  # equal pairs are neighbours already
        ranks = kernels.ranks(rows.row_start, rows.targets, threads=current_options().threads)
    else:
        order = data.creation_of_data()
        created = np.arange(data.n) if order is None else order
        pairs = data.sources().astype(np.int64) * data.n_target + data.targets()
        sort = np.lexsort((created, pairs))
        ranks = np.empty(data.n, np.uint32)
        ranks[sort] = numbers_of_equals(pairs[sort])
    check_ranks(int(ranks.max(initial=0)), synapses.describe())
    return ranks


def update_axis(synapses: SynapsesInNetwork) -> TimeAxis:
    """Return the common time axis of the clocks of all pathways."""
    clocks = [pathway.clock for pathway in synapses._pathways.values()] or [synapses.clock]
    return common_axis({clock.name: clock.dt_ for clock in clocks})
