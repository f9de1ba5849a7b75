"""Rows of the pairs for which a condition holds, found on a device with memory of its own.

Candidates are made there by rows, all pairs of some sources or those that a probability lets pass;
a compiled program says which of them are chosen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from simgen import pipeline
from simgen.api.compiled_text import collect, text_memory, without_positions
from simgen.api.device import current_options
from simgen.api.device_rows import DeviceRows, may_be_made, targets_name
from simgen.api.device_text import is_foreign, keep_state, variables_of
from simgen.api.remote_arrays import MOST_SYNAPSES, connector_of, room_for
from simgen.build.texts import OUT, text_program
from simgen.connect.oracle import skip_scale
from simgen.errors import MemoryLimitError
from simgen.ir.expr import Expr, Load, RandomDraw
from simgen.ir.faults import faults_in
from simgen.ir.kernel import SynapseStore
from simgen.ir.visit import walk
from simgen.targets.base import Executable, Memory, SkipRule

if TYPE_CHECKING:
    from simgen.api.pair_rules import Expression, PairContext

PAIRS = "pairs"  # the store of the candidates
BLOCK = 1 << 27  # candidates looked at together: five bytes each
_OF_BLOCKS = {f"{PAIRS}.row_start", f"{PAIRS}.targets", OUT}
_Starts = npt.NDArray[np.uint64]


def rows_by_condition(context: PairContext, chosen: Expression, p: float) -> DeviceRows | None:
    """Return the rows of pairs that are drawn with probability ``p`` and satisfy a condition.

    None if they are made elsewhere, as for text with random numbers, tables, divisions that may
    fail and functions of the user's own.
    """
    sizes = context.n_source, context.n_target
    pairs = sizes[0] * sizes[1]
    synapses = context.synapses
    if p == 0 or pairs == 0 or sizes[1] > MOST_SYNAPSES or not may_be_made(context, p * pairs):
        return None
    if not _is_plain(chosen.expr) or chosen.text.real != current_options().real:
        return None
    known = variables_of(synapses)
    if any(variable.is_lent() or variable.is_given() for variable in known):
        return None
    candidates = _Candidates(context, chosen, p)
    try:
        found = candidates.chosen_rows()
    except MemoryLimitError:
        found = None
    keep_state(candidates.memory, synapses, *(() if found is None else (found.array,)))
    return found


def _is_plain(expr: Expr) -> bool:
    """Whether a condition needs nothing but variables, constants and indices."""
    nodes = list(walk(expr))
    return not any(isinstance(node, RandomDraw) or is_foreign(node) for node in nodes) and not any(
        faults_in(expr)
    )


class _Candidates:
    """Pairs that are looked at, by blocks of rows, and the program that looks."""

    def __init__(self, context: PairContext, chosen: Expression, p: float) -> None:
        self.context, self.p = context, p
        synapses = context.synapses
        self.store = SynapseStore(PAIRS, synapses._source_length(), synapses._target_length())
        self.program = pipeline.optimise(text_program(chosen.expr, self.store), 1)
        env = without_positions(chosen.text, 0)
        self.memory: Memory = text_memory(env)
        self.target = pipeline.choose_target(current_options())
        self.target.prepare(self.memory)
        self.memory.ints.update(chosen.text.sizes)
        read = {node.array.name for node in walk(chosen.expr) if isinstance(node, Load)}
        for variable in variables_of(synapses):
            if variable.array in read:
                variable.bind(self.memory, True)
                self.memory.ints[variable.info.array.length] = variable.size
        self._set_block(0, np.zeros(1, np.uint64))
        self.memory.arrays[OUT] = np.zeros(0, np.bool_)
        before = set(self.memory.arrays)
        collect(self.program, chosen.text, env, self.memory)
        fresh = self.memory.arrays.keys() - before
        self.memory.counters.update(dict.fromkeys(fresh, int))
        self._executable: Executable | None = None

    def chosen_rows(self) -> DeviceRows | None:
        """Return the rows of the chosen ones."""
        n_source = self.context.n_source
        connector, blocks = connector_of(self.memory), list(self._blocks())
        sizes = np.zeros(n_source, np.uint64)
        for first, row_start in blocks:
            self._look(first, row_start)
            own = connector.count_chosen(row_start, OUT)
            sizes[first : first + own.size] = own
        starts = np.zeros(n_source + 1, np.uint64)
        np.cumsum(sizes, out=starts[1:])
        if int(starts[-1]) > MOST_SYNAPSES:
            return None
        synapses = self.context.synapses
        array = room_for(self.memory, targets_name(synapses), int(starts[-1]), np.uint32)
        for first, row_start in blocks:
            if len(blocks) > 1:
                self._look(first, row_start)
            own = starts[first : first + row_start.size]
            connector.fill_chosen(array.array, row_start, f"{PAIRS}.targets", OUT, own)
        return DeviceRows(starts, array, synapses._data.n_target)

    def _blocks(self) -> Iterator[tuple[int, _Starts]]:
        """Yield the first row of each block, and where the candidates of each of its rows begin."""
        n_source, n_target = self.context.n_source, self.context.n_target
        if self.p < 1:
            sizes = connector_of(self.memory).count_skips(n_source, self._rule(0))
        else:
            sizes = np.full(n_source, n_target, np.uint64)
        starts = np.append(np.zeros(1, np.uint64), np.cumsum(sizes, dtype=np.uint64))
        first = 0
        while first < n_source:
            most = starts[first] + np.uint64(BLOCK)
            last = max(first + 1, int(np.searchsorted(starts, most, side="right")) - 1)
            yield first, starts[first : last + 1] - starts[first]
            first = last

    def _rule(self, first_row: int) -> SkipRule:
        context, scale = self.context, float(skip_scale(self.p))
        return SkipRule(context.n_target, context.key, scale, False, first_row)

    def _look(self, first: int, row_start: _Starts) -> None:
        """Make the candidates of a block, and find out which of them are chosen."""
        start = self.context.first_target
        self._set_block(first, row_start)
        connector, name = connector_of(self.memory), f"{PAIRS}.targets"
        if self.p < 1:
            connector.fill_skips(name, row_start, start, self._rule(first))
        else:
            connector.every(name, row_start, start, False)
        if self._executable is None:
            self._executable = self.target.build(self.program)
        self._executable.bind(self.memory)
        self._executable.run(1)

    def _set_block(self, first: int, row_start: _Starts) -> None:
        """Describe a block of rows to the program."""
        memory, n = self.memory, int(row_start[-1])
        if memory.mirror is not None:
            memory.mirror.keep(memory.arrays.keys() - _OF_BLOCKS)
        memory.arrays["tick"][0] = 0
        memory.arrays[f"{PAIRS}.row_start"] = row_start
        memory.arrays[f"{PAIRS}.targets"] = np.empty(n, np.uint32)
        memory.arrays[OUT] = np.empty(n, np.bool_)
        memory.counters.update(dict.fromkeys(_OF_BLOCKS, int))
        memory.unset.add(OUT)
        memory.ints[self.store.length] = n
        memory.ints[f"{PAIRS}.n_rows"] = row_start.size - 1
        memory.ints[f"{PAIRS}.source_start"] = self.context.first_source + first
