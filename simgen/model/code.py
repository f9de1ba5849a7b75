"""Assignments to typed statements: targets checked, locals bound, ``+=`` told from ``=``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from simgen.dtypes import DType
from simgen.errors import (
    DimensionMismatchError,
    EquationError,
    Origin,
    Problem,
    UnknownNameError,
    suggest,
)
from simgen.ir.construct import binary, power
from simgen.ir.expr import ZERO, Expr, IndexKind, IndexValue, Load, Local, Param
from simgen.ir.stmt import If, Let, Stmt
from simgen.ir.visit import walk
from simgen.lang.statements import Assignment
from simgen.model.calls import CallsBefore
from simgen.model.emissions import Emissions
from simgen.model.functions import KeepsCalls, said
from simgen.model.hints import literal_hint
from simgen.model.reductions import Reductions
from simgen.model.resolve import DrawCounter, Resolver
from simgen.model.scope import (
    Entry,
    FunctionEntry,
    Scope,
    SubexpressionEntry,
    ValueEntry,
    VariableEntry,
)
from simgen.model.whole_numbers import accumulate_value, store_value
from simgen.units import DIMENSIONLESS, Dimension


class LocalScope(Scope):
    """A scope that lets a block of code define names of its own."""

    def __init__(self, outer: Scope, prefix: str) -> None:
        self.outer = outer
        self.prefix = prefix
        self.entries: dict[str, ValueEntry] = {}
        self.differing: dict[Local, str] = {}  # locals that differ between elements, and why
        self.unread: dict[str, Assignment] = {}  # locals that nothing has read yet
        self._count = 0

    def lookup(self, name: str) -> Entry | None:
        """Return the local of that name, else what the outer scope says."""
        self.unread.pop(name, None)
        return self.entries.get(name) or self.outer.lookup(name)

    def peek(self, name: str) -> Entry | None:
        """Return what ``lookup`` would; the local still counts as not read."""
        return self.entries.get(name) or self.outer.peek(name)

    def names(self) -> Iterator[str]:
        """Yield local names, then the outer ones."""
        yield from self.entries
        yield from self.outer.names()

    def missing(self, name: str) -> str:
        """Return which objects lack an unknown name."""
        return self.outer.missing(name)

    def bind(self, name: str, dtype: DType, dim: Dimension) -> Local:
        """Make a new local for ``name``; a second assignment gets a second local."""
        local = Local(f"{self.prefix}{name}_{self._count}", dtype)
        self._count += 1
        self.entries[name] = ValueEntry(local, dim)
        return local


@dataclass
class CodeContext:
    """How a block of code is resolved: its scope, its random draws, and the rules that hold."""

    scope: Scope
    key: Param
    draws: DrawCounter
    rank: Expr | None = None
    gated: bool = True  # writes to 'unless refractory' variables are conditional (not at events)
    strict: bool = True
    forbid_shared: str = ""  # why shared variables may not be written here
    prefix: str = ""
    problems: list[Problem] = field(default_factory=list)
    reductions: Reductions | None = None  # of code that may form reductions over all elements
    emissions: Emissions | None = None  # of code that runs on events of a source

    def resolver(self, scope: Scope | None = None, calls: KeepsCalls | None = None) -> Resolver:
        """Return a resolver that reports into ``problems``."""
        return Resolver(
            scope or self.scope,
            problems=self.problems,
            draw_key=self.key,
            draws=self.draws,
            draw_rank=self.rank,
            strict=self.strict,
            reductions=self.reductions,
            emissions=self.emissions,
            calls=calls,
        )


def resolve_code(assignments: Sequence[Assignment], context: CodeContext) -> tuple[Stmt, ...]:
    """Return the statements of a block in order; problems go to ``context.problems``."""
    scope = LocalScope(context.scope, context.prefix)
    calls = CallsBefore(context.prefix)
    resolver = context.resolver(scope, calls)
    body: list[Stmt] = []
    for assignment in assignments:
        value, dim = resolver.expression(assignment.value)
        made = calls.taken()
        if made and context.reductions is not None:
            context.reductions.refuse_calls(made, context.problems)
        for let in made:
            single = differing_name(let.value, scope.differing)
            if single is not None:
                scope.differing[let.local] = single
        body += made
        if context.reductions is not None:
            context.reductions.end_statement()
        target = context.scope.lookup(assignment.target)
        if isinstance(target, VariableEntry):
            if target.shared and not context.forbid_shared:
                _check_shared(assignment, differing_name(value, scope.differing), context)
            stmt = _write(assignment, target, value, dim, context)
            if stmt is not None:
                body.append(stmt)
        elif target is None or assignment.target in scope.entries:
            body.append(_bind(assignment, scope, value, dim, context))
        else:
            _complain(
                context,
                assignment.target_origin,
                f"'{assignment.target}' cannot be assigned: it is {_unassignable(target)}.",
            )
    for assignment in scope.unread.values():
        _unread_local(assignment, context)
    return tuple(body)


def _unassignable(entry: Entry) -> str:
    if isinstance(entry, SubexpressionEntry):
        return "a subexpression. Assign the variables that it is computed from"
    if isinstance(entry, FunctionEntry):
        return "a function"
    if isinstance(entry, ValueEntry) and entry.nature:
        return entry.nature
    return (
        "a built-in value, or a constant of your namespace. A variable is declared in the "
        "equations, as in 'x : 1'"
    )


def differing_name(value: Expr, differing: Mapping[Local, str] | None = None) -> str | None:
    """Return the name of something in ``value`` that differs between elements, or None."""
    for node in walk(value):
        if isinstance(node, Load) and node.index != ZERO:
            return node.array.name.rpartition(".")[2]
        if isinstance(node, IndexValue):
            return "j" if node.index.kind is IndexKind.POST else "i"
        if isinstance(node, Local) and differing and node in differing:
            return differing[node]
    return None


def _check_shared(assignment: Assignment, single: str | None, context: CodeContext) -> None:
    if single is not None:
        _complain(
            context,
            assignment.value.origin,
            f"'{assignment.target}' is shared, but '{single}' has a value for each element.",
            "Only shared variables and constants can be used here.",
        )


def _unread_local(assignment: Assignment, context: CodeContext) -> None:
    """Report a name that is only assigned: most often a misspelt variable."""
    name = assignment.target
    hint = suggest(name, context.scope.names())
    context.problems.append(
        Problem(
            f"There is no variable '{name}' here, and this value of '{name}' is never used."
            f"{context.scope.missing(name)}",
            assignment.target_origin,
            hint or "Leave the statement out.",
            UnknownNameError if hint or name.endswith(("_pre", "_post")) else EquationError,
        )
    )


def _bind(
    assignment: Assignment,
    scope: LocalScope,
    value: Expr,
    dim: Dimension | None,
    context: CodeContext,
) -> Let:
    old = scope.entries.get(assignment.target)
    if assignment.op != "=":
        if old is None:
            name = assignment.target
            hint = suggest(name, scope.names()) or f"Give it a value first, as in '{name} = 0'."
            message = f"There is no variable '{name}' that '{assignment.op}' could change."
            message += scope.missing(name)
            context.problems.append(
                Problem(message, assignment.target_origin, hint, UnknownNameError)
            )
        else:
            op = assignment.op[:-1]
            _check_operation(assignment, op, old.dim, dim, context)
            value = _combined(op, old.expr, value)
            dim = _product(op, old.dim, dim)
    local = scope.bind(assignment.target, value.dtype, DIMENSIONLESS if dim is None else dim)
    single = differing_name(value, scope.differing)
    if single is not None:
        scope.differing[local] = single
    if assignment.op == "=":
        scope.unread.setdefault(assignment.target, assignment)
    return Let(local, value, assignment.origin)


def _product(op: str, left: Dimension, right: Dimension | None) -> Dimension | None:
    if right is None or op not in ("*", "/"):
        return left
    return left * right if op == "*" else left / right


def _write(
    assignment: Assignment,
    target: VariableEntry,
    value: Expr,
    dim: Dimension | None,
    context: CodeContext,
) -> Stmt | None:
    name, op, origin = assignment.target, assignment.op, assignment.origin
    if not _may_write(assignment, target, context):
        return None
    _check_operation(assignment, op[:-1] or "=", target.dim, dim, context)
    wanted = target.load.dtype
    if not _type_fits(wanted, value.dtype, op):
        _complain(context, origin, *_misfit(name, wanted, value.dtype, op))
        return None
    load: Load = target.load
    stmt: Stmt
    if op in ("+=", "-=", "*=") and wanted is not DType.BOOL:
        stmt = accumulate_value(load, op, value, origin)
    else:
        new = value if op == "=" else _combined(op[:-1], load, value)
        stmt = store_value(load, new, origin)
    if target.gate is not None and context.gated:
        return If(target.gate, (stmt,), origin)
    return stmt


def _misfit(name: str, wanted: DType, got: DType, op: str) -> tuple[str, str]:
    """Return what is wrong with the type of a right side, and a hint."""
    if wanted is DType.BOOL and op != "=":
        return f"'{name}' is boolean, so '{op}' cannot change it.", "Use '=' and a condition."
    if wanted.is_integer and got.is_integer:
        return f"'{name}' is integer, but '{op}' gives fractions.", f"Use '{name} = int(...)'."
    hint = "Use a condition." if wanted is DType.BOOL else "Use int(...)."
    return f"'{name}' is {_kind(wanted)}, but the right side is {_kind(got)}.", hint


def _kind(dtype: DType) -> str:
    if dtype is DType.BOOL:
        return "boolean"
    return "integer" if dtype.is_integer else "floating point"


def _combined(op: str, left: Expr, right: Expr) -> Expr:
    return power(left, right) if op == "**" else binary(op, left, right)


def _may_write(assignment: Assignment, target: VariableEntry, context: CodeContext) -> bool:
    name = assignment.target
    if target.linked:
        _complain(
            context,
            assignment.origin,
            f"'{name}' of {target.owner_text} is linked, so code may not write it.",
            "Write the variable that it is linked to, in the group that has it.",
        )
    elif target.constant:
        _complain(
            context,
            assignment.origin,
            f"'{name}' of {target.owner_text} is declared (constant), so code may not write it.",
        )
    elif target.read_only:
        _complain(
            context,
            assignment.origin,
            f"'{name}' of {target.owner_text} cannot be written by code.",
        )
    elif target.shared and context.forbid_shared:
        _complain(
            context,
            assignment.origin,
            f"'{name}' of {target.owner_text} is shared and cannot be written "
            f"{context.forbid_shared}.",
        )
    else:
        return True
    return False


def _type_fits(wanted: DType, got: DType, op: str) -> bool:
    if wanted is DType.BOOL:
        return got is DType.BOOL and op == "="
    if wanted.is_integer:
        return not got.is_float and op not in ("/=", "**=")
    return True


def _check_operation(
    assignment: Assignment,
    op: str,
    left: Dimension,
    right: Dimension | None,
    context: CodeContext,
) -> None:
    """Check the dimensions of ``target op= value``; '=' needs equal ones, '*' a pure number."""
    if right is None:
        return
    name = assignment.target
    if op in ("*", "/"):
        wanted, ok = "no dimension", right.is_dimensionless
    elif op == "**":
        wanted, ok = "no dimension", right.is_dimensionless and left.is_dimensionless
    else:
        wanted, ok = left.describe(), left == right
    if ok:
        return
    hint = ""
    if op in ("*", "/", "**"):
        text = f"'{name}' {said(left)}; '{assignment.op}' would change its dimension: "
        text += f"the right side {said(right)} and must have {wanted}."
    else:
        text = f"'{name}' {said(left)}, but the right side {said(right)}."
        hint = literal_hint(assignment.value, right, left)
    context.problems.append(Problem(text, assignment.value.origin, hint, DimensionMismatchError))


def _complain(context: CodeContext, origin: Origin, message: str, hint: str = "") -> None:
    context.problems.append(Problem(message, origin, hint, EquationError))
