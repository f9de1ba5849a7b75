"""Conditions about many pairs, evaluated by compiled code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from simgen import pipeline
from simgen.api.compiled_text import collect
from simgen.api.device import current_options
from simgen.api.evaluation import TextContext, TextEnvironment
from simgen.api.probabilities import check_probabilities
from simgen.api.subgroup import Subgroup
from simgen.build.pairs import (
    CLOCK,
    NO_NUMBER,
    NOW,
    NOW_STEP,
    OUTSIDE,
    TARGETS,
    UNDEFINED,
    pair_program,
)
from simgen.connect.rows import Rows
from simgen.dtypes import DType
from simgen.ir.expr import Param
from simgen.ir.kernel import Program
from simgen.ir.stmt import EventList
from simgen.targets.base import Memory

if TYPE_CHECKING:
    from simgen.api.pair_rules import Expression, PairContext

BLOCK = 1 << 22  # entries of the table of found targets (u32): 16 MB


def connect_compiled(
    context: PairContext,
    condition: Expression | None,
    probability: Expression | None,
    text: TextContext,
) -> Rows:
    """Return the rows of the pairs that satisfy the condition and pass the test against p."""
    source, target = context.synapses.source, context.synapses.target
    first = source.start if isinstance(source, Subgroup) else 0
    start = target.start if isinstance(target, Subgroup) else 0
    n_source, n_target = context.n_source, context.n_target
    condition_expr, p_expr = (None if e is None else e.expr for e in (condition, probability))
    program = pair_program(condition_expr, p_expr, Param("text_key", DType.U64))
    depth = max(1, min(n_source, BLOCK // max(1, start + n_target)))
    memory = _memory(program, text, context.key, depth, start, n_target)
    options = current_options()
    executable = pipeline.host_target(options).build(pipeline.optimise(program, options.optimize))
    executable.bind(memory)
    counts = np.zeros(n_source, np.uint64)
    found: list[npt.NDArray[np.uint32]] = []
    ids, fired = memory.arrays[f"{TARGETS.name}.ids"], memory.arrays[f"{TARGETS.name}.counts"]
    for begin in range(0, n_source, depth):
        rows = min(depth, n_source - begin)
        memory.arrays["tick"][0] = first + begin
        executable.run(rows)
        _refuse_undefined(context, (condition, probability), memory, (first, start), begin, rows)
        if probability is not None:
            _check_probabilities(context, probability, memory, (first, start), begin, rows)
        slots = (first + begin + np.arange(rows)) % depth
        counts[begin : begin + rows] = fired[slots, 0]
        found += [ids[slot, : fired[slot, 0]] - np.uint32(start) for slot in slots]
    row_start = np.zeros(n_source + 1, np.uint64)
    np.cumsum(counts, out=row_start[1:])
    targets = np.concatenate(found) if found else np.zeros(0, np.uint32)
    return Rows(row_start, targets.astype(np.uint32), n_target, sorted=True, multapses=False)


def _first_events(
    memory: Memory, events: EventList, first: int, rows: int
) -> Iterator[tuple[int, int]]:
    """Yield which of the rows has an event, with the first of its targets (in the whole group)."""
    ids, fired = (memory.arrays[f"{events.name}.{what}"] for what in ("ids", "counts"))
    slots = (first + np.arange(rows)) % len(ids)
    for place in np.flatnonzero(fired[slots, 0]):
        yield int(place), int(ids[slots[place], 0])


def _refuse_undefined(
    context: PairContext,
    expressions: tuple[Expression | None, ...],
    memory: Memory,
    offsets: tuple[int, int],
    begin: int,
    rows: int,
) -> None:
    """Raise if text has a fault for some pair of these rows: evaluating it there says which."""
    for place, target in _first_events(memory, UNDEFINED, offsets[0] + begin, rows):
        pair = np.array([begin + place]), np.array([target - offsets[1]])
        for expression in expressions:
            if expression is not None:
                expression.at(context, *pair)


def _check_probabilities(
    context: PairContext,
    probability: Expression,
    memory: Memory,
    offsets: tuple[int, int],
    begin: int,
    rows: int,
) -> None:
    """Raise if a probability of these rows is NaN, and warn of one outside 0 to 1."""
    for events in (NO_NUMBER, OUTSIDE):
        for place, target in _first_events(memory, events, offsets[0] + begin, rows):
            pair = np.array([begin + place]), np.array([target - offsets[1]])
            values = probability.at(context, *pair)
            check_probabilities(values, np.ones(1, bool), context, pair)
            break


def _memory(
    program: Program, text: TextContext, key: int, depth: int, start: int, n_target: int
) -> Memory:
    """Return what the program uses, taken from the data that the text may read."""
    end = start + n_target
    env = TextEnvironment(text, np.zeros(0, np.int64), key)
    memory = Memory()
    memory.arrays = {
        "tick": np.zeros(1, np.int64),
        f"{TARGETS.name}.ids": np.zeros((depth, end), np.uint32),
        f"{TARGETS.name}.counts": np.zeros((depth, 1), np.int64),
        f"{TARGETS.length}.bounds": np.array([0, end], np.int64),
    }
    memory.ints = {
        TARGETS.length: end,
        f"{TARGETS.name}.depth": depth,
        "pairs.start": start,
        "pairs.stop": end,
        f"period_{CLOCK.name}": 1,
        NOW_STEP.name: env.step(),
        "one": 1,
    }
    memory.reals = {NOW.name: env.time(), f"dt_{CLOCK.name}": text.clock.dt_}
    for events in (NO_NUMBER, OUTSIDE, UNDEFINED):
        memory.arrays[f"{events.name}.ids"] = np.zeros((depth, end), np.uint32)
        memory.arrays[f"{events.name}.counts"] = np.zeros((depth, 1), np.int64)
        memory.ints[f"{events.name}.depth"] = depth
    collect(program, text, env, memory)
    return memory
