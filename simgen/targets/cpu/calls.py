"""The calls of a tick: each kernel when its clock is due, with waits in between.

Calls of one function for one kernel after the other become a loop, so that the loop over the ticks
is as short for many equal populations as for a few.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from simgen.ir.kernel import Clock, Kernel
from simgen.targets.cpu.walk_views import JoinedFanOutView
from simgen.targets.meetings import Meetings, Wait
from simgen.targets.shared import SharedKernels

_LONGEST_TURN = 6  # calls that are made for one population after the other: event, marker, ...
_LEAST_TURNS = 3


@dataclass(frozen=True, slots=True)
class Timer:
    """The places of the counters of a kernel's time and, if it is counted here, its work."""

    nanoseconds: int
    worked: int | None


@dataclass(frozen=True, slots=True)
class Turns:
    """What is known of each kernel at its place in a tick.

    ``split``: whether the threads share its work; ``due`` has for each clock its step, and the
    condition, if any, under which it is due; ``timers`` the counters of a kernel's time and work.
    """

    split: tuple[bool, ...]
    meetings: Meetings
    due: Mapping[Clock, tuple[str, str]]
    timers: Mapping[str, Timer]


@dataclass(frozen=True, slots=True)
class _Call:
    """A call as it is written, but for ``view``: the number of the state it is made with."""

    wait: str
    guard: str
    function: str
    view: int | None
    arguments: str
    ahead: str  # what it gathers for later steps; for a view the beginning of an array of these
    first_view: int  # of the function
    timer: Timer | None

    def follows(self, other: _Call, turns: int) -> bool:
        """Whether this is the other call so many views later."""
        if self.view is None or other.view is None or self.view != other.view + turns:
            return False
        return not self.wait and replace(self, view=0) == replace(other, view=0, wait="")

    def text(self, more: str = "") -> str:
        """Return the call, with a view that is the variable ``more`` ahead."""
        state, ahead = "S", ""
        if self.view is not None:
            state = f"S->views + {_sum(self.view, more)}"
        if self.ahead:
            place = "" if self.view is None else f"[{_sum(self.view - self.first_view, more)}]"
            ahead = f", {self.ahead}{place}, ahead - k"
        return self.guard + _timed(
            f"{self.function}({state}, {self.arguments}{ahead});", self.timer
        )


def calls(
    kernels: Sequence[Kernel],
    turns: Turns,
    shared: SharedKernels,
    joined: Mapping[str, JoinedFanOutView],
) -> tuple[str, ...]:
    """Return the lines of a tick."""
    made = [
        _call(kernel, position, turns, shared, joined)
        for position, kernel in enumerate(kernels)
        if position not in turns.meetings.later
    ]
    lines: list[str] = []
    first = 0
    while first < len(made):
        length, count = _repetition(made, first)
        group = made[first : first + length]
        lines += [group[0].wait] if group[0].wait else []
        if count == 1:
            lines.append(group[0].text())
        else:
            lines.append(f"for (int64_t v = 0; v < {count}; ++v) {{")
            lines += [f"  {call.text('v')}" for call in group]
            lines.append("}")
        first += length * count
    return tuple(lines)


def late_call(kernel: Kernel, shared: SharedKernels, timer: Timer | None) -> str:
    """Return the call of a kernel that catches up after threads have met."""
    function, view = shared.calls[kernel.name]
    state = "S" if view is None else f"S->views + {view}"
    return _timed(f"{function}({state}, 0, n_parts, tick);", timer)


def gatherings(joined: Mapping[str, JoinedFanOutView], shared: SharedKernels) -> tuple[str, ...]:
    """Return the declarations of what kernels gather for later steps."""
    lines: dict[str, str] = {}
    for name, view in joined.items():
        function, number = shared.calls[name]
        size = "" if number is None else f"[{len(shared.members[function])}]"
        ahead = _gathered(function, view, shared, joined)
        lines.setdefault(ahead, f"sg_ahead<{view.targets_type}> {ahead}{size};")
    return tuple(lines.values())


def _gathered(
    function: str,
    view: JoinedFanOutView,
    shared: SharedKernels,
    joined: Mapping[str, JoinedFanOutView],
) -> str:
    """Return the name of what a kernel gathers, or of the array of that of its function."""
    members = shared.members.get(function)
    return (joined[members[0]] if members else view).ahead


def _call(
    kernel: Kernel,
    position: int,
    turns: Turns,
    shared: SharedKernels,
    joined: Mapping[str, JoinedFanOutView],
) -> _Call:
    split, wait = turns.split[position], turns.meetings.waits[position]
    step, due = turns.due[kernel.clock]
    conditions = [due] if due else []
    conditions += [] if split else ["thread == 0"]
    meeting = ""
    if wait is not Wait.NEVER:
        short = "if (together == 0) " if wait is Wait.WITHOUT_DELAY else ""
        meeting = f"{short}sg_wait(barrier, n_threads);"
    function, view = shared.calls[kernel.name]
    ahead = ""
    if kernel.name in joined:
        ahead = _gathered(function, joined[kernel.name], shared, joined)
    first_view = 0 if view is None else shared.calls[shared.members[function][0]][1] or 0
    return _Call(
        meeting,
        f"if ({' && '.join(conditions)}) " if conditions else "",
        function,
        view,
        f"{'first_part, last_part' if split else '0, n_parts'}, {step}",
        ahead,
        first_view,
        turns.timers.get(kernel.name),
    )


def _sum(number: int, variable: str) -> str:
    """Return the text of a sum, without a zero that adds nothing."""
    return " + ".join(str(term) for term in (number, variable) if term) or "0"


def _repetition(made: Sequence[_Call], first: int) -> tuple[int, int]:
    """Return how many calls from ``first`` on repeat with later views, and how often."""
    for length in range(1, min(_LONGEST_TURN, len(made) - first) + 1):
        count = 1
        while all(
            (place := first + count * length + k) < len(made)
            and made[place].follows(made[first + k], count)
            for k in range(length)
        ):
            count += 1
        if count >= _LEAST_TURNS and not any(
            call.wait for call in made[first + 1 : first + length]
        ):
            return length, count
    return 1, 1


def _timed(call: str, timer: Timer | None) -> str:
    """Return a call that adds the time it takes, and its work, to counters, if there are any."""
    if timer is None:
        return call
    begin = "const int64_t begun = sg_nanoseconds();"
    add = f"*(int64_t *)S->arrays[{timer.nanoseconds}] += sg_nanoseconds() - begun;"
    if timer.worked is not None:
        begin += " sg_worked = 0;"
        add += f" *(int64_t *)S->arrays[{timer.worked}] += sg_worked;"
    return f"{{ {begin} {call} if (thread == 0) {{ {add} }} }}"
