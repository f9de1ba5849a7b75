"""What a target is.

It turns a :class:`~simgen.ir.kernel.Program` into something that runs on memory.

Memory is flat and named, so that every target binds it in the same way:

====================================  ======================================================
``arrays[<array>]``                   state and tables, dtype by the array, at least its length
``arrays[<events>.ids]``              u32 (depth, length): slot ``step % depth``; the part p of
                                      the elements writes from column ``bounds[p]`` on
``arrays[<events>.counts]``           i64 (depth, n_parts): events per slot and part
``arrays[<kept>]``                    what events take along, read at EVENT: an entry for each slot
                                      and element (``slot * length + element``), flat
``arrays[<length>.bounds]``           i64 (n_parts + 1): the elements each part owns, for every
                                      length that is the size of a group
``arrays[<store>.row_start]``         u64 (n_parts * n_rows + 1): storage positions; the row of
                                      part p and source row r is ``p * n_rows + r``
``arrays[<store>.targets]``           u32 (n): absolute target indices in storage order
``arrays[<store>.bounds]``            dense16/dense32: u16/u32 (rows, n_classes + 1), row-relative
``arrays[<store>.pair_start]``        compact: u64 (rows + 1) into the pairs
``arrays[<store>.pair_class]``        compact: u32, ascending within a row
``arrays[<store>.pair_begin]``        compact: u32, row-relative begin of that class
``arrays[<index>.positions]``         u32 (u64 if wide) (n): storage positions in the order of an
                                      index; its bounds and ``.n_classes`` are named as a store's
``arrays[<store>.col_start]``         u64 (length of the target group + 1)
``arrays[<store>.col_pos]``           u32 (u64 if wide): storage positions, in the order of their
                                      visits, ascending where code cannot see it
``arrays[<store>.col_src]``           u32: absolute source indices, parallel to col_pos
``arrays[<store>.segment_list_pos]``  u32 (u64 if wide): positions of each (row, class) in the
                                      order of their visits, ``.segment_list_start`` u64 (n_rows *
                                      n_classes + 1) into them; also ``.row_list`` by rows alone
``arrays[<store>.whole_list_pos]``    all positions in the order of their visits, ``_src`` u32 the
                                      absolute source of each
``arrays[<recorder>.data]``           the recorder's buffer, 1-D
``arrays[<recorder>.used]``           i64 (1): values appended so far
``arrays[tick]``                      i64 (1): the present tick; a clock is due where the tick is
                                      a multiple of ``ints[period_<clock>]``, its step the quotient
``arrays[<kernel>.nanoseconds]``      i64 (1): what the kernel has taken, in profiled programs; on
                                      devices that launch several at once the names of all,
                                      ``JOINED``, and the array is made by the target
``arrays[<kernel>.worked]``           i64 (1): elements, events or synapses that it has worked on,
                                      in profiled programs; of the first thread, as the time is
``ints[<length>]``                    sizes, by the names used in the IR
``ints[<events>.depth]``              slots of the ring: the longest delay in steps plus one, more
                                      where parts may be several steps apart
``ints[<events>.n_kept]``             slots times elements
``ints[steps_together]``              the steps that parts may make before they meet: at most the
                                      shortest delay, 0 where one is zero; 1 for one part
``ints[<store>.n_rows]``              rows per part; also ``.n_classes`` and ``.source_start``
``ints[<recorder>.capacity]``         length of the buffer; ``.need`` is the most a tick appends
``ints[<parameter>]``                 parameters of integer and boolean type (U64 keys as i64 bits)
``reals[<parameter>]``                parameters of floating type
====================================  ======================================================
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from simgen.ir.kernel import Program

AnyArray = npt.NDArray[np.generic]
STEPS_TOGETHER = "steps_together"
JOINED = "+"


def worked_of(kernel: str) -> str:
    """Return the name of the count of what a kernel has worked on, in profiled programs."""
    return f"{kernel}.worked"


def nanoseconds_of(kernel: str) -> str:
    """Return the name of the array that counts the time of a kernel."""
    return f"{kernel}.nanoseconds"


@dataclass(frozen=True, slots=True)
class SkipRule:
    """Rows that take each of ``n_target`` targets with one probability: geometric skips.

    ``scale`` is 1 / log(1 - p); ``skip_self`` leaves out the target with the row's number; rows
    are numbered from ``first_row`` on.
    """

    n_target: int
    key: int
    scale: float
    skip_self: bool
    first_row: int = 0


@dataclass(frozen=True, slots=True)
class DrawRule:
    """Rows of uniform draws from ``n_target`` targets.

    ``distinct``: none is drawn twice for a row; ``skip_self`` leaves out the target with the row's
    number; ``ordered``: they ascend.
    """

    n_target: int
    key: int
    distinct: bool
    skip_self: bool
    ordered: bool = True


@dataclass(frozen=True, slots=True)
class DelayClasses:
    """The array of the delays of all synapses in seconds, and all that occur, in steps of dt."""

    seconds: str
    dt: float
    steps: npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class SegmentArrays:
    """The arrays that bound segments: dense ``bounds``, or the others; see the module's table."""

    bounds: str | None = None
    pair_start: npt.NDArray[np.uint64] | None = None
    pair_class: str | None = None
    pair_begin: str | None = None


MOST_STEPS = 1 << 15  # between the shortest and the longest delay that Connector.sort takes


class Connector(Protocol):
    """Makes rows of synapses in the memory of a device, and sorts them there by delay.

    Arrays are named as in the memory. Those that are made need an array of the host, of which only
    type and size count: the device alone has the values. All raise MemoryLimitError without room.
    """

    def every(
        self, targets: str, row_start: npt.NDArray[np.uint64], first: int, skip_self: bool
    ) -> None:
        """Make rows of all targets from ``first`` on, without that of the row's own number."""

    def count_skips(self, n_rows: int, rule: SkipRule) -> npt.NDArray[np.uint64]:
        """Return the sizes of the rows of :meth:`fill_skips`."""

    def fill_skips(
        self, targets: str, row_start: npt.NDArray[np.uint64], first: int, rule: SkipRule
    ) -> None:
        """Make the rows of a rule; targets are numbered from ``first``."""

    def draw(
        self, targets: str, row_start: npt.NDArray[np.uint64], first: int, rule: DrawRule
    ) -> None:
        """Make rows of draws, as many as fit; targets are numbered from ``first``."""

    def rank(self, targets: str, row_start: npt.NDArray[np.uint64], ranks: str | None) -> int:
        """Make the number of each target among its equals in its row, unless that has no name.

        Rows ascend. Returns the highest of these numbers: 0 where no target repeats.
        """

    def put_back(self, targets: str, order: str, name: str) -> None:
        """Make an array of targets as they were before :meth:`sort`, which made the order."""

    def count_chosen(
        self, row_start: npt.NDArray[np.uint64], chosen: str
    ) -> npt.NDArray[np.uint64]:
        """Return how many synapses of each row are chosen, of which an array of booleans says."""

    def fill_chosen(
        self,
        targets: str,
        row_start: npt.NDArray[np.uint64],
        given: str,
        chosen: str,
        new_start: npt.NDArray[np.uint64],
    ) -> None:
        """Write those that are chosen of the ``given`` ones to where their rows start."""

    def delay_limits(self, delays: str) -> tuple[float, float]:
        """Return the smallest and the largest delay; the largest is negative if any is."""

    def delays_present(self, delays: str, dt: float, low: int) -> npt.NDArray[np.uint32]:
        """Return the delays that occur in steps, ascending: from ``low`` on, below MOST_STEPS."""

    def count_pairs(
        self, row_start: npt.NDArray[np.uint64], delays: DelayClasses
    ) -> npt.NDArray[np.uint64]:
        """Return how many different delays each row has."""

    def sort(
        self,
        row_start: npt.NDArray[np.uint64],
        delays: DelayClasses,
        segments: SegmentArrays,
        targets: tuple[str, AnyArray],
        order: str,
    ) -> None:
        """Sort the synapses of each row by delay, stably; make the bounds of segments.

        ``targets`` are replaced, so they come with their new array of the host; ``order`` is made:
        where each synapse was.
        """

    def columns(
        self,
        targets: str,
        row_start: npt.NDArray[np.uint64],
        n_columns: int,
        names: tuple[str | None, str | None],
        first_source: int,
    ) -> npt.NDArray[np.uint64]:
        """Make the columns of rows; return where each begins.

        ``names`` are those of the positions and the sources of their entries, as far as wanted.
        """

    def splice(
        self,
        name: str,
        rows: tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]],
        given: tuple[Mirror, str] | float,
    ) -> None:
        """Put the values of some rows to places in an array, which is made if it is not there.

        ``rows`` are where they start in the array ``given``, of another memory on the same device,
        and where each begins in this one. A number stands for an array that has it everywhere.
        """

    def narrow(self, targets: str, data: AnyArray) -> None:
        """Replace targets by those of 16 bits each; ``data`` is their new array of the host."""

    def gather(self, name: str, order: str, data: AnyArray) -> None:
        """Put the values of an array into an order; ``data`` is its new array of the host."""


class Mirror(Protocol):
    """The arrays as a device has them, where it has memory of its own."""

    def fetch(self, name: str | None = None) -> None:
        """Bring one array of the host up to date, or all that are not asked for by name."""

    def changed(self) -> None:
        """Take note that arrays of the host may have been written."""

    def is_finite(self, name: str, start: int = 0, stop: int | None = None) -> bool:
        """Whether the device alone has the newest values of an array, and all are finite.

        With ``start`` and ``stop`` only those of that span are looked at.
        """

    def is_within(self, name: str, span: tuple[int, int], limits: tuple[int, int]) -> bool:
        """Whether the 64-bit integers of a span on the device lie between limits, which count."""

    def adopt(self, name: str, other: Mirror) -> bool:
        """Share another memory's place of an array, if it is on the same device and this has none.

        Returns whether both have one place.
        """

    def place(self, name: str) -> None:
        """Have a place on the device for ``store``; raises MemoryLimitError without room."""

    def store(self, name: str, values: str, chosen: str | None, start: int, stop: int) -> None:
        """Copy values from array to array on the device, where ``chosen`` is true if given."""

    def keep(self, names: Collection[str]) -> None:
        """Give up the places of all arrays but some."""

    def send(self, name: str) -> None:
        """Send up one array now, if the host has written it, not before the next run."""

    def holds(self, name: str) -> bool:
        """Whether the device has a copy of a named array."""

    def view(self, name: str) -> Any:
        """Return an array of the device's own library that shares the memory of a named one."""

    def connector(self) -> Connector:
        """Return what makes rows of synapses among these arrays."""


@dataclass(slots=True)
class Memory:
    """The named values a program runs on; see the module's table.

    ``mirror`` is set by targets whose devices have memory of their own: what such a program wrote
    is in ``arrays`` after :meth:`fetch`, except ``tick`` and recorders, which always are. Some
    arrays are asked for one by one, because they may be large: ``counters`` holds for each how
    often the host, or another network, may have written it. What the host has of ``unset`` arrays
    counts for nothing: the device writes them before anybody reads them.
    """

    arrays: dict[str, AnyArray] = field(default_factory=dict)
    ints: dict[str, int] = field(default_factory=dict)
    reals: dict[str, float] = field(default_factory=dict)
    n_parts: int = 1
    mirror: Mirror | None = field(default=None, compare=False, repr=False)
    unset: set[str] = field(default_factory=set, compare=False, repr=False)
    counters: dict[str, Callable[[], int]] = field(default_factory=dict, compare=False, repr=False)

    def fetch(self, name: str | None = None) -> None:
        """Bring arrays up to date, before the host reads or writes them."""
        if self.mirror is not None:
            self.mirror.fetch(name)

    def claim(self) -> None:
        """Bring to the host what another network wrote that shares some of the arrays."""
        for counter in self.counters.values():
            if counter is not int:  # which stands for what nobody writes
                counter()

    def changed(self) -> None:
        """Say that the host may have written arrays, except those that are counted."""
        if self.mirror is not None:
            self.mirror.changed()


class Executable(Protocol):
    """A program made ready by a target."""

    @property
    def source(self) -> str:
        """The generated text, empty where there is none."""

    def bind(self, memory: Memory) -> None:
        """Look up everything the program uses; called again when an array was reallocated."""

    def run(self, n_ticks: int) -> int:
        """Run up to ``n_ticks`` and return how many were done.

        Fewer are done when a recorder lacks room for its next tick, or after :meth:`request_stop`.
        """

    def request_stop(self) -> None:
        """Make a run under way (in another thread or a signal handler) end after its tick."""


class Target(Protocol):
    """A way of running programs."""

    @property
    def name(self) -> str:
        """The name that users choose it by."""

    @property
    def is_remote(self) -> bool:
        """Whether programs run on memory of a device's own."""

    def bandwidth(self) -> float:
        """Return the bytes a second that memory gives it, NaN where that is no measure of it."""

    def prepare(self, memory: Memory) -> None:
        """Give a memory what belongs to the device, before arrays are bound to it."""

    def build(self, program: Program) -> Executable:
        """Turn a program into an executable; compiles at most once for equal programs."""
