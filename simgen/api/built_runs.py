"""Runs that are built once and made any number of times, each from the state that was built."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.api.arguments import plain_values
from simgen.api.checkpoint import keep_network, restore_network
from simgen.api.component import Component
from simgen.api.group import Group
from simgen.api.network import Network
from simgen.api.noted_runs import NOTED, NotedRun
from simgen.api.seeds import is_seeded
from simgen.api.timed_array import TimedArray
from simgen.api.views import VariableView
from simgen.errors import (
    ArgumentTypeError,
    DimensionMismatchError,
    ModelError,
    UnknownNameError,
    suggest,
)
from simgen.model.functions import said

Key = VariableView | TimedArray
_Seen = list[tuple[Component, int, list[int]]]


class BuiltRuns:
    """Noted runs with the state that they start from."""

    def __init__(self, runs: list[NotedRun]) -> None:
        self._runs = runs
        networks = {id(run.network): run.network for run in runs}
        self._networks: list[Network] = list(networks.values())
        first = {id(run.network): run.names for run in reversed(runs)}
        for network in self._networks:  # what is wrong in the text is found now
            network._prepared(first[id(network)])
        self._states = [keep_network(network) for network in self._networks]
        self._tables: dict[TimedArray, npt.NDArray[Any]] = {}
        self._seen = self._versions()

    def run(self, run_args: Any) -> None:
        """Go back to the state that was built, set some values instead of its own, and run.

        Parameters
        ----------
        run_args
            Values of variables and arrays by views (``group.v``, ``synapses.w``) or TimedArrays;
            or a list of texts "group.v=0.5", with SI values.

        """
        values = dict(self._by_key(run_args))
        self._refuse_changes()
        repeated = is_seeded()
        for network, state in zip(self._networks, self._states):
            restore_network(network, state, repeated)
        try:
            self._set(values)
            NOTED.finish(self._runs)
        finally:
            self._seen = self._versions()

    # --- values ---------------------------------------------------------------------------------

    def _by_key(self, run_args: Any) -> Iterator[tuple[Key, Any]]:
        """Yield what is to be set, and the values."""
        if run_args is None:
            return
        if isinstance(run_args, list | tuple):
            for text in run_args:
                yield self._named(text)
            return
        if not isinstance(run_args, Mapping):
            raise ArgumentTypeError(
                f"run_args must be a dict from variables to values, not {run_args!r}."
            )
        known: set[tuple[int, str]] = set()
        for key, value in run_args.items():
            if isinstance(key, VariableView):
                this = id(key._group), key._name
                if this in known:
                    raise ModelError(f"run_args has two values for {_described(key)}.")
                known.add(this)
            elif not isinstance(key, TimedArray):
                raise ArgumentTypeError(
                    "The keys of run_args are variables of groups, as in {group.v: 1*mV}, and "
                    f"TimedArrays, not {key!r}."
                )
            if isinstance(value, str):
                raise ArgumentTypeError(
                    f"The value of {_described(key)} in run_args must be a number or an array, not "
                    f"the text {value!r}."
                )
            yield key, value

    def _named(self, text: Any) -> tuple[Key, Any]:
        """Return the variable and the value of "group.v=0.5"."""
        name, _, value = text.partition("=") if isinstance(text, str) else ("", "", "")
        owner, _, variable = name.strip().rpartition(".")
        try:
            number = float(value)
        except ValueError:
            raise ArgumentTypeError(
                "run_args given as a list are texts of a variable and its value in SI units, as in "
                f"'neurongroup.v=0.5', not {text!r}."
            ) from None
        groups = {c.name: c for c in self._objects() if isinstance(c, Group)}
        if owner not in groups:
            hint = suggest(owner, groups)
            raise UnknownNameError(f"There is no group '{owner}' for run_args. {hint}".rstrip())
        view = getattr(groups[owner], f"{variable}_")
        if not isinstance(view, VariableView):
            raise ArgumentTypeError(f"'{name.strip()}' in run_args is no variable.")
        return view, number

    def _set(self, values: Mapping[Key, Any]) -> None:
        for table in self._tables:
            if table not in values:
                table._stored[:-1] = self._tables[table]
        for key, value in values.items():
            if isinstance(key, VariableView):
                key[:] = value
            else:
                self._tables.setdefault(key, key._stored[:-1].copy())
                key._stored[:-1] = _entries(key, value)

    # --- changes --------------------------------------------------------------------------------

    def _objects(self) -> Iterable[Component]:
        return (component for network in self._networks for component in network.objects)

    def _versions(self) -> _Seen:
        return [
            (c, c._version, [v.version for v in getattr(c, "variables", {}).values()])
            for c in self._objects()
        ]

    def _refuse_changes(self) -> None:
        """Raise ModelError for what was set since the last run: it would be lost."""
        for (component, *before), (other, *now) in zip(self._seen, self._versions()):
            if component is not other or before != now:
                raise ModelError(
                    f"{component.describe()} was changed after device.build(), but device.run() "
                    "starts from the state that was built. Give values as run_args={...}, or call "
                    "run() and device.build() again."
                )


def _described(key: Key) -> str:
    if isinstance(key, TimedArray):
        return key.describe()
    return f"'{key._name}' of {key._group.describe()}"


def _entries(table: TimedArray, value: Any) -> npt.NDArray[Any]:
    """Return the values of a TimedArray, which keeps its shape and its dimension."""
    numbers, dim = plain_values(value, f"The values of {table.describe()}")
    if dim != table.dim:
        raise DimensionMismatchError(
            f"{table.describe()} {said(table.dim)}, but its values in run_args {said(dim)}."
        )
    if numbers.size != 1 and numbers.shape != table._values.shape:
        raise ModelError(
            f"{table.describe()} has the shape {table._values.shape}, but its values in run_args "
            f"have {numbers.shape}."
        )
    return np.broadcast_to(numbers, table._values.shape).ravel()
