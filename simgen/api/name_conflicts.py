"""Warnings of names that could mean two things: which one is used, and which one is not.

A name that an object's own namespace gives another value than the caller's; and a name that the
model defines itself (a variable, ``N``, ``i``), while the user has a number of that name as well.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from simgen.api.namespaces import CallerNamespace, LayeredNamespace, Namespace
from simgen.model.scope import ConstantScope, RefusedEntry, read_constant, shown

_log = logging.getLogger("simgen.names")


class NameConflicts:
    """The names of some scopes that the namespace of a run may have, too; each warned of once."""

    def __init__(self, scopes: Iterable[ConstantScope]) -> None:
        # name -> the namespaces that give it a meaning, with whether the model itself does
        self._watched: dict[str, list[tuple[LayeredNamespace, bool]]] = {}
        for scope in scopes:
            values = scope.values
            if not isinstance(values, LayeredNamespace):
                continue
            used = {name for name, _ in scope.used.values()} | set(scope.functions)
            for name in scope.hidden:
                self._watched.setdefault(name, []).append((values, True))
            for name in used & set(values.own) - values.substituted:
                self._watched.setdefault(name, []).append((values, False))
        self._seen: dict[str, Any] = {}  # what was there the last time, and needs no warning

    def warn(self, run: Namespace) -> None:
        """Warn of the names that the namespace of a run gives another meaning."""
        if not self._watched:
            return
        for name in _names_in(run, self._watched):
            value = run[name]
            if self._seen.get(name) is not value:
                self._seen[name] = value
                for values, of_model in self._watched[name]:
                    _compare(name, values, of_model, run)

    def warn_of_own(self) -> None:
        """Warn of what an object's own namespace gives without effect."""
        for name, watchers in self._watched.items():
            for values, of_model in watchers:
                if of_model and name in values.own:
                    _compare(name, values, True, values.own)


def _names_in(namespace: Namespace, names: Iterable[str]) -> list[str]:
    if isinstance(namespace, CallerNamespace):
        return namespace.among(names)
    return [name for name in names if name in namespace]


def _compare(name: str, values: LayeredNamespace, of_model: bool, namespace: Namespace) -> None:
    owner, value = values.owner, namespace[name]
    if owner is None or name in owner._told or not _could_be_meant(name, value):
        return
    place = _place(name, namespace, values)
    if of_model:
        fixed = owner._fixed_value(name)
        if fixed is not None and _is_same(name, value, fixed):
            return
        _log.warning(
            "%s: '%s' is a name of the model itself, which is used; the value %s of %s is not. "
            "Rename one of them.",
            owner.describe(),
            name,
            shown(value),
            place,
        )
    else:
        own = values.own[name]
        if _is_same(name, value, own):
            return
        _log.warning(
            "%s: '%s' is %s in the namespace given to this object, which is used; the value %s of "
            "%s is not. Rename one of them, or leave '%s' out of namespace=.",
            owner.describe(),
            name,
            shown(own),
            shown(value),
            place,
            name,
        )
    owner._told.add(name)


def _place(name: str, namespace: Namespace, values: LayeredNamespace) -> str:
    if isinstance(namespace, CallerNamespace):
        return namespace.place(name)
    if namespace is values.own:
        return "the namespace given to this object"
    return "the namespace given to the call"


def _could_be_meant(name: str, value: Any) -> bool:
    """Whether a value could stand in an expression: one number, or a function."""
    if getattr(value, "simgen_function", None) is not None:
        return True
    return not isinstance(read_constant(name, value), RefusedEntry)


def _is_same(name: str, first: Any, second: Any) -> bool:
    if first is second:
        return True
    numbers = read_constant(name, first), read_constant(name, second)
    return not any(isinstance(n, RefusedEntry) for n in numbers) and numbers[0] == numbers[1]
