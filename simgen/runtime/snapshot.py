"""The logical state of a network: what it must know to go on, and nothing of how it is laid out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.errors import StateFileError

AnyArray = npt.NDArray[Any]
# name of an array -> dtype and number of values (None: any)
Layout = Mapping[str, tuple[np.dtype[Any], int | None]]


@dataclass(frozen=True, slots=True)
class Kept:
    """Named facts (numbers, texts and lists of them) and arrays (1-D) of an object.

    What comes from a file may be anything: the methods raise StateFileError where something is
    missing or of another kind. ``what`` names the object in messages.
    """

    what: str
    facts: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, AnyArray] = field(default_factory=dict)

    def _fact(self, name: str) -> Any:
        if name not in self.facts:
            raise StateFileError(f"The stored state of {self.what} lacks '{name}'.")
        return self.facts[name]

    def text(self, name: str) -> str:
        """Return a text."""
        value = self._fact(name)
        if not isinstance(value, str):
            raise self._wrong(name, value)
        return value

    def integer(self, name: str) -> int:
        """Return an integer."""
        value = self._fact(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._wrong(name, value)
        return value

    def flag(self, name: str) -> bool:
        """Return a truth value."""
        value = self._fact(name)
        if not isinstance(value, bool):
            raise self._wrong(name, value)
        return value

    def number(self, name: str) -> float:
        """Return a finite number."""
        value = self._fact(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
            raise self._wrong(name, value)
        return float(value)

    def table(self, name: str) -> dict[str, Any]:
        """Return a table of further facts."""
        value = self._fact(name)
        if not isinstance(value, dict):
            raise self._wrong(name, value)
        return value

    def part(self, name: str, what: str | None = None) -> Kept:
        """Return a table as facts, with the arrays whose names begin with ``name`` and a slash."""
        return Kept(
            self.what if what is None else what,
            self.table(name),
            {
                key.removeprefix(f"{name}/"): values
                for key, values in self.arrays.items()
                if key.startswith(f"{name}/")
            },
        )

    def array(self, name: str, dtype: Any, size: int | None = None) -> AnyArray:
        """Return an array of a dtype (and size)."""
        values = self.arrays.get(name)
        if values is None:
            raise StateFileError(f"The stored state of {self.what} lacks the array '{name}'.")
        if values.dtype != dtype or values.ndim != 1 or size not in (None, values.size):
            raise StateFileError(
                f"The array '{name}' in the stored state of {self.what} is {values.dtype} of "
                f"shape {values.shape}, which it cannot be."
            )
        return values

    def numbers(self, name: str, size: int) -> AnyArray:
        """Return an array of numbers or truth values, of a size."""
        values = self.arrays.get(name)
        kind = np.float64 if values is None or values.dtype.kind not in "fib" else values.dtype
        return self.array(name, kind, size)

    def _wrong(self, name: str, value: Any) -> StateFileError:
        return StateFileError(f"'{name}' in the stored state of {self.what} is {value!r}.")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a network at one moment: of itself, and of its objects by name."""

    network: Kept
    objects: dict[str, Kept]


def with_parts(kept: Kept, **parts: Kept) -> Kept:
    """Return ``kept`` with further ones under names, as :meth:`Kept.part` gives them back."""
    facts, arrays = dict(kept.facts), dict(kept.arrays)
    for name, part in parts.items():
        facts[name] = part.facts
        arrays.update({f"{name}/{key}": values for key, values in part.arrays.items()})
    return Kept(kept.what, facts, arrays)


def misfits(kept: Kept, prefix: str, layout: Layout) -> Iterator[str]:
    """Yield what keeps the arrays under a prefix from filling variables, a sentence for each."""
    for name, (dtype, size) in layout.items():
        values = kept.arrays.get(f"{prefix}{name}")
        if values is None:
            yield f"{kept.what} has '{name}', which was not stored."
        elif values.dtype != dtype:
            hint = " (choose the precision by set_device)" if dtype.kind == "f" else ""
            yield (f"'{name}' of {kept.what} is {dtype}, but was stored as {values.dtype}{hint}.")
        elif values.ndim != 1 or size not in (None, values.size):
            yield f"'{name}' of {kept.what} has {size} values, but {values.size} were stored."
    for key in kept.arrays:
        name = key.removeprefix(prefix)
        if key.startswith(prefix) and name not in layout:
            yield f"{kept.what} has no '{name}', which was stored."
