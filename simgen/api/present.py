"""What code that runs at once finds of an object, whether it is part of a network or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simgen.api.storage import AnyArray
from simgen.ir.kernel import Domain

if TYPE_CHECKING:
    from simgen.api.group import Group


@dataclass(frozen=True, slots=True)
class Present:
    """The whole groups that the code may use, and for synapses how it goes over them.

    ``parts`` is the number into which synapses are sorted; None: any will do. ``tables`` and
    ``values`` are the connectivity.
    """

    groups: tuple[Group, ...]
    walk: Domain | None = None
    parts: int | None = None
    tables: Mapping[str, AnyArray] = field(default_factory=dict)
    values: Mapping[str, float | int] = field(default_factory=dict)
