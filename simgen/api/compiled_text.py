"""Strings evaluated by compiled code, where numpy would take longer than the compiler."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from simgen import pipeline
from simgen.api.device import current_options
from simgen.api.evaluation import TextContext, TextEnvironment
from simgen.api.storage import AnyArray, ProgramArray
from simgen.build.texts import CLOCK, NOW, NOW_STEP, OUT, text_program
from simgen.dtypes import DType
from simgen.errors import InternalError
from simgen.ir.expr import Call, Expr, Gather, Load, Param, RandomDraw
from simgen.ir.kernel import Program
from simgen.ir.visit import all_nodes, walk
from simgen.runtime.aligned import aligned_zeros
from simgen.targets.base import Memory

if TYPE_CHECKING:
    from simgen.api.synapses_in_network import SynapsesInNetwork

WORTH_COMPILING = 1_000_000  # elements or pairs; below, numpy is done before a compiler has started


def is_worth_compiling(count: int) -> bool:
    """Whether ``count`` evaluations should be compiled on the present device."""
    return count >= WORTH_COMPILING and current_options().target != "reference"


def is_compilable(*expressions: Expr | None) -> bool:
    """Whether no function of the user's own lacks the code that a compiler needs, or has a state.

    Text goes over elements with several threads, and calls of such a function have an order.
    """
    return not any(
        isinstance(node, Call)
        and node.user is not None
        and ("cpp" not in node.user.codes or not node.user.stateless)
        for expr in expressions
        if expr is not None
        for node in walk(expr)
    )


def collect(program: Program, text: TextContext, env: TextEnvironment, memory: Memory) -> None:
    """Put the data and parameters that a program reads into its memory."""
    for node in all_nodes(program.schedule[0].kernel.body):
        if isinstance(node, Load | Gather):
            via = node.index.via if isinstance(node, Load) else None
            for array in (node.array,) if via is None else (node.array, via):
                if array.name not in memory.arrays:
                    data = np.require(text.find(array), requirements=["C", "W"])
                    memory.arrays[array.name] = data
                    memory.ints[array.length] = data.size
        elif isinstance(node, Param) and node.name not in memory.ints:
            value = memory.reals.get(node.name)
            value = float(env.param(node)) if value is None else value
            memory.reals[node.name] = value
            if value.is_integer():
                memory.ints[node.name] = int(value)
        elif isinstance(node, RandomDraw):
            key = text.keys.get(node.key.name, env.key)
            memory.ints[node.key.name] = key - (1 << 64) if key >= 1 << 63 else key


def evaluate_for_synapses(
    synapses: SynapsesInNetwork, text: TextContext, expr: Expr, key: int
) -> AnyArray | None:
    """Return the values of ``expr`` for all synapses in data order, None if not worth compiling."""
    data = synapses._data
    if not is_worth_compiling(data.n) or not is_compilable(expr):
        return None
    if _goes_through_index_arrays(expr):
        return None
    store = synapses._run.plain_store()
    program = text_program(expr, store)
    env = without_positions(text, key)
    memory = text_memory(env)
    add_synapses(memory, synapses)
    if data.store is None and not store.is_dense:
        _share_rows(memory, f"{store.name}.row_start", current_options().threads)
    out = memory.arrays[OUT] = aligned_zeros(data.n, expr.dtype.numpy(text.real))
    collect(program, text, env, memory)
    executable = pipeline.host_target(current_options()).build(pipeline.optimise(program, 1))
    executable.bind(memory)
    executable.run(1)
    return out


def _share_rows(memory: Memory, name: str, n_parts: int) -> None:
    """Divide rows between threads: a part has all rows, those of other parts without synapses."""
    starts = memory.arrays[name]
    shares = starts[-1] * np.arange(1, n_parts) // n_parts
    cuts = [0, *np.searchsorted(starts, shares).tolist(), len(starts) - 1]
    parts = [np.clip(starts[:-1], starts[low], starts[high]) for low, high in pairwise(cuts)]
    memory.arrays[name] = np.append(np.concatenate(parts), starts[-1])
    memory.n_parts = n_parts


def without_positions(text: TextContext, key: int) -> TextEnvironment:
    """Return an environment for what is the same everywhere: constants, sizes and the time."""
    return TextEnvironment(
        replace(text, coordinates=lambda positions: None), np.zeros(0, np.int64), key
    )


def text_memory(env: TextEnvironment) -> Memory:
    """Return a memory with the values that every program of text has."""
    clock = env.context.clock
    memory = Memory(arrays={"tick": np.zeros(1, np.int64)})
    memory.ints = {f"period_{CLOCK.name}": 1, NOW_STEP.name: env.step(), "one": 1}
    memory.reals = {f"dt_{CLOCK.name}": clock.dt_, NOW.name: env.time()}
    return memory


def add_synapses(
    memory: Memory, synapses: SynapsesInNetwork, remote: ProgramArray | None = None
) -> None:
    """Put the connectivity into a memory, for a walk over all synapses.

    ``remote`` has the targets where the memory's device has them.
    """
    data, store = synapses._data, synapses._run.plain_store()
    if data.store is not None:
        starts = data.store.row_start
        flat = np.append(starts[:, :-1].reshape(-1), starts[-1, -1])
        memory.n_parts = data.store.n_parts
    elif data.rows is not None:
        flat = data.rows.row_start
    else:
        raise InternalError(f"{synapses.describe()} has neither rows nor a store")
    tables: dict[str, AnyArray] = {
        f"{store.name}.row_start": np.require(flat, np.uint64, ["C", "W"])
    }
    if store.is_dense:
        bounds = [0, data.n_target] if data.store is None else data.store.part_bounds
        tables[f"{store.target_length}.bounds"] = np.array(bounds, np.int64)
        memory.ints.update({name: int(n) for name, n in data.numbers(store.name).items()})
    elif remote is None or memory.mirror is None:
        tables[f"{store.name}.targets"] = np.require(data.targets(), np.uint32, ["C", "W"])
    memory.arrays.update(tables)
    memory.counters.update(dict.fromkeys(tables, int))
    if remote is not None and memory.mirror is not None:
        remote.bind(memory, True)
    memory.ints[store.length] = data.n
    memory.ints[f"{store.name}.n_rows"] = data.n_source
    memory.ints[f"{store.name}.source_start"] = synapses._run.source_start()


def _goes_through_index_arrays(expr: Expr) -> bool:
    """Whether an expression needs what the walk over a store does not offer (tables, booleans)."""
    return expr.dtype is DType.BOOL or any(isinstance(node, Gather) for node in walk(expr))
