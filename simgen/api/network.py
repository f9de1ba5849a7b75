"""Networks: objects that run together, and the time they have reached."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.api.arguments import checked_arguments, memory_errors
from simgen.api.binding import CompiledNetwork
from simgen.api.checks import require_one_thread
from simgen.api.clock import Clock, defaultclock, seconds
from simgen.api.component import Component
from simgen.api.demand import demand_of
from simgen.api.device import current_options
from simgen.api.membership import check_members
from simgen.api.memory_use import NetworkMemory
from simgen.api.namespaces import Namespace, caller_namespace, checked_namespace
from simgen.api.network_schedule import NetworkSchedule
from simgen.api.noted_runs import NOTED, NotedRun
from simgen.api.profiling import NetworkProfile
from simgen.api.progress import Progress, Report, RunClock, make_report
from simgen.api.running import note_running, warn_of_steps
from simgen.api.running_copies import RunsCopies
from simgen.api.storing import Storing
from simgen.api.timeline import Timeline
from simgen.errors import ArgumentTypeError, ModelError
from simgen.ir.stmt import EventList
from simgen.model.description import SECOND
from simgen.options import Options
from simgen.runtime.automatic import choose_device
from simgen.runtime.interrupts import HeldBack
from simgen.units import Quantity, register_with_matplotlib

_log = logging.getLogger("simgen.device")
on_compiled: Callable[[CompiledNetwork], None] | None = None  # told before each run; for tools


def _signature(options: Options, components: list[Component]) -> list[Any]:
    """Return what tells whether a network has to be compiled anew."""
    return [options, *components, *[component._version for component in components]]


class Network(NetworkSchedule, NetworkProfile, NetworkMemory, RunsCopies, Storing):
    """Objects that run together.

    Parameters
    ----------
    objects
        Groups, synapses, monitors and operations, or collections of them; objects that belong to
        one of them (run_regularly) come along.
    name
        A name.

    """

    def __init__(self, *objects: Any, name: str | None = "network*") -> None:
        super().__init__(name, "network*")
        self._objects: list[Component] = []
        self._t = 0.0
        self._compiled: CompiledNetwork | None = None
        self._timeline: Timeline | None = None  # the compiled network, or one restored since
        self._signature: list[Any] = []
        self._asked: Options | None = None  # of set_device, when the device was bound
        self._options = Options()  # of the bound device
        self._running = False
        self._run_namespace: Any = {}  # of the run under way
        self.add(*objects)

    # --- membership ---------------------------------------------------------------------------

    def add(self, *objects: Any) -> None:
        """Add objects, or collections (also dicts) of them."""
        self._refuse_while_running()
        for entry in objects:
            if isinstance(entry, Component):
                self._add_one(entry)
            elif isinstance(entry, dict):
                self.add(*entry.values())
            elif isinstance(entry, Iterable) and not isinstance(entry, str | np.ndarray):
                self.add(*entry)
            else:
                raise ArgumentTypeError(
                    f"{entry!r} cannot be part of {self.describe()}: objects of simgen are, and "
                    "lists or dicts of them."
                )

    def _make_noted(self, what: str) -> None:
        """Make the runs that were noted, if any are of this network, before it changes."""
        if any(run.network is self for run in NOTED.runs):
            NOTED.make(f"{what} in {self.describe()}")

    def _refuse_while_running(self) -> None:
        self._make_noted("objects or slots were changed")
        if self._running:
            raise ModelError(f"The objects of {self.describe()} cannot change while it runs.")

    def _add_one(self, component: Component) -> None:
        if any(component is present for present in self._objects):
            return
        owner, has_state = component._network, any(component._event_lists())
        if owner is not None and owner is not self and owner._t > 0 and has_state:
            raise ModelError(
                f"{component.describe()} has already run in the network '{owner.name}' and cannot "
                "be part of another one."
            )
        self._objects.append(component)

    def remove(self, *objects: Any) -> None:
        """Remove objects, or collections of them."""
        self._refuse_while_running()
        for entry in objects:
            if isinstance(entry, Component):
                if not any(entry is present for present in self._objects):
                    raise ModelError(
                        f"{entry.describe()} is not part of the network '{self.name}'."
                    )
                self._objects = [present for present in self._objects if present is not entry]
            elif isinstance(entry, Iterable) and not isinstance(entry, str | np.ndarray):
                self.remove(*entry)
            else:
                raise ArgumentTypeError(f"{entry!r} is not part of {self.describe()}.")

    @property
    def objects(self) -> list[Component]:
        """The objects with all that belongs to them."""
        return list(self._all(self._objects))

    def _all(self, objects: Iterable[Component]) -> Iterator[Component]:
        seen: dict[int, Component] = {}
        for component in objects:
            seen.setdefault(id(component), component)
            for entry in component.contained_objects:
                seen.setdefault(id(entry), entry)
        return iter(seen.values())

    def __getitem__(self, name: str) -> Component:
        for component in self.objects:
            if component.name == name:
                return component
        raise ModelError(f"The network '{self.name}' has no object named '{name}'.")

    def __contains__(self, entry: object) -> bool:
        return any(c is entry or c.name == entry for c in self.objects)

    def __len__(self) -> int:
        return len(self.objects)

    def __iter__(self) -> Iterator[Component]:
        return iter(self.objects)

    # --- time -----------------------------------------------------------------------------------

    @property
    def t(self) -> Quantity:
        """The time the network has reached."""
        self._make_noted("the time was read")
        return Quantity(self._t, dim=SECOND)

    @property
    def t_(self) -> float:
        """The time the network has reached, in seconds."""
        self._make_noted("the time was read")
        return self._t

    # --- running --------------------------------------------------------------------------------

    @checked_arguments
    def run(
        self,
        duration: Any,
        report: str | Callable[..., Any] | None = None,
        report_period: Any = None,
        namespace: Any = None,
        profile: bool | None = None,
        level: int = 0,
        *,
        check_finite: str | bool = True,
    ) -> None:
        """Run for a time.

        Parameters
        ----------
        duration
            A time that is not negative.
        report
            ``"text"`` or ``"stdout"``, ``"stderr"``, or a function of (elapsed, completed, start,
            duration).
        report_period
            Time between reports, positive; 10 s by default. Neither it nor the time that reports
            tell counts what compiling takes.
        namespace
            Values for names that no object defines; by default the caller's variables.
        profile
            True: notes the time that each part of a step takes; see ``profiling_summary``. The
            program is compiled with timers for it.
        check_finite
            True: NaN and infinities in the variables that code writes raise at the end, except
            infinities where some were assigned or the code has ``inf``; ``"step"``: checked after
            each step, to find the first (slow); False: not checked. Integers that are too large or
            divided by zero raise in any case.

        Raises
        ------
        ModelError, EquationError, DimensionMismatchError, UnknownNameError
            The network cannot be compiled.
        NumericalError
            The state is not finite.

        """
        if self._running:
            raise ModelError(
                "run() was called while the network was running. A network_operation cannot start "
                "a run; stop() ends the present one."
            )
        if not isinstance(check_finite, bool | str) or check_finite not in (True, False, "step"):
            raise ModelError(f"check_finite must be True, False or 'step', not {check_finite!r}.")
        length = seconds(duration, "The duration of a run")
        if length < 0:
            raise ModelError(f"The duration of a run must not be negative, but it is {length} s.")
        names = checked_namespace(namespace, "run()")
        told = report, report_period
        if NOTED.takes():
            held = caller_namespace().held() if names is None else names
            later = partial(self._run, length, held, told, bool(profile), check_finite)
            NOTED.runs.append(NotedRun(self, later, held))
            return
        scope = caller_namespace() if names is None else names
        self._run(length, scope, told, bool(profile), check_finite)

    def _run(
        self,
        length: float,
        scope: Namespace,
        report: tuple[Any, Any],
        profile: bool,
        check_finite: str | bool,
    ) -> None:
        """Run for some seconds, with constants from a namespace."""
        reporter = make_report(*report, self._t, length)
        register_with_matplotlib()  # if it was imported after simgen: results will be plotted
        try:
            compiled = self._prepared(scope, profile)
            if on_compiled is not None:
                on_compiled(compiled)
            end = self._t + length
            last = compiled.axis.end_tick(end)
            warn_of_steps(self.describe(), last - compiled.tick, length, compiled.axis.width)
            compiled.require_room(last)
            if compiled.profile is not None:
                compiled.profile.clear()
            self._run_namespace = scope
            compiled = self._advance(compiled, length, last, reporter, check_finite)
            if compiled.profile is not None:
                self._keep_costs(compiled.profile)
        except BaseException:
            # Ctrl-C comes anywhere: what was being bound at that moment is bound anew next time
            self._signature = []
            raise
        finally:
            self._run_namespace = {}

    def _advance(
        self,
        compiled: CompiledNetwork,
        length: float,
        last: int,
        reporter: tuple[Report, float] | None,
        check_finite: str | bool,
    ) -> CompiledNetwork:
        """Run, and return the program that did so last: synapses may change in between."""
        end, progress, built = self._t + length, None, 0.0
        if reporter is not None:
            clock = RunClock(lambda: built + compiled.build_seconds)
            progress = Progress(reporter, clock, compiled.axis.width, self._t, length)
        compiled.simulation.stopped = False
        try:
            try:
                self._set_running(True, compiled.clocks)
                compiled.run(last, progress, check_finite)
                while compiled.simulation.superseded:
                    before, built = compiled, built + compiled.build_seconds
                    compiled = self._follow(before)
                    last = compiled.axis.end_tick(end)
                    stops = before.simulation.stopped  # but the present step is finished
                    upto = compiled.tick + 1 if stops else last
                    compiled.require_room(upto)
                    called = before.simulation.called
                    compiled.run(upto, progress, check_finite, called)
                    compiled.simulation.stopped |= stops
            finally:
                with HeldBack():
                    self._settle(compiled, end, last)
        except BaseException:
            self._settle(compiled, end, last)  # Ctrl-C may have come just before it was held back
            raise
        if progress is not None:
            progress.finish(compiled.tick, compiled.tick >= last)
        return compiled

    def _settle(self, compiled: CompiledNetwork, end: float, last: int) -> None:
        """Note that the network does not run, and the time that it has come to."""
        self._set_running(False, compiled.clocks)
        self._t = compiled.reached(end, last)
        compiled.set_clocks()
        defaultclock._now = self._t

    def _follow(self, before: CompiledNetwork) -> CompiledNetwork:
        """Return the network compiled anew, in the middle of a run, after a change of synapses."""
        self._set_running(False, before.clocks)
        try:
            compiled = self._prepared(self._run_namespace, before.profile is not None)
        finally:
            self._set_running(True, before.clocks)
        if compiled is before:  # what has changed is no part of it
            compiled.simulation.superseded = False
            return compiled
        if compiled.profile is not None and before.profile is not None:
            compiled.profile.add(before.profile)
        before.let_go()  # at once: it is part of reference cycles
        return compiled

    def _set_running(self, running: bool, clocks: Iterable[Clock]) -> None:
        self._running = running
        note_running(self, running)
        for clock in clocks:
            clock._in_use = running

    def _prepared(
        self, namespace: Any, profile: bool = False, threads: int | None = None
    ) -> CompiledNetwork:
        """Return the network ready to run, compiled anew only if its structure changed."""
        components = [component for component in self._all(self._objects) if component._active]
        options = self._bound_options(components)
        if threads is not None:
            options = replace(options, threads=threads)
        if profile:
            options = replace(options, profile=True)
        compiled = self._compiled
        same = self._signature == _signature(options, components)
        if compiled is not None and same and compiled.refresh(namespace):
            return compiled
        with memory_errors(self.describe()):
            if compiled is not None and not same:
                compiled.changed_constants(namespace)  # who kept state by the old ones gives it up
                for component in compiled.components:
                    if component not in components:
                        component._follow_constants(None)
            check_members(components, self.name)
            known = self._t, self._timeline, self._slots
            fresh = CompiledNetwork(components, namespace, options, *known)
        require_one_thread(fresh.program, options.threads)
        for component in components:
            object.__setattr__(component, "_network", self)
        self._compiled = self._timeline = fresh
        self._signature = _signature(options, components)
        return fresh

    def _bound_options(self, components: list[Component]) -> Options:
        """Return the options of the device that the network is bound to.

        It is bound when it runs first, and anew after another choice by ``set_device``.
        """
        asked = current_options()
        if asked is not self._asked and asked != self._asked:
            options = asked
            if asked.target == "auto":
                choice = choose_device(asked, demand_of(components))
                options = choice.options
                _log.info("%s runs on '%s': %s.", self.describe(), options.target, choice.reason)
            self._asked, self._options = asked, options
        return self._options

    def stop(self) -> None:
        """End a run after the present step; called from a network_operation or a report."""
        if self._compiled is not None:
            self._compiled.request_stop()

    def _events_of_last_step(self, events: EventList, clock: Clock) -> npt.NDArray[np.int32]:
        timeline = self._timeline
        if timeline is None or events.length not in timeline.bounds:
            return np.zeros(0, np.int32)
        return timeline.events_of_last_step(events, clock)

    def __repr__(self) -> str:
        return f"<Network '{self.name}' of {len(self.objects)} objects at t = {self.t}>"
