"""Statements as C text: what the C++ and the CUDA target share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from simgen.dtypes import DType
from simgen.errors import InternalError
from simgen.ir.expr import Array, Expr
from simgen.ir.stmt import Accumulate, Append, Emit, If, Let, Note, Scatter, Stmt, Store
from simgen.targets.cstyle import EQUALITY, UNARY, mangle, origin_comment, stored_type
from simgen.targets.scope import Scope


def _no_emit(stmt: Emit, condition: str) -> str:
    raise InternalError(f"events '{stmt.events.name}' are emitted outside a loop over elements")


def _no_append(stmt: Append, value: str) -> str:
    raise InternalError(f"recorder '{stmt.recorder.name}' is appended to inside a parallel loop")


_WHOLE = {"+": "sg_whole_sum", "*": "sg_whole_product"}


def _plain(stmt: Accumulate | Store, place: str, value: str) -> str | None:
    return None


@dataclass(slots=True)
class BodyPrinter:
    """Prints the statements of one loop body.

    With ``select`` a conditional write becomes a write of the selected value: there is no branch,
    so the loop vectorises. ``emit``, ``append``, ``accumulate`` and ``store`` return the target's
    own text; the last two may return None for a write like any other.
    """

    scope: Scope
    select: bool = False
    emit: Callable[[Emit, str], str] = _no_emit
    append: Callable[[Append, str], str] = _no_append
    accumulate: Callable[[Accumulate, str, str], str | None] = _plain
    store: Callable[[Store, str, str], str | None] = _plain
    _conditions: int = field(default=0, init=False)
    _shown: str = field(default="", init=False)

    def lines(self, body: Iterable[Stmt], guard: str = "") -> list[str]:
        """Return the lines of ``body``; those inside ``if`` are indented by two more blanks."""
        lines: list[str] = []
        for stmt in body:
            comment = origin_comment(stmt.origin)
            if comment and comment != self._shown:
                lines.append(comment)
            self._shown = comment
            lines += self._statement(stmt, guard)
        return lines

    def _statement(self, stmt: Stmt, guard: str) -> list[str]:
        text = self.scope.printer.text
        match stmt:
            case Let(local=local, value=value):
                kind = self.scope.printer.type_name(local.dtype)
                return [f"const {kind} {mangle('l', local.name)} = {text(value)};"]
            case Store(beyond=None, value=value):
                place = self.scope.printer.place(stmt.array, stmt.index)
                chosen = self._chosen(guard, value, place, stmt)
                return [self.store(stmt, place, chosen) or f"{place} = {chosen};"]
            case Store() | Accumulate() if stmt.beyond is not None:
                return [self._whole(stmt, stmt.beyond, guard)]
            case Accumulate(op=op, value=value):
                place = self.scope.printer.place(stmt.array, stmt.index)
                named = op in ("min", "max")
                if named:
                    function = self.scope.printer.function(op, stmt.array.dtype)
                    new = f"{function}({place}, {text(value)})"
                else:
                    new = f"{place} {op} {text(value, UNARY)}"
                if guard:
                    return [f"{place} = {guard} ? {new} : {place};"]
                own = self.accumulate(stmt, place, text(value))
                return [own or (f"{place} = {new};" if named else f"{place} {op}= {text(value)};")]
            case Scatter(array=array, position=position, value=value) if not guard:
                return [f"{self.scope.array(array)}[{text(position)}] = {text(value)};"]
            case If(condition=condition, body=body):
                return self._conditional(condition, body, guard)
            case Emit(condition=condition):
                told = f"{guard} & {text(condition, EQUALITY)}" if guard else text(condition)
                return [self.emit(stmt, told)]
            case Note(array=array, index=index, condition=condition) if not guard:
                note = self.scope.buffer(array.name, "int64_t", written=True)
                place = self.scope.printer.index(index)
                return [f"if ({text(condition)}) sg_note_beyond({place}, {note});"]
            case Append(value=value):
                return [self.append(stmt, text(value))]
            case _:
                raise InternalError(f"the C printer met {type(stmt).__name__} inside a loop")

    def _whole(self, stmt: Store | Accumulate, beyond: Array, guard: str) -> str:
        """Return the write of an integer variable, which notes what does not fit."""
        if guard:
            raise InternalError(f"'{stmt.array.name}' is written without a branch")
        printer = self.scope.printer
        place = printer.place(stmt.array, stmt.index)
        note = self.scope.buffer(beyond.name, "int64_t", written=True)
        told = f"{printer.text(stmt.value)}, {printer.index(stmt.index)}, {note}"
        if isinstance(stmt, Store):
            value = f"sg_whole({told})"
            return self.store(stmt, place, value) or f"{place} = {value};"
        own = self.accumulate(stmt, place, told)
        name = _WHOLE[stmt.op]
        return own or f"{place} = {name}({place}, {told});"

    def _chosen(self, guard: str, value: Expr, place: str, stmt: Store) -> str:
        if not guard:
            return self.scope.printer.text(value)
        kind = stored_type(stmt.array.dtype, self.scope.layout.real)
        new = self.scope.printer.text(value, UNARY)
        return f"{guard} ? {f'({kind}){new}' if stmt.array.dtype is DType.BOOL else new} : {place}"

    def _conditional(self, condition: Expr, body: tuple[Stmt, ...], guard: str) -> list[str]:
        if not self.select:
            inner = self.lines(body)
            return [
                f"if ({self.scope.printer.text(condition)}) {{",
                *(f"  {line}" for line in inner),
                "}",
            ]
        name = f"c{self._conditions}"
        self._conditions += 1
        told = self.scope.printer.text(condition, EQUALITY if guard else 0)
        told = f"{guard} & {told}" if guard else told
        return [f"const bool {name} = {told};", *self.lines(body, name)]
