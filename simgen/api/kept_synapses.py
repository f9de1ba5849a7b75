"""The logical state of Synapses: who is connected to whom, and what each synapse holds.

Everything is in the order of creation. Delays are seconds, so that they mean the same however they
are kept; ``born`` and ``arrivals`` of the spikes that are carried count in steps of ``width``.
Traces that live on neurons are kept in both forms: as of each synapse's last event, for networks
that keep them at the synapses, and as they are, since going back and forth would round.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from simgen.api.carried_spikes import PathwaySpikes
from simgen.api.kept_groups import variables_layout
from simgen.api.pathways import Pathway
from simgen.api.storage import AnyArray
from simgen.api.subgroup import Subgroup
from simgen.api.synapses import Synapses
from simgen.api.synapses_part import SynapsesPart
from simgen.connect.kernels import KernelGrid
from simgen.errors import StateFileError
from simgen.runtime.snapshot import Kept, misfits, with_parts

_ALL = slice(None)
_SPIKES = ("arrivals", "synapses", "times", "emitted")
_VALUES = "values/"  # what each of them took along


class SynapsesKeeper:
    """State of Synapses: connectivity, variables, delays, carried spikes and traces."""

    def keep(self, synapses: Synapses) -> Kept:
        """Return the state."""
        data = synapses._data
        arrays = {"i": synapses._read("i", _ALL), "j": synapses._read("j", _ALL)}
        for name, variable in synapses.variables.items():
            shared = variable.info.shared
            arrays[f"variables/{name}"] = (
                variable.values.copy() if shared else synapses._read(name, _ALL)
            )
        if synapses._lastupdate is not None:
            arrays["lastupdate"] = _last_updates(synapses)
        facts: dict[str, Any] = {
            "sources": synapses.source._size(),
            "targets": synapses.target._size(),
            "connected": data.rows is not None or data.store is not None,
            "update_width": synapses._run._update_width,
        }
        if isinstance(synapses.target, SynapsesPart):
            facts["among"] = data.n_target
        if synapses._formulas.infos:
            facts["formulas"] = synapses._formulas.texts()
        parts = {name: _keep_pathway(p) for name, p in synapses._pathways.items()}
        found = with_parts(Kept(synapses.describe()), **parts)
        kept = with_parts(Kept(synapses.describe(), facts, arrays), pathways=found)
        kept = _keep_kernel(synapses, kept)
        traces = synapses._run.traces.keep()
        return kept if traces is None else with_parts(kept, traces=traces)

    def refusals(self, synapses: Synapses, kept: Kept) -> Iterator[str]:
        """Yield why the state does not fit the synapses."""
        n = kept.array("i", np.int32).size
        for index, side, group in (
            ("i", "sources", synapses.source),
            ("j", "targets", synapses.target),
        ):
            stored = kept.integer(side)
            if stored != group._size() and not isinstance(group, Synapses):  # restored, too
                yield f"{kept.what} has {group._size()} {side}, but {stored} were stored."
                return
            _require_below(kept, index, np.int32, n, stored)
        yield from misfits(kept, "variables/", variables_layout(synapses, n))
        if (synapses._lastupdate is None) == ("lastupdate" in kept.arrays):
            yield f"{kept.what} has other event-driven equations than when it was stored."
        elif synapses._lastupdate is not None:
            kept.array("lastupdate", np.int64, n)
        kept.flag("connected")
        kept.number("update_width")
        yield from _kernel_refusals(synapses, kept)
        yield from _storage_refusals(synapses, kept)
        pathways = kept.part("pathways")
        if set(pathways.facts) != set(synapses._pathways):
            had, have = ", ".join(pathways.facts), ", ".join(synapses._pathways)
            yield f"{kept.what} has the pathways {have}, but was stored with {had}."
            return
        for name, pathway in synapses._pathways.items():
            yield from _pathway_refusals(pathway, pathways.part(name), n)
        if "traces" in kept.facts:
            kept.part("traces").integer("depth")

    def take(self, synapses: Synapses, kept: Kept) -> None:
        """Give the synapses the state; what fits already stays where it is."""
        _leave_merge(synapses)
        run, data = synapses._run, synapses._data
        run.traces.take(kept.part("traces") if "traces" in kept.facts else None)
        self._take_connections(synapses, kept)
        pathways = kept.part("pathways")
        kept_pathways = {name: pathways.part(name) for name in synapses._pathways}
        if not all(_same_delays(synapses._pathways[n], k) for n, k in kept_pathways.items()):
            run.to_rows()
            for name, part in kept_pathways.items():
                _take_delays(synapses._pathways[name], part)
        for name, part in kept_pathways.items():
            run.carried.replace(synapses._pathways[name], _spikes_of(part))
            synapses._pathways[name].lag = _lag_of(part)
        for name, variable in synapses.variables.items():
            values = kept.arrays[f"variables/{name}"].copy()
            if variable.info.shared:
                variable.data = values
            else:
                data.put_created(variable, values)
            variable.leave_device()
            variable.version += 1
        _take_kernel(synapses, kept)
        if synapses._lastupdate is not None:
            data.put_created(synapses._lastupdate, kept.arrays["lastupdate"].copy())
            synapses._lastupdate.leave_device()
        run._update_width = kept.number("update_width")
        synapses._changed()

    def _take_connections(self, synapses: Synapses, kept: Kept) -> None:
        data, connected = synapses._data, kept.flag("connected")
        present = data.rows is not None or data.store is not None
        i, j = kept.arrays["i"], kept.arrays["j"]
        sizes = kept.integer("sources"), data.n_target
        if isinstance(synapses.target, Synapses):
            sizes = kept.integer("sources"), kept.integer("targets")
        elif isinstance(synapses.target, SynapsesPart):  # of what may be restored after this
            sizes = kept.integer("sources"), kept.integer("among")
        if (connected, *sizes) == (present, data.n_source, data.n_target) and (
            np.array_equal(synapses._read("i", _ALL), i)
            and np.array_equal(synapses._read("j", _ALL), j)
        ):
            return
        start = synapses.target.start if isinstance(synapses.target, Subgroup) else 0
        data.n_source, data.n_target = sizes
        if connected:
            data.connect_anew(i, j + np.int64(start))
        else:
            data.disconnect()
        for pathway in synapses._pathways.values():  # the delay classes were of the old synapses
            if pathway.uniform is None:
                pathway.set_seconds(np.zeros(data.n))
        synapses._set("_numbering", synapses._numbering + 1)
        synapses._as_group.changed()


def _last_updates(synapses: Synapses) -> AnyArray:
    """Return the times of the last updates as counts, in the order of creation."""
    seconds = synapses._read("lastupdate", _ALL)
    return np.rint(seconds / synapses._run._update_width).astype(np.int64)


def _leave_merge(synapses: Synapses) -> None:
    """Take back what is lent to a merge, and let the other members do so, too."""
    merge = synapses._merge
    if merge is not None:
        for share in merge.shares:
            share.end()
            share.member._changed()


def _require_below(kept: Kept, name: str, dtype: Any, size: int, bound: int) -> None:
    """Raise unless an array holds indices below a bound."""
    values = kept.array(name, dtype, size)
    if values.size and not 0 <= int(values.min()) <= int(values.max()) < bound:
        raise StateFileError(
            f"'{name}' in the stored state of {kept.what} holds an index outside 0 to {bound - 1}."
        )


def _storage_refusals(synapses: Synapses, kept: Kept) -> Iterator[str]:
    """Yield why stored connections cannot be kept in the way that the synapses are."""
    storage, i, j = synapses._storage, kept.arrays["i"], kept.arrays["j"]
    if storage == "dense" and kept.flag("connected"):
        n_target = synapses.target._size()
        pairs = i.astype(np.int64) * n_target + j
        full = i.size == synapses.source._size() * n_target
        if not full or not np.array_equal(pairs, np.arange(i.size)):
            yield f"{kept.what} is dense, but was stored with other connections than all pairs."
    if storage == "procedural":
        texts = kept.table("formulas") if "formulas" in kept.facts else {}
        if texts != synapses._formulas.texts():
            names = ", ".join(f"'{name}'" for name in synapses._formulas.infos)
            yield (
                f"{kept.what} makes {names or 'nothing'} anew for each spike, from other "
                "expressions, constants or random numbers than when it was stored."
            )
        same = np.array_equal(synapses._read("i", _ALL), i)
        if not same or not np.array_equal(synapses._read("j", _ALL), j):
            yield (
                f"{kept.what} makes its connections anew for each spike, and was stored with "
                "others: connect() needs the same arguments and the same seed()."
            )


# --- kernels --------------------------------------------------------------------------------------

_GRID = ("kernel", "source", "target", "stride", "before", "channels")


def _keep_kernel(synapses: Synapses, kept: Kept) -> Kept:
    """Return the state with what is shared through a kernel, if anything is."""
    kernel = synapses._kernel
    if not kernel.variables:
        return kept
    arrays = {f"values/{name}": v.values.copy() for name, v in kernel.variables.items()}
    if kernel.grid is not None:
        arrays |= {name: np.array(getattr(kernel.grid, name), np.int64) for name in _GRID}
        arrays["shape"] = np.array(kernel.shape, np.int64)
    if kernel.left_out is not None:
        arrays["left_out"] = kernel.left_out.copy()
    return with_parts(kept, kernel=Kept(kept.what, {"grid": kernel.grid is not None}, arrays))


def _kernel_of(kept: Kept) -> KernelGrid | None:
    """Return the grid of a stored kernel."""
    if not kept.flag("grid"):
        return None
    sizes = {name: tuple(kept.array(name, np.int64).tolist()) for name in _GRID}
    channels = sizes.pop("channels")
    if len(channels) != 2 or len({len(numbers) for numbers in sizes.values()}) != 1:
        raise StateFileError(f"The stored kernel of {kept.what} has no consistent grid.")
    before = sizes["before"]
    if min((*channels, *sizes["kernel"], *sizes["stride"], 1)) < 1 or min((*before, 0)) < 0:
        raise StateFileError(f"The stored kernel of {kept.what} has sizes that cannot be.")
    return KernelGrid(**sizes, channels=(channels[0], channels[1]))


def _kernel_refusals(synapses: Synapses, kept: Kept) -> Iterator[str]:
    """Yield why a stored kernel does not fit the synapses, or them."""
    variables = synapses._kernel.variables
    if bool(variables) != ("kernel" in kept.facts):
        yield f"{kept.what} has other variables that are shared by a kernel than when stored."
        return
    if not variables:
        return
    part = kept.part("kernel")
    grid = _kernel_of(part)
    size = 0 if grid is None else math.prod((*grid.kernel, *grid.channels))
    for name, variable in variables.items():
        part.array(f"values/{name}", variable.dtype, size)
    if len(variables) != sum(name.startswith("values/") for name in part.arrays):
        yield f"{kept.what} has other variables that are shared by a kernel than when stored."
    if grid is None:
        return
    if math.prod(part.array("shape", np.int64).tolist()) != size:
        raise StateFileError(f"The stored kernel of {kept.what} has no consistent shape.")
    if "left_out" in part.arrays:
        part.array("left_out", np.bool_, size)
    if (grid.n_source, grid.n_target) != (synapses.source._size(), synapses.target._size()):
        yield f"{kept.what} connects other groups than the kernel that was stored."
        return
    i, j = kept.arrays["i"], kept.arrays["j"]
    entries = grid.source_numbers()[i] - grid.target_numbers()[j]
    if entries.size and not 0 <= int(entries.min()) <= int(entries.max()) < size:
        raise StateFileError(f"The stored synapses of {kept.what} lie outside its kernel.")


def _take_kernel(synapses: Synapses, kept: Kept) -> None:
    """Give the synapses their kernel."""
    kernel = synapses._kernel
    if not kernel.variables:
        return
    part = kept.part("kernel")
    kernel.grid = _kernel_of(part)
    kernel.shape = tuple(part.arrays["shape"].tolist()) if kernel.grid is not None else ()
    kernel.left_out = part.arrays.get("left_out")
    for name, variable in kernel.variables.items():
        variable.data = part.arrays[f"values/{name}"].copy()
        variable.leave_device()
        variable.version += 1


# --- pathways -------------------------------------------------------------------------------------


def _keep_pathway(pathway: Pathway) -> Kept:
    synapses, arrays = pathway.synapses, {}
    if pathway.uniform is None:
        arrays["delay"] = pathway.delay_[:]
    spikes = _present_spikes(pathway)
    for name in _SPIKES:
        arrays[name] = getattr(spikes, name).copy()
    arrays.update({f"{_VALUES}{name}": values.copy() for name, values in spikes.values.items()})
    facts = {"delay": pathway.uniform, "width": spikes.width, "born": spikes.born}
    if pathway.lag:
        facts["lag"] = pathway.lag
    return Kept(f"the pathway '{pathway.name}' of {synapses.describe()}", facts, arrays)


def _present_spikes(pathway: Pathway) -> PathwaySpikes:
    """Return the carried spikes of a pathway, from where they are."""
    synapses = pathway.synapses
    if synapses._merge is None:
        return synapses._run.carried.of(pathway)
    spikes: list[PathwaySpikes] = [
        share.spikes() for share in synapses._merge.shares if share.member is synapses
    ]
    return spikes[0]


def _pathway_refusals(pathway: Pathway, stored: Kept, n: int) -> Iterator[str]:
    what = f"the pathway '{pathway.name}' of {pathway.synapses.describe()}"
    kept = Kept(what, stored.facts, stored.arrays)
    kept.number("width")
    kept.integer("born")
    _lag_of(kept)
    count = kept.array("arrivals", np.int64).size
    _require_below(kept, "synapses", np.int64, count, n)
    kept.array("times", np.float64, count)
    kept.array("emitted", np.float64, count)
    for name in kept.arrays:
        if name.startswith(_VALUES):
            kept.numbers(name, count)
    if kept.facts.get("delay") is not None:
        pathway.check(np.array([kept.number("delay")]))
        return
    pathway.check(kept.array("delay", np.float64, n))
    if pathway.fixed:
        yield (
            f"The delay of {what} is a scalar, but a delay for each synapse was stored. "
            "Leave out delay= of the constructor."
        )


def _same_delays(pathway: Pathway, kept: Kept) -> bool:
    uniform = kept.facts["delay"]
    if uniform is not None or pathway.uniform is not None:
        return bool(uniform == pathway.uniform)
    return np.array_equal(pathway.delay_[:], kept.arrays["delay"])


def _take_delays(pathway: Pathway, kept: Kept) -> None:
    uniform = kept.facts["delay"]
    if uniform is not None:
        pathway.uniform = float(uniform)
        pathway.variable.data = np.zeros(0)
    else:
        pathway.uniform = None
        pathway.synapses._data.put_created(pathway.variable, kept.arrays["delay"].copy())


def _lag_of(kept: Kept) -> int:
    """Return the steps by which the pathway came after its events; stored where it is not 0."""
    return kept.integer("lag") if "lag" in kept.facts else 0


def _spikes_of(kept: Kept) -> PathwaySpikes:
    named = {name: kept.arrays[name].copy() for name in _SPIKES}
    values = {
        name.removeprefix(_VALUES): values.copy()
        for name, values in kept.arrays.items()
        if name.startswith(_VALUES)
    }
    return PathwaySpikes(kept.number("width"), kept.integer("born"), **named, values=values)
