"""The compiler on one page: parts of a network to a program, passes, and the running target."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from simgen.build.facts import NetworkFacts
from simgen.build.schedule import DEFAULT_SLOTS, order_items, with_lags
from simgen.build.texts import present_program
from simgen.errors import Problem, gathering, raise_problems
from simgen.ir.expr import Array
from simgen.ir.kernel import Item, Program
from simgen.ir.verify import verify_program
from simgen.options import Options
from simgen.passes.fuse_kernels import fuse_kernels
from simgen.passes.hoist_invariants import hoist_invariants
from simgen.passes.note_faults import note_faults
from simgen.targets.base import Target
from simgen.targets.cpu.backend import CpuTarget
from simgen.targets.cuda.backend import CudaTarget, open_device
from simgen.targets.reference.backend import ReferenceTarget

Pass = Callable[[Program], Program]

PASSES: tuple[tuple[str, Pass], ...] = (
    ("fuse_kernels", fuse_kernels),
    ("hoist_invariants", hoist_invariants),
)


class Part(Protocol):
    """What the pipeline asks of the objects of a network."""

    when: str
    order: int

    @property
    def name(self) -> str:
        """Return the name of the object, unique in its network."""

    def _resolve(self, namespace: Mapping[str, Any], problems: list[Problem]) -> None: ...

    def _written(self) -> Iterable[Array]: ...

    def _observed(self) -> Iterable[Array]: ...

    def _is_python(self) -> bool: ...

    def _items(self, facts: NetworkFacts) -> Iterable[Item]: ...


def build_program(
    parts: Sequence[Part],
    namespace: Mapping[str, Any],
    optimize: int = 1,
    slots: Sequence[str] = DEFAULT_SLOTS,
) -> Program:
    """Return the program of a network, before the passes; raise all problems at once."""
    problems: list[Problem] = []
    for part in parts:
        part._resolve(namespace, problems)
    raise_problems(problems)
    facts = NetworkFacts(
        changing=frozenset(array for part in parts for array in part._written()),
        observed=frozenset(array for part in parts for array in part._observed()),
        scripted=any(part._is_python() for part in parts),
        optimize=optimize,
    )
    items: list[Item] = []
    for part in parts:
        with gathering(problems):  # a method may refuse equations
            items += part._items(facts)
    raise_problems(problems)
    python = [(part.when, part.order, part.name) for part in parts if part._is_python()]
    schedule = with_lags(order_items(items, slots, python))
    clocks = tuple(dict.fromkeys(item.kernel.clock for item in schedule))
    return note_faults(Program(schedule, clocks))


def build_present(items: Iterable[Item]) -> Program:
    """Return the program that runs some code once, before the passes."""
    return note_faults(present_program(items))


def optimise(program: Program, level: int) -> Program:
    """Return the program after all passes; with level 0 unchanged."""
    verify_program(program)
    if level == 0:
        return program
    check = os.environ.get("SIMGEN_DEBUG", "0") not in ("", "0")
    for _, transform in PASSES:
        program = transform(program)
        if check:
            verify_program(program)
    return program


def require_device(options: Options) -> None:
    """Raise :class:`DeviceError`, saying what is missing, if the device cannot be used here."""
    if options.target == "cuda":
        open_device(options)


def choose_target(options: Options) -> Target:
    """Return the target that the options ask for."""
    if options.target == "cuda":
        return CudaTarget(options)
    return host_target(options)


def host_target(options: Options) -> Target:
    """Return the target for what is computed on the host: text of assignments and of connect."""
    if options.target == "reference":
        return ReferenceTarget(options)
    return CpuTarget(options)
