"""The operators and methods of quantities that only pass on to numpy's functions."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Number
from typing import Any

import numpy as np

from simgen.units.dimension import DIMENSIONLESS
from simgen.units.operands import dimension_of

_ARITHMETIC: dict[str, np.ufunc] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.true_divide,
    "floordiv": np.floor_divide,
    "mod": np.remainder,
    "pow": np.power,
    "matmul": np.matmul,
    "divmod": np.divmod,
}
_COMPARISONS: dict[str, np.ufunc] = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}
# In place these keep the dimension only if the other side has none (a power never keeps it).
_SCALING = frozenset({np.multiply, np.true_divide})
_CHANGING = frozenset({np.power, np.floor_divide, np.matmul})
# Methods that would otherwise work on the bare numbers; the numpy functions know about units.
_METHODS = {
    "reductions": "sum mean std var prod max min ptp trace dot any all",
    "elementwise": "cumsum cumprod round clip",
    "positions": "argmax argmin argsort argpartition nonzero searchsorted put",
    "shapes": "repeat take squeeze ravel diagonal",
}

Method = Callable[..., Any]


def is_operand(value: Any) -> bool:
    """Whether quantities combine with ``value``; if not, its own operators get their turn."""
    return isinstance(value, (Number, np.ndarray, np.generic, list, tuple, range))


def forward(ufunc: np.ufunc) -> Method:
    """Return the method for ``self op other``."""

    def method(self: Any, other: Any) -> Any:
        return ufunc(self, other) if is_operand(other) else NotImplemented

    return method


def reflected(ufunc: np.ufunc) -> Method:
    """Return the method for ``other op self``."""

    def method(self: Any, other: Any) -> Any:
        return ufunc(other, self) if is_operand(other) else NotImplemented

    return method


def in_place(ufunc: np.ufunc) -> Method:
    """Return the method for ``self op= other``.

    Scalars are never changed, so that ``y = x; x += 1*mV`` leaves y alone as with floats. Where
    the dimension changes a new array results: other names of the old one keep their unit.
    """

    def method(self: Any, other: Any) -> Any:
        if not is_operand(other):
            return NotImplemented
        changes = ufunc in _CHANGING or (
            ufunc in _SCALING and dimension_of(other) is not DIMENSIONLESS
        )
        if self.ndim == 0 or changes:
            return ufunc(self, other)
        return ufunc(self, other, out=(self,))

    return method


def _numpy_method(name: str) -> Method:
    func: Any = getattr(np, name)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return func(self, *args, **kwargs)

    method.__name__ = name
    method.__doc__ = f"The same as ``numpy.{name}`` of this quantity."
    return method


def install(cls: type) -> None:
    """Give ``cls`` the operators and methods, except those it defines itself."""
    methods: dict[str, Method] = {}
    for name, ufunc in _ARITHMETIC.items():
        methods[f"__{name}__"] = forward(ufunc)
        methods[f"__r{name}__"] = reflected(ufunc)
        if name != "divmod":
            methods[f"__i{name}__"] = in_place(ufunc)
    methods.update({f"__{name}__": forward(ufunc) for name, ufunc in _COMPARISONS.items()})
    methods.update(
        {name: _numpy_method(name) for names in _METHODS.values() for name in names.split()}
    )
    for name, method in methods.items():
        if name not in vars(cls):
            setattr(cls, name, method)
