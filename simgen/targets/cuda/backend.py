"""The CUDA target: one module per program, and ticks made of launches without the host's help."""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.errors import InternalError
from simgen.ir.kernel import Program
from simgen.options import Options
from simgen.targets.base import JOINED, Memory, nanoseconds_of, worked_of
from simgen.targets.checks import check_apart, checked_array
from simgen.targets.cpu.compile import find_compiler
from simgen.targets.cuda.device import MOST_BLOCKS, Buffer, Device, Function, Graph
from simgen.targets.cuda.gpu import open_gpu
from simgen.targets.cuda.head import BLOCK, ONE, WARP, Launch
from simgen.targets.cuda.lower import BEGIN_RUN, END_RUN, LoweredProgram, Phase
from simgen.targets.cuda.mirror import DeviceMirror
from simgen.targets.cuda.room import require_room
from simgen.targets.cuda.texts import Texts
from simgen.targets.cuda.turns import ViewTables
from simgen.targets.cuda.walks import team_widths
from simgen.targets.scope import Layout

_TICK = "tick"
_TIMED_AT_ONCE = 64  # ticks whose marks are kept at a time
_TIMED_AT_ONCE = 64  # ticks whose marks are kept at a time
_REPLAYS_PER_CALL = 64  # between two looks at whether to stop


@dataclass(frozen=True, slots=True)
class _Call:
    """A launch with all that it takes."""

    function: Function
    grid: int
    block: int
    name: str = ""
    kernels: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The name of the launch with those of its kernels."""
        more = f" and {len(self.kernels) - 3} more" if len(self.kernels) > 3 else ""
        return f"{self.name}: {', '.join(self.kernels[:3])}{more}"


@dataclass(slots=True)
class _Bound:
    """What a program needs of one memory on the device; ``graph`` holds the launches of a tick.

    ``calls`` are those of a tick, ``end`` those after the last tick of a run.
    """

    memory: Memory
    mirror: DeviceMirror
    tables: tuple[Buffer, ...]  # pointers, reals, integers, control
    begin: _Call
    calls: tuple[_Call, ...]
    end: tuple[_Call, ...]
    graph: Graph | None = None

    @property
    def arguments(self) -> tuple[int, ...]:
        """What every kernel is given."""
        return tuple(table.address for table in self.tables)

    def launch(self, calls: tuple[_Call, ...]) -> None:
        """Make some launches."""
        for call in calls:
            call.function.launch(call.grid, call.block, self.arguments)


class CudaExecutable:
    """A compiled program; :meth:`bind` gives it memory, :meth:`run` advances that memory."""

    def __init__(self, texts: Texts, device: Device, timed: bool = False) -> None:
        self._texts = texts
        self._device = device
        self._timed = timed
        self._stop = False
        self._control: Buffer = device.allocate(3 * 8, "control")
        self._use(delayed=False)

    def _use(self, delayed: bool) -> None:
        """Take up one of the texts; all else is of that text."""
        self._delayed = delayed
        self._bound: _Bound | None = None
        self._tables: tuple[Buffer, ...] = ()
        self._values: tuple[npt.NDArray[Any], ...] = ()  # of the tables
        self._sent: list[npt.NDArray[Any] | None] = [None] * 3  # what went up of them
        self._functions: dict[str, Function] = {}

    @property
    def _lowered(self) -> LoweredProgram:
        return self._texts.get(self._delayed)[0]

    @property
    def source(self) -> str:
        """The CUDA text for the delays of the memory that is bound."""
        return self._lowered.source

    def bind(self, memory: Memory) -> None:
        """Give every array the program uses a place on the device."""
        if memory.n_parts != 1:
            raise InternalError(f"the cuda target was given {memory.n_parts} parts of a network")
        if (delayed := self._texts.are_delayed(memory)) != self._delayed:
            self._use(delayed)
        clock = self._lowered.single_clock
        if clock is not None and memory.ints.get(f"period_{clock.name}", 1) != 1:
            raise InternalError(f"the only clock '{clock.name}' does not tick in every tick")
        if self._timed:
            _count_work(self._lowered.layout, memory)
        mirror = DeviceMirror.of(memory, self._device)
        ints = {**memory.ints, ONE: 1}
        for store in self._lowered.stores:
            ints.update(team_widths(store, ints))
        calls = tuple(self._call(phase, ints) for phase in self._lowered.phases)
        layout = self._lowered.layout
        try:
            int_values = np.array([ints[name] for name in layout.ints] or [0], np.int64)
            real_values = np.array([memory.reals[name] for name in layout.reals] or [0.0])
        except KeyError as error:
            raise InternalError(
                f"the program needs the value {error}, which is not there"
            ) from None
        pointers = np.array(self._pointers(mirror, ints) or [0], np.uint64)
        self._values = pointers, real_values, int_values
        self._views = ViewTables.of(self._lowered.views)
        if not self._tables:  # they stay where they are, so that recorded launches stay valid
            sent = self._views.behind(self._values)
            self._tables = tuple(self._device.allocate(v.nbytes, "table") for v in sent)
        known = self._bound.graph if self._bound and self._bound.calls == calls else None
        begin = _Call(self._function(BEGIN_RUN), 1, WARP)
        tables = (*self._tables, self._control)
        self._bound = _Bound(memory, mirror, tables, begin, calls, self._end(ints), known)
        if self._timed:
            _counters(self._bound)

    def _ready(self) -> _Bound:
        """Return what is bound, by the text that the delays allow now; send up what changed."""
        if self._bound is None:
            raise InternalError("a program was run before it was given memory")
        memory = self._bound.memory
        if self._texts.are_delayed(memory) != self._delayed:
            self.bind(memory)
        self._bound.mirror.push()
        return self._bound

    def _end(self, ints: dict[str, int]) -> tuple[_Call, ...]:
        """Return the launch that adds what the last tick of a run has summed up."""
        most = max((ints[array.length] for array in self._lowered.summed), default=0)
        if not most:
            return ()
        function = self._function(END_RUN)
        return (_Call(function, min(-(-most // BLOCK), function.resident(BLOCK)), BLOCK),)

    def _pointers(self, mirror: DeviceMirror, ints: dict[str, int]) -> list[int]:
        """Return the device addresses of all arrays, in the order of the layout."""
        layout, memory = self._lowered.layout, mirror.memory
        scratch = self._scratch_bytes(ints)
        requests = mirror.requests(layout.arrays.values(), scratch)
        require_room(self._device, requests, mirror.n_bytes, layout.real.itemsize)
        recorded = {f"{name}.data" for name in self._lowered.recorders}
        addresses, hosts = [], {}
        for slot in layout.arrays.values():
            if slot.name in recorded:  # placed before each run
                hosts[slot.name] = checked_array(memory, slot)
                addresses.append(0)
                continue
            if slot.name not in scratch:
                addresses.append(mirror.array(slot).address)
                hosts[slot.name] = memory.arrays[slot.name]
                continue
            addresses.append(mirror.scratch(slot.name, scratch[slot.name]).address)
        check_apart(hosts, layout.written)
        return addresses

    def _scratch_bytes(self, ints: dict[str, int]) -> dict[str, int]:
        """Return the sizes of the arrays of the device alone."""
        arrays, found = self._lowered.layout.arrays, {}
        for entry in self._lowered.scratch:
            length = self._most_warps if entry.length is None else ints[entry.length]
            found[entry.name] = max(1, length) * arrays[entry.name].dtype.itemsize
        return found

    @property
    def _most_warps(self) -> int:
        return MOST_BLOCKS * self._device.multiprocessors * BLOCK // WARP

    def _function(self, name: str) -> Function:
        if name not in self._functions:
            self._functions[name] = self._texts.get(self._delayed)[1].function(name)
        return self._functions[name]

    def _call(self, phase: Phase, ints: dict[str, int]) -> _Call:
        """Return a launch with as many blocks as can have work and run at a time.

        Its kernels share the blocks by their work; the numbers go to ``ints``.
        """
        threads = [max(1, _threads(launch, ints)) for launch in phase.parts]
        block = min(BLOCK, max((-(-count // WARP) * WARP for count in threads), default=WARP))
        wanted = [-(-count // block) for count in threads]
        function = self._function(phase.function)
        total, most = sum(wanted), function.resident(block)
        if total > most:
            wanted = [max(1, count * most // total) for count in wanted]
        counts = iter(wanted)
        for turn in phase.turns:
            ints.update(zip(turn.blocks, accumulate(islice(counts, len(turn.blocks)))))
        names = tuple(part.function.removeprefix("k_") for part in phase.parts)
        return _Call(function, max(1, sum(wanted)), block, phase.function, names)

    def run(self, n_ticks: int) -> int:
        """Run up to ``n_ticks`` and return how many were done."""
        bound = self._ready()
        self._stop = False
        tick = bound.memory.arrays[_TICK]
        first = int(tick[0])
        end = first + n_ticks
        while True:
            self._send_arguments(bound)
            control = np.array([0, int(tick[0]), end], np.int64)
            self._device.upload(self._control, control)
            self._launch(bound, end - int(tick[0]))
            self._device.download(self._control, control)
            tick[0] = control[1]
            bound.mirror.written(self._lowered.layout.written)
            if tick[0] >= end or self._stop:
                break
            if not bound.mirror.move_windows(self._lowered.recorders):
                break
        return int(tick[0]) - first

    def _send_arguments(self, bound: _Bound) -> None:
        """Send up the arguments, with where the windows of recorders lie and where these end."""
        pointers, _, ints = self._values
        layout = self._lowered.layout
        for name in self._lowered.recorders:
            window = bound.mirror.window(name)
            pointers[layout.arrays[f"{name}.data"].position] = window.address() % 2**64
            ints[layout.ints[f"{name}.capacity"]] = window.limit
        for place, (buffer, values) in enumerate(
            zip(self._tables, self._views.behind(self._values))
        ):
            sent = self._sent[place]
            if sent is None or sent.tobytes() != values.tobytes():
                self._device.upload(buffer, values)
                self._sent[place] = values.copy()

    def _launch(self, bound: _Bound, n_ticks: int) -> None:
        """Make the launches of ``n_ticks``: from a recording, or one by one if they are few.

        More may be made: ticks beyond the end return at once.
        """
        if self._timed:
            self._launch_timed(bound, n_ticks)
            return
        each = self._device.recorded_ticks
        replays, rest = divmod(n_ticks, each)
        if rest > each // 4:
            replays, rest = replays + 1, 0
        if replays and bound.graph is None:
            bound.launch(bound.calls)  # loads all kernels; the control words forbid a tick yet
            bound.graph = self._device.capture(lambda: bound.launch(bound.calls * each))
        bound.launch((bound.begin,))
        while replays > 0 and bound.graph is not None and not self._stop:
            bound.graph.replay(min(replays, _REPLAYS_PER_CALL))
            replays -= _REPLAYS_PER_CALL
        for _ in range(rest):
            if not self._stop:
                bound.launch(bound.calls)
        bound.launch(bound.end)

    def _launch_timed(self, bound: _Bound, n_ticks: int) -> None:
        """Make the launches one by one and add the time of each to a counter of the memory."""
        device, counters = self._device, _counters(bound)
        bound.launch((bound.begin,))
        for first in range(0, n_ticks, _TIMED_AT_ONCE):
            rows = []
            for _ in range(min(_TIMED_AT_ONCE, n_ticks - first)):
                marks = [device.mark()]
                for call in bound.calls:
                    bound.launch((call,))
                    marks.append(device.mark())
                rows.append(marks)
            for place, counter in enumerate(counters):
                total = sum(device.seconds_between(*marks[place : place + 2]) for marks in rows)
                counter[0] += round(1e9 * total)
            if self._stop:
                break
        bound.launch(bound.end)

    def time_launches(self, n_ticks: int, ahead: int) -> dict[str, float]:
        """Run ticks launch by launch and return the mean seconds of each launch.

        ``ahead`` ticks come before, untimed, so that the device does not wait for the host.
        Raises :class:`simgen.errors.InternalError` if recorders leave no room for all these ticks.
        """
        bound = self._ready()
        tick, device = bound.memory.arrays[_TICK], self._device
        self._send_arguments(bound)
        control = np.array([0, int(tick[0]), int(tick[0]) + n_ticks + ahead], np.int64)
        end = int(control[2])
        device.upload(self._control, control)
        self._launch(bound, ahead - ahead % device.recorded_ticks)
        bound.launch(bound.calls * (ahead % device.recorded_ticks))
        rows = []
        for _ in range(n_ticks):
            marks = [device.mark()]
            for call in bound.calls:
                bound.launch((call,))
                marks.append(device.mark())
            rows.append(marks)
        bound.launch(bound.end)
        device.download(self._control, control)
        tick[0] = control[1]
        bound.mirror.written(self._lowered.layout.written)
        if tick[0] != end:
            raise InternalError(f"only {int(tick[0])} of {end} ticks were made")
        found = {}
        for place, call in enumerate(bound.calls):
            total = sum(device.seconds_between(*marks[place : place + 2]) for marks in rows)
            found[call.title] = total / n_ticks
        return found

    def request_stop(self) -> None:
        """Make a run under way end soon, after a tick."""
        self._stop = True


def _count_work(layout: Layout, memory: Memory) -> None:
    """Give the memory counters for kernels that only this target has."""
    for name in layout.arrays:
        if name.endswith(worked_of("")):
            memory.arrays.setdefault(name, np.zeros(1, np.int64))


def _counters(bound: _Bound) -> list[npt.NDArray[np.int64]]:
    """Return the arrays of the memory that count the time of each launch."""
    arrays: Any = bound.memory.arrays
    names = [nanoseconds_of(JOINED.join(call.kernels)) for call in bound.calls]
    return [arrays.setdefault(name, np.zeros(1, np.int64)) for name in names]


def _threads(launch: Launch, ints: dict[str, int]) -> int:
    per = ints[launch.per] if isinstance(launch.per, str) else launch.per
    return ints[launch.size] * per


class CudaTarget:
    """Runs programs as CUDA on a GPU, or emulated on the processor."""

    name = "cuda"
    is_remote = True

    def __init__(self, options: Options, device: Device | None = None) -> None:
        self._options = options
        self._device = device or open_device(options)
        self._built: dict[Program, Texts] = {}
        self._lock = threading.Lock()

    def bandwidth(self) -> float:
        """Return the bytes a second of the device's memory, NaN where it is emulated."""
        return self._device.bandwidth()

    def prepare(self, memory: Memory) -> None:
        """Let arrays of another memory stay where they are on the device."""
        DeviceMirror.of(memory, self._device)

    def build(self, program: Program) -> CudaExecutable:
        """Return an executable of ``program``; equal programs are compiled once."""
        with self._lock:
            known = self._built.get(program)
            if known is None:
                known = self._built[program] = Texts(program, self._options, self._device)
        return CudaExecutable(known, self._device, self._options.profile)


def open_device(options: Options) -> Device:
    """Return the device that the options ask for; one object for all that ask for the same.

    Raises :class:`DeviceError`, naming what is missing, where there is no such GPU.
    """
    return _emulated() if options.emulate else open_gpu(options.device)


@functools.lru_cache(maxsize=1)
def _emulated() -> Device:
    find_compiler()  # says what is missing
    from simgen.targets.cuda.emulate import open_emulated

    return open_emulated()
