"""Kernels of a launch that share a function, and the views with which it is called.

before::

    if (sg_take(&grid, ints[7])) {
      k_a(&state, tick, grid);
    } else if (sg_take(&grid, ints[8])) {
      k_b(&state, tick, grid);
    }

after, with what k_a and k_b work on behind the other arguments of each table::

    if (const int64_t part = sg_take_one(&grid, ints + 7, 2); part >= 0) {
      const sg_state view = {{arrays + 90 + 5 * part}, reals + 12 + 1 * part, ints + 40 + 3 * part};
      k_a(&view, tick, grid);
    }
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.targets.scope import Layout
from simgen.targets.shared import Places

Table = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """Kernels of a launch that share a function: one, or those of views from ``view`` on.

    ``blocks`` are integer arguments: how many blocks each has, with those before it in the turn.
    """

    function: str
    blocks: tuple[str, ...]
    view: int | None = None


def turns_of(calls: Sequence[tuple[str, int | None]], blocks: Sequence[str]) -> tuple[Turn, ...]:
    """Return calls of a function with one view after the other as one."""
    turns: list[Turn] = []
    for (function, view), name in zip(calls, blocks):
        last = turns[-1] if turns else None
        if (
            last is not None
            and last.function == function
            and last.view is not None
            and view == last.view + len(last.blocks)
        ):
            turns[-1] = replace(last, blocks=(*last.blocks, name))
        else:
            turns.append(Turn(function, (name,), view))
    return tuple(turns)


def take_line(turn: Turn, blocks: int) -> str:
    """Return the condition for a block to work on a turn, with its numbers from ``blocks`` on."""
    if turn.view is None:
        return f"(sg_take(&grid, ints[{blocks}]))"
    take = f"sg_take_one(&grid, ints + {blocks}, {len(turn.blocks)})"
    return f"(const int64_t part = {take}; part >= 0)"


def call_lines(
    turn: Turn, places: Sequence[Places], beginnings: Sequence[tuple[int, int, int]]
) -> tuple[str, ...]:
    """Return the call of a turn's function, for the kernel ``part`` if it is shared."""
    if turn.view is None:
        return (f"{turn.function}(&state, tick, grid);",)
    own = places[turn.view]
    sizes = len(own.arrays), len(own.reals), len(own.ints)
    arrays, reals, ints = (
        f"{name} + {begin} + {size} * part"
        for name, begin, size in zip(("arrays", "reals", "ints"), beginnings[turn.view], sizes)
    )
    view = f"const sg_state view = {{ {{{arrays}}}, {reals}, {ints}}};"
    return view, f"{turn.function}(&view, tick, grid);"


def beginnings_of(layout: Layout, places: Sequence[Places]) -> list[tuple[int, int, int]]:
    """Return where each view begins in the tables of arrays, real and integer numbers."""
    begin = [max(1, len(table)) for table in (layout.arrays, layout.reals, layout.ints)]
    found = []
    for each in places:
        found.append((begin[0], begin[1], begin[2]))
        begin = [b + len(own) for b, own in zip(begin, (each.arrays, each.reals, each.ints))]
    return found


@dataclass(frozen=True, slots=True)
class ViewTables:
    """What views take from the tables of arrays, real and integer numbers."""

    places: tuple[npt.NDArray[np.int64], ...]

    @classmethod
    def of(cls, views: Sequence[Places]) -> ViewTables:
        """Return the places of all views, one after the other."""
        kinds = ("arrays", "reals", "ints")
        found = ([k for view in views for k in getattr(view, kind)] for kind in kinds)
        return cls(tuple(np.array(each, np.int64) for each in found))

    def behind(self, tables: Sequence[Table]) -> tuple[Table, ...]:
        """Return the tables with what the views take of them behind."""
        pairs = zip(tables, self.places)
        return tuple(np.append(t, t[places]) if places.size else t for t, places in pairs)
