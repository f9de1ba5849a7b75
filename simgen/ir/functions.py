"""The functions expressions may call, as every target knows them.

Float functions take and give REAL. The C name is that of the portable header with the program's
precision (``sg_exp``, ``sg_expf``); numpy's is the mirror in :mod:`simgen.numerics`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simgen.dtypes import DType


@dataclass(frozen=True, eq=False)
class UserCode:
    """A function of the user's own as text of a target's language.

    ``arrays`` are names and values that the text may use, ``needed`` the functions that it calls.
    """

    text: str
    arrays: Mapping[str, Any] = field(default_factory=dict)
    needed: tuple[UserFunction, ...] = ()


@dataclass(frozen=True, eq=False)
class UserFunction:
    """A function of the user's own; two are the same if they are one object.

    ``python`` takes and gives arrays of SI values. ``codes`` holds the text for each language. What
    a function with a state (not ``stateless``) returns depends on the calls before: each call in a
    text is made once for each element, where it stands.
    """

    name: str
    argument_names: tuple[str, ...]
    arguments: tuple[DType, ...]
    dtype: DType
    python: Callable[..., Any]
    codes: dict[str, UserCode]
    stateless: bool = True


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """Name, number of arguments, and whether integer arguments give an integer result.

    Otherwise arguments and result are REAL.
    """

    name: str
    arity: int
    integer_ok: bool = False


FUNCTIONS: dict[str, FunctionSpec] = {
    spec.name: spec
    for spec in (
        *(
            FunctionSpec(name, 1)
            for name in (
                *("exp", "expm1", "log", "log10", "log1p", "exprel", "recip_exprel", "sqrt"),
                *("sin", "cos", "tan", "sinh", "cosh", "tanh"),
                *("arcsin", "arccos", "arctan", "floor", "ceil"),
            )
        ),
        FunctionSpec("abs", 1, integer_ok=True),
        FunctionSpec("sign", 1, integer_ok=True),
        FunctionSpec("clip", 3, integer_ok=True),
        FunctionSpec("min", 2, integer_ok=True),
        FunctionSpec("max", 2, integer_ok=True),
        FunctionSpec("pow", 2),
    )
}
