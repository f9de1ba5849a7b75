"""Kernels whose texts differ in names and places only, as one function.

So a network of 200 equal populations has no more code than one of a few. The function is called
with a view: a state that has the arrays and numbers of one of the kernels in the function's own
order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from simgen.targets.cstyle import mangle

# A few kernels are better read, each with its own names (``show``), than compiled once.
SHARED_FROM = 4
_NAMED = 10  # in a comment

_COMMENT = re.compile(r"//.*")
_PLACE = re.compile(r"S->(arrays|reals|ints)\[(\d+)\]")
_NAME = re.compile(r"\b([adeklpv])_\w+")  # what mangle() makes of the names of a kernel


@dataclass(frozen=True, slots=True)
class Places:
    """Where a kernel finds its arrays, real and integer numbers, in the order of its text."""

    arrays: tuple[int, ...]
    reals: tuple[int, ...]
    ints: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SharedKernels:
    """Functions for all kernels, and the views that shared ones need.

    ``calls`` has for each kernel the name of its function, and the number of its view if it has
    one; ``members`` the kernels of each shared function, in the order of their views.
    """

    functions: tuple[str, ...]
    calls: Mapping[str, tuple[str, int | None]]
    members: Mapping[str, tuple[str, ...]]
    views: tuple[Places, ...]


def share(texts: Mapping[str, str]) -> SharedKernels:
    """Return the functions ``texts`` (by kernel), one for those that are equal but for names."""
    alike: dict[str, list[str]] = {}
    for name, text in texts.items():
        alike.setdefault(_canonical(text), []).append(name)
    groups = {names[0]: names for names in alike.values() if len(names) >= SHARED_FROM}
    calls: dict[str, tuple[str, int | None]] = {name: (mangle("k", name), None) for name in texts}
    views: list[Places] = []
    for first, names in groups.items():
        for name in names:
            calls[name] = (mangle("k", first), len(views))
            views.append(_places(texts[name]))
    shared = {name for names in groups.values() for name in names[1:]}
    functions = tuple(
        _with_own_places(text, groups[name]) if name in groups else text
        for name, text in texts.items()
        if name not in shared
    )
    members = {mangle("k", first): tuple(names) for first, names in groups.items()}
    return SharedKernels(functions, calls, members, tuple(views))


def _canonical(text: str) -> str:
    """Return a text with names and places numbered as they come, and without comments."""
    known: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        kind = match[1]
        return known.setdefault(match[0], f"{kind}#{len(known)}")

    return _NAME.sub(number, _PLACE.sub(number, _COMMENT.sub("", text)))


def _places(text: str) -> Places:
    found: dict[str, dict[int, None]] = {"arrays": {}, "reals": {}, "ints": {}}
    for kind, place in _PLACE.findall(text):
        found[kind][int(place)] = None
    return Places(*(tuple(places) for places in found.values()))


def _with_own_places(text: str, names: list[str]) -> str:
    places = _places(text)
    own = {
        "arrays": {place: k for k, place in enumerate(places.arrays)},
        "reals": {place: k for k, place in enumerate(places.reals)},
        "ints": {place: k for k, place in enumerate(places.ints)},
    }
    text = _PLACE.sub(lambda match: f"S->{match[1]}[{own[match[1]][int(match[2])]}]", text)
    others = ", ".join((*names[1:_NAMED], "...") if len(names) > _NAMED else names[1:])
    return f"// shared by {len(names)} kernels, also by {others}\n{text}"
