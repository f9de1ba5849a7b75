"""The constants that a compiled network took from namespaces, and their new values at each run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from simgen.api.name_conflicts import NameConflicts
from simgen.api.namespaces import LayeredNamespace, Namespace
from simgen.model.scope import ConstantScope, RefusedEntry, read_constant
from simgen.units import Dimension

# how an object's namespace is asked (None: that of the run is), a name, the user's object, whether
# that may change in place, and its value
_Watched = tuple[Callable[[str], Any] | None, str, Any, bool, Any]
_item: Callable[[Any], Any] = np.ndarray.item  # the method of quantities makes another one


class ConstantTable:
    """The constants of all objects of a network; holds no namespace between runs."""

    def __init__(self, scopes: Sequence[ConstantScope], namespace: Namespace) -> None:
        self._scopes = list(scopes)
        self._conflicts = NameConflicts(self._scopes)
        self._conflicts.warn_of_own()
        self._conflicts.warn(namespace)
        self._layered = [s.values for s in scopes if isinstance(s.values, LayeredNamespace)]
        self._functions = [s for s in scopes if s.functions]
        # (scope, parameter, the user's object, its value and dimension)
        self._read: list[tuple[ConstantScope, str, Any, tuple[Any, Dimension]]] = []
        for scope in self._scopes:
            for param, (name, _) in scope.used.items():
                raw = scope.values[name]
                value = read_constant(name, raw)
                if not isinstance(value, RefusedEntry):
                    self._read.append((scope, param, raw, value))
        self._attach({})
        self._watched = self._watch()

    def _attach(self, namespace: Namespace) -> None:
        for layers in self._layered:
            layers.attach(namespace)

    def values(self) -> Iterator[tuple[str, Any]]:
        """Yield the parameters with their values in SI units."""
        for _, param, _, (value, _) in self._read:
            yield param, value

    def refresh(self, namespace: Namespace) -> list[tuple[str, Any]] | None:
        """Return the parameters that changed with their new values.

        None if a constant is gone, or another kind of thing than before: then the network has to
        be compiled anew, which raises the right error if there is one.
        """
        self._conflicts.warn(namespace)
        if self._same(namespace):
            return []
        self._attach(namespace)
        try:
            return self._changes()
        finally:
            self._attach({})
            self._watched = self._watch()

    def _watch(self) -> list[_Watched]:
        """Return what the names gave, each once: looking up takes longer than a short step."""
        read = [
            (scope, scope.used[param][0], raw, value)
            for scope, param, raw, (value, _) in self._read
        ]
        read += [(s, name, old, None) for s in self._functions for name, old in s.functions.items()]
        owns = {id(layers.own): layers.own for layers in self._layered}
        self._unfilled = [own for own in owns.values() if not own]  # whatever comes in is new
        found: dict[tuple[int, str], _Watched] = {}
        for scope, name, raw, value in read:
            if np.ndim(raw) and isinstance(raw, np.ndarray):
                value = math.nan  # equal to nothing: compared element by element each time
            values = scope.values
            own = values.own if isinstance(values, LayeredNamespace) else values
            inside = name in own
            if not inside:
                found[0, name] = (None, name, raw, isinstance(raw, np.ndarray), value)
            if own:  # where the name is, or may come to be
                old = raw if inside else None
                found[id(own), name] = (own.get, name, old, isinstance(old, np.ndarray), value)
        return list(found.values())

    def _same(self, namespace: Namespace) -> bool:
        """Whether all names give what they gave; False where it takes a closer look to tell."""
        if any(self._unfilled):
            return False
        around = namespace.get
        for own, name, old, may_change, value in self._watched:
            if (own or around)(name) is not old or (may_change and _item(old) != value):
                return False
        return True

    def _changes(self) -> list[tuple[str, Any]] | None:
        for scope in self._functions:
            if any(scope.values.get(name) is not old for name, old in scope.functions.items()):
                return None  # another function is other code
        changed: list[tuple[str, Any]] = []
        for place, (scope, param, old, value) in enumerate(self._read):
            name = scope.used[param][0]
            raw = scope.values.get(name)
            if raw is old and _is_still(raw, value[0]):
                continue
            new = None if raw is None else read_constant(name, raw)
            if new is None or isinstance(new, RefusedEntry):
                return None
            if new[1] != value[1] or type(new[0]) is not type(value[0]):
                return None
            if new[0] != value[0]:
                changed.append((param, new[0]))
            self._read[place] = (scope, param, raw, new)
        return changed


def _is_still(raw: Any, value: Any) -> bool:
    """Whether an object that was read before has the same value; only arrays can have changed."""
    if not isinstance(raw, np.ndarray):
        return True
    return raw.shape == () and bool(np.ndarray.item(raw) == value)
