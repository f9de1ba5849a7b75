"""Where names outside a model get their values: an explicit mapping, or the caller's variables."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterable, Mapping
from types import FrameType
from typing import TYPE_CHECKING, Any

from simgen.errors import ArgumentTypeError

if TYPE_CHECKING:
    from simgen.api.group_names import GroupNames

Namespace = Mapping[str, Any]
_MISSING = object()


class CallerNamespace(Mapping[str, Any]):
    """The locals, then the globals, of the first frame outside simgen; read without a copy."""

    def __init__(self, frame: FrameType | None) -> None:
        self._locals: Mapping[str, Any] = {} if frame is None else frame.f_locals
        self._globals: Mapping[str, Any] = {} if frame is None else frame.f_globals
        self._function = "" if frame is None else frame.f_code.co_name

    def __getitem__(self, name: str) -> Any:
        if name in self._locals:
            return self._locals[name]
        return self._globals[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value; asked for each constant at each run, so that it is quick."""
        found = self._locals.get(name, _MISSING)
        return self._globals.get(name, default) if found is _MISSING else found

    def __iter__(self) -> Any:
        yield from self._locals
        yield from (name for name in self._globals if name not in self._locals)

    def __len__(self) -> int:
        return len(set(self._locals) | set(self._globals))

    def __contains__(self, name: object) -> bool:
        return name in self._locals or name in self._globals

    def among(self, names: Iterable[str]) -> list[str]:
        """Return those of the names that are here."""
        first, second = self._locals, self._globals
        return [name for name in names if name in first or name in second]

    def held(self) -> CallerNamespace:
        """Return the same variables as they are now, whatever the caller does with them later."""
        kept = CallerNamespace(None)
        kept._function = self._function
        kept._locals = dict(self._locals)
        kept._globals = kept._locals if self._locals is self._globals else dict(self._globals)
        return kept

    def place(self, name: str) -> str:
        """Return where a variable is, as "the variable of the calling function 'f'"."""
        if name in self._locals and self._locals is not self._globals:
            return f"the variable of the calling function '{self._function}'"
        return f"the variable of the calling module '{self._globals.get('__name__', '')}'"


def caller_namespace() -> CallerNamespace:
    """Return the namespace of the code that called into simgen, however deep the call is."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module != "simgen" and not module.startswith("simgen."):
            break
        frame = frame.f_back
    return CallerNamespace(frame)


def checked_namespace(namespace: object, owner: str) -> dict[str, Any] | None:
    """Return an explicit namespace, or None; anything but a mapping with text keys is refused."""
    if namespace is None:
        return None
    if not isinstance(namespace, Mapping) or not all(isinstance(key, str) for key in namespace):
        raise ArgumentTypeError(
            f"The namespace of {owner} must be a dict from names to values, not {namespace!r}."
        )
    return dict(namespace)


class LayeredNamespace(Mapping[str, Any]):
    """An object's own namespace before that of the run.

    ``attach`` gives it the namespace of another run; after a run an empty one is attached, so that
    the caller's variables are not kept alive. ``substituted`` are the names of ``own`` that
    equations were given as values; ``owner`` is the object, for warnings.
    """

    def __init__(
        self,
        own: Namespace,
        run: Namespace,
        owner: GroupNames | None = None,
        substituted: frozenset[str] = frozenset(),
    ) -> None:
        self.own = own
        self._run = run
        self._owner = None if owner is None else weakref.ref(owner)  # which keeps this alive
        self.substituted = substituted

    @property
    def owner(self) -> GroupNames | None:
        """The object that the names are for."""
        return None if self._owner is None else self._owner()

    def attach(self, run: Namespace) -> None:
        """Take the namespace of a run."""
        self._run = run

    def __getitem__(self, name: str) -> Any:
        return self.own[name] if name in self.own else self._run[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value; asked for each constant at each run, so that it is quick."""
        found = self.own.get(name, _MISSING)
        return self._run.get(name, default) if found is _MISSING else found

    def __iter__(self) -> Any:
        yield from self.own
        yield from (name for name in self._run if name not in self.own)

    def __len__(self) -> int:
        return len(set(self.own) | set(self._run))

    def __contains__(self, name: object) -> bool:
        return name in self.own or name in self._run
