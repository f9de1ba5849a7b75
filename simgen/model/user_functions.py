"""Functions of the user's own in text: their arguments checked, their calls resolved."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from simgen.dtypes import DType
from simgen.errors import ArgumentTypeError, DimensionMismatchError, UnsupportedFeatureError
from simgen.ir.construct import cast
from simgen.ir.expr import Call
from simgen.ir.functions import UserFunction
from simgen.lang.syntax import CallNode
from simgen.model.functions import (
    FunctionContext,
    KnownArgs,
    ModelFunction,
    Typed,
    quote,
    require_number,
    said,
)
from simgen.model.hints import literal_hint
from simgen.units import DIMENSIONLESS, Dimension, Quantity, dimension_of, strip
from simgen.units.checks import UnitSignature, unit_signature

F = TypeVar("F", bound=Callable[..., Any])


def model_function(function: UserFunction, signature: UnitSignature) -> ModelFunction:
    """Return the function as text may call it."""
    resolve = _Resolution(function, signature)
    return ModelFunction(function.name, len(function.arguments), resolve)


def checked_function(value: Any) -> ModelFunction | None:
    """Return a Python function with ``@check_units`` as text may call it; None for other things.

    A function is the same whenever it is asked for.
    """
    signature = unit_signature(value)
    if signature is None or signature.result is None:
        return None
    known = getattr(value, "simgen_checked_function", None)
    if isinstance(known, ModelFunction):
        return known
    name = str(value.__name__)

    def python(*values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return call_with_units(value, name, signature, values)

    types, result = declared_types(value, signature)
    made = model_function(UserFunction(name, signature.names, types, result, python, {}), signature)
    value.simgen_checked_function = made
    return made


def declare_types(**types: str) -> Callable[[F], F]:
    """Return a decorator that declares the types of a function's arguments and result.

    ``@declare_types(n="integer", x="float", result="highest")``: "float", "integer", "boolean" or
    "any" (the default, a float); the result may also be "highest", that of its arguments. Stands
    beside ``@check_units``. Raises ArgumentTypeError for other types and unknown arguments.
    """

    def decorate(function: F) -> F:
        name = getattr(function, "__name__", "function")
        known = (*inspect.signature(function).parameters, "result")
        for argument, kind in types.items():
            if argument not in known:
                raise ArgumentTypeError(f"'{name}' has no argument '{argument}' to declare.")
            if kind not in TYPES and (argument, kind) != ("result", "highest"):
                wanted = ", ".join(map(repr, TYPES))
                raise ArgumentTypeError(
                    f"{kind!r} of '{argument}' is no type of the function '{name}': these are "
                    f"{wanted}."
                )
        setattr(function, _DECLARED, types)
        return function

    return decorate


def declared_types(
    function: Callable[..., Any], signature: UnitSignature
) -> tuple[tuple[DType, ...], DType]:
    """Return the types of a function's arguments and result: declared, or by their units."""
    types: Mapping[str, str] = getattr(function, _DECLARED, {})
    units = dict(zip(signature.names, signature.arguments), result=signature.result)

    def found(name: str) -> DType:
        default = DType.BOOL if units[name] is bool else DType.REAL
        return TYPES[types[name]] if name in types else default

    arguments = tuple(map(found, signature.names))
    if types.get("result") == "highest":
        return arguments, highest(arguments)
    return arguments, found("result")


def highest(types: Sequence[DType]) -> DType:
    """Return the highest of some arguments' types: float, integer, boolean."""
    return max(types, key=_ORDER.index, default=DType.REAL)


TYPES = {"float": DType.REAL, "integer": DType.I64, "boolean": DType.BOOL, "any": DType.REAL}
_DECLARED = "simgen_types"
_ORDER = (DType.BOOL, DType.I64, DType.REAL)


def call_with_units(
    function: Callable[..., Any], name: str, signature: UnitSignature, values: Sequence[Any]
) -> npt.NDArray[Any]:
    """Return a Python function of SI values, as SI values.

    The arguments get the declared units; where any is allowed, they get none. Raises
    DimensionMismatchError if the result has another unit than was declared.
    """
    own = {
        name: unit if isinstance(unit, Dimension) else DIMENSIONLESS
        for name, unit in zip(signature.names, signature.arguments)
    }
    units = zip(signature.names, signature.arguments)
    dims = [own[unit] if isinstance(unit, str) else own[argument] for argument, unit in units]
    quantities = [
        value if dim.is_dimensionless else Quantity(value, dim=dim)
        for value, dim in zip(values, dims)
    ]
    result = function(*quantities)
    if np.asarray(result).dtype.kind not in "biuf":
        return np.asarray(result)  # the caller refuses it
    wanted, found = signature.result_dimension(dims), dimension_of(result)
    if wanted is not None and found != wanted:
        raise DimensionMismatchError(
            f"What the function '{name}' returned {said(found)}, but its declared result "
            f"{said(wanted)}."
        )
    return np.asarray(strip(result))


def _no_calls(name: str) -> tuple[str, str]:
    """Return why a function with a state is refused, and a hint."""
    return (
        f"'{name}' has a state (stateless=False), so what it gives here would depend on how often "
        "this is evaluated.",
        "Call it in statements (reset, on_pre, run_regularly, run_now), or in a subexpression with "
        "the flag (constant over dt), and use the variable here.",
    )


@dataclass(frozen=True)
class _Resolution:
    """How a call of the function becomes an expression."""

    function: UserFunction
    signature: UnitSignature

    def __call__(self, context: FunctionContext, node: CallNode, args: KnownArgs) -> Typed:
        """Return the call, with its arguments as the types that the function takes."""
        failure = self._dimensions(context, node, args) or self._types(context, node, args)
        if failure is not None:
            return failure
        dim = self.signature.result_dimension([dim for _, dim in args])
        types = self.function.arguments
        given = tuple(cast(expr, dtype) for (expr, _), dtype in zip(args, types))
        name = f"user.{self.function.name}"
        call = Call(name, given, self.function.dtype, self.function)
        known = DIMENSIONLESS if dim is None else dim
        if self.function.stateless:
            return call, known
        if context.calls is None:
            return context.fail(node.origin, *_no_calls(node.function), UnsupportedFeatureError)
        return context.calls.add(call, node.origin), known

    def _dimensions(
        self, context: FunctionContext, node: CallNode, args: KnownArgs
    ) -> Typed | None:
        by_name = dict(zip(self.signature.names, (dim for _, dim in args)))
        for place, declared in enumerate(self.signature.arguments):
            dim, arg = args[place][1], node.args[place]
            wanted = by_name[declared] if isinstance(declared, str) else declared
            wanted = DIMENSIONLESS if wanted is bool else wanted
            if isinstance(wanted, Dimension) and dim != wanted:
                kind = "a number without dimension"
                kind = kind if wanted.is_dimensionless else wanted.describe()
                return context.fail(
                    arg.origin,
                    f"'{node.function}' needs {kind} for '{self.signature.names[place]}', "
                    f"but {quote(arg)} {said(dim)}.",
                    literal_hint(arg, dim, wanted),
                    DimensionMismatchError,
                )
        return None

    def _types(self, context: FunctionContext, node: CallNode, args: KnownArgs) -> Typed | None:
        for arg, (expr, dim), dtype in zip(node.args, args, self.function.arguments):
            if dtype is DType.BOOL and expr.dtype is not DType.BOOL:
                return context.fail(
                    arg.origin,
                    f"'{node.function}' needs a condition, but {quote(arg)} is a number.",
                )
            if dtype is DType.I64 and expr.dtype.is_float:
                return context.fail(
                    arg.origin,
                    f"'{node.function}' needs an integer, but {quote(arg)} is a floating point "
                    "number.",
                    "Use int(...) to truncate.",
                )
            if dtype is not DType.BOOL:
                failure = require_number(context, replace(node, args=(arg,)), [(expr, dim)])
                if failure is not None:
                    return failure
        return None
