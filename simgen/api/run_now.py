"""Code that runs once for all elements, at once: ``S.run_now("w *= 10 / sum_over_post(w)")``.

It becomes a program of its own that makes a single step, on the arrays themselves: on the device
if that has them, else on the host.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simgen import pipeline
from simgen.api.checks import accept_infinities, judged, require_one_thread
from simgen.api.clock import Clock
from simgen.api.code_block import CodeBlock
from simgen.api.device import current_options
from simgen.api.device_text import keep_state, variables_of
from simgen.api.name_conflicts import NameConflicts
from simgen.api.namespaces import caller_namespace
from simgen.api.noted_runs import NOTED
from simgen.api.present import Present
from simgen.api.seeds import take_stream
from simgen.api.storage import AnyArray, StateVariable
from simgen.api.timed_array import find_table, table_parameter
from simgen.api.whole_numbers import WholeNumbers
from simgen.build.regular import regular_items
from simgen.build.texts import CLOCK, NOW, NOW_STEP
from simgen.errors import (
    EquationError,
    InternalError,
    MemoryLimitError,
    NumericalError,
    Origin,
    Problem,
    gathering,
    raise_problems,
)
from simgen.ir.expr import Array, Expr, Gather, IndexValue, Load, Param, RandomDraw
from simgen.ir.kernel import Kernel, OverElements, OverSynapses, Program
from simgen.ir.order import order_dependences
from simgen.ir.stmt import Accumulate, Store
from simgen.ir.visit import all_nodes, flatten, walk
from simgen.options import Options
from simgen.runtime.events import part_bounds
from simgen.runtime.timing import common_axis
from simgen.targets.base import Memory, Target

if TYPE_CHECKING:
    from simgen.api.group import Group

VERB = "run_now"


def run_now(group: Group, text: Any) -> None:
    """Run statements for all elements of a group; raises what run_regularly and runs do."""
    NOTED.make("run_now() was called")
    block = CodeBlock(group, text, VERB, f"{group.name}.now")
    present = group._present()
    caller = caller_namespace()
    constants = group._constants(caller)
    problems: list[Problem] = []
    scope = group._code_scope(constants, group.clock.ir, "start", caller)
    block.resolve(scope, problems)
    raise_problems(problems)
    NameConflicts([constants]).warn(caller)
    program = _program(block, present)
    _Call(group, block, present, scope.constants_used(), program).run()


def _program(block: CodeBlock, present: Present) -> Program:
    """Return the program that makes the code's only step; refuse what depends on the order."""
    code = block.code(CLOCK, "start", 0)
    walk_all = present.walk
    if walk_all is not None:
        code = replace(code, domain=lambda body: walk_all)
    problems: list[Problem] = []
    with gathering(problems):
        items = tuple(regular_items(code))
        for item in items:
            problems += _order_problems(item.kernel)
    raise_problems(problems)
    return pipeline.build_present(items)


def _order_problems(kernel: Kernel) -> Iterator[Problem]:
    if not isinstance(kernel.domain, OverSynapses):
        return
    for each in order_dependences(kernel.body):
        if each.origin is not None:
            name = each.array.name.rpartition(".")[2]
            yield Problem(
                f"The value of '{name}' would depend on the order in which synapses act.",
                each.origin,
                "That of a sum, as in 'x_post += w', does not, if nothing here reads it.",
                EquationError,
            )


def _clocks(group: Group, present: Present) -> list[Clock]:
    return list(dict.fromkeys([group.clock, *(each.clock for each in present.groups)]))


@functools.lru_cache(maxsize=64)
def _compiled(options: Options, program: Program, remote: bool) -> tuple[Target, Program]:
    """Return a program after the passes, and a target that keeps what it has compiled of it."""
    choose = pipeline.choose_target if remote else pipeline.host_target
    return choose(options), pipeline.optimise(program, options.optimize)


@dataclass(frozen=True, slots=True)
class _Written:
    """A variable that the code writes, its owner, and where that is."""

    owner: Group
    variable: StateVariable
    origin: Origin | None


class _Call:
    """One call of run_now: the data that the program needs, and what is done after it."""

    def __init__(
        self,
        group: Group,
        block: CodeBlock,
        present: Present,
        constants: Mapping[str, tuple[str, float | int]],
        program: Program,
    ) -> None:
        self.group = group
        self.block = block
        self.present = present
        self.constants = constants
        self.program = program
        self.options = current_options()
        self.nodes = [n for k in program.kernels for n in _nodes(k)]
        self.state = {known.array: known for known in variables_of(group)}
        self.used = self._used()
        self.written = list(self._written())
        random = any(isinstance(node, RandomDraw) for node in self.nodes)
        self.key = take_stream().key() if random else 0

    def run(self) -> None:
        """Run the program where the data is."""
        require_one_thread(self.program, self._parts())
        for owner in (self.group, *self.present.groups):
            for variable in owner.variables.values():
                if variable.array in self.used:
                    owner._take_back(variable.name)
        if not self._may_be_remote() or not self._run_on(remote=True):
            self._run_on(remote=False)

    def _may_be_remote(self) -> bool:
        group = self.group
        if self.options.target != "cuda" or self.options.real != group._real:
            return False
        if any(known.is_lent() or known.is_given() for known in self.state.values()):
            return False
        return self._parts() == 1

    def _run_on(self, remote: bool) -> bool:
        """Run the program on the device or the host; False if the device lacks room for it."""
        target, program = _compiled(self.options, self.program, remote)
        memory = Memory(n_parts=self._parts())
        target.prepare(memory)
        self._fill(memory, remote)
        notes = WholeNumbers(self.program, memory, [self.group, *self.present.groups], ())
        executable = target.build(program)
        try:
            executable.bind(memory)
        except MemoryLimitError:
            if not remote:
                raise
            keep_state(memory, self.group)
            return False
        notes.require_divisors()
        executable.run(1)
        for each in self.written:
            each.variable.written()
        try:
            notes.require([self.group, *self.present.groups], f" in {VERB}")
            self._require_finite()
        finally:
            if remote:
                keep_state(memory, self.group)
        for each in self.written:
            each.owner._after_write(each.variable.name)
        return True

    # --- what the program uses ------------------------------------------------------------------

    def _used(self) -> dict[str, Array]:
        """Return the arrays of the program by name."""
        found: dict[str, Array] = {}
        for node in self.nodes:
            if isinstance(node, Load | Gather):
                found[node.array.name] = node.array
        placed = [node for node in self.nodes if isinstance(node, Load | IndexValue)]
        for each in (*placed, *self._statements()):
            if each.index.via is not None:
                found[each.index.via.name] = each.index.via
        found.update({stmt.array.name: stmt.array for stmt in self._statements()})
        return found

    def _statements(self) -> Iterator[Store | Accumulate]:
        for kernel in self.program.kernels:
            for stmt in flatten(kernel.body):
                if isinstance(stmt, Store | Accumulate):
                    yield stmt

    def _written(self) -> Iterator[_Written]:
        owners = {v.array: end for end in self.present.groups for v in end.variables.values()}
        owners.update({v.array: self.group for v in self.group.variables.values()})
        for stmt in {stmt.array.name: stmt for stmt in self._statements()}.values():
            name = stmt.array.name
            if name in self.state:
                yield _Written(owners[name], self.state[name], stmt.origin)

    def _parts(self) -> int:
        """Return into how many parts the data is divided."""
        if self.present.parts is not None:
            return self.present.parts
        return 1 if self.options.target == "cuda" else self.options.threads

    # --- memory ---------------------------------------------------------------------------------

    def _fill(self, memory: Memory, remote: bool) -> None:
        """Give the memory all that the program reads and writes."""
        group, clock = self.group, self.group.clock
        axis = common_axis({each.name: each.dt_ for each in _clocks(group, self.present)})
        step = round(clock._now / clock.dt_)
        memory.arrays["tick"] = np.zeros(1, np.int64)
        memory.ints.update({"one": 1, f"period_{CLOCK.name}": 1, NOW_STEP.name: step})
        memory.ints.update(group._sizes())
        memory.reals.update({f"dt_{CLOCK.name}": clock.dt_, NOW.name: step * clock.dt_})
        for each in _clocks(group, self.present):
            memory.ints[f"period_{each.name}"] = axis.periods[each.name]
            memory.reals[f"dt_{each.name}"] = each.dt_
        for end in self.present.groups:
            for length, size in end._groups().items():
                memory.ints[length] = size
                memory.arrays[f"{length}.bounds"] = part_bounds(size, memory.n_parts)
        memory.arrays.update(self.present.tables)
        for name, value in self.present.values.items():
            self._set(memory, name, value)
        own = {array.name: data for array, data in self.block.arrays()}
        memory.unset.update(own)
        for name, array in self.used.items():
            if name in own:
                memory.arrays[name] = own[name].data
            elif name in self.state and remote:
                self.state[name].bind(memory, True)
            else:
                memory.arrays[name] = self._find(array)
        wanted = {node.name for node in self.nodes if isinstance(node, Param)}
        for name in wanted - memory.ints.keys() - memory.reals.keys():
            self._set(memory, name, self._parameter(name))
        key = self.block.key.name
        memory.ints[key] = self.key - (1 << 64) if self.key >= 1 << 63 else self.key
        unbound = memory.arrays.keys() - memory.counters.keys()
        memory.counters.update(dict.fromkeys(unbound, int))

    def _find(self, array: Array) -> AnyArray:
        """Return the data of an array, its own memory where the program writes it."""
        for each in self.written:
            if each.variable.array == array.name:
                return each.variable.data
        table = find_table(array)
        if table is not None:
            return table.data(self.options.real)
        return np.require(self.group._find_array(array), requirements=["C", "W"])

    def _parameter(self, name: str) -> float | int:
        if name in self.constants:
            return self.constants[name][1]
        value = table_parameter(name)
        if value is not None:
            return value
        for end in self.present.groups:  # what is derived when a network runs
            compiled = None if end._network is None else end._network._compiled
            if compiled is not None and name in compiled.memory.reals:
                return float(compiled.memory.reals[name])
        raise InternalError(f"no value for the parameter '{name}'")

    def _set(self, memory: Memory, name: str, value: float | int) -> None:
        """Store a parameter in both tables: the program knows which one it reads."""
        memory.reals[name] = float(value)
        if float(value).is_integer() and abs(value) < 2**63:
            memory.ints[name] = int(value)

    # --- afterwards -----------------------------------------------------------------------------

    def _require_finite(self) -> None:
        """Raise NumericalError if the code has written what is not a number."""
        accept_infinities(self.program, [each.variable for each in self.written])
        for each in self.written:
            variable = each.variable
            if variable.looks_finite():
                continue
            values = judged(variable, np.atleast_1d(each.owner._read(variable.name, slice(None))))
            bad = np.flatnonzero(~np.isfinite(values))
            if bad.size:
                more = f" (and {bad.size - 1} more)" if bad.size > 1 else ""
                where = "" if each.origin is None else f"{each.origin.render()}\n  "
                raise NumericalError(
                    f"{where}'{variable.name}' of {each.owner.describe()} is {values[bad[0]]} at "
                    f"index {bad[0]}{more} after {VERB}. Was something divided by zero?"
                )


def _nodes(kernel: Kernel) -> Iterator[Expr]:
    """Yield all expressions of a kernel."""
    yield from all_nodes((*kernel.prologue, *kernel.body))
    if isinstance(kernel.domain, OverElements):
        yield from walk(kernel.domain.start)
        yield from walk(kernel.domain.stop)
