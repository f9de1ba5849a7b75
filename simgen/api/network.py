"""Networks: objects that run together, and the time they have reached."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.api.arguments import checked_arguments, memory_errors
from simgen.api.binding import CompiledNetwork
from simgen.api.clock import Clock, defaultclock, seconds
from simgen.api.component import Component
from simgen.api.device import current_options
from simgen.api.namespaces import caller_namespace, checked_namespace
from simgen.api.naming import Named
from simgen.api.progress import Progress, Report, make_report
from simgen.api.subgroup import Subgroup
from simgen.build.schedule import DEFAULT_SLOTS
from simgen.errors import (
    ArgumentTypeError,
    ModelError,
    UnsupportedFeatureError,
)
from simgen.ir.stmt import EventList
from simgen.model.description import SECOND
from simgen.units import Quantity, register_with_matplotlib

# The networks that are running, and the thread each one runs in.
_running: dict[Network, int] = {}
on_compiled: Callable[[CompiledNetwork], None] | None = None  # told before each run; for tools


class Network(Named):
    """Objects that run together.

    Parameters
    ----------
    objects
        Groups, synapses, monitors and operations, or collections of them; objects that belong to
        one of them (run_regularly) come along.
    name
        A unique name.

    """

    def __init__(self, *objects: Any, name: str | None = "network*") -> None:
        super().__init__(name, "network*")
        self._objects: list[Component] = []
        self._t = 0.0
        self._compiled: CompiledNetwork | None = None
        self._signature: tuple[Any, ...] = ()
        self._running = False
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

    def _refuse_while_running(self) -> None:
        if self._running:
            raise ModelError(f"The objects of {self.describe()} cannot change while it runs.")

    def _add_one(self, component: Component) -> None:
        if any(component is present for present in self._objects):
            return
        owner = component._network
        if (
            owner is not None
            and owner is not self
            and owner._t > 0
            and self._needs_state(component)
        ):
            raise ModelError(
                f"{component.describe()} has already run in the network '{owner.name}' and cannot "
                "be part of another one."
            )
        self._objects.append(component)

    @staticmethod
    def _needs_state(component: Component) -> bool:
        return bool(list(component._event_lists()))

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

    @property
    def schedule(self) -> tuple[str, ...]:
        """The slots of a step, in order; each has a before_ and an after_ slot."""
        return DEFAULT_SLOTS

    @schedule.setter
    def schedule(self, slots: Any) -> None:
        raise UnsupportedFeatureError(
            f"The schedule of {self.describe()} cannot be changed. Use when= and order= of the "
            "objects instead."
        )

    # --- time -----------------------------------------------------------------------------------

    @property
    def t(self) -> Quantity:
        """The time the network has reached."""
        return Quantity(self._t, dim=SECOND)

    @property
    def t_(self) -> float:
        """The time the network has reached, in seconds."""
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
            Time between reports, 10 s by default.
        namespace
            Values for names that no object defines; by default the caller's variables.
        check_finite
            True: NaN in the state at the end raises; ``"step"``: checked after each step, to find
            the first (slow); False: not checked.

        Raises
        ------
        ModelError, EquationError, DimensionMismatchError, UnknownNameError
            The network cannot be compiled.
        NumericalError
            The state is not finite.

        """
        if profile:
            raise UnsupportedFeatureError("run(profile=True) is not supported yet.")
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
        scope = caller_namespace() if names is None else names
        reporter = make_report(report, report_period, self._t, length)
        register_with_matplotlib()  # if it was imported after simgen: results will be plotted
        try:
            with memory_errors(self.describe()):
                compiled = self._prepare(scope)
            if on_compiled is not None:
                on_compiled(compiled)
            compiled.require_room(self._t + length)
            self._advance(compiled, length, reporter, check_finite)
        except BaseException:
            # Ctrl-C comes anywhere: what was being bound at that moment is bound anew next time
            self._signature = ()
            raise

    def _advance(
        self,
        compiled: CompiledNetwork,
        length: float,
        reporter: tuple[Report, float] | None,
        check_finite: str | bool,
    ) -> None:
        end = self._t + length
        progress = Progress(reporter, compiled.axis.width, self._t, length)
        self._set_running(True, compiled.clocks)
        try:
            compiled.run(end, progress if reporter is not None else None, check_finite)
        finally:
            self._set_running(False, compiled.clocks)
            self._t = compiled.reached(end)
            for clock in compiled.clocks:
                clock._now = compiled.clock_time(clock)
            defaultclock._now = self._t
        progress.finish()

    def _set_running(self, running: bool, clocks: Iterable[Clock]) -> None:
        self._running = running
        if running:
            _running[self] = threading.get_ident()
        else:
            _running.pop(self, None)
        for clock in clocks:
            clock._in_use = running

    def _prepare(self, namespace: Any) -> CompiledNetwork:
        """Return the network ready to run, compiled anew only if its structure changed."""
        options = current_options()
        components = [component for component in self._all(self._objects) if component.active]
        signature = (options, *((id(c), c._version) for c in components))
        compiled = self._compiled
        if compiled is not None and signature == self._signature:
            if compiled.refresh(namespace):
                return compiled
        elif compiled is not None:
            compiled.changed_constants(namespace)  # what kept its state by the old ones gives it up
            for component in compiled.components:
                if component not in components:
                    component._follow_constants(None)
        _check_members(components, self.name)
        fresh = CompiledNetwork(components, namespace, options, self._t, compiled)
        for component in components:
            object.__setattr__(component, "_network", self)
        self._compiled, self._signature = (
            fresh,
            (
                options,
                *((id(c), c._version) for c in components),
            ),
        )
        return fresh

    def stop(self) -> None:
        """End a run after the present step; called from a network_operation or a report."""
        if self._compiled is not None:
            self._compiled.request_stop()

    def _events_of_last_step(self, events: EventList, clock: Clock) -> npt.NDArray[np.int32]:
        if self._compiled is None or events.length not in self._compiled.bounds:
            return np.zeros(0, np.int32)
        return self._compiled.events_of_last_step(events, clock)

    def store(self, *args: Any, **kwargs: Any) -> None:
        """Not supported yet."""
        raise UnsupportedFeatureError("store() is not supported yet.")

    def restore(self, *args: Any, **kwargs: Any) -> None:
        """Not supported yet."""
        raise UnsupportedFeatureError("restore() is not supported yet.")

    def __repr__(self) -> str:
        return f"<Network '{self.name}' of {len(self.objects)} objects at t = {self.t}>"


def stop() -> None:
    """End the run under way, of whatever network, after the present step.

    Called from a network_operation or a report it ends the run that called it; from another thread,
    every run under way. Without one nothing happens.
    """
    running = dict(_running)
    here = [network for network, thread in running.items() if thread == threading.get_ident()]
    for network in here or running:
        network.stop()


def _check_members(components: list[Component], network: str) -> None:
    """Check that names are unique and that nothing refers to an object outside the network."""
    names: dict[str, Component] = {}
    present = {id(component) for component in components}
    _check_sums(components)
    for component in components:
        other = names.setdefault(component.name, component)
        if other is not component:
            raise ModelError(f"The network '{network}' has two objects named '{component.name}'.")
        for needed in component._depends_on():
            root = needed.source if isinstance(needed, Subgroup) else needed
            if id(root) not in present:
                raise ModelError(
                    f"{component.describe()} needs {root.describe()}, which is not part of the "
                    f"network '{network}' (or not active). Add it."
                )


def _check_sums(components: list[Component]) -> None:
    """Check that no two summed variables overwrite the same elements."""
    taken: list[tuple[str, int, int, Component]] = []
    for component in components:
        for name, start, stop in component._sums():
            for other, first, last, owner in taken:
                if name == other and start < last and first < stop:
                    raise ModelError(
                        f"'{name}' is a summed variable of both {owner.describe()} and "
                        f"{component.describe()}: each would overwrite the other. Give each a "
                        "variable of its own and add these in the equations of the target."
                    )
            taken.append((name, start, stop, component))
