"""What the objects of a network have to know of each other before they make kernels."""

from __future__ import annotations

from dataclasses import dataclass

from simgen.ir.expr import Array


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """Facts gathered from the resolved code of all objects.

    ``changing``: arrays that any code may write during a run. ``observed``: arrays that code
    outside the object that owns them reads or writes. ``scripted``: Python code runs between steps
    and may see anything. ``optimize``: the level of optimisation.
    """

    changing: frozenset[Array]
    observed: frozenset[Array]
    scripted: bool
    optimize: int
