"""Rows of the pairs for which a condition holds, found on a device with memory of its own.

Candidates are made there by rows, all pairs of some sources or those that a probability lets pass;
a compiled program says which of them are chosen. Probabilities that text gives belong to it.
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
from simgen.api.probabilities import check_probabilities
from simgen.api.remote_arrays import MOST_SYNAPSES, connector_of, room_for
from simgen.build.texts import NO_NUMBER, OUT, OUTSIDE, choice_program
from simgen.connect.oracle import skip_scale
from simgen.dtypes import DType
from simgen.errors import MemoryLimitError
from simgen.ir.expr import Expr, Load, Param
from simgen.ir.faults import faults_in
from simgen.ir.kernel import SynapseStore
from simgen.ir.visit import walk
from simgen.targets.base import Executable, Memory, SkipRule

if TYPE_CHECKING:
    from simgen.api.pair_rules import Expression, PairContext

PAIRS = "pairs"  # the store of the candidates
BLOCK = 1 << 27  # candidates looked at together: five bytes each, seven with text for p
_Starts = npt.NDArray[np.uint64]


def rows_by_condition(
    context: PairContext, condition: Expression | None, p: float | Expression
) -> DeviceRows | None:
    """Return the rows of pairs that are drawn with probability ``p`` and satisfy a condition.

    None if they are made elsewhere, as for text with tables, divisions that may fail and functions
    of the user's own. Raises and warns as :func:`simgen.api.probabilities.check_probabilities`.
    """
    sizes = context.n_source, context.n_target
    pairs = sizes[0] * sizes[1]
    synapses = context.synapses
    expected = min(MOST_SYNAPSES, p * pairs if isinstance(p, float) else pairs)
    if p == 0 or pairs == 0 or sizes[1] > MOST_SYNAPSES or not may_be_made(context, expected):
        return None
    texts = [each for each in (condition, p) if each is not None and not isinstance(each, float)]
    real = current_options().real
    if not all(_is_plain(each.expr) and each.text.real == real for each in texts):
        return None
    known = variables_of(synapses)
    if any(variable.is_lent() or variable.is_given() for variable in known):
        return None
    candidates = _Candidates(context, condition, p)
    try:
        found = candidates.chosen_rows()
    except MemoryLimitError:
        found = None
    keep_state(candidates.memory, synapses, *(() if found is None else (found.array,)))
    return found


def _is_plain(expr: Expr) -> bool:
    """Whether text needs nothing but variables, constants, indices and random numbers."""
    return not any(is_foreign(node) for node in walk(expr)) and not any(faults_in(expr))


class _Candidates:
    """Pairs that are looked at, by blocks of rows, and the program that looks."""

    def __init__(
        self, context: PairContext, condition: Expression | None, p: float | Expression
    ) -> None:
        self.context, self.condition = context, condition
        self.probability = None if isinstance(p, float) else p
        self.p = p if isinstance(p, float) else 1.0
        flags = () if self.probability is None else (NO_NUMBER, OUTSIDE)
        self.found = (OUT, *flags)  # what the program writes
        synapses = context.synapses
        self.store = SynapseStore(PAIRS, synapses._source_length(), synapses._target_length())
        wanted, chance = (
            None if each is None else each.expr for each in (condition, self.probability)
        )
        program = choice_program(wanted, chance, Param("text_key", DType.U64), self.store)
        self.program = pipeline.optimise(program, 1)
        text = context.merged_text(condition, self.probability)
        env = without_positions(text, context.key)
        self.memory: Memory = text_memory(env)
        self.target = pipeline.choose_target(current_options())
        self.target.prepare(self.memory)
        self.memory.ints.update(text.sizes)
        nodes = [node for expr in (wanted, chance) if expr is not None for node in walk(expr)]
        read = {node.array.name for node in nodes if isinstance(node, Load)}
        for variable in variables_of(synapses):
            if variable.array in read:
                variable.bind(self.memory, True)
                self.memory.ints[variable.info.array.length] = variable.size
        self._set_block(0, np.zeros(1, np.uint64))
        before = set(self.memory.arrays)
        collect(self.program, text, env, self.memory)
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
            self._check(first, row_start)
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

    def _check(self, first: int, row_start: _Starts) -> None:
        """Raise if a probability of a block is NaN, and warn of one outside 0 to 1."""
        context = self.context
        for flag in self.found[1:]:
            rows = np.flatnonzero(connector_of(self.memory).count_chosen(row_start, flag))
            if self.probability is not None and rows.size:
                i = np.array([[first + int(rows[0])]])
                j = np.arange(context.n_target, dtype=np.int64)[None, :]
                mask = np.ones((1, context.n_target), np.bool_)
                if self.condition is not None:
                    mask = self.condition.at(context, i, j)
                check_probabilities(self.probability.at(context, i, j), mask, context, (i, j))

    def _set_block(self, first: int, row_start: _Starts) -> None:
        """Describe a block of rows to the program."""
        memory, n = self.memory, int(row_start[-1])
        fresh = {f"{PAIRS}.row_start", f"{PAIRS}.targets", *self.found}
        if memory.mirror is not None:
            memory.mirror.keep(memory.arrays.keys() - fresh)
        memory.arrays["tick"][0] = 0
        memory.arrays[f"{PAIRS}.row_start"] = row_start
        memory.arrays[f"{PAIRS}.targets"] = np.empty(n, np.uint32)
        memory.arrays.update({name: np.empty(n, np.bool_) for name in self.found})
        memory.counters.update(dict.fromkeys(fresh, int))
        memory.unset.update(self.found)
        memory.ints[self.store.length] = n
        memory.ints[f"{PAIRS}.n_rows"] = row_start.size - 1
        memory.ints[f"{PAIRS}.source_start"] = self.context.first_source + first
