"""Statements that run for all elements of a group: read, resolved, and made a part of a program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from simgen.api.storage import ProgramArray
from simgen.build.regular import RegularCode
from simgen.dtypes import DType
from simgen.errors import ArgumentTypeError, Problem, SourceText
from simgen.ir import kernel as ir
from simgen.ir.expr import Array, Param
from simgen.ir.stmt import Stmt
from simgen.ir.visit import reads, writes
from simgen.lang.statements import parse_statements
from simgen.model.code import CodeContext, resolve_code
from simgen.model.reductions import Reduction
from simgen.model.resolve import DrawCounter
from simgen.model.scope import Scope

if TYPE_CHECKING:
    from simgen.api.group import Group


class CodeBlock:
    """The text that ``verb`` of a group was given; ``name`` begins the names of all it needs."""

    def __init__(self, group: Group, text: Any, verb: str, name: str) -> None:
        if not isinstance(text, str):
            raise ArgumentTypeError(f"{verb} of {group.describe()} takes text, not {text!r}.")
        self.group = group
        self.verb = verb
        self.name = name
        self.key = Param(f"{name}.key", DType.U64)
        self.body: tuple[Stmt, ...] = ()
        self.reductions: tuple[Reduction, ...] = ()
        self._assignments = parse_statements(SourceText(text, verb, group.describe()))

    def resolve(self, scope: Scope, problems: list[Problem]) -> None:
        """Give all names their meaning."""
        group, reductions = self.group, self.group._element_reductions(self.name)
        rank = group._draw_rank()
        context = CodeContext(
            scope, self.key, DrawCounter(), rank=rank, problems=problems, reductions=reductions
        )
        self.body = resolve_code(self._assignments, context)
        self.reductions = tuple(reductions.found)

    def written(self) -> Iterator[Array]:
        """Yield the arrays that the code changes."""
        yield from (array for array, _, _ in writes(self.body))

    def read(self) -> Iterator[Array]:
        """Yield the arrays that the code and its reductions read."""
        yield from (array for array, _ in reads(self.body))
        yield from (array for each in self.reductions for array, _ in reads((each.statement,)))

    def code(self, clock: ir.Clock, slot: str, order: int) -> RegularCode:
        """Return the code in its place of a schedule."""
        group, label = self.group, f"{self.group.describe()}: {self.verb}"
        return RegularCode(
            self.name,
            clock,
            slot,
            order,
            self.body,
            group._code_description(),
            lambda body: group._code_domain(body, label),
            self.verb,
            self.reductions,
        )

    def arrays(self) -> Iterator[tuple[Array, ProgramArray]]:
        """Yield the arrays of the reductions with memory for them."""
        sizes = self.group._sizes()
        for each in self.reductions:
            dtype = each.array.dtype.numpy(self.group._real)
            data = np.zeros(sizes[each.array.length], dtype)
            yield each.array, ProgramArray(each.array.name, data)
