"""Links that lead on: to expressions that use linked variables themselves.

``y`` of one group is linked to an expression of a second one, which uses ``x``, which is linked to
a third one. Code of the first one finds the elements of the third through a table of its own: that
of ``x`` at the places that the table of ``y`` holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simgen.api.group import Group
from simgen.ir.expr import Array
from simgen.lang.syntax import names_in
from simgen.model.description import chained

if TYPE_CHECKING:
    from simgen.api.linked import LinkedState

Path = tuple["LinkedState", ...]


def chains(state: LinkedState) -> Iterator[tuple[Array, Path]]:
    """Yield the further tables that code needs which uses a link, with the links that each follows.

    There are none without a table of its own: what is linked to one value reads those of others.
    """
    if state.link is not None and state.is_computed and state.info.via is not None:
        yield from _lead_on(state, state.info.via, (state,))


def _lead_on(state: LinkedState, via: Array, path: Path) -> Iterator[tuple[Array, Path]]:
    for inner in _links_in(state):
        if inner.info.via is not None:
            array, further = chained(via, inner.info.via), (*path, inner)
            yield array, further
            if inner.is_computed:
                yield from _lead_on(inner, array, further)


def leads_to(state: LinkedState, goal: LinkedState) -> bool:
    """Return whether the expression that ``state`` is linked to uses ``goal`` in the end."""
    seen: set[int] = set()
    waiting = [state]
    while waiting:
        present = waiting.pop()
        for inner in _links_in(present):
            if inner is goal:
                return True
            if id(inner) not in seen and inner.is_computed:
                seen.add(id(inner))
                waiting.append(inner)
    return False


def reached(state: LinkedState) -> Iterator[Group]:
    """Yield the groups whose variables the expression uses that ``state`` is linked to."""
    seen: set[int] = set()
    waiting = [state]
    while waiting:
        present = waiting.pop()
        if id(present) in seen:
            continue
        seen.add(id(present))
        yield present.made()._owner
        if present.is_computed:
            waiting += _links_in(present)
        elif (source := present.direct) is not None:
            waiting.append(source)


def _links_in(state: LinkedState) -> list[LinkedState]:
    """Return the linked variables, made by now, in the expression that a variable is linked to."""
    link = state.made()
    owner, found, waiting = link._owner, {}, [link.name]
    known = owner._linked_variables()
    subexpressions = owner._description.subexpressions
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in known:
            if known[name].link is not None:
                found[name] = known[name]
        elif name in subexpressions:
            waiting += sorted(names_in(subexpressions[name].node))
    return list(found.values())
