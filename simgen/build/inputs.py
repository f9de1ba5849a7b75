"""Inputs without connections to kernels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from simgen.build.neurons import elements
from simgen.dtypes import DType
from simgen.ir.construct import binary, cast
from simgen.ir.expr import ELEMENT, Array, Expr, Param, RandomDraw
from simgen.ir.kernel import Item, Kernel
from simgen.ir.stmt import Accumulate, If, Stmt
from simgen.model.description import GroupDescription


@dataclass(frozen=True, slots=True)
class PoissonDrive:
    """Adds Binomial(n, p) * weight to ``array`` at every step."""

    name: str
    text: str
    group: GroupDescription
    slot: str
    order: int
    array: Array
    n: Param
    p: Param
    weight: Expr
    gate: Expr | None
    key: Param
    draw: int


def drive_items(drive: PoissonDrive) -> Iterable[Item]:
    """Yield the kernel of a PoissonInput."""
    count = RandomDraw("binomial", (drive.n, drive.p), drive.key, drive.draw)
    amount = binary("*", cast(count, DType.REAL), drive.weight)
    stmt: Stmt = Accumulate(drive.array, ELEMENT, "+", amount)
    if drive.gate is not None:
        stmt = If(drive.gate, (stmt,))
    kernel = Kernel(
        drive.name, elements(drive.group), (stmt,), drive.group.clock, comment=drive.text
    )
    yield Item(drive.slot, drive.order, drive.name, kernel)
