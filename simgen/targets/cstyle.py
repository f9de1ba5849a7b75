"""Expressions as C text, by tables: what the C++ and the CUDA target share.

Names are mangled so that nothing a user wrote is seen by a compiler: arrays ``a_``, locals ``l_``,
parameters ``p_``, kernels ``k_``. All integer arithmetic is done in ``int64_t``.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from simgen.dtypes import FLOAT32, DType
from simgen.errors import InternalError, Origin
from simgen.ir.expr import (
    Array,
    Binary,
    Call,
    Cast,
    Compare,
    Const,
    Expr,
    Flow,
    Gather,
    Index,
    IndexKind,
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
from simgen.ir.functions import UserFunction
from simgen.numerics.linear_flow import MOST

_PLAIN = re.compile(r"_?[A-Za-z0-9]+(?:_[A-Za-z0-9]+)*")
_DOTTED = re.compile(rf"{_PLAIN.pattern}(?:\.{_PLAIN.pattern})+")

C_TYPES: dict[DType, str] = {
    DType.F64: "double",
    DType.I32: "int32_t",
    DType.I64: "int64_t",
    DType.U32: "uint32_t",
    DType.U64: "uint64_t",
    DType.BOOL: "bool",
}
_INTEGER_SUFFIX = {DType.I64: "LL", DType.U64: "ULL", DType.U32: "U", DType.I32: ""}

# Binding strength of C's operators: a higher number binds tighter.
_SELECT, _OR, _AND, EQUALITY, _ORDER, _SUM, _PRODUCT, UNARY, _ATOM = range(1, 10)
_BINARY = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT}
_FLOORED = {"//": "floordiv", "%": "mod"}
_COMPARE = {"<": _ORDER, "<=": _ORDER, ">": _ORDER, ">=": _ORDER, "==": EQUALITY, "!=": EQUALITY}
_LOGICAL = {"and": ("&", _AND), "or": ("|", _OR)}  # both sides are evaluated: no branch


def mangle(prefix: str, name: str) -> str:
    """Return a C identifier for ``name``; different names give different identifiers.

    Dots become two underscores, so that at most three stand together; names that would collide
    with such a result get four underscores and a hash.
    """
    if _PLAIN.fullmatch(name):
        return f"{prefix}_{name}"
    if _DOTTED.fullmatch(name):
        return f"{prefix}_{name.replace('.', '__')}"
    readable = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")[:40]
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{prefix}_{readable}____{digest}"


def comment_text(text: str) -> str:
    """Return ``text`` as it may stand in a C comment: one line of printable ASCII."""
    safe = "".join(ch if " " <= ch <= "~" and ch != "\\" else "?" for ch in text)
    return re.sub(r"\?{2,}", "?", safe.replace("*/", "* /"))[:200]  # two begin a trigraph


def origin_comment(origin: Origin | None) -> str:
    """Return ``// [reset of NeuronGroup 'exc': v = -60*mV]``, or an empty string."""
    if origin is None:
        return ""
    owner = re.sub(r"[:\]]", " ", comment_text(origin.source.describe()))
    return f"// [{owner}: {comment_text(origin.statement())}]"


@dataclass(slots=True)
class Names:
    """How the leaves of expressions are spelt in one kernel.

    ``replaced`` holds nodes that are already in a C variable: hoisted loads and prepared draws;
    ``places`` the elements that are kept elsewhere while they are worked on: in a variable, or in a
    tile's buffer of wider numbers.
    """

    array: Callable[[Array], str]
    param: Callable[[Param], str]
    dt: Callable[[], str]
    indices: dict[IndexKind, str]
    replaced: dict[Expr, str] = field(default_factory=dict)
    places: dict[tuple[Array, Index], str] = field(default_factory=dict)
    step: str = "step"
    user: Callable[[UserFunction], str] = lambda function: function.name


@dataclass(frozen=True, slots=True)
class ExprPrinter:
    """Prints expressions of one kernel with the program's precision ``real``."""

    real: np.dtype[np.floating]
    names: Names

    def type_name(self, dtype: DType) -> str:
        """Return the C type of values of ``dtype``."""
        return c_type(dtype, self.real)

    def text(self, expr: Expr, strength: int = 0) -> str:
        """Return C text that may stand where operators of ``strength`` bind on both sides."""
        text, own = self._print(expr)
        return f"({text})" if own < strength else text

    def _print(self, expr: Expr) -> tuple[str, int]:
        if isinstance(expr, (Load, RandomDraw)):  # only these; hashing every node would be slow
            replaced = self.names.replaced.get(expr)
            if replaced is not None:
                return replaced, _ATOM
        match expr:
            case Const():
                return literal(expr.value, expr.dtype, self.real)
            case Local(name=name):
                return mangle("l", name), _ATOM
            case Param():
                return self.names.param(expr), _ATOM
            case Load() | Gather():
                return self._element(expr)
            case IndexValue(index=index):
                text = self.index(index)
                return (f"(int64_t){text}", UNARY) if index.via else (text, _ATOM)
            case Step():
                return self.names.step, _ATOM
            case Time():
                text = f"(double){self.names.step} * {self.names.dt()}"
                return (f"(float)({text})", UNARY) if self.real == FLOAT32 else (text, _PRODUCT)
            case Cast():
                return self._cast(expr.operand, expr.dtype)
            case Call():
                arguments = ", ".join(self.text(argument) for argument in expr.args)
                if expr.user is not None:
                    called = f"{self.names.user(expr.user)}({arguments})"
                    return f"({self.type_name(expr.dtype)}){called}", UNARY
                return f"{self.function(expr.function, expr.dtype)}({arguments})", _ATOM
            case Flow():
                return self._flow(expr), _ATOM
            case RandomDraw():
                return self._draw(expr), _ATOM
            case _:
                return self._operator(expr)

    def _operator(self, expr: Expr) -> tuple[str, int]:
        match expr:
            case Unary(op=op, operand=operand):
                return f"{'!' if op == 'not' else '-'}{self.text(operand, _ATOM)}", UNARY
            case Binary(op=op, left=left, right=right) if op in _FLOORED:
                arguments = f"{self.text(left)}, {self.text(right)}"
                return f"{self.function(_FLOORED[op], expr.dtype)}({arguments})", _ATOM
            case Binary(op=op, left=left, right=right):
                own = _BINARY[op]
                return f"{self.text(left, own)} {op} {self.text(right, own + 1)}", own
            case Compare(op=op, left=left, right=right):
                return f"{self.text(left, _SUM)} {op} {self.text(right, _SUM)}", _COMPARE[op]
            case Logical(op=op, left=left, right=right):
                sign, own = _LOGICAL[op]
                return f"{self.text(left, own)} {sign} {self.text(right, own + 1)}", own
            case Select():
                parts = (expr.condition, expr.then, expr.otherwise)
                condition, then, otherwise = (self.text(part, _OR) for part in parts)
                return f"{condition} ? {then} : {otherwise}", _SELECT
            case _:
                raise InternalError(f"the C printer met {type(expr).__name__}")

    def index(self, index: Index) -> str:
        """Return the C text of a running index, or of what an index array holds there."""
        place = self.names.indices.get(index.kind)
        if place is None:
            raise InternalError(f"index '{index.kind.value}' has no meaning in this kernel")
        return place if index.via is None else f"{self.names.array(index.via)}[{place}]"

    def place(self, array: Array, index: Index) -> str:
        """Return the C text of an array's element, without conversions."""
        kept = self.names.places.get((array, index)) if self.names.places else None
        return kept or f"{self.names.array(array)}[{self.index(index)}]"

    def _element(self, expr: Load | Gather) -> tuple[str, int]:
        array = expr.array
        if isinstance(expr, Load):
            text = self.place(array, expr.index)
        else:
            text = f"{self.names.array(array)}[{self.text(expr.position)}]"
        return (f"{text} != 0", EQUALITY) if array.dtype is DType.BOOL else (text, _ATOM)

    def function(self, name: str, dtype: DType) -> str:
        """Return the header's name of a function for arguments of ``dtype``."""
        if dtype.is_integer:
            return f"sg_{name}_i64"
        single = dtype is DType.REAL and self.real == FLOAT32
        if name in _FLOORED.values():
            return f"sg_{name}_f32" if single else f"sg_{name}_f64"
        return f"sg_{name}f" if single else f"sg_{name}"

    def _cast(self, operand: Expr, dtype: DType) -> tuple[str, int]:
        wanted, given = self.type_name(dtype), self.type_name(operand.dtype)
        if wanted == given:
            return self._print(operand)
        if dtype is DType.BOOL:
            return f"{self.text(operand, _SUM)} != 0", EQUALITY
        if operand.dtype.is_float and dtype.is_integer:
            whole = f"{self.function('int', operand.dtype)}({self.text(operand)})"
            return (whole, _ATOM) if dtype is DType.I64 else (f"({wanted}){whole}", UNARY)
        return f"({wanted}){self.text(operand, UNARY)}", UNARY

    def _flow(self, flow: Flow) -> str:
        """Return the call that advances a linear system; its rows are padded to the widest."""
        n, ends = len(flow.start), [sum(flow.blocks[:k]) for k in range(len(flow.blocks))]
        entries = []
        for i in range(n):
            row = [self.text(entry) for entry in flow.matrix[i * n : (i + 1) * n]]
            entries += [*row, *["0"] * (MOST - n)]
        square, column = (self.function(name, DType.REAL) for name in ("square", "column"))
        matrix = f"{square}{{{{{', '.join(entries)}}}}}"
        start = f"{column}{{{{{', '.join(map(self.text, flow.start))}}}}}"
        starts = f"{sum(1 << end for end in ends)}u"
        name = self.function("flow", DType.REAL)
        return f"{name}({flow.row}, {n}, {starts}, {matrix}, {start})"

    def _draw(self, draw: RandomDraw) -> str:
        """Return the call that makes one sample where the kernel stands."""
        indices, step = self.names.indices, "0" if draw.fixed else self.names.step
        if draw.as_pair:
            place = self.function("at_element", DType.REAL)
            pair = f"{indices[IndexKind.POST]}, {indices[IndexKind.PRE]}"
            counter = f"{place}({pair}, {draw.number}u)"
        elif IndexKind.SYNAPSE in indices:
            rank = "0" if draw.rank is None else self.text(draw.rank)
            pair = f"{indices[IndexKind.PRE]}, {indices[IndexKind.POST]}"
            counter = f"sg_at_synapse({pair}, {rank}, {step}, {draw.number}u)"
        else:
            element = indices.get(IndexKind.ELEMENT, "0")
            place = self.function("at_element", DType.REAL)
            counter = f"{place}({element}, {step}, {draw.number}u)"
        arguments = "".join(f", {self.text(argument)}" for argument in draw.args)
        function = self.function(f"draw_{draw.distribution}", DType.REAL)
        return f"{function}({self.names.param(draw.key)}, {counter}{arguments})"


def c_type(dtype: DType, real: np.dtype[np.floating]) -> str:
    """Return the C type of values of ``dtype``."""
    if dtype is DType.REAL:
        return "float" if real == FLOAT32 else "double"
    return C_TYPES[dtype]


def stored_type(dtype: DType, real: np.dtype[np.floating]) -> str:
    """Return the C type of array elements: booleans are bytes, any of which but 0 is true."""
    return "uint8_t" if dtype is DType.BOOL else c_type(dtype, real)


def literal(
    value: float | int | bool, dtype: DType, real: np.dtype[np.floating]
) -> tuple[str, int]:
    """Return the C text of a literal and how tightly it binds; floats keep every digit."""
    if dtype is DType.BOOL:
        return ("true" if value else "false"), _ATOM
    if dtype.is_integer:
        number = int(value)
        if number == -(2**63):
            return "(-9223372036854775807LL - 1)", _ATOM
        return f"{number}{_INTEGER_SUFFIX[dtype]}", UNARY if number < 0 else _ATOM
    single = dtype is DType.REAL and real == FLOAT32
    suffix = "f" if single else ""
    with np.errstate(over="ignore"):
        rounded = float(np.float32(value)) if single else float(value)
    if math.isnan(rounded):
        return f"SG_NAN{suffix.upper()}", _ATOM
    if math.isinf(rounded):
        sign = "-" if rounded < 0 else ""
        return f"{sign}SG_INFINITY{suffix.upper()}", UNARY if sign else _ATOM
    text = str(np.float32(rounded)) if single else repr(rounded)  # the shortest text that is exact
    if not any(mark in text for mark in ".en"):
        text += ".0"
    return text + suffix, UNARY if text.startswith("-") else _ATOM
