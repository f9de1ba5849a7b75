"""What integrators take and give: equations in, update statements and derived values out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from simgen.dtypes import DType
from simgen.errors import Origin
from simgen.ir.construct import cast
from simgen.ir.expr import (
    Array,
    Expr,
    Gather,
    IndexKind,
    IndexValue,
    Load,
    Local,
    Param,
    RandomDraw,
    Step,
    Time,
)
from simgen.ir.stmt import Stmt
from simgen.ir.visit import children, walk

Values = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Ode:
    """d(target)/dt = rhs + sum of coefficient * xi_name, per second in SI numbers.

    ``gate`` is the condition of ``unless refractory``: where it is false the target stands still.
    ``name`` is the user's name of the variable, for messages and generated names.
    """

    target: Load
    rhs: Expr
    name: str
    noise: tuple[tuple[str, Expr], ...] = ()
    gate: Expr | None = None
    origin: Origin | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class OdeSystem:
    """The equations that one kernel advances together.

    ``changing`` are the arrays that any code of the network may write during a run: a ``Load`` of
    another array keeps its value for the whole run. ``draw`` returns the standard normal sample
    of the noise of a name; it is called once per name. ``prefix`` makes generated names unique.
    """

    odes: tuple[Ode, ...]
    changing: frozenset[Array]
    dt: Param
    draw: Callable[[str], RandomDraw]
    prefix: str

    @property
    def states(self) -> tuple[Load, ...]:
        """The state variables in the order of the equations."""
        return tuple(ode.target for ode in self.odes)

    @property
    def step_width(self) -> Expr:
        """The time step in seconds, as REAL."""
        return cast(self.dt, DType.REAL)

    def has_state(self, expr: Expr) -> bool:
        """Whether ``expr`` reads one of the state variables."""
        states = self.states
        return any(isinstance(node, Load) and node in states for node in walk(expr))

    def is_constant(self, expr: Expr) -> bool:
        """Whether ``expr`` keeps its value, for each element, during a run."""
        written = self.changing | {target.array for target in self.states}
        match expr:
            case Load(array=array, index=index):
                return array not in written and index.via not in written
            case Gather(array=array):
                if array in written:
                    return False
            case Time() | Step() | RandomDraw() | Local():
                return False
            case _:
                pass
        return all(self.is_constant(child) for child in children(expr))


@dataclass(frozen=True, slots=True)
class Derived:
    """Values that the host computes in float64 when a run starts.

    Evaluate ``inputs`` with REAL = float64 and hand the arrays to ``compute``; it returns one
    array per target, in order. A ``Param`` target gets a 0-dimensional array, an ``Array`` target
    anything that broadcasts to the array's length. Errors: NumericalError, naming the variable.
    """

    targets: tuple[Param | Array, ...]
    inputs: tuple[Expr, ...]
    compute: Callable[[list[Values]], list[Values]]
    description: str

    @property
    def params(self) -> tuple[Param, ...]:
        """The scalar targets."""
        return tuple(target for target in self.targets if isinstance(target, Param))

    @property
    def arrays(self) -> tuple[Array, ...]:
        """The per-element targets."""
        return tuple(target for target in self.targets if isinstance(target, Array))


@dataclass(frozen=True, slots=True)
class Update:
    """Statements that advance a system by one step; all values are read before any is written."""

    statements: tuple[Stmt, ...]
    derived: tuple[Derived, ...]
    method: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a method cannot integrate a system: full sentences."""

    reasons: tuple[str, ...]


class OwnMethod(ABC):
    """A method of integration that a user made, and gives instead of a name."""

    @abstractmethod
    def integrate(self, system: OdeSystem) -> Update | Refusal:
        """Return the update of a system, or why there is none."""


def is_per_element(expr: Expr) -> bool:
    """Whether ``expr`` may differ between the elements of a kernel."""
    return any(
        isinstance(node, RandomDraw)
        or (isinstance(node, Load | IndexValue) and node.index.kind is not IndexKind.ZERO)
        for node in walk(expr)
    )


def varies_within_step(expr: Expr) -> bool:
    """Whether ``expr`` reads the time itself (tables looked up by time are constant in a step)."""
    if isinstance(expr, Gather):
        return False
    return isinstance(expr, Time) or any(varies_within_step(child) for child in children(expr))
