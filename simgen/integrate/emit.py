"""From new values to statements: stages, gates, noise and simultaneous assignment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from simgen.integrate.algebra import multiply
from simgen.integrate.model import Ode, OdeSystem
from simgen.integrate.rewrite import share_calls
from simgen.ir.construct import call, cast
from simgen.ir.expr import Expr, Local, Select
from simgen.ir.stmt import Let, Stmt, Store
from simgen.ir.visit import children, walk


class Body:
    """The lets of an update in the making: ``bind`` names a value, ``finish`` assigns results."""

    def __init__(self, system: OdeSystem) -> None:
        self.system = system
        self.lets: list[Let] = []
        self._root: Local | None = None
        self._gates: dict[Expr, Expr] = {}
        for gate in dict.fromkeys(ode.gate for ode in system.odes if ode.gate is not None):
            # A gate is read once: what it depends on may be a variable that is overwritten.
            stays = not children(gate) and gate not in system.states
            self._gates[gate] = gate if stays else self.bind(f"gate{len(self._gates) + 1}", gate)

    def bind(self, name: str, value: Expr) -> Local:
        """Add ``let prefix_name = value`` and return the local."""
        local = Local(f"{self.system.prefix}{name}", value.dtype)
        self.lets.append(Let(local, value))
        return local

    def gated(self, ode: Ode, value: Expr, otherwise: Expr) -> Expr:
        """Return ``value``, or ``otherwise`` where the gate of the equation is closed."""
        return value if ode.gate is None else self.where(ode.gate, value, otherwise)

    def where(self, gate: Expr, value: Expr, otherwise: Expr) -> Expr:
        """Return ``value`` where a gate of the system is open, else ``otherwise``."""
        return Select(self._gates[gate], value, otherwise)

    def stage(self, name: str, values: Iterable[Expr]) -> dict[Expr, Expr]:
        """Bind intermediate values, one per equation; return what replaces each state variable.

        Gated variables stand still where their gate is closed.
        """
        return {
            ode.target: self.bind(f"{name}_{ode.name}", self.gated(ode, value, ode.target))
            for ode, value in zip(self.system.odes, values)
        }

    def noise(self) -> dict[str, Expr]:
        """Bind the increment sqrt(dt) * xi of each noise source; one sample per name and step."""
        names = dict.fromkeys(name for ode in self.system.odes for name, _ in ode.noise)
        if not names:
            return {}
        root = self.root_of_dt()
        return {
            name: self.bind(f"d{name}", multiply(root, self.system.draw(name))) for name in names
        }

    def root_of_dt(self) -> Expr:
        """Return sqrt(dt), bound once."""
        if self._root is None:
            self._root = self.bind("sqrt_dt", call("sqrt", self.system.step_width))
        return self._root

    def finish(self, values: Mapping[int, Expr]) -> tuple[Stmt, ...]:
        """Return all statements; ``values`` are the new values by number of the equation."""
        odes = self.system.odes
        gated = {
            row: self.gated(odes[row], value, odes[row].target) for row, value in values.items()
        }
        return assign(odes, gated, self.lets, self.system.prefix)


def assign(
    odes: Sequence[Ode], values: Mapping[int, Expr], lets: Sequence[Let], prefix: str
) -> tuple[Stmt, ...]:
    """Return lets and stores that assign ``values`` (by number of the equation) at once.

    A value is bound first where it reads a variable that an earlier store has overwritten.
    """
    bound = list(lets)
    stores: list[Store] = []
    written: set[Expr] = set()
    for number, value in values.items():
        ode = odes[number]
        if any(node in written for node in walk(value)):
            local = Local(f"{prefix}new_{ode.name}", value.dtype)
            bound.append(Let(local, value))
            value = local
        stored = cast(value, ode.target.dtype)
        stores.append(Store(ode.target.array, ode.target.index, stored, ode.origin))
        written.add(ode.target)
    return share_calls((*bound, *stores), prefix)
