"""What the kernels of the device have in common: their head, their launch, and atomic updates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from simgen.ir.expr import Array, IndexKind
from simgen.ir.kernel import Clock, Kernel
from simgen.ir.stmt import Accumulate, Store
from simgen.targets.body import BodyPrinter
from simgen.targets.cstyle import mangle, stored_type
from simgen.targets.cuda.order import Order, Plan
from simgen.targets.frame import Frame, open_kernel
from simgen.targets.scope import Layout

WARP, BLOCK = 32, 256  # threads; as in templates/cuda/head.cu.j2
ONE = "one"  # the size that is always 1
PARITIES = ("even", "odd")  # of steps
_ATOMIC = {
    **{"+": "sg_atomic_add", "*": "sg_atomic_multiply"},
    **{"min": "sg_atomic_min", "max": "sg_atomic_max"},
}
_ATOMIC_WHOLE = {"+": "sg_atomic_whole_sum", "*": "sg_atomic_whole_product"}


@dataclass(frozen=True, slots=True)
class Launch:
    """A kernel of the module and how many threads can have work: ``per`` for each of ``size``.

    Names stand for integer arguments, so that the grid is known when memory is bound.
    """

    function: str
    size: str = ONE
    per: int | str = 1


@dataclass(frozen=True, slots=True)
class Scratch:
    """An array of the device alone: ``length`` entries (an integer argument), zeroed at first.

    Without a length there is one entry for each warp that a launch can have.
    """

    name: str
    c_type: str
    length: str | None


@dataclass(frozen=True, slots=True)
class Head:
    """What ``head.cu.j2`` shows."""

    name: str
    doc: tuple[str, ...]
    clock: tuple[str, ...]
    declarations: tuple[str, ...]
    prologue: tuple[str, ...]


@dataclass(slots=True)
class Module:
    """What is gathered while the kernels of a program are lowered."""

    layout: Layout
    single: Clock | None
    scratch: dict[str, Scratch] = field(default_factory=dict)

    def open(self, kernel: Kernel, indices: dict[IndexKind, str], plan: Plan) -> Frame:
        """Open a kernel for lowering; what its plan sums apart has the name of the sums."""
        frame = open_kernel(kernel, self.layout, indices)
        frame.scope.elsewhere.update(
            {array.name: mangle("sums", array.name) for array in plan.into}
        )
        return frame

    def keep(self, frame: Frame, name: str, c_type: str, length: str | None) -> str:
        """Return the C name of an array of the device alone, which the kernel writes."""
        self.scratch[name] = Scratch(name, c_type, length)
        return frame.scope.buffer(name, c_type, written=True)

    def sums(self, frame: Frame, array: Array, step: str) -> str:
        """Return the line that binds an input's sums of a step."""
        kind = stored_type(array.dtype, frame.scope.layout.real)
        even, odd = (
            self.keep(frame, sums_name(array.name, parity), kind, array.length)
            for parity in PARITIES
        )
        name = mangle("sums", array.name)
        return f"{kind} *const {name} = (({step}) & 1) == 0 ? {even} : {odd};"

    def head(self, kernel: Kernel, frame: Frame, plan: Plan, setup: Iterable[str] = ()) -> Head:
        """Return the head of a kernel; to be called when all else is printed."""
        alone = ("if (!sg_is_first_thread(grid)) return;",) if plan.order is Order.SERIAL else ()
        sums = tuple(self.sums(frame, array, "step") for array in plan.into)
        return Head(
            name=frame.name,
            doc=frame.doc,
            clock=(*self.clock_lines(kernel.clock), *alone),
            declarations=frame.scope.declarations(),
            prologue=(*frame.prologue, *setup, *sums),
        )

    def clock_lines(self, clock: Clock) -> tuple[str, ...]:
        """Return the lines that form the step, and leave the kernel if its clock is not due."""
        if clock == self.single:
            return ("const int64_t step = tick;",)
        period = f"S->ints[{self.layout.int_argument(f'period_{clock.name}')}]"
        return (
            f"if (tick % {period} != 0) return;",
            f"const int64_t step = tick / {period};",
        )


def sums_name(array: str, parity: str) -> str:
    """Return the name of the sums of even or odd steps for an input."""
    return f"{array}.sums.{parity}"


def printer_of(frame: Frame, plan: Plan) -> BodyPrinter:
    """Return the printer of a kernel's statements, whose shared updates are atomic."""

    def accumulate(stmt: Accumulate, place: str, value: str) -> str | None:
        if stmt.array.name not in plan.atomic:
            return None
        names = _ATOMIC if stmt.beyond is None else _ATOMIC_WHOLE
        return f"{names[stmt.op]}(&{place}, {value});"

    def store(stmt: Store, place: str, value: str) -> str | None:
        if stmt.array.name not in plan.atomic:
            return None
        kind = stored_type(stmt.array.dtype, frame.scope.layout.real)
        return f"*(volatile {kind} *)&{place} = {value};"  # all threads write the same

    return BodyPrinter(frame.scope, accumulate=accumulate, store=store)
