"""A program as one CUDA translation unit, and the launches that make a tick.

Kernels read the tick, all sizes and parameters from device memory, so that a launch that was
recorded stays valid. Each of them returns at once when the tick may not be made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simgen.ir.expr import Array, RandomDraw
from simgen.ir.kernel import (
    Clock,
    Kernel,
    Once,
    OverCarried,
    OverElements,
    OverEvents,
    OverFanIn,
    OverFanOut,
    OverIndices,
    OverSynapses,
    Program,
    SynapseStore,
)
from simgen.ir.stmt import Append
from simgen.ir.visit import all_nodes, flatten
from simgen.targets.base import worked_of
from simgen.targets.cstyle import stored_type
from simgen.targets.cuda.arrange import arrange
from simgen.targets.cuda.head import ONE, PARITIES, Launch, Module, Scratch, sums_name
from simgen.targets.cuda.loops import (
    LoopView,
    OnceView,
    TableView,
    lower_carried,
    lower_elements,
    lower_events,
    lower_indices,
    lower_once,
)
from simgen.targets.cuda.made_rows import HEADER as MADE_ROWS
from simgen.targets.cuda.order import Plan
from simgen.targets.cuda.remembered import forget
from simgen.targets.cuda.sums import deciding_delays, places
from simgen.targets.cuda.turns import Turn, beginnings_of, call_lines, take_line, turns_of
from simgen.targets.cuda.walks import (
    ColumnsView,
    RowsView,
    lower_fan_in,
    lower_fan_out,
    lower_synapses,
)
from simgen.targets.frame import distinct_kernels
from simgen.targets.render import render
from simgen.targets.scope import Layout
from simgen.targets.segments import stores_of
from simgen.targets.shared import Places, SharedKernels, share
from simgen.targets.user_code import Language

BEGIN_RUN, END_RUN = "sg_begin_run", "sg_end_run"
CUDA = Language("cuda", "cuda", "static __device__ const", "__device__ ")
_TICKET = "tick.grid.ticket"

# How a domain is lowered, and the template of each view.
_DOMAINS: dict[type, Callable[..., tuple[Any, Launch]]] = {
    Once: lower_once,
    OverElements: lower_elements,
    OverIndices: lower_indices,
    OverEvents: lower_events,
    OverFanOut: lower_fan_out,
    OverFanIn: lower_fan_in,
    OverCarried: lower_carried,
    OverSynapses: lower_synapses,
}
_TEMPLATES: dict[type, str] = {
    OnceView: "once",
    TableView: "emit_table",
    LoopView: "loop",
    RowsView: "walk_rows",
    ColumnsView: "walk_columns",
}


@dataclass(frozen=True, slots=True)
class PhaseView:
    """A launch as ``module.cu.j2`` shows it."""

    name: str
    parts: tuple[str, ...]
    finish: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModuleView:
    """What ``module.cu.j2`` shows."""

    headers: tuple[str, ...]
    functions: tuple[str, ...]
    checks: tuple[str, ...]
    kernels: tuple[str, ...]
    phases: tuple[PhaseView, ...]
    leftovers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Phase:
    """A launch: its function, its kernels, and the integer arguments with their blocks.

    The kernels come in ``turns``.
    """

    function: str
    parts: tuple[Launch, ...]
    blocks: tuple[str, ...]
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class LoweredProgram:
    """The source, where it expects its values, and the launches of a tick in their order.

    ``summed`` are the inputs whose sums are left over after the last tick of a run.
    ``stores`` are the synapses whose teams have a width that is chosen when memory is bound,
    ``recorders`` the names of what the program records to. The ``views`` of shared functions stand
    behind the other arguments in each table.
    """

    source: str
    layout: Layout
    phases: tuple[Phase, ...]
    summed: tuple[Array, ...]
    scratch: tuple[Scratch, ...]
    stores: tuple[SynapseStore, ...]
    recorders: tuple[str, ...]
    single_clock: Clock | None
    views: tuple[Places, ...] = ()


def delays_that_decide(program: Program, deterministic: bool = False) -> tuple[str, ...]:
    """Return the tables of delays; if none of these is zero, ``delayed`` texts save launches.

    There are none if they would save nothing.
    """
    return deciding_delays(*arrange(program, deterministic, delayed=True))


def lower_program(
    program: Program,
    real: np.dtype[np.floating],
    deterministic: bool = False,
    delayed: bool = False,
    profile: bool = False,
) -> LoweredProgram:
    """Return the CUDA text of ``program`` with the precision ``real``.

    ``deterministic`` keeps the order of floating sums, so that runs are equal bit by bit.
    ``delayed``: none of the :func:`delays_that_decide` is zero, which may save launches. With
    ``profile`` kernels count what they work on.
    """
    arranged, plans = arrange(program, deterministic, delayed)
    layout = Layout(real, language=CUDA)
    kernels = distinct_kernels(arranged)
    clocks = tuple(dict.fromkeys(kernel.clock for kernel in kernels.values())) or program.clocks
    single = clocks[0] if len(clocks) == 1 and clocks == program.clocks else None
    module = Module(layout, single)
    rendered = {
        name: _render(kernel, plans[name], module, profile) for name, kernel in kernels.items()
    }
    launches = {name: launch for name, (_, launch) in rendered.items()}
    shared = share({name: text for name, (text, _) in rendered.items()})
    phases = _phases(arranged, launches, places(arranged, plans), shared)
    forget()  # what was found of the kernels
    summed = tuple(array for plan in plans.values() for array in plan.takes)
    recorders = _recorders(program)
    checks = tuple(_recorder_check(name, layout) for name in recorders)
    leftovers = tuple(line for array in summed for line in _leftovers(array, layout))
    view = ModuleView(
        headers=_headers(program),
        functions=tuple(layout.functions.values()),
        checks=checks,
        kernels=shared.functions,
        phases=_phase_views(phases, module, shared.views),  # when all arguments have places
        leftovers=leftovers,
    )
    return LoweredProgram(
        source=render("cuda/module.cu.j2", view),
        layout=layout,
        phases=phases,
        summed=summed,
        scratch=tuple(module.scratch.values()),
        stores=_stores(program),
        recorders=recorders,
        single_clock=single,
        views=shared.views,
    )


def _render(kernel: Kernel, plan: Plan, module: Module, profile: bool) -> tuple[str, Launch]:
    """Return the function of one kernel and its launch."""
    lower = _DOMAINS[type(kernel.domain)]
    view, launch = lower(kernel, kernel.domain, plan, module)
    counters: tuple[str, ...] = ()
    if profile:
        slot = module.layout.array(worked_of(kernel.name), "int64_t")
        module.layout.written.add(slot.name)
        counters = (f"(unsigned long long *)S->arrays[{slot.position}]",)
    return render(f"cuda/{_TEMPLATES[type(view)]}.cu.j2", view, counters), launch


def _phases(
    program: Program, launches: dict[str, Launch], found: tuple[int, ...], shared: SharedKernels
) -> tuple[Phase, ...]:
    """Return the launches of a tick; there is always one, which ends the tick."""
    phases = []
    for level in range(max(found, default=0) + 1):
        own = [k.name for k, place in zip(program.kernels, found) if place == level]
        first = {shared.calls[name][0]: place for place, name in reversed([*enumerate(own)])}
        own.sort(key=lambda name: (first[shared.calls[name][0]], shared.calls[name][1] or 0))
        blocks = tuple(f"phase {level} part {part}" for part in range(len(own)))
        parts = tuple(launches[name] for name in own)
        turns = turns_of([shared.calls[name] for name in own], blocks)
        phases.append(Phase(f"sg_phase_{level}", parts, blocks, turns))
    return tuple(phases)


def _leftovers(array: Array, layout: Layout) -> Iterator[str]:
    """Yield the lines that add to an input what the last tick of a run has summed up."""
    kind = stored_type(array.dtype, layout.real)
    names = (array.name, *(sums_name(array.name, parity) for parity in PARITIES))
    own, *sums = (
        f"(({kind} *)state.arrays[{layout.array(name, kind).position}])[i]" for name in names
    )
    yield f"for (int64_t i = at; i < ints[{layout.int_argument(array.length)}]; i += width) {{"
    for place in sums:  # the other is zero
        yield f"  if ({place} != 0) {own} += {place};"
        yield f"  {place} = 0;"
    yield "}"


def _phase_views(
    phases: tuple[Phase, ...], module: Module, places: Sequence[Places]
) -> tuple[PhaseView, ...]:
    """Return the launches as text; no argument may get its place later."""
    layout = module.layout
    module.scratch[_TICKET] = Scratch(_TICKET, "uint32_t", ONE)
    ticket = f"(uint32_t *)state.arrays[{layout.array(_TICKET, 'uint32_t').position}]"
    end = (
        "const sg_grid whole = {(int64_t)blockIdx.x, (int64_t)gridDim.x};",
        f"const bool last = sg_is_last_block(whole, {ticket});",
        "if (last && threadIdx.x == 0) sg_next_tick(&state, control);",
    )
    first = {
        turn: min([layout.int_argument(name) for name in turn.blocks])  # they are neighbours
        for phase in phases
        for turn in phase.turns
    }
    beginnings = beginnings_of(layout, places)
    views = []
    for phase in phases:
        lines: list[str] = []
        for turn in phase.turns:
            word = "} else if" if lines else "if"
            lines.append(f"{word} {take_line(turn, first[turn])} {{")
            lines += [f"  {line}" for line in call_lines(turn, places, beginnings)]
        closing = ("}",) if lines else ()
        finish = end if phase == phases[-1] else ()
        views.append(PhaseView(phase.function, (*lines, *closing), finish))
    return tuple(views)


def _headers(program: Program) -> tuple[str, ...]:
    """Return the headers a program needs beyond those of every program."""
    draws = any(
        isinstance(node, RandomDraw)
        for kernel in program.kernels
        for node in all_nodes((*kernel.prologue, *kernel.body))
    )
    headers = ("common/distributions.h",) if draws else ()
    stores = stores_of(program)
    if any(store.is_dense for store in stores):
        headers = (*headers, "common/all_pairs.h")
    return (*headers, MADE_ROWS) if any(store.is_regenerated for store in stores) else headers


def _recorders(program: Program) -> tuple[str, ...]:
    names = dict.fromkeys(
        stmt.recorder.name
        for kernel in program.kernels
        for stmt in flatten(kernel.body)
        if isinstance(stmt, Append)
    )
    return tuple(names)


def _recorder_check(name: str, layout: Layout) -> str:
    """Return the line that tells whether a recorder lacks room for the coming tick."""
    used = layout.array(f"{name}.used", "int64_t").position
    need, capacity = (layout.int_argument(f"{name}.{what}") for what in ("need", "capacity"))
    room = f"S->ints[{capacity}] - S->ints[{need}]"
    return f"if (*(const int64_t *)S->arrays[{used}] > {room}) return 0;"


def _stores(program: Program) -> tuple[SynapseStore, ...]:
    stores = {
        kernel.domain.store.name: kernel.domain.store
        for kernel in program.kernels
        if isinstance(kernel.domain, OverFanOut | OverFanIn | OverSynapses)
    }
    return tuple(stores.values())
