"""A program as one C++ translation unit: every kernel a function, and the loop over ticks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from simgen.ir.expr import RandomDraw
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
)
from simgen.ir.stmt import Append
from simgen.ir.visit import all_nodes, flatten
from simgen.targets.base import STEPS_TOGETHER, nanoseconds_of, worked_of
from simgen.targets.cpu.calls import Timer, Turns, calls, gatherings, late_call
from simgen.targets.cpu.carried import lower_carried
from simgen.targets.cpu.elements import lower_elements
from simgen.targets.cpu.events import (
    EmitTableView,
    lower_events,
    lower_indices,
    lower_once,
)
from simgen.targets.cpu.made_rows import HEADER as MADE_ROWS
from simgen.targets.cpu.split_ends import split_ends
from simgen.targets.cpu.synapses import lower_fan_in, lower_fan_out, lower_synapses
from simgen.targets.cpu.walk_views import (
    JoinedFanOutView,
    ListedView,
    MadeFanOutView,
    RowsView,
)
from simgen.targets.cstyle import mangle
from simgen.targets.effects import kernel_effects
from simgen.targets.frame import TICK, distinct_kernels
from simgen.targets.meetings import plan_meetings
from simgen.targets.render import render
from simgen.targets.scope import N_PARTS, Layout
from simgen.targets.segments import stores_of
from simgen.targets.shared import Places, share
from simgen.targets.user_code import CPP

# How a domain is lowered, and the template that frames it.
_DOMAINS: dict[type, tuple[Callable[..., Any], str]] = {
    Once: (lower_once, "once"),
    OverElements: (lower_elements, "over_elements"),
    OverIndices: (lower_indices, "over_indices"),
    OverEvents: (lower_events, "over_events"),
    OverFanOut: (lower_fan_out, "over_fan_out"),
    OverFanIn: (lower_fan_in, "over_fan_in"),
    OverCarried: (lower_carried, "over_carried"),
    OverSynapses: (lower_synapses, "over_synapses"),
}


@dataclass(frozen=True, slots=True)
class ModuleView:
    """What ``module.cpp.j2`` shows; ``calls`` is the body of a tick.

    Threads meet every ``at_once`` ticks; then the calls ``later`` are made for each of these, which
    are ``pending`` until then.
    """

    headers: tuple[str, ...]
    functions: tuple[str, ...]
    kernels: tuple[str, ...]
    checks: tuple[str, ...]
    tick: int
    n_parts: int
    clocks: tuple[str, ...]
    joined: tuple[str, ...]
    calls: tuple[str, ...]
    advance: tuple[str, ...]
    together: int
    at_once: str
    pending: str
    later: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LoweredProgram:
    """The source of a program and where it expects its values."""

    source: str
    layout: Layout
    single_clock: Clock | None
    views: tuple[Places, ...] = ()


def lower_program(
    program: Program, real: np.dtype[np.floating], profile: bool = False
) -> LoweredProgram:
    """Return the C++ text of ``program`` with the precision ``real``.

    With ``profile`` each call of a kernel adds the time it took on the first thread, and the work
    of that thread, to counters.
    """
    layout = Layout(real)
    whole = {kernel.name for kernel in program.kernels} if profile else frozenset()
    program = split_ends(program)
    timers = {kernel.name: _timer(kernel, whole, layout) for kernel in program.kernels if profile}
    tick = layout.array(TICK, "int64_t").position
    kernels = distinct_kernels(program)
    effects = [kernel_effects(kernel) for kernel in program.kernels]
    views = {name: _lower_kernel(kernel, layout) for name, kernel in kernels.items()}
    joined = {name: view for name, view in views.items() if isinstance(view, JoinedFanOutView)}
    clocks = tuple(dict.fromkeys(kernel.clock for kernel in kernels.values())) or program.clocks
    single = clocks[0] if len(clocks) == 1 and clocks == program.clocks else None
    meetings = plan_meetings(effects, one_clock=single is not None)
    together = layout.int_argument(STEPS_TOGETHER)
    turns = Turns(
        tuple(effect.split for effect in effects), meetings, _due(kernels.values(), single), timers
    )
    texts = {name: _render_kernel(kernels[name], view, profile) for name, view in views.items()}
    shared = share(texts)
    view = ModuleView(
        headers=(
            *_headers(program),
            *(("cpu/joined.h",) if joined else ()),
            *(CPP.headers if layout.functions else ()),
            *(("cpu/profile.h",) if profile else ()),
        ),
        functions=tuple(layout.functions.values()),
        kernels=shared.functions,
        checks=_recorder_checks(program, layout),
        tick=tick,
        n_parts=layout.int_argument(N_PARTS),
        clocks=tuple(line for clock in clocks for line in _clock_lines(clock, single, layout)),
        joined=gatherings(joined, shared),
        calls=calls(program.kernels, turns, shared, joined),
        advance=tuple(_advance_line(clock, single) for clock in clocks),
        together=together,
        at_once="sg_later(1, together)" if meetings.several else "1",
        pending="ahead" if meetings.later else "0",
        later=tuple(
            late_call(kernel, shared, timers.get(kernel.name))
            for place in sorted(meetings.later)
            for kernel in (program.kernels[place],)
        ),
    )
    return LoweredProgram(render("cpp/module.cpp.j2", view), layout, single, shared.views)


def _lower_kernel(kernel: Kernel, layout: Layout) -> Any:
    """Return the view of one kernel."""
    lower, _ = _DOMAINS[type(kernel.domain)]
    return lower(kernel, kernel.domain, layout)


def _render_kernel(kernel: Kernel, view: Any, profile: bool) -> str:
    """Return the C++ function of one kernel."""
    _, template = _DOMAINS[type(kernel.domain)]
    if isinstance(view, EmitTableView):
        template = "emit_table"
    elif isinstance(view, RowsView):
        template = "over_rows"
    elif isinstance(view, MadeFanOutView):
        template = "over_fan_out_made"
    elif isinstance(view, JoinedFanOutView):
        template = "over_fan_out_joined"
    elif isinstance(view, ListedView):
        template = "over_listed"
    return render(f"cpp/{template}.cpp.j2", view, ("sg_worked",) if profile else ())


def _headers(program: Program) -> tuple[str, ...]:
    """Return the headers a program needs beyond those of every program."""
    draws = any(
        isinstance(node, RandomDraw)
        for kernel in program.kernels
        for node in all_nodes((*kernel.prologue, *kernel.body))
    )
    headers = ("common/distributions.h", "common/random_fill.h") if draws else ()
    stores = stores_of(program)
    if any(store.is_dense for store in stores):
        headers = (*headers, "common/all_pairs.h")
    return (*headers, MADE_ROWS) if any(store.is_regenerated for store in stores) else headers


def _recorder_checks(program: Program, layout: Layout) -> tuple[str, ...]:
    names = dict.fromkeys(
        stmt.recorder.name
        for kernel in program.kernels
        for stmt in flatten(kernel.body)
        if isinstance(stmt, Append)
    )
    lines = []
    for name in names:
        used = layout.array(f"{name}.used", "int64_t").position
        need, capacity = (
            layout.int_argument(f"{name}.need"),
            layout.int_argument(f"{name}.capacity"),
        )
        lines.append(
            f"ticks = sg_within_room(ticks, pending, S->ints[{capacity}] - "
            f"*(const int64_t *)S->arrays[{used}], S->ints[{need}]);"
        )
    return tuple(lines)


def _clock_lines(clock: Clock, single: Clock | None, layout: Layout) -> tuple[str, ...]:
    """Return the declarations of a clock's counters: its step, and the ticks until it is due."""
    step, until, period = _counters(clock)
    if clock == single:
        return (f"int64_t {step} = first_tick;",)
    place = layout.int_argument(f"period_{clock.name}")
    return (
        f"const int64_t {period} = S->ints[{place}];",
        f"int64_t {step} = (first_tick + {period} - 1) / {period};",
        f"int64_t {until} = {step} * {period} - first_tick;",
    )


def _advance_line(clock: Clock, single: Clock | None) -> str:
    step, until, period = _counters(clock)
    if clock == single:
        return f"++{step};"
    return f"if ({until}-- == 0) {until} = {period} - 1, ++{step};"


def _due(kernels: Iterable[Kernel], single: Clock | None) -> dict[Clock, tuple[str, str]]:
    """Return the step of each clock, and the condition under which it is due."""
    found = {}
    for clock in {kernel.clock for kernel in kernels}:
        step, until, _ = _counters(clock)
        found[clock] = (step, "" if clock == single else f"{until} == 0")
    return found


def _counters(clock: Clock) -> tuple[str, str, str]:
    return mangle("step", clock.name), mangle("until", clock.name), mangle("period", clock.name)


def _timer(kernel: Kernel, whole: Collection[str], layout: Layout) -> Timer:
    """Return the counters of a kernel; one that was made of another counts its time for that."""
    name, worked = kernel.name, None
    if name in whole:
        worked = layout.array(worked_of(name), "int64_t").position
    else:
        name = name.removesuffix("_sources")
    return Timer(layout.array(nanoseconds_of(name), "int64_t").position, worked)
