"""A network compiled and bound to the data of its objects."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simgen import pipeline
from simgen.api.arguments import about
from simgen.api.checks import accept_infinities, require_finite, reserve_recordings
from simgen.api.clock import Clock, clocks_of
from simgen.api.component import Component, in_order, overridden, stream_numbers
from simgen.api.constant_table import ConstantTable
from simgen.api.event_rings import EventRings
from simgen.api.group import Group
from simgen.api.merge_plan import MergePlan
from simgen.api.namespaces import Namespace
from simgen.api.operations import NetworkOperation, host_operations
from simgen.api.profiling import Profile
from simgen.api.progress import enclosed
from simgen.api.recording import Recording
from simgen.api.seeds import key_of, seed_epoch
from simgen.api.storage import AnyArray, ProgramArray
from simgen.api.subgroup import Subgroup
from simgen.api.succession import Succession, carry_spikes
from simgen.api.timed_array import TimedArray, find_table
from simgen.api.timeline import Timeline
from simgen.api.whole_numbers import WholeNumbers
from simgen.api.within_step import WithinStep
from simgen.ir.expr import Expr, Gather, Load, Param
from simgen.ir.kernel import Program
from simgen.ir.visit import all_nodes, walk
from simgen.model.description import SECOND
from simgen.options import Options
from simgen.runtime.aligned import aligned_zeros
from simgen.runtime.events import part_bounds
from simgen.runtime.interrupts import HeldBack
from simgen.runtime.simulation import Simulation, host_value
from simgen.runtime.timing import TimeAxis, common_axis
from simgen.targets.base import Executable, Memory
from simgen.units import Quantity

if TYPE_CHECKING:
    from simgen.api.merging import MergedSynapses


class CompiledNetwork(WithinStep):
    """A program, its memory and time axis; made anew when the structure of a network changes."""

    def __init__(
        self,
        components: Sequence[Component],
        namespace: Namespace,
        options: Options,
        start: float,
        previous: Timeline | None,
        slots: tuple[str, ...],
    ) -> None:
        self.objects = in_order(components)  # as the user made them
        for component in self.objects:
            object.__setattr__(component, "_slots", slots)
        self.options = options
        self.clocks = clocks_of(self.objects)
        self.axis: TimeAxis = common_axis({clock.name: clock.dt_ for clock in self.clocks})
        self._widths = [clock.dt_ for clock in self.clocks]
        tick = (
            self.axis.tick_at(start, "run()") if previous is None else previous.tick_on(self.axis)
        )
        for clock in self.clocks:  # what is prepared may start at the present time
            clock._now = self._next_step(clock, tick) * clock.dt_
        next_step = partial(self._next_step, tick=tick)
        following = Succession(self.objects, previous, next_step)
        with HeldBack():  # what is sorted and moved half would be neither the old nor the new
            self.merges = MergePlan(namespace, options, following)
            self.components = self.merges.components  # as they run
            self._prepare(following, options.threads)
        raw = pipeline.build_program(self.components, namespace, options.optimize, slots)
        # clocks without kernels make ticks, too
        clocks = dict.fromkeys((*raw.clocks, *(clock.ir for clock in self.clocks)))
        self.raw: Program = replace(raw, clocks=tuple(clocks))
        self.program: Program = pipeline.optimise(self.raw, options.optimize)
        self._target = pipeline.choose_target(options)
        self.remote = self._target.is_remote
        self._executables: dict[tuple[int, int], Executable] = {}
        self.memory = Memory(n_parts=options.threads)
        self._target.prepare(self.memory)
        self.memory.arrays["tick"] = np.array([tick], np.int64)
        self.rings: EventRings = EventRings({} if previous is None else previous.rings.buffers)
        self.bounds: dict[str, npt.NDArray[np.int64]] = {}
        self._recordings = [(c, *recorded) for c in self.components for recorded in c._recorded()]
        scopes = {id(c): c for part in self.components for c in part._constant_scopes()}
        self._constants = ConstantTable(list(scopes.values()), namespace)
        self._derived = [(part, found) for part in self.components for found in part._derived()]
        self._tables: list[TimedArray] = []
        self._whole_numbers = WholeNumbers(self.raw, self.memory, self.components, self._derived)
        inputs = [e for _, derived in self._derived for e in derived.inputs]
        names = {n.array.name for e in inputs for n in walk(e) if isinstance(n, Load)}
        groups = [component for component in self.components if isinstance(component, Group)]
        hidden = any(not derived.inputs for _, derived in self._derived)  # they ask objects
        variables = [v for group in groups for v in group.variables.values()]
        self._variables = [v for v in variables if hidden or v.array in names]
        self._versions: tuple[int, ...] | None = None
        with HeldBack():
            self._bind(previous)
        self.profile = Profile.asked(self.program, self.memory, self._target, options)
        self.simulation = Simulation(
            self.memory, self._segment, len(self.program.schedule), self._make_room
        )
        self._host_operations = host_operations(
            self.components, self.program, self.axis, self._caller
        )
        accept_infinities(self.raw, variables)
        self._state = [v for part in self.components for _, v in part._checked_state()]
        self._settling = [done for part in self.components if (done := part._settles())]
        self._following = overridden(self.components, "_follow_constants")
        self._starting = overridden(self.components, "_started")
        self._finishing = overridden(self.components, "_finished")

    def _prepare(self, following: Succession, threads: int) -> None:
        carry_spikes(self.merges.merges, following)
        for component in self.components:
            component._prepare(threads)

    # --- binding --------------------------------------------------------------------------------

    def _bind(self, previous: Timeline | None) -> None:
        memory = self.memory
        memory.ints["one"] = 1
        for clock in self.clocks:
            memory.ints[f"period_{clock.name}"] = self.axis.periods[clock.name]
            memory.reals[f"dt_{clock.name}"] = clock.dt_
        extra = [n for c in self.components for n in c._depends_on() if isinstance(n, Subgroup)]
        used = self._arrays_read()
        for component in (*self.components, *extra):
            self._bind_component(component)
            for array, data in component._computed(used):
                self._bind_fixed({array.name: data})
        self._bind_tables()
        self.rings.bind(self, previous)
        self._bind_keys()
        for param, value in self._constants.values():
            self._set_parameter(param, value)
        for component, recording, most in self._recordings:
            own = getattr(component, "clock", None)
            recording.set_dt(own.dt_ if isinstance(own, Clock) else self.clocks[0].dt_)
            memory.ints[f"{recording.recorder.name}.need"] = most
            self._bind_recording(recording)

    def _arrays_read(self) -> frozenset[str]:
        """Return the names of the arrays that the program and the derived values read."""
        nodes = [n for k in self.program.kernels for n in all_nodes((*k.prologue, *k.body))]
        nodes += [n for _, derived in self._derived for e in derived.inputs for n in walk(e)]
        return frozenset(node.array.name for node in nodes if isinstance(node, Load))

    def _bind_component(self, component: Component) -> None:
        memory = self.memory
        for array, data in component._arrays():
            if isinstance(data, ProgramArray):
                data = data.bind(memory, self.remote)
            memory.arrays[array.name] = data
        self._bind_fixed(component._tables())
        memory.ints.update(component._sizes())
        for name, value in component._parameters().items():
            self._set_parameter(name, value)
        for length, size in component._groups().items():
            memory.ints[length] = size
            bounds = part_bounds(size, self.options.threads)
            self.bounds[length] = bounds
            self._bind_fixed({f"{length}.bounds": bounds})

    def _bind_fixed(self, arrays: dict[str, AnyArray]) -> None:
        """Take arrays that are replaced where they change, and written by nobody."""
        self.memory.arrays.update(arrays)
        self.memory.counters.update(dict.fromkeys(arrays, int))

    def _bind_tables(self) -> None:
        for kernel in self.program.kernels:
            for node in all_nodes((*kernel.prologue, *kernel.body)):
                table = find_table(node.array) if isinstance(node, Gather) else None
                if table is None or not isinstance(node, Gather):
                    continue
                table.check_sizes(self._size_of)
                self._tables.append(table)  # kept alive as long as the program
                self.memory.arrays[node.array.name] = table.data(self.options.real)
                for name, value in table.parameters().items():
                    self._set_parameter(name, value)

    def _size_of(self, count: Expr) -> int | None:
        """Return a number of elements, None if it is one of another network."""
        known = all(p.name in self.memory.ints for p in walk(count) if isinstance(p, Param))
        return int(host_value(count, self.memory, self.components[0]._running)) if known else None

    def _bind_keys(self) -> None:
        self._epoch = seed_epoch()
        for name, number in stream_numbers(self.objects).items():
            key = key_of(number)
            self.memory.ints[name] = key - (1 << 64) if key >= 1 << 63 else key

    def _bind_recording(self, recording: Recording) -> None:
        name = recording.recorder.name
        self.memory.arrays[f"{name}.data"] = recording.data
        self.memory.arrays[f"{name}.used"] = recording.count
        self.memory.ints[f"{name}.capacity"] = recording.data.size

    def _set_parameter(self, name: str, value: Any) -> None:
        """Store a parameter in both tables: the program knows which one it reads."""
        self.memory.reals[name] = float(value)
        if float(value).is_integer() and abs(value) < 2**63:
            self.memory.ints[name] = int(value)

    def _segment(self, start: int, stop: int) -> Executable:
        executable = self._executables.get((start, stop))
        if executable is None:
            begin = time.perf_counter()
            items = self.program.schedule[start:stop]
            executable = self._target.build(Program(items, self.program.clocks))
            executable.bind(self.memory)
            self._executables[(start, stop)] = executable
            self.build_seconds += time.perf_counter() - begin
        return executable

    # --- between runs ---------------------------------------------------------------------------

    @property
    def tick(self) -> int:
        """The present tick."""
        return int(self.memory.arrays["tick"][0])

    def refresh(self, namespace: Namespace) -> bool:
        """Take over new values of constants; False if the network has to be compiled anew."""
        if [clock.dt_ for clock in self.clocks] != self._widths:
            return False
        settled = any(done(self) for done in self._settling)
        if settled or not self.merges.holds(self.steps_done):
            return False
        self._follow_seed()
        changed = self.changed_constants(namespace)
        if changed is None:
            return False
        for param, value in changed:
            self._set_parameter(param, value)
        if changed:
            self._versions = None
            self._rebind()
        return True

    def changed_constants(self, namespace: Namespace) -> list[tuple[str, Any]] | None:
        """Return new values of constants, None where they change what is compiled."""
        changed = self._constants.refresh(namespace)
        names = None if changed is None else dict(changed)
        follow = [follow(names) for follow in self._following]
        return None if any(follow) else changed

    def _follow_seed(self) -> None:
        """Take new keys if ``seed`` was called since the last ones were taken."""
        if self._epoch != seed_epoch():
            self._bind_keys()
            self._rebind()

    def derive(self) -> None:
        """Compute the derived values, if anything they may depend on has changed."""
        versions = tuple(variable.latest_version() for variable in self._variables)
        if versions == self._versions:
            return
        self.memory.claim()  # what other programs have written
        self._whole_numbers.require_divisors()
        rebind = False
        for component, derived in self._derived:
            inputs = (host_value(e, self.memory, component._running) for e in derived.inputs)
            with about(component.describe()):
                values = derived.compute(list(inputs))
            for target, value in zip(derived.targets, values):
                if isinstance(target, Param):
                    self._set_parameter(target.name, np.asarray(value).reshape(()).item())
                    rebind = True
                    continue
                size = self.memory.ints[target.length]
                fresh = aligned_zeros(size, target.dtype.numpy(self.options.real))
                fresh[...] = value
                present = self.memory.arrays.get(target.name)
                if present is None or not np.array_equal(present, fresh):
                    self._bind_fixed({target.name: fresh})
                    rebind = True
        self._versions = versions
        if rebind:
            self._rebind()

    def _rebind(self) -> None:
        for executable in self._executables.values():
            executable.bind(self.memory)

    # --- running --------------------------------------------------------------------------------

    def require_room(self, last: int) -> None:
        """Take the memory of a run's recordings before it starts, or refuse it."""
        grown = reserve_recordings(self._recordings, last - self.tick, self.axis.periods)
        for recording in grown:
            self._bind_recording(recording)
        if grown:
            self._rebind()

    def run(
        self,
        last: int,
        progress: Callable[[int], None] | None,
        finite: str | bool,
        called: Sequence[str] | None = None,
    ) -> None:
        """Run until the tick ``last``, or until it is superseded; ``called`` as for simulations."""
        progress = enclosed(progress, self.set_clocks, self._take_over)
        for start in self._starting:
            start()
        self.derive()
        self._make_room(1)
        self._finite = bool(finite)
        if finite == "step":
            while self.tick < last and not self.simulation.stopped:
                self.simulation.run(self.tick + 1, self._host_operations, progress, called)
                if self.simulation.superseded:
                    return
                called, before = None, self.tick - 1
                self.check_state(f" after step {before} (t = {before * self.axis.width:g} s)")
            return
        self.simulation.run(last, self._host_operations, progress, called)
        if self.simulation.superseded:
            return
        for finish in self._finishing:
            finish()
        self.check_state(" at the end of the run", bool(finite))

    def check_state(self, when: str, finite: bool = True) -> None:
        """Raise NumericalError for wrong integers and, if asked, for what is not finite."""
        self._whole_numbers.require(self.components, when)
        if finite and not all(variable.looks_finite() for variable in self._state):
            require_finite(self.components, self.objects, when)

    def _caller(self, operation: NetworkOperation, position: int) -> Callable[[], None]:
        def call() -> None:
            self.set_clocks()
            self._position, self._called_name = position, operation.name
            try:
                operation.call(Quantity(operation.clock._now, dim=SECOND))
            finally:
                self._position = None
            if not self.simulation.superseded:
                self._take_over()

        return call if self.profile is None else self.profile.timed(operation.name, call)

    def _take_over(self) -> None:
        """Take over what Python wrote during a run."""
        self.merges.settle()
        self._follow_seed()
        self.derive()

    def _make_room(self, ticks: int) -> bool:
        """Give every recorder room for some of the coming ticks; return whether one grew."""
        grew = False
        for component, recording, most in self._recordings:
            if recording.data.size - recording.used >= most:
                continue
            room = most * min(max(ticks, 1), max(1, (1 << 20) // max(1, most)))
            grew |= recording.reserve(room, component.describe())
            self._bind_recording(recording)
        if grew:
            self._rebind()
        return grew

    def request_stop(self) -> None:
        """End the run after the present step."""
        self.simulation.request_stop()

    def reached(self, end: float, last: int) -> float:
        """Return the time of the network: ``end``, or that of the last step if it was stopped."""
        return end if self.tick >= last else self.tick * self.axis.width

    def set_clocks(self) -> None:
        """Tell the clocks the present time."""
        for clock in self.clocks:
            clock._now = self.clock_time(clock)

    def let_go(self) -> None:
        """Free the arrays, which another program has taken over; this one runs no more."""
        self._executables.clear()
        self.memory.arrays.clear()
        self.memory.counters.clear()

    @property
    def merged(self) -> Sequence[MergedSynapses]:
        """The objects that stand for several."""
        return self.merges.merges
