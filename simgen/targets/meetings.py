"""Where the threads of a step must meet, and how many steps they may make between two meetings.

Threads exchange nothing but events if every kernel that runs in parallel touches only what its own
parts own. What a delivery reads of the events was written at least the shortest delay ago, so
threads that are less than that apart need not meet: the delays decide at run time whether they
meet before a delivery (a delay of zero), after every step, or after several.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from simgen.targets.effects import Access, Effects


class Wait(Enum):
    """Whether all threads must have finished what precedes a kernel."""

    NEVER = "never"
    WITHOUT_DELAY = "if a delay is zero"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Meetings:
    """The waits before each kernel, and what is special if several steps are made in between.

    ``several``: threads may make several steps between two meetings. Then the kernels at the
    positions ``later`` (they record events on one thread) catch up after each meeting.
    """

    waits: tuple[Wait, ...]
    several: bool
    later: frozenset[int]


def plan_meetings(effects: Sequence[Effects], *, one_clock: bool) -> Meetings:
    """Return where threads meet in a step; they also meet at its end, or after several steps.

    Several steps are made only where ``one_clock`` counts them all.
    """
    later = _recording_kernels(effects)
    rest = [effect for position, effect in enumerate(effects) if position not in later]
    several = one_clock and not _any_conflict(rest)
    waits = _waits(effects, later if several else frozenset())
    return Meetings(waits, several, later if several else frozenset())


class _Uses:
    """What kernels use, by its name: few of many kernels use the same."""

    def __init__(self) -> None:
        self._by_name: dict[str, set[Access]] = {}

    def add(self, effect: Effects) -> None:
        for access in effect.accesses:
            self._by_name.setdefault(access.name, set()).add(access)

    def conflict(self, effect: Effects, *, delayed: bool) -> bool:
        """Whether threads must meet before a kernel, because of events that come with a delay."""
        return any(
            mine.conflicts(theirs) and (mine.delayed or theirs.delayed) == delayed
            for theirs in effect.accesses
            for mine in self._by_name.get(theirs.name, ())
        )


def _any_conflict(effects: Sequence[Effects]) -> bool:
    """Whether threads must meet between any two kernels, were there no delays."""
    before = _Uses()
    for effect in effects:
        if before.conflict(effect, delayed=False):
            return True
        before.add(effect)
    return False


def _waits(effects: Sequence[Effects], later: frozenset[int]) -> tuple[Wait, ...]:
    since_always, since_any = _Uses(), _Uses()
    waits = []
    for position, effect in enumerate(effects):
        wait = Wait.NEVER
        if position in later:
            waits.append(wait)
            continue
        if since_always.conflict(effect, delayed=False):
            wait = Wait.ALWAYS
            since_always, since_any = _Uses(), _Uses()
        elif since_any.conflict(effect, delayed=True):
            wait = Wait.WITHOUT_DELAY
            since_any = _Uses()
        since_always.add(effect)
        since_any.add(effect)
        waits.append(wait)
    return tuple(waits)


def _recording_kernels(effects: Sequence[Effects]) -> frozenset[int]:
    """Return the kernels on one thread that read events and share nothing else with the others."""
    later = {
        position
        for position, effect in enumerate(effects)
        if not effect.split and not any(access.delayed for access in effect.accesses)
    }
    while True:
        shared: dict[str, bool] = {}
        for position, effect in enumerate(effects):
            for access in () if position in later else effect.accesses:
                shared[access.name] = shared.get(access.name, False) or access.writes
        bound = {position for position in later if _is_bound(effects[position], shared)}
        if not bound:
            return frozenset(later)
        later -= bound


def _is_bound(effect: Effects, shared: dict[str, bool]) -> bool:
    """Whether a kernel must run at its place: ``shared`` tells what others use, and if they write.

    The events of a step stay as they are for as many steps as threads may be apart.
    """
    return any(
        access.name in shared
        and (access.writes or shared[access.name])
        and (access.writes or not access.name.endswith(".events"))
        for access in effect.accesses
    )
