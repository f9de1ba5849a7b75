"""Programs as CUDA source: loops over elements and events; other domains are refused by name.

Kernels read the tick and all sizes from device memory, so that a captured graph stays valid.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from simgen.errors import UnsupportedFeatureError
from simgen.ir.expr import IndexKind, RandomDraw
from simgen.ir.kernel import Clock, Kernel, OverElements, OverEvents, Program
from simgen.ir.stmt import Append, Emit, Stmt
from simgen.ir.visit import all_nodes, flatten
from simgen.targets.body import BodyPrinter
from simgen.targets.cstyle import mangle, stored_type
from simgen.targets.effects import kernel_effects
from simgen.targets.frame import TICK, Frame, distinct_kernels, open_kernel
from simgen.targets.render import render
from simgen.targets.scope import Layout, Scope

BEGIN_TICK, END_TICK = "sg_begin_tick", "sg_end_tick"
_DOMAIN_NAMES = {
    "Once": "single runs and tables of events",
    "OverIndices": "recording of state",
    "OverFanOut": "delivery to synapses",
    "OverFanIn": "walks from targets to synapses",
    "OverCarried": "events carried over from before a change",
    "OverSynapses": "loops over all synapses",
}


@dataclass(frozen=True, slots=True)
class ElementsView:
    """What ``over_elements.cu.j2`` shows."""

    name: str
    doc: tuple[str, ...]
    tick: int
    clock: tuple[str, ...]
    declarations: tuple[str, ...]
    prologue: tuple[str, ...]
    start: str
    stop: str
    flags: tuple[str, ...]
    body: tuple[str, ...]
    finish: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EventsView:
    """What ``over_events.cu.j2`` shows."""

    name: str
    doc: tuple[str, ...]
    tick: int
    clock: tuple[str, ...]
    declarations: tuple[str, ...]
    prologue: tuple[str, ...]
    start: str
    stop: str
    depth: str
    ids: str
    length: str
    counts: str
    flags: tuple[str, ...]
    body: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModuleView:
    """What ``module.cu.j2`` shows."""

    headers: tuple[str, ...]
    tick: int
    clear: tuple[str, ...]
    kernels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LoweredProgram:
    """The source, where it expects its values, and the functions of a tick in their order."""

    source: str
    layout: Layout
    launches: tuple[str, ...]


def lower_program(program: Program, real: np.dtype[np.floating]) -> LoweredProgram:
    """Return the CUDA text of ``program`` with the precision ``real``.

    Raises :class:`UnsupportedFeatureError` naming the kernel and what the target lacks.
    """
    layout = Layout(real)
    tick = layout.array(TICK, "int64_t").position
    single = program.clocks[0] if len(program.clocks) == 1 else None
    kernels = distinct_kernels(program)
    texts = tuple(_render_kernel(kernel, layout, single) for kernel in kernels.values())
    draws = any(
        isinstance(node, RandomDraw)
        for kernel in kernels.values()
        for node in all_nodes((*kernel.prologue, *kernel.body))
    )
    view = ModuleView(
        headers=("common/distributions.h",) if draws else (),
        tick=tick,
        clear=_clear_lines(kernels.values(), layout, single),
        kernels=texts,
    )
    names = (mangle("k", kernel.name) for kernel in program.kernels)
    launches = (BEGIN_TICK, *names, END_TICK)
    return LoweredProgram(render("cuda/module.cu.j2", view), layout, launches)


def _render_kernel(kernel: Kernel, layout: Layout, single: Clock | None) -> str:
    domain = kernel.domain
    if isinstance(domain, OverElements):
        _refuse_shared_writes(kernel)
        return render("cuda/over_elements.cu.j2", _elements(kernel, domain, layout, single))
    if isinstance(domain, OverEvents):
        return render("cuda/over_events.cu.j2", _events(kernel, domain, layout, single))
    kind = type(domain).__name__
    raise UnsupportedFeatureError(
        f"the cuda target does not have {_DOMAIN_NAMES.get(kind, kind)} yet "
        f"(kernel '{kernel.name}'); choose set_device('cpu')"
    )


def _refuse_shared_writes(kernel: Kernel) -> None:
    body = tuple(stmt for stmt in kernel.body if not isinstance(stmt, Append))
    alone = Kernel(kernel.name, kernel.domain, body, kernel.clock, kernel.prologue)
    if not kernel_effects(alone).split:
        raise UnsupportedFeatureError(
            "the cuda target does not yet have writes that several elements share "
            f"(kernel '{kernel.name}'); choose set_device('cpu')"
        )


@dataclass(slots=True)
class _Lists:
    """The lists that the threads of a kernel append to together."""

    scope: Scope
    flags: list[str] = field(default_factory=list)
    setup: list[str] = field(default_factory=list)
    finish: list[str] = field(default_factory=list)

    def emit(self, stmt: Emit, condition: str) -> str:
        """Return the line that notes an event; it is appended after the body."""
        number, scope, name = len(self.flags), self.scope, stmt.events.name
        ids = scope.buffer(f"{name}.ids", "uint32_t", written=True)
        counts = scope.buffer(f"{name}.counts", "int64_t", written=True)
        slot, flag = f"slot{number}", f"f{number}"
        depth, length = scope.size(f"{name}.depth"), scope.size(stmt.events.length)
        self.setup.append(f"const int64_t {slot} = step % {depth};")
        self.flags.append(f"bool {flag} = false;")
        place = f"{ids} + {slot} * {length}, {counts} + {slot}"
        self.finish.append(f"sg_append_event({flag}, i, {place});")
        return f"{flag} = {condition};"

    def reserve(self, body: Iterable[Stmt], kernel: str) -> None:
        """Reserve one place per event in all recorders of the body.

        They are of equal length, because nothing else appends to them: so one place serves all.
        """
        body = tuple(body)
        outside = [stmt.recorder.name for stmt in body if isinstance(stmt, Append)]
        everywhere = [stmt for stmt in flatten(body) if isinstance(stmt, Append)]
        if len(outside) != len(everywhere) or len(set(outside)) != len(outside):
            raise UnsupportedFeatureError(
                "the cuda target records one value of each kind per event, without conditions "
                f"(kernel '{kernel}'); choose set_device('cpu')"
            )
        for number, name in enumerate(outside):
            used = self.scope.buffer(f"{name}.used", "int64_t", written=True)
            call = "sg_follow" if number else "const int64_t place = sg_reserve"
            self.flags.append(f"{call}(inside, {used});")

    def append(self, stmt: Append, value: str) -> str:
        """Return the line that stores a value at the place reserved."""
        name = stmt.recorder.name
        kind = stored_type(stmt.recorder.dtype, self.scope.layout.real)
        return f"{self.scope.buffer(f'{name}.data', kind, written=True)}[place] = {value};"


def _elements(
    kernel: Kernel, domain: OverElements, layout: Layout, single: Clock | None
) -> ElementsView:
    frame = open_kernel(kernel, layout, {IndexKind.ELEMENT: "i"})
    scope, lists = frame.scope, _Lists(frame.scope)
    body = BodyPrinter(scope, emit=lists.emit).lines(frame.body)
    clock = _clock_lines(kernel.clock, single, layout)
    start, stop = scope.printer.text(domain.start), scope.printer.text(domain.stop)
    return ElementsView(
        name=frame.name,
        doc=frame.doc,
        tick=layout.array(TICK, "int64_t").position,
        clock=clock,
        declarations=scope.declarations(),
        prologue=(*frame.prologue, *lists.setup),
        start=start,
        stop=stop,
        flags=tuple(lists.flags),
        body=tuple(body),
        finish=tuple(lists.finish),
    )


def _events(kernel: Kernel, domain: OverEvents, layout: Layout, single: Clock | None) -> EventsView:
    frame: Frame = open_kernel(kernel, layout, {IndexKind.ELEMENT: "i"})
    scope, lists, events = frame.scope, _Lists(frame.scope), domain.events
    lists.reserve(frame.body, kernel.name)
    _refuse_shared_writes(kernel)
    body = BodyPrinter(scope, append=lists.append).lines(frame.body)
    fields = {
        "start": scope.printer.text(domain.start),
        "stop": scope.printer.text(domain.stop),
        "depth": scope.size(f"{events.name}.depth"),
        "ids": scope.buffer(f"{events.name}.ids", "uint32_t"),
        "length": scope.size(events.length),
        "counts": scope.buffer(f"{events.name}.counts", "int64_t"),
    }
    return EventsView(
        name=frame.name,
        doc=frame.doc,
        tick=layout.array(TICK, "int64_t").position,
        clock=_clock_lines(kernel.clock, single, layout),
        declarations=scope.declarations(),
        prologue=frame.prologue,
        flags=tuple(lists.flags),
        body=tuple(body),
        **fields,
    )


def _clock_lines(clock: Clock, single: Clock | None, layout: Layout) -> tuple[str, ...]:
    """Return the lines that form the step, and leave the kernel if its clock is not due."""
    if clock == single:
        return ("const int64_t step = tick;",)
    period = f"S->ints[{layout.int_argument(f'period_{clock.name}')}]"
    return (f"if (tick % {period} != 0) return;", f"const int64_t step = tick / {period};")


def _clear_lines(
    kernels: Iterable[Kernel], layout: Layout, single: Clock | None
) -> tuple[str, ...]:
    """Return the lines that empty this step's slot of every event list that is written."""
    lines = []
    for kernel in kernels:
        for stmt in flatten(kernel.body):
            if not isinstance(stmt, Emit):
                continue
            counts = layout.array(f"{stmt.events.name}.counts", "int64_t").position
            depth = layout.int_argument(f"{stmt.events.name}.depth")
            slot = f"tick % S->ints[{depth}]"
            place = f"((int64_t *)S->arrays[{counts}])"
            if kernel.clock == single:
                lines.append(f"{place}[{slot}] = 0;")
                continue
            period = f"S->ints[{layout.int_argument(f'period_{kernel.clock.name}')}]"
            slot = f"tick / {period} % S->ints[{depth}]"
            lines.append(f"if (tick % {period} == 0) {place}[{slot}] = 0;")
    return tuple(lines)
