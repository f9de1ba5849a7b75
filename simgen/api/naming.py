"""Names of objects: Brian's prefixes, numbered, or as the user gives them."""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from simgen.api.arguments import checked_arguments
from simgen.errors import ArgumentTypeError, ModelError, UnknownAttributeError

_living: weakref.WeakValueDictionary[str, Named] = weakref.WeakValueDictionary()
_VALID = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")


class Named:
    """An object with a name; ``name=None`` takes the prefix and the first free number.

    A name that is given is used as it is: a function that builds a network can be called again
    while the objects of its last call are alive. Networks see to it that theirs differ.
    The constructors of all kinds of objects check the names of their arguments.
    """

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if "__init__" in cls.__dict__:
            checked = checked_arguments(cls.__dict__["__init__"], cls.__name__)
            type.__setattr__(cls, "__init__", checked)

    def __init__(self, name: str | None, prefix: str) -> None:
        if name is None:
            name = prefix[:-1] if prefix.endswith("*") else prefix
            name = re.sub("_+", "_", name)  # made of the name of another object, as 'a_'
            base, count = name, 0
            while name in _living:
                count += 1
                name = f"{base}_{count}"
        elif not isinstance(name, str):
            raise ArgumentTypeError(f"The name of an object must be text, not {name!r}.")
        elif name.endswith("*"):
            Named.__init__(self, None, name)
            return
        if not _VALID.match(name) or "__" in name or len(name) > 200:
            raise ModelError(
                f"{name[:80]!r} cannot be the name of an object: use a letter followed by letters, "
                "digits and single underscores."
            )
        self._name = name
        _living[name] = self

    @property
    def name(self) -> str:
        """The name, unique in a network."""
        return self._name

    def describe(self) -> str:
        """Return "NeuronGroup 'exc'", as messages show the object."""
        return f"{type(self).__name__} '{self._name}'"

    def __repr__(self) -> str:
        return f"<{self.describe()}>"


class Guarded(Named):
    """A named object that says of its read-only attributes that they cannot be written."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and is_read_only(type(self), name):
            raise UnknownAttributeError(f"'{name}' of {self.describe()} cannot be written.")
        object.__setattr__(self, name, value)


def is_read_only(kind: type, name: str) -> bool:
    """Whether ``name`` is a property of a class that cannot be set."""
    found = getattr(kind, name, None)
    return isinstance(found, property) and found.fset is None


def variable_meant(name: str, knows: Callable[[str], object]) -> tuple[str, bool]:
    """Return the variable that an attribute stands for, and whether without its unit.

    A variable of just that name comes first, else ``v_`` is the plain ``v``.
    """
    plain = name.endswith("_") and not knows(name)
    return (name[:-1] if plain else name), plain


def forget_names() -> None:
    """Free all names but the default clock's, so that a script run again gets the same names."""
    kept = {name: object for name, object in _living.items() if name == "defaultclock"}
    _living.clear()
    _living.update(kept)


@contextmanager
def names_of_a_new_process() -> Iterator[None]:
    """Free all names for a while: names of other living objects change neither names nor order."""
    others = dict(_living)
    forget_names()
    try:
        yield
    finally:
        _living.update(others)
