"""What each numpy ufunc does to dimensions: one table; a ufunc that is not in it raises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from simgen.errors import DimensionMismatchError, UnsupportedFeatureError
from simgen.units.dimension import DIMENSIONLESS, Dimension
from simgen.units.display import Array
from simgen.units.operands import (
    Part,
    common_dimension,
    fits_every_dimension,
    needs_number,
    require_dimension,
    require_real,
    split,
)

# The dimension of a result; None leaves it as numpy gives it (truth values, counts).
Outcome = Dimension | None
Rule = Callable[[np.ufunc, Sequence[Part]], Outcome | tuple[Outcome, ...]]

_VERBS = {
    "add": "add",
    "subtract": "subtract",
    "remainder": "divide with remainder",
    "fmod": "divide with remainder",
    "floor_divide": "divide with remainder",
    "divmod": "divide with remainder",
    "maximum": "take the maximum of",
    "fmax": "take the maximum of",
    "minimum": "take the minimum of",
    "fmin": "take the minimum of",
}


def _same(ufunc: np.ufunc, parts: Sequence[Part]) -> Outcome:
    return common_dimension(_VERBS.get(ufunc.__name__, f"apply {ufunc.__name__} to"), parts)


def _compare(ufunc: np.ufunc, parts: Sequence[Part]) -> Outcome:
    common_dimension("compare", parts)
    return None


def _same_to_number(ufunc: np.ufunc, parts: Sequence[Part]) -> Outcome:
    _same(ufunc, parts)
    return DIMENSIONLESS


def _divmod(ufunc: np.ufunc, parts: Sequence[Part]) -> tuple[Outcome, ...]:
    return DIMENSIONLESS, _same(ufunc, parts)


def _first(ufunc: np.ufunc, parts: Sequence[Part]) -> Outcome:
    return parts[0][1]


def _number_second(ufunc: np.ufunc, parts: Sequence[Part]) -> Outcome:
    if parts[1][1] is not DIMENSIONLESS:
        raise needs_number(f"the second argument of {ufunc.__name__}", parts[1])
    return parts[0][1]


def _sign_first(ufunc: np.ufunc, parts: Sequence[Part]) -> Outcome:
    _number_second(ufunc, parts)
    return DIMENSIONLESS


def _product(ufunc: np.ufunc, parts: Sequence[Part]) -> Outcome:
    return parts[0][1] * parts[1][1]


def _quotient(ufunc: np.ufunc, parts: Sequence[Part]) -> Outcome:
    return parts[0][1] / parts[1][1]


def _to_the(numerator: int, denominator: int = 1) -> Rule:
    def rule(ufunc: np.ufunc, parts: Sequence[Part]) -> Outcome:
        dim = parts[0][1]
        return dim**numerator if denominator == 1 else dim ** (numerator / denominator)

    return rule


def _power(ufunc: np.ufunc, parts: Sequence[Part]) -> Outcome:
    (_, dim), (exponents, exponent_dim) = parts
    if exponent_dim is not DIMENSIONLESS:
        raise needs_number("an exponent", parts[1])
    if dim is DIMENSIONLESS:
        return dim
    if exponents.size != 1:
        raise DimensionMismatchError(
            f"cannot raise {dim.describe()} to an array of powers: each element would have"
            " another dimension. Divide by a unit first."
        )
    power: float = exponents.item()
    return dim**power


def _number(ufunc: np.ufunc, parts: Sequence[Part]) -> Outcome:
    for part in parts:
        if part[1] is not DIMENSIONLESS:
            raise needs_number(ufunc.__name__, part)
    return DIMENSIONLESS


def _plain(ufunc: np.ufunc, parts: Sequence[Part]) -> Outcome:
    return None


_TABLE: dict[Rule, str] = {
    _same: "add subtract maximum minimum fmax fmin remainder fmod hypot nextafter",
    _compare: "equal not_equal less less_equal greater greater_equal",
    _same_to_number: "floor_divide arctan2",
    _divmod: "divmod",
    _first: "negative positive absolute fabs conjugate spacing copysign",
    _number_second: "ldexp",
    _sign_first: "heaviside",
    _product: "multiply matmul vecdot matvec vecmat",
    _quotient: "divide",
    _to_the(2): "square",
    _to_the(1, 2): "sqrt",
    _to_the(1, 3): "cbrt",
    _to_the(-1): "reciprocal",
    _power: "power float_power",
    _plain: "sign signbit isnan isfinite isinf logical_and logical_or logical_xor logical_not",
    _number: "exp exp2 expm1 log log2 log10 log1p logaddexp logaddexp2 sin cos tan arcsin arccos"
    " arctan sinh cosh tanh arcsinh arccosh arctanh degrees radians deg2rad rad2deg floor ceil"
    " trunc rint modf frexp gcd lcm bitwise_and bitwise_or bitwise_xor invert left_shift"
    " right_shift bitwise_count",
}
RULES: dict[np.ufunc, Rule] = {
    getattr(np, name): rule  # the newest numpy has more of them than the oldest supported one
    for rule, names in _TABLE.items()
    for name in names.split()
    if hasattr(np, name)
}


def run_ufunc(ufunc: np.ufunc, method: str, inputs: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Return (result of ``ufunc`` on SI numbers, outcome or tuple of outcomes).

    Raises DimensionMismatchError where dimensions do not fit, before anything is written, and
    UnsupportedFeatureError for a ufunc without rule that meets a dimension.
    """
    if method == "at":
        return _run_at(ufunc, inputs)
    operands = inputs[:1] if method == "reduceat" else inputs
    if ufunc not in RULES:  # numpy.vectorize gives its own the numbers as objects
        _refuse_units(ufunc, operands)
    parts = [split(value) for value in operands]
    indices = inputs[len(operands) :]
    rule = _rule_of(ufunc, parts)
    options = dict(kwargs)
    if "where" in options:
        options["where"] = split(options["where"])[0]
    if method in ("__call__", "outer"):
        outcome = rule(ufunc, parts)
    else:
        outcome = _reduced(ufunc, rule, method, parts[0], options)
    require_real(f"numpy.{ufunc.__name__}", options.get("dtype"), outcome)
    out = options.pop("out", None)
    if out is not None:
        options["out"] = _plain_outputs(ufunc, out, outcome)
    result = getattr(ufunc, method)(*(part[0] for part in parts), *indices, **options)
    return result, outcome


def _rule_of(ufunc: np.ufunc, parts: Sequence[Part]) -> Rule:
    rule = RULES.get(ufunc)
    if rule is not None:
        return rule
    _refuse_units(ufunc, [dim for _, dim in parts])
    return _plain


def _refuse_units(ufunc: np.ufunc, values: Sequence[Any]) -> None:
    """Raise for a ufunc without rule if one of ``values`` (or dimensions) has a dimension."""
    for value in values:
        dim = value if isinstance(value, Dimension) else getattr(value, "dim", None)
        if isinstance(dim, Dimension) and dim is not DIMENSIONLESS:
            raise UnsupportedFeatureError(
                f"it is not known what '{ufunc.__name__}' does to units, here to"
                f" {dim.describe()}. Divide by a unit first and multiply the result."
            )


def _reduced(
    ufunc: np.ufunc, rule: Rule, method: str, part: Part, options: dict[str, Any]
) -> Outcome:
    """Return the outcome of ``reduce``, ``accumulate`` or ``reduceat`` over one array."""
    values, dim = part
    if "initial" in options and options["initial"] is not None:
        target = dim if rule is _same else DIMENSIONLESS
        options["initial"] = require_dimension("start from", options["initial"], target)[()]
    if dim is DIMENSIONLESS:
        return None if rule in (_compare, _plain) else DIMENSIONLESS
    if rule is _same:
        return dim
    if rule is _plain:
        return None
    if ufunc is np.multiply and method == "reduce" and options.get("where", True) is True:
        return dim ** count_along(values.shape, options.get("axis", 0))
    raise DimensionMismatchError(
        f"'{ufunc.__name__}.{method}' of {dim.describe()} has no single dimension."
        " Divide by a unit first."
    )


def count_along(shape: tuple[int, ...], axis: Any) -> int:
    """Return how many elements of an array of ``shape`` fall together along ``axis``."""
    if axis is None:
        axes: Sequence[int] = range(len(shape))
    else:
        axes = axis if isinstance(axis, tuple) else (axis,)
    count = 1
    for index in axes if shape else ():
        count *= shape[index]
    return count


def _plain_outputs(ufunc: np.ufunc, out: Any, outcome: Any) -> tuple[Array | None, ...]:
    targets = out if isinstance(out, tuple) else (out,)
    outcomes = outcome if isinstance(outcome, tuple) else (outcome,) * len(targets)
    plain: list[Array | None] = []
    for target, dim in zip(targets, outcomes):
        if target is None:
            plain.append(None)
            continue
        values, target_dim = split(target)
        wanted = DIMENSIONLESS if dim is None else dim
        if target_dim is not wanted:
            raise DimensionMismatchError(
                f"the result of '{ufunc.__name__}' is {wanted.describe()} and cannot be written"
                f" to an array that holds {target_dim.describe()}. Assign it to a new name, as in"
                " x = x * y."
            )
        plain.append(values)
    return tuple(plain)


def _run_at(ufunc: np.ufunc, inputs: Sequence[Any]) -> tuple[None, None]:
    target, target_dim = split(inputs[0])
    rest = [split(value) for value in inputs[2:]]
    # The target keeps its dimension, so plain zeros in it may not take on another one.
    if rest and fits_every_dimension((target, target_dim)) and rest[0][1] is not target_dim:
        require_dimension("store", inputs[2], target_dim)
    outcome = _rule_of(ufunc, [(target, target_dim), *rest])(ufunc, [(target, target_dim), *rest])
    if outcome is not None and outcome is not target_dim:
        raise DimensionMismatchError(
            f"'{ufunc.__name__}.at' would change {target_dim.describe()} in place."
        )
    ufunc.at(target, inputs[1], *(values for values, _ in rest))
    return None, None
