"""The kernel language as text: the same program always gives the same lines.

Made for golden files and for reading; nothing parses it. Parameters carry a dollar sign, types are
written where a value is bound, and the user's own statement stands behind what came from it.
"""

from __future__ import annotations

from collections.abc import Iterable

from simgen.errors import InternalError, Origin
from simgen.ir.expr import (
    Binary,
    Call,
    Cast,
    Compare,
    Const,
    Expr,
    Flow,
    Gather,
    Index,
    IndexValue,
    Load,
    Local,
    Logical,
    Param,
    RandomDraw,
    Select,
    Step,
    Time,
    Unary,
)
from simgen.ir.kernel import (
    Domain,
    Kernel,
    Once,
    OverCarried,
    OverElements,
    OverEvents,
    OverFanIn,
    OverFanOut,
    OverIndices,
    OverSynapses,
    Program,
)
from simgen.ir.stmt import Accumulate, Append, Emit, EmitTable, If, Let, Note, Scatter, Stmt, Store

_SELECT, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _UNARY, _ATOM = range(9)
_STRENGTH = {
    **{"or": _OR, "and": _AND, "+": _SUM, "-": _SUM},
    **dict.fromkeys(("*", "/", "//", "%"), _PRODUCT),
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), _COMPARE),
}


def format_expr(expr: Expr) -> str:
    """Return an expression in one line, such as ``$decay * exc.v[element]``."""
    return _text(expr, 0)


def format_stmt(stmt: Stmt) -> str:
    """Return a statement; the body of an ``if`` follows in indented lines."""
    return "\n".join(_statement(stmt))


def format_kernel(kernel: Kernel) -> str:
    """Return a kernel: its domain, what is computed before the loop, and the body."""
    lines = [f"kernel {kernel.name} on clock {kernel.clock.name}"]
    if kernel.comment:
        lines.append(f"  # {_one_line(kernel.comment)}")
    if kernel.prologue:
        lines += ["  before", *(f"    {line}" for line in _body(kernel.prologue))]
    lines.append(f"  for {_domain(kernel.domain)}")
    lines += [f"    {line}" for line in _body(kernel.body)]
    return "\n".join(lines)


def format_program(program: Program) -> str:
    """Return the clocks and the schedule; each kernel stands under its place in the schedule."""
    lines = ["program with clocks " + ", ".join(clock.name for clock in program.clocks)]
    for item in program.schedule:
        lines += ["", f"[{item.slot} {item.order} {item.name}]", format_kernel(item.kernel)]
    return "\n".join(lines) + "\n"


def _text(expr: Expr, strength: int) -> str:
    text, own = _print(expr)
    return f"({text})" if own < strength else text


def _print(expr: Expr) -> tuple[str, int]:
    match expr:
        case Const(value=value):
            text = str(value).lower() if isinstance(value, bool) else repr(value)
            return text, _UNARY if text.startswith("-") else _ATOM
        case Param(name=name):
            return f"${name}", _ATOM
        case Local(name=name):
            return name, _ATOM
        case Load(array=array, index=index):
            return f"{array.name}[{_index(index)}]", _ATOM
        case Gather(array=array, position=position):
            return f"{array.name}[at {_text(position, 0)}]", _ATOM
        case IndexValue(index=index):
            return f"index({_index(index)})", _ATOM
        case Step():
            return "step", _ATOM
        case Time():
            return "t", _ATOM
        case Cast(dtype=dtype, operand=operand):
            return f"{dtype.value}({_text(operand, 0)})", _ATOM
        case Call(function=name, args=args):
            return f"{name}({_list(args)})", _ATOM
        case Flow(row=row, blocks=blocks, matrix=matrix, start=start):
            sizes = ", ".join(map(str, blocks))
            return f"flow({row} of {sizes}; {_list(matrix)}; {_list(start)})", _ATOM
        case RandomDraw():
            return _draw(expr), _ATOM
        case _:
            return _operator(expr)


def _operator(expr: Expr) -> tuple[str, int]:
    match expr:
        case Unary(op="not", operand=operand):
            return f"not {_text(operand, _NOT)}", _NOT
        case Unary(op=op, operand=operand):
            return f"{op}{_text(operand, _ATOM)}", _UNARY
        case Compare(op=op, left=left, right=right):
            return f"{_text(left, _SUM)} {op} {_text(right, _SUM)}", _COMPARE
        case Binary(op=op, left=left, right=right) | Logical(op=op, left=left, right=right):
            own = _STRENGTH[op]
            return f"{_text(left, own)} {op} {_text(right, own + 1)}", own
        case Select(condition=condition, then=then, otherwise=otherwise):
            parts = (_text(part, _OR) for part in (then, condition, otherwise))
            return "{} if {} else {}".format(*parts), _SELECT
        case _:
            raise InternalError(f"the printer met {type(expr).__name__}")


def _draw(draw: RandomDraw) -> str:
    rank = "" if draw.rank is None else f", rank {_text(draw.rank, 0)}"
    arguments = f"{_list(draw.args)}; " if draw.args else ""
    kind = ", fixed" if draw.fixed else ", as a pair" if draw.as_pair else ""
    return f"{draw.distribution}({arguments}${draw.key.name} #{draw.number}{rank}{kind})"


def _list(args: Iterable[Expr]) -> str:
    return ", ".join(_text(arg, 0) for arg in args)


def _index(index: Index) -> str:
    place = index.kind.value
    return place if index.via is None else f"{index.via.name}[{place}]"


def _body(body: Iterable[Stmt]) -> list[str]:
    lines = [line for stmt in body for line in _statement(stmt)]
    return lines or ["pass"]


def _beyond(stmt: Store | Accumulate) -> str:
    return "" if stmt.beyond is None else f" noting {stmt.beyond.name}"


def _statement(stmt: Stmt) -> list[str]:
    match stmt:
        case Let(local=local, value=value):
            line = f"let {local.name}: {local.dtype.value} = {format_expr(value)}"
        case Store(array=array, index=index, value=value):
            line = f"{array.name}[{_index(index)}] = {format_expr(value)}{_beyond(stmt)}"
        case Accumulate(array=array, index=index, op=op, value=value):
            line = f"{array.name}[{_index(index)}] {op}= {format_expr(value)}{_beyond(stmt)}"
        case Scatter(array=array, position=position, value=value):
            line = f"{array.name}[{format_expr(position)}] = {format_expr(value)}"
        case If(condition=condition, body=body):
            head = f"if {format_expr(condition)}:{_behind(stmt.origin)}"
            return [head, *(f"  {line}" for line in _body(body))]
        case Emit(events=events, condition=condition):
            line = f"emit {events.name} where {format_expr(condition)}"
        case Note(array=array, index=index, condition=condition):
            line = f"note {array.name}[{_index(index)}] where {format_expr(condition)}"
        case EmitTable(events=events, steps=steps, elements=elements, period=period):
            table = f"({steps.name}, {elements.name})"
            line = f"emit {events.name} from {table} with period {format_expr(period)}"
        case Append(recorder=recorder, value=value):
            line = f"append {recorder.name}: {recorder.dtype.value} <- {format_expr(value)}"
    return [line + _behind(stmt.origin)]


def _behind(origin: Origin | None) -> str:
    return "" if origin is None else f"  # {_one_line(origin.statement())}"


def _one_line(text: str) -> str:
    return "".join(ch if ch.isprintable() else " " for ch in text)


def _domain(domain: Domain) -> str:
    match domain:
        case Once():
            return "one time"
        case OverElements(owner=owner, start=start, stop=stop):
            return f"elements of {owner} from {format_expr(start)} to {format_expr(stop)}"
        case OverIndices(indices=indices, synapses=synapses):
            of = "" if synapses is None else f" of {synapses.name}"
            order = ", ascending" if domain.ascending else ""
            return f"the elements listed in {indices.name}{of}{order}"
        case OverEvents(events=events, start=start, stop=stop, lag=lag):
            late = " of the step before" if lag else ""
            return f"events {events.name} from {format_expr(start)} to {format_expr(stop)}{late}"
        case OverFanOut(store=store, events=events, delays=delays, born=born, index=index):
            rows = store if index is None else index
            found = "listed" if domain.listed else rows.format
            since = _since(born)
            return f"fan-out of {events.name}{since} in {rows.name} ({found}) by {delays.name}"
        case OverFanIn(store=store, events=events, delay=delay, delays=delays, born=born):
            late = format_expr(delay) if delays is None else f"{delays.name}[synapse]"
            return f"fan-in of {events.name}{_since(born)} in {store.name} after {late} steps"
        case OverCarried(store=store, steps=steps, positions=positions):
            return f"synapses {positions.name} of {store.name} due at {steps.name}"
        case OverSynapses(store=store, listed=listed):
            return f"synapses of {store.name}" + (" (listed)" if listed else "")


def _since(born: Expr | None) -> str:
    return "" if born is None else f" since {format_expr(born)}"
