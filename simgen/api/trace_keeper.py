"""Traces that live on neurons while a network runs: their data, and the way back to synapses."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simgen.api.monitors import parent_group
from simgen.api.pathways import Pathway
from simgen.api.storage import ProgramArray
from simgen.build.facts import NetworkFacts
from simgen.build.schedule import is_before
from simgen.build.traces import (
    Trace,
    column_places,
    last_events,
    past_offset,
    plan_traces,
    trace_derived,
    trace_items,
    without_traces,
)
from simgen.connect.store import sources_of
from simgen.errors import InternalError
from simgen.integrate.model import Derived
from simgen.ir.expr import Array, Param
from simgen.ir.kernel import Item
from simgen.ir.visit import walk
from simgen.model.synapses import SynapsesModel
from simgen.runtime.aligned import aligned_zeros
from simgen.runtime.interrupts import HeldBack
from simgen.runtime.snapshot import Kept

if TYPE_CHECKING:
    from simgen.api.synapses_in_network import SynapsesInNetwork
    from simgen.api.synaptic_run import SynapticRun

AnyArray = npt.NDArray[Any]


class TraceKeeper:
    """Decides whether the traces of a Synapses object are kept per neuron, and holds them.

    While it does, the per-synapse data of these variables is out of date; it is written back
    before connectivity, delays or the variables themselves change, and computed when read.
    """

    def __init__(self, run: SynapticRun) -> None:
        self.run = run
        self.traces: tuple[Trace, ...] = ()
        self._now: dict[str, ProgramArray] = {}
        self._past: dict[str, ProgramArray] = {}
        self._last: dict[str, ProgramArray] = {}  # source, past, target
        self._model: SynapsesModel | None = None
        self._width = 0.0  # of a step while the network last ran, in seconds
        self._depth = 0  # of the histories, in steps
        self._stored: Kept | None = None  # traces that were restored and wait for a plan

    @property
    def synapses(self) -> SynapsesInNetwork:
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
        stored = self._awaited()

        def may_begin(name: str) -> bool:
            return name in stored or self._starts_at_zero(name)

        traces = plan_traces(model, facts, may_begin, no_delays) if self._is_in_time() else ()
        # carried events jump at synapses, which neurons know nothing of
        if traces and (self.run.carried.pending or not self._is_affordable()):
            traces = ()
        if stored and stored != {trace.ode.name for trace in traces}:
            stored = frozenset()  # they go on at the synapses, which have their values, too
            traces = tuple(t for t in traces if may_begin(t.ode.name))
            traces = traces if len(traces) == len(model.event_driven) else ()
        with HeldBack():  # traces half moved would be right neither here nor at the synapses
            if {t.ode.name for t in traces} != set(self._now):
                self.write_back()
                if not all(may_begin(trace.ode.name) for trace in traces):
                    traces = ()
            self.traces, self._model = traces, model
            self._width = self.synapses.source.clock.dt_
            if traces and not self._now:
                self._allocate(traces, model)
                if self._stored is not None and stored:
                    self._fill(self._stored)
            self.forget_stored()

    def follow_constants(self, names: Collection[str] | None) -> bool:
        """Bring the traces back to the synapses if new values of these parameters require it.

        None stands for any. An event uses the rate of its own time for the whole interval since the
        one before, and an arrival the increment of its own: where these change on the way, synapses
        of one neuron no longer agree. To be called before the new values are in memory.
        """
        under_way = self._depth > 1 if self.traces else False
        for trace in self.traces:
            wanted = [trace.rate]
            if trace.past is not None and under_way:
                wanted.append(trace.write.value)
            used = {n.name for expr in wanted for n in walk(expr) if isinstance(n, Param)}
            matters = bool(used if names is None else used & set(names))
            if matters and np.any(self._now[trace.ode.name].values):
                self.write_back()
                return True
        return False

    def _is_in_time(self) -> bool:
        """Whether all events are found before the traces decay and jump."""
        synapses = self.synapses
        places = (p.group._event_places()[p.event] for p in synapses._pathways.values())
        return all(is_before(slot, "before_synapses", synapses._slots) for slot, _ in places)

    def _starts_at_zero(self, name: str) -> bool:
        return name in self._now or not np.any(self.synapses.variables[name].values)

    def _pathway(self) -> Pathway:
        pathways = self.synapses._pathways.values()
        return next(pathway for pathway in pathways if pathway.direction == "pre")

    def _depth_needed(self) -> int:
        return self.run.delays.longest(self._pathway()) + 1

    def _is_affordable(self) -> bool:
        """Histories larger than the traces they replace would cost memory instead of saving it."""
        entries = self._depth_needed() * self.synapses._data.n_source
        return entries <= max(2 * self.synapses._data.n, 1 << 20) and entries < 1 << 31

    def _allocate(self, traces: tuple[Trace, ...], model: SynapsesModel) -> None:
        synapses = self.synapses
        n_source = parent_group(synapses.source)._size()
        n_target = parent_group(synapses.target)._size()
        self._depth = self._depth_needed()
        entries = self._depth * synapses._data.n_source
        for trace in traces:
            size = n_source if trace.past is not None else n_target
            self._now[trace.ode.name] = _made(trace.now, size, synapses._real, 0)
            if trace.past is not None:
                self._past[trace.ode.name] = _made(trace.past, entries, synapses._real, 0)
        last = last_events(model)
        self._last["source"] = _made(last.source, n_source, np.int64, -1)
        self._last["past"] = _made(last.past, entries, np.int64, -1)
        self._last["target"] = _made(last.target, n_target, np.int64, -1)

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

    def arrays(self) -> Iterator[tuple[Array, ProgramArray]]:
        """Yield the traces, the last events, and their histories."""
        for trace in self.traces:
            yield trace.now, self._now[trace.ode.name]
            if trace.past is not None:
                yield trace.past, self._past[trace.ode.name]
        if self.traces and self._model is not None:
            last = last_events(self._model)
            yield last.source, self._last["source"]
            yield last.past, self._last["past"]
            yield last.target, self._last["target"]

    def parameters(self) -> dict[str, float | int]:
        """Return the sizes of the histories."""
        if not self.traces or self._model is None:
            return {}
        last = last_events(self._model)
        values: dict[str, float | int] = {
            last.depth.name: self._depth,
            last.past.length: self._last["past"].values.size,
        }
        if self._model.source.store.is_dense and any(t.past is not None for t in self.traces):
            late = int(self._steps())
            offset = (self._depth - late) * self.synapses._data.n_source
            values[past_offset(self._model).name] = offset
        return values

    def tables(self, known: Callable[[str], AnyArray]) -> dict[str, AnyArray]:
        """Return the places of the columns' sources in the history (see build.traces).

        ``known`` returns a table of the columns by its name.
        """
        data = self.synapses._data
        if self._model is None or data.store is None:
            return {}
        dense = self._model.source.store.is_dense
        if dense or not any(trace.past is not None for trace in self.traces):
            return {}
        places = column_places(self._model)
        positions = known(f"{self.synapses.name}.rows.col_pos")
        rows = sources_of(data.store)[positions].astype(np.uint32)
        steps = self._steps()
        late = steps[positions] if steps.ndim else steps
        rows += (np.uint32(self._depth) - late.astype(np.uint32)) * np.uint32(data.n_source)
        return {places.name: rows}

    def _steps(self) -> npt.NDArray[np.int64]:
        """Return the delay of each synapse in steps (0-dimensional if all have the same)."""
        pathway = self._pathway()
        uniform = pathway.uniform_steps(self._width)
        return pathway.steps(self._width) if uniform is None else np.array(uniform, np.int64)

    # --- stored and restored ------------------------------------------------------------------

    def keep(self) -> Kept | None:
        """Return the traces with the constants that they hold for, None if none are kept here."""
        if not self._now:
            return self._stored
        compiled = self.synapses._network._compiled
        exprs = [e for t in self.traces for e in (t.rate, t.write.value)]
        names = {n.name for expr in exprs for n in walk(expr) if isinstance(n, Param)}
        constants = {n: compiled.memory.reals[n] for n in names & set(self._constants())}
        arrays = {name: data.values.copy() for name, data in self._arrays().items()}
        facts = {"depth": self._depth, "constants": constants}
        return Kept(f"the traces of {self.synapses.describe()}", facts, arrays)

    def take(self, stored: Kept | None) -> None:
        """Give up the present traces for stored ones, which come to life when a network runs."""
        self._clear()
        self._stored = stored

    def is_stored(self, name: str) -> bool:
        """Whether a variable is a stored trace that waits for a network to run."""
        return self._stored is not None and f"now/{name}" in self._stored.arrays

    def forget_stored(self) -> None:
        """Go on from the values at the synapses, which something has changed."""
        self._stored = None

    def _constants(self) -> dict[str, float]:
        """Return the constants of the synapses' code as they were when it was resolved."""
        scope = self.run.constants
        return {} if scope is None else {n: float(value) for n, (_, value) in scope.used.items()}

    def _awaited(self) -> frozenset[str]:
        """Return the names of stored traces that may go on: the constants are those they had."""
        stored, present = self._stored, self._constants()
        if stored is None or stored.integer("depth") != self._depth_needed():
            return frozenset()
        if any(present.get(n) != value for n, value in stored.table("constants").items()):
            return frozenset()
        return frozenset(n.removeprefix("now/") for n in stored.arrays if n.startswith("now/"))

    def _arrays(self) -> dict[str, ProgramArray]:
        groups = {"now": self._now, "past": self._past, "last": self._last}
        return {f"{k}/{name}": data for k, group in groups.items() for name, data in group.items()}

    def _fill(self, stored: Kept) -> None:
        for name, data in self._arrays().items():
            data.data[:] = stored.array(name, data.values.dtype, data.values.size)

    # --- the way back -------------------------------------------------------------------------

    def values(self, name: str) -> AnyArray:
        """Return a trace (or ``lastupdate``, in seconds) as of each synapse's own last event."""
        synapses, store = self.synapses, self.synapses._data.store
        if store is None:
            raise InternalError(f"{synapses.describe()} has traces but no store")
        rows, steps, now = sources_of(store), self._steps(), self._last_step()
        seen = (now - steps) % self._depth * synapses._data.n_source + rows
        emitted = self._last["past"].values[seen]
        arrivals = np.where(emitted < 0, -1, emitted + steps)
        updated = np.maximum(np.maximum(arrivals, self._last["target"].values[store.targets]), 0)
        if name == "lastupdate":
            result: AnyArray = updated * self._width
            return result
        trace = next(trace for trace in self.traces if trace.ode.name == name)
        if trace.past is None:
            present = self._now[name].values[store.targets]
        else:
            present = self._past[name].values[seen]
        with np.errstate(over="ignore", invalid="ignore"):
            back = np.exp(-self._rate(trace) * (now - updated) * self._width)
            values = np.where(present == 0, 0, present * back)
        return values.astype(present.dtype)

    def _rate(self, trace: Trace) -> float:
        """Return the logarithm of a trace's decay in a step, per second."""
        network = self.synapses._network
        compiled = None if network is None else network._compiled
        if compiled is None:
            return 0.0
        factor = compiled.memory.reals.get(trace.decay.name, 1.0)
        return float(np.log(factor)) / self._width

    def _last_step(self) -> int:
        network = self.synapses._network
        compiled = None if network is None else network._compiled
        return -1 if compiled is None else compiled.steps_done(self.synapses.source.clock) - 1

    def write_back(self) -> None:
        """Give every synapse its own values again, as of the last step."""
        if not self._now:
            return
        synapses = self.synapses
        with HeldBack():
            if synapses._data.store is not None and self._last_step() >= 0:
                values = {name: self.values(name) for name in (*self._now, "lastupdate")}
                for name in self._now:
                    synapses.variables[name].data = values[name]
                if synapses._lastupdate is not None:
                    steps = values["lastupdate"] / self._width
                    synapses._lastupdate.data[:] = np.rint(steps)
            self._clear()

    def _clear(self) -> None:
        self._now.clear()
        self._last.clear()
        self._past.clear()
        self.traces = ()


def _made(array: Array, size: int, dtype: Any, value: int) -> ProgramArray:
    """Return an array of a program with one value everywhere."""
    data = aligned_zeros(size, dtype)
    data[:] = value
    return ProgramArray(array.name, data)
