"""Hoist event-driven traces from synapses to neurons.

A variable of pair plasticity, ``dx/dt = -x/tau (event-driven)`` with ``x += c`` on arrival of a
spike, is the same for all synapses of a source with one delay, and for all synapses onto a target.
It is kept once per neuron instead, decayed at every step:

before (per synapse)::

    on_pre:  x = x * exp(-elapsed/tau); y = ...; x += c; w = clip(w + y, 0, w_max)
    on_post: x = ...; y = y * exp(-elapsed/tau); y += d; w = clip(w + x, 0, w_max)

after::

    source neurons, each step: x *= exp(-dt/tau); past[step] = x     on spikes: x += c, past, too
    target neurons, each step: y *= exp(-dt/tau)                     after on_post: y += d
    on_pre:  w = clip(w + y[post], 0, w_max)
    on_post: w = clip(w + past[step - delay][pre], 0, w_max)

The synapse sees a source's trace as it was when the spike left, ``delay`` steps ago: the history
of the last steps answers that without counting spikes. The steps of the last events are kept in
the same way, so that ``lastupdate`` and the values as of it can be given back. Conditions: one pre
and one post pathway; the rate and the increment are
constant during the run and the same for all synapses; one statement writes the variable; the
pathway that writes it does not read it; no other code sees it; it starts at zero everywhere; pre
comes before post in a step; post pathways have no delay; both groups share a clock. Rounding
differs (a product of decays in place of one exponential), so level 0 keeps traces where they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from simgen.build.facts import NetworkFacts
from simgen.build.neurons import elements
from simgen.dtypes import DType
from simgen.integrate.linear import NonLinearError, linear_form
from simgen.integrate.model import Derived, Ode, Values
from simgen.ir.construct import binary, compare, select
from simgen.ir.expr import (
    ELEMENT,
    ENTRY,
    POST,
    PRE,
    Array,
    Const,
    Expr,
    Gather,
    IndexValue,
    Load,
    Local,
    Param,
    Role,
    Step,
)
from simgen.ir.kernel import Item, Kernel, OverEvents
from simgen.ir.stmt import Accumulate, Let, Scatter, Stmt, Store
from simgen.ir.visit import all_nodes, children, flatten, map_stmt, walk, writes
from simgen.model.description import GroupDescription
from simgen.model.synapses import PathwayModel, SynapsesModel


@dataclass(frozen=True, slots=True)
class LastEvents:
    """The step of each neuron's last event (-1: none), for sources also its history.

    ``depth`` is the number of steps that this and all traces of sources are kept; the place of row
    r at step s is ``(s % depth) * n_rows + r``.
    """

    source: Array
    past: Array
    target: Array

    @property
    def depth(self) -> Param:
        """The number of steps in the histories."""
        return Param(f"{self.past.name}.depth", DType.I64)


def last_events(model: SynapsesModel) -> LastEvents:
    """Return where the last events of both groups are kept."""
    name = model.source.group.name
    return LastEvents(
        Array(f"{name}.last_source", DType.I64, model.source.pre.length, Role.DERIVED),
        Array(f"{name}.last_source.past", DType.I64, f"{name}.n_past", Role.DERIVED),
        Array(f"{name}.last_target", DType.I64, model.source.post.length, Role.DERIVED),
    )


@dataclass(frozen=True, slots=True)
class Trace:
    """A variable kept per neuron of ``side``; ``past`` is its history for the sources' side."""

    ode: Ode
    side: str
    pathway: PathwayModel
    rate: Expr
    write: Accumulate | Store
    now: Array
    past: Array | None

    @property
    def decay(self) -> Param:
        """exp(rate * dt), computed when a run starts."""
        return Param(f"{self.now.name}.decay", DType.REAL)


def plan_traces(
    model: SynapsesModel,
    facts: NetworkFacts,
    starts_at_zero: Callable[[str], bool],
    no_post_delays: bool,
) -> tuple[Trace, ...]:
    """Return the event-driven variables that can live on neurons."""
    source = model.source
    together = source.pre.clock == source.post.clock and no_post_delays
    if facts.optimize == 0 or facts.scripted or not together or not model.event_driven:
        return ()
    pathways = {pathway.source.direction: pathway.source for pathway in model.pathways}
    if len(model.pathways) != 2 or set(pathways) != {"pre", "post"}:
        return ()
    if pathways["pre"].order >= pathways["post"].order:
        return ()
    traces = []
    for ode in model.event_driven:
        trace = _trace_of(ode, model)
        array = ode.target.array
        if trace is not None and array not in facts.observed and starts_at_zero(ode.name):
            traces.append(trace)
    # lastupdate is kept for all traces or for none
    return tuple(traces) if len(traces) == len(model.event_driven) else ()


def _trace_of(ode: Ode, model: SynapsesModel) -> Trace | None:
    rate = _decay_rate(ode)
    array = ode.target.array
    writers = [
        (pathway, stmt)
        for pathway in model.pathways
        for stmt in flatten(pathway.body)
        if any(written == array for written, _, _ in writes((stmt,)))
    ]
    if rate is None or ode.noise or ode.gate is not None or len(writers) != 1:
        return None
    pathway, write = writers[0]
    if not isinstance(write, Accumulate | Store) or write not in pathway.body:
        return None  # a conditional write
    additive = isinstance(write, Store) or write.op == "+"
    if not additive or not _is_run_constant(write.value) or _reads(pathway.body, array):
        return None
    side = pathway.source.direction
    readers = [p for p in model.pathways if p is not pathway and _reads(p.body, array)]
    if any(reader.source.direction == side for reader in readers):
        return None
    others: list[Expr] = [summed.add.value for summed in model.summed]
    others += [
        other.rhs for other in (*model.event_driven, *model.clock_driven) if other is not ode
    ]
    if any(_mentions(expr, array) for expr in others) or _reads(model.frozen, array):
        return None
    group = model.source.pre if side == "pre" else model.source.post
    if pathway.source.event not in group.events:
        return None
    name = f"{array.name}.trace"
    past = None
    if side == "pre":
        length = last_events(model).past.length
        past = Array(f"{name}.past", DType.REAL, length, Role.DERIVED)
    return Trace(
        ode, side, pathway, rate, write, Array(name, DType.REAL, group.length, Role.DERIVED), past
    )


def _decay_rate(ode: Ode) -> Expr | None:
    """Return a of dx/dt = a*x, if a keeps one value for all synapses during a run."""
    try:
        form = linear_form(ode.rhs, [ode.target], _is_run_constant)
    except NonLinearError:
        return None
    rate = form.coefficient(ode.target)
    if form.rest or rate is None or not _is_run_constant(rate):
        return None
    return rate


def _is_run_constant(expr: Expr) -> bool:
    inner = children(expr)
    if not inner:
        return isinstance(expr, Const | Param)
    return not isinstance(expr, Gather) and all(_is_run_constant(child) for child in inner)


def _mentions(expr: Expr, array: Array) -> bool:
    return any(isinstance(node, Load) and node.array == array for node in walk(expr))


def _reads(body: Iterable[Stmt], array: Array) -> bool:
    return any(isinstance(node, Load) and node.array == array for node in all_nodes(body))


# --- rewriting ------------------------------------------------------------------------------------


def column_places(model: SynapsesModel) -> Array:
    """Return the array that tells, per entry of the columns, where its source's past lies.

    Entry k holds row + (depth - delay) * n_rows; added to the present step's place in the ring it
    gives the place ``delay`` steps ago, past the end of the ring at most once.
    """
    store = model.source.store
    return Array(f"{store.name}.col_past", DType.U32, store.length, Role.CONNECTIVITY)


def past_offset(model: SynapsesModel) -> Param:
    """Return (depth - delay) * n_rows for the one delay of dense rows (see column_places)."""
    return Param(f"{model.source.store.name}.past_offset", DType.I64)


def without_traces(
    pathway: PathwayModel, traces: Sequence[Trace], model: SynapsesModel
) -> tuple[Stmt, ...]:
    """Return a pathway's statements with traces read from the neurons and written nowhere."""
    kept = [stmt for stmt in pathway.body if not any(stmt is t.write for t in traces)]
    places = {trace.ode.target.array: _seen_by_synapse(trace, model) for trace in traces}

    def substitute(node: Expr) -> Expr:
        return places.get(node.array, node) if isinstance(node, Load) else node

    return tuple(map_stmt(stmt, substitute) for stmt in kept)


def _seen_by_synapse(trace: Trace, model: SynapsesModel) -> Expr:
    if trace.past is None:
        return Load(trace.now, POST)
    ring = Param(trace.past.length, DType.I64)
    entry: Expr = Load(column_places(model), ENTRY)
    if model.source.store.is_dense:  # one delay, and a row follows from its source
        row = binary("-", IndexValue(PRE), model.source.pre.start)
        entry = binary("+", row, past_offset(model))
    place = binary("+", _ring_start(model), entry)
    wrapped = select(compare(">=", place, ring), binary("-", place, ring), place)
    return Gather(trace.past, wrapped)


def _ring_start(model: SynapsesModel) -> Expr:
    """Return where the present step's row of the histories begins."""
    rows = Param(f"{model.source.store.name}.n_rows", DType.I64)
    return binary("*", binary("%", Step(), last_events(model).depth), rows)


def trace_items(traces: Sequence[Trace], model: SynapsesModel) -> Iterable[Item]:
    """Yield the kernels that keep the traces: decay before the pathways, jumps at events."""
    if not traces:
        return
    yield from _source_items([t for t in traces if t.past is not None], model)
    yield from _target_items([t for t in traces if t.past is None], model)


def _source_items(traces: Sequence[Trace], model: SynapsesModel) -> Iterable[Item]:
    group, last = model.source.pre, last_events(model)
    row = binary("-", IndexValue(ELEMENT), group.start)
    place = binary("+", _ring_start(model), row)
    decays: list[Stmt] = [Scatter(last.past, place, Load(last.source, ELEMENT))]
    jumps: list[Stmt] = [Store(last.source, ELEMENT, Step()), Scatter(last.past, place, Step())]
    for trace in traces:
        if trace.past is None:
            continue
        value = Local(f"{trace.ode.name}_now", DType.REAL)
        decayed = binary("*", Load(trace.now, ELEMENT), trace.decay)
        for body, new, origin in (
            (decays, decayed, trace.ode.origin),
            (jumps, _jump(trace), trace.write.origin),
        ):
            body.append(Let(value, new, origin))
            body.append(Store(trace.now, ELEMENT, value))
            body.append(Scatter(trace.past, place, value))
    yield from _side_items("source", "before_synapses", 0, group, model, decays, jumps, "pre")


def _target_items(traces: Sequence[Trace], model: SynapsesModel) -> Iterable[Item]:
    group, last = model.source.post, last_events(model)
    decays: list[Stmt] = []
    jumps: list[Stmt] = [Store(last.target, ELEMENT, Step())]
    for trace in traces:
        decayed = binary("*", Load(trace.now, ELEMENT), trace.decay)
        decays.append(Store(trace.now, ELEMENT, decayed, trace.ode.origin))
        jumps.append(Store(trace.now, ELEMENT, _jump(trace), trace.write.origin))
    order = next(p.source.order for p in model.pathways if p.source.direction == "post")
    yield from _side_items("target", "synapses", order, group, model, decays, jumps, "post")


def _side_items(
    side: str,
    slot: str,
    order: int,
    group: GroupDescription,
    model: SynapsesModel,
    decays: Sequence[Stmt],
    jumps: Sequence[Stmt],
    direction: str,
) -> Iterable[Item]:
    """Yield the decay of one side's traces, and their jumps at its events in ``slot``."""
    owner = model.source.group
    pathway = next(p.source for p in model.pathways if p.source.direction == direction)
    comment = f"{owner.text}: traces kept per {side} neuron"
    name = f"{owner.name}_{side}_trace"
    if decays:
        kernel = Kernel(
            f"{name}_decay", elements(group), tuple(decays), group.clock, comment=comment
        )
        yield Item("before_synapses", 0, name, kernel)
    domain = OverEvents(group.events[pathway.event], group.start, group.end)
    kernel = Kernel(f"{name}_jump", domain, tuple(jumps), group.clock, comment=comment)
    # in the slot of the pathways by the name of the pathway: the jump follows it directly
    label = name if slot == "before_synapses" else f"{owner.name}_{pathway.name}"
    yield Item(slot, order, label, kernel)


def _jump(trace: Trace) -> Expr:
    if isinstance(trace.write, Store):
        return trace.write.value
    return binary("+", Load(trace.now, ELEMENT), trace.write.value)


def trace_derived(traces: Sequence[Trace], model: SynapsesModel) -> tuple[Derived, ...]:
    """Return the decay factors."""

    def compute(values: list[Values]) -> list[Values]:
        return [np.exp(np.asarray(values[0], np.float64) * float(values[1]))]

    return tuple(
        Derived(
            targets=(trace.decay,),
            inputs=(trace.rate, model.source.pre.clock.dt),
            compute=compute,
            description=f"decay of the trace '{trace.ode.name}' in a step",
        )
        for trace in traces
    )
