"""A contiguous part of a group; its variables are the group's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simgen.api.checks import index_array
from simgen.api.group import Group
from simgen.api.group_code import RunsCode
from simgen.api.namespaces import Namespace
from simgen.api.placed import Place
from simgen.api.present import Present
from simgen.api.storage import AnyArray
from simgen.dtypes import DType
from simgen.errors import ArgumentTypeError, IndexRangeError, ModelError
from simgen.ir.expr import Array, Param
from simgen.ir.kernel import Clock
from simgen.model.description import GroupDescription, ModelScope
from simgen.model.scope import ConstantScope

if TYPE_CHECKING:
    from simgen.api.component import Component


def slice_bounds(item: Any, size: int, owner: str) -> tuple[int, int]:
    """Return start and stop of a subgroup; steps, gaps and empty parts are refused."""
    if isinstance(item, int | np.integer) and not isinstance(item, bool):
        item = slice(item, item + 1 if item != -1 else None)
    if isinstance(item, list | tuple | range) or (isinstance(item, np.ndarray) and item.ndim):
        indices = index_array(list(item) if isinstance(item, tuple) else item, owner)
        item = _slice_of(indices, owner) if indices.size else item
    if not isinstance(item, slice):
        raise ArgumentTypeError(
            f"A part of {owner} is taken by a slice, as in group[:10], or by successive indices, "
            f"not by {item!r}."
        )
    if item.step not in (None, 1):
        raise ArgumentTypeError(f"A part of {owner} must be contiguous: no step in the slice.")
    for bound in (item.start, item.stop):
        if bound is not None and (
            isinstance(bound, bool) or not isinstance(bound, int | np.integer)
        ):
            raise ArgumentTypeError(f"A part of {owner} needs integer bounds, not {bound!r}.")
        if bound is not None and not -size <= bound <= size:
            raise IndexRangeError(f"{bound} is outside {owner}, which has {size} elements.")
    start, stop, _ = item.indices(size)
    if stop <= start:
        raise ModelError(f"A part of {owner} must have at least one element; {item} has none.")
    return start, stop


def _slice_of(indices: npt.NDArray[Any], owner: str) -> slice:
    """Return the slice that successive indices stand for."""
    if indices.dtype.kind not in "iu":
        raise ArgumentTypeError(
            f"A part of {owner} is taken by integer indices, not by {indices.dtype}."
        )
    first, last = int(indices[0]), int(indices[-1])
    if first < 0:
        raise IndexRangeError(f"{first} is outside {owner}: arrays of indices count from 0.")
    if not np.array_equal(indices, np.arange(first, first + indices.size)):
        raise ArgumentTypeError(
            f"A part of {owner} must be contiguous: indices from {first} to {last} were given that "
            "are not successive. To read or write variables at any indices, use "
            "group.v[indices]; to record them, the monitor's record=indices."
        )
    return slice(first, last + 1)


class Subgroup(RunsCode, Group):
    """Elements ``start`` to ``stop`` (excluded) of a group; made by ``group[start:stop]``.

    ``i`` and string conditions count from the subgroup's own first element.
    """

    source: Group
    start: int
    stop: int

    def __init__(self, source: Group, start: int, stop: int) -> None:
        for attribute in ("source", "start", "stop"):
            if attribute in source.variables:
                raise ModelError(
                    f"A part of {source.describe()} cannot be made: its variable '{attribute}' has "
                    "the name of an attribute of subgroups. Choose another name."
                )
        super().__init__(
            f"{source.name}_subgroup*", "subgroup*", clock=source.clock, order=source.order + 1
        )
        self._set("source", source)
        self._set("start", int(start))
        self._set("stop", int(stop))
        self._set("variables", source.variables)
        self._set("_real", source._real)

    def __getattr__(self, name: str) -> Any:
        if name == "_description":
            source = self.__dict__.get("source")
            if source is None:
                raise AttributeError(name)
            return replace(
                source._description,
                start=Param(f"{self.name}.start", DType.I64),
                stop=Param(f"{self.name}.stop", DType.I64),
            )
        return super().__getattr__(name)

    @property
    def namespace(self) -> dict[str, Any]:
        """The namespace of the group."""
        return self.source.namespace

    @namespace.setter
    def namespace(self, names: Any) -> None:
        self.source.namespace = names

    @property
    def N(self) -> int:
        """The number of elements."""
        return self.stop - self.start

    def __len__(self) -> int:
        return self.N

    def _size(self) -> int:
        return self.N

    def __getitem__(self, item: Any) -> Subgroup:
        start, stop = slice_bounds(item, self.N, self.describe())
        return Subgroup(self.source, self.start + start, self.start + stop)

    def _everywhere(self) -> slice:
        return slice(self.start, self.stop, 1)

    def _positions(self, indices: Any) -> Any:
        if isinstance(indices, slice):
            return slice(indices.start + self.start, indices.stop + self.start, indices.step)
        return indices + self.start

    def _sizes(self) -> dict[str, int]:
        own = {f"{self.name}.start": self.start, f"{self.name}.stop": self.stop}
        return {**self.source._sizes(), **own}

    def _parameters(self) -> dict[str, float | int]:
        return {f"{self.name}.start": int(self.start), f"{self.name}.stop": int(self.stop)}

    def _find_array(self, array: Array) -> AnyArray:
        return self.source._find_array(array)

    def _constants(self, run_namespace: Namespace | None) -> ConstantScope:
        return self.source._constants(run_namespace)

    def _present(self) -> Present:
        return self.source._present()

    def _places(self) -> Iterator[Place]:
        return iter(())

    def _event_places(self) -> dict[str, tuple[str, int]]:
        # Brian's rule: what a monitor of a part sees comes after the events of the whole
        return {e: (slot, order + 1) for e, (slot, order) in self.source._event_places().items()}

    def _code_scope(
        self, constants: ConstantScope, clock: Clock, when: str, caller: Namespace | None = None
    ) -> ModelScope:
        self._set("_slots", self.source._slots)
        return super()._code_scope(constants, clock, when, caller)

    def _code_description(self) -> GroupDescription:
        own = self._description
        return replace(self.source._code_description(), start=own.start, stop=own.stop)

    def _adopt(self, component: Component) -> None:
        self.source._adopt(component)  # subgroups are made in passing; their group stays

    def _depends_on(self) -> Iterator[Component]:
        yield self.source

    @property
    def spikes(self) -> AnyArray:
        """The indices (from the subgroup's first element) that spiked in the last step."""
        spikes: AnyArray = self.source.spikes
        inside = (spikes >= self.start) & (spikes < self.stop)
        return spikes[inside] - self.start


__all__ = ["Subgroup", "slice_bounds"]
