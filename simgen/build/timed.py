"""Code that runs at given steps of a clock, for all elements of a group.

One kernel tells each step whether it is one of those listed; the statements ask it::

    due = steps[cursor] == step; cursor += due
    over group: if due: v[i] = 0
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from simgen.build.regular import RegularCode, regular_items
from simgen.dtypes import DType
from simgen.ir.construct import binary, cast, compare
from simgen.ir.expr import ZERO, Array, Gather, Load, Local, Step
from simgen.ir.kernel import Item, Kernel, Once
from simgen.ir.stmt import Let, Store


@dataclass(frozen=True, slots=True)
class TimedCode:
    """Code and when it runs.

    ``steps`` (I64) ascend and end with one that is never reached; ``cursor`` (I64, one) is the
    place of the next, ``due`` (BOOL, one) whether it is the present step.
    """

    code: RegularCode
    steps: Array
    cursor: Array
    due: Array


def timed_items(timed: TimedCode) -> Iterable[Item]:
    """Yield the items of a run_at."""
    code = timed.code
    place, now = Local("place", DType.I64), Local("now", DType.BOOL)
    body = (
        Let(place, Load(timed.cursor, ZERO)),
        Let(now, compare("==", Gather(timed.steps, place), Step())),
        Store(timed.due, ZERO, now),
        Store(timed.cursor, ZERO, binary("+", place, cast(now, DType.I64))),
    )
    comment = f"{code.group.text}: whether it is time for {code.what}"
    kernel = Kernel(f"{code.name}_due", Once(), body, code.clock, comment=comment)
    yield Item(code.slot, code.order, code.name, kernel)
    yield from regular_items(replace(code, due=Load(timed.due, ZERO)))
