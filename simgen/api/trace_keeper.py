"""Traces that live on neurons while a network runs: their data, and the way back to synapses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simgen.api.monitors import parent_group
from simgen.build.facts import NetworkFacts
from simgen.build.traces import (
    Trace,
    column_places,
    plan_traces,
    trace_derived,
    trace_items,
    without_traces,
)
from simgen.connect.store import sources_of
from simgen.integrate.model import Derived
from simgen.ir.expr import Array
from simgen.ir.kernel import Item
from simgen.model.synapses import SynapsesModel
from simgen.runtime.aligned import aligned_zeros

if TYPE_CHECKING:
    from simgen.api.synapses import Synapses
    from simgen.api.synaptic_run import SynapticRun

AnyArray = npt.NDArray[Any]


class TraceKeeper:
    """Decides whether the traces of a Synapses object are kept per neuron, and holds them.

    It is all or none: ``lastupdate`` is then the last step for all of them. While it does, the per-synapse data of these variables is out of date; it is written back
    before connectivity, delays or the variables themselves change, and computed when read.
    """

    def __init__(self, run: SynapticRun) -> None:
        self.run = run
        self.traces: tuple[Trace, ...] = ()
        self._now: dict[str, AnyArray] = {}
        self._past: dict[str, AnyArray] = {}
        self._model: SynapsesModel | None = None

    @property
    def synapses(self) -> Synapses:
        """The owner."""
        return self.run.synapses

    def holds(self, name: str) -> bool:
        """Whether a variable is kept per neuron at present."""
        return name in self._now or (name == "lastupdate" and bool(self._now))

    # --- planning -----------------------------------------------------------------------------

    def plan(self, model: SynapsesModel, facts: NetworkFacts) -> None:
        """Choose the traces for the coming runs; those that no longer qualify are written back."""
        no_delays = all(
            pathway.uniform_steps(pathway.clock.dt_) == 0
            for pathway in self.synapses._pathways.values()
            if pathway.direction == "post"
        )
        traces = plan_traces(model, facts, self._starts_at_zero, no_delays)
        if not all(t.past is None or self._affordable(t) for t in traces):
            traces = ()
        if {t.ode.name for t in traces} != set(self._now):
            self.write_back()
            if not all(self._starts_at_zero(trace.ode.name) for trace in traces):
                traces = ()
        self.traces, self._model = traces, model
        for trace in traces:
            if trace.ode.name not in self._now:
                self._allocate(trace)

    def _starts_at_zero(self, name: str) -> bool:
        return name in self._now or not np.any(self.synapses.variables[name].data)

    def _depth(self, trace: Trace) -> int:
        pathway = self.synapses._pathways[trace.pathway.source.name]
        return self.run.longest(pathway) + 1

    def _affordable(self, trace: Trace) -> bool:
        """A history larger than the traces it replaces would cost memory instead of saving it."""
        entries = self._depth(trace) * self.synapses._data.n_source
        return entries <= max(2 * self.synapses._data.n, 1 << 20) and entries < 1 << 31

    def _allocate(self, trace: Trace) -> None:
        synapses = self.synapses
        group = synapses.source if trace.side == "pre" else synapses.target
        real = synapses._real
        self._now[trace.ode.name] = aligned_zeros(parent_group(group)._size(), real)
        if trace.past is not None:
            entries = self._depth(trace) * synapses._data.n_source
            self._past[trace.ode.name] = aligned_zeros(entries, real)

    def rewritten(self, model: SynapsesModel) -> SynapsesModel:
        """Return the model with the traces taken out of its pathways."""
        if not self.traces:
            return model
        names = {trace.ode.name for trace in self.traces}
        rest = tuple(ode for ode in model.event_driven if ode.name not in names)
        source = model.source if rest else replace(model.source, lastupdate=None)
        return replace(
            model,
            source=source,
            event_driven=rest,
            pathways=tuple(
                replace(p, body=without_traces(p, self.traces, model)) for p in model.pathways
            ),
        )

    def items(self) -> Iterable[Item]:
        """Return the kernels that keep the traces."""
        return () if self._model is None else trace_items(self.traces, self._model)

    def derived(self) -> Iterable[Derived]:
        """Return the decay factors."""
        return () if self._model is None else trace_derived(self.traces, self._model)

    # --- data ---------------------------------------------------------------------------------

    def arrays(self) -> Iterator[tuple[Array, AnyArray]]:
        """Yield the traces and their histories."""
        for trace in self.traces:
            yield trace.now, self._now[trace.ode.name]
            if trace.past is not None:
                yield trace.past, self._past[trace.ode.name]

    def parameters(self) -> dict[str, float | int]:
        """Return the sizes of the histories."""
        values: dict[str, float | int] = {}
        for trace in self.traces:
            if trace.past is not None:
                values[trace.depth.name] = self._depth(trace)
                values[trace.past.length] = self._past[trace.ode.name].size
        return values

    def tables(self, known: dict[str, AnyArray]) -> dict[str, AnyArray]:
        """Return the places of the columns' sources in the history (see build.traces)."""
        sources = [trace for trace in self.traces if trace.past is not None]
        if not sources or self._model is None:
            return {}
        places = column_places(self._model)
        store, data = f"{self.synapses.name}.rows", self.synapses._data
        if data.store is None:
            return {}
        positions = known[f"{store}.col_pos"]
        rows = sources_of(data.store)[positions].astype(np.uint32)
        pathway = self.synapses._pathways[sources[0].pathway.source.name]
        depth, dt = self._depth(sources[0]), pathway.clock.dt_
        steps: Any = pathway.uniform_steps(dt)
        if steps is None:
            steps = pathway.steps(dt).astype(np.uint32)[positions]
        rows += (np.uint32(depth) - np.asarray(steps, np.uint32)) * np.uint32(data.n_source)
        return {places.name: rows}

    # --- the way back -------------------------------------------------------------------------

    def values(self, name: str) -> AnyArray:
        """Return a trace as each synapse sees it after the last step, in data order."""
        synapses, store = self.synapses, self.synapses._data.store
        if name == "lastupdate":
            return np.full(synapses._data.n, max(self._last_step(), 0) * synapses.source.clock.dt_)
        trace = next(trace for trace in self.traces if trace.ode.name == name)
        now = self._now[name]
        if store is None:
            return np.zeros(synapses._data.n, now.dtype)
        if trace.past is None:
            return now[store.targets]
        pathway = synapses._pathways[trace.pathway.source.name]
        past = self._past[name].reshape(self._depth(trace), -1)
        last = self._last_step()
        steps: Any = pathway.uniform_steps(pathway.clock.dt_)
        if steps is None:
            steps = pathway.steps(pathway.clock.dt_)
        seen: AnyArray = past[(last - np.asarray(steps)) % past.shape[0], sources_of(store)]
        return seen

    def _last_step(self) -> int:
        network = self.synapses._network
        compiled = None if network is None else network._compiled
        return -1 if compiled is None else compiled.steps_done(self.synapses.source.clock) - 1

    def write_back(self) -> None:
        """Give every synapse its own values again, as of the last step."""
        if not self._now:
            return
        synapses = self.synapses
        last = self._last_step()
        for name in list(self._now):
            synapses.variables[name].data = self.values(name)
        if synapses._lastupdate is not None and last >= 0:
            synapses._lastupdate.data[:] = last
        self._now.clear()
        self._past.clear()
        self.traces = ()
