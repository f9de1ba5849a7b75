"""What ``G.v`` returns: a view that reads and writes a variable.

Its indexing is that of numpy and Brian.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.api.exchange import Viewed, device_array, shared_array
from simgen.errors import IndexRangeError, UnknownAttributeError
from simgen.units import Quantity, Unit, get_unit


class VariableView:
    """Values of one variable of a group (or subgroup), in the group's order.

    ``view[:]`` copies; ``view[3]``, ``view[2:5]``, ``view[array]``, ``view['i > 3']`` select;
    an index with None or ``...`` in it, as ``view[:, None]``, is numpy's, for the array of values;
    assignments take numbers, arrays and strings. Arithmetic works on a copy of the values.
    """

    __slots__ = ("_group", "_name", "_plain")
    __array_priority__ = 20.0
    __hash__ = object.__hash__  # though it compares element-wise: run_args have views as keys

    def __init__(self, group: Viewed, name: str, plain: bool) -> None:
        self._group = group
        self._name = name
        self._plain = plain

    @property
    def dim(self) -> Any:
        """The dimension of the values."""
        return self._group._dimension(self._name)

    @property
    def unit(self) -> Unit:
        """The SI unit of the values."""
        return get_unit(self.dim)

    @property
    def _is_integer(self) -> bool:
        """Whether this is an integer variable that can be written."""
        variable = self._group.variables.get(self._name)
        return (
            variable is not None
            and variable.info.array.dtype.is_integer
            and not variable.info.read_only
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of ``view[:]``."""
        return np.shape(self[:])

    def __len__(self) -> int:
        return len(self[:])

    def get_item(self, item: Any) -> Any:
        """Return the selected values, with unit unless the view is unit-less."""
        if _reshapes(item):
            return _indexed(self[:], item, self._name, self._group)
        values = self._group._read(self._name, item)
        if self._is_integer:  # wide, so that arithmetic does not wrap around before it is checked
            values = values.astype(np.int64, copy=False)
        if self._plain or self.dim.is_dimensionless:
            return values if values.ndim else values[()]
        return Quantity(values, dim=self.dim)

    def __getitem__(self, item: Any) -> Any:
        return self.get_item(item)

    def __setitem__(self, item: Any, value: Any) -> None:
        self._group._write(self._name, item, value, plain=self._plain)

    def device_array(self) -> Any:
        """Return a CuPy array that shares the memory of the variable on the GPU.

        Its shape is that of ``view[:]``, (1,) for a shared variable; its dtype that of the
        variable (float64, or float32 if so chosen; int32, int64; bool). Values are in SI units
        (volt, not mV). A subgroup's is a part of its group's. It holds what was assigned to the
        view, before and after, and what runs wrote; what is written to it counts in the next run
        and in reads of the view, and no value is checked. A read-only variable must not be written.

        It is good for as long as the network runs on this GPU; for synapses until connections,
        delays or merging change. Its memory stays valid while the array lives.

        Raises
        ------
        DeviceError
            The variable is computed, or is not on a GPU.
        UnsupportedFeatureError
            Synapses lie in another order than they were created in.

        """
        return device_array(self._group, self._name)

    def __dlpack__(self, **asked: Any) -> Any:
        """Return a DLPack capsule, so that ``numpy.from_dlpack(G.v)`` shares memory with the state.

        ``torch.from_dlpack`` and ``jax.dlpack.from_dlpack`` take it too. The memory is the GPU's if
        the network ran on one last (see :meth:`device_array`), else the host's; shape, dtype and
        units are as there. On the host, writes count from the next run on, as assignments do,
        though no value is checked; a read-only variable is read-only, which a library without
        DLPack 1.0 refuses (BufferError).

        What was taken is good until the network runs on another device, or until the values of
        synapses move: by connections, delays, the number of threads, or merging. A RuntimeWarning
        says so where memory of the host is still in use. Its memory stays valid all the same.

        Parameters
        ----------
        asked
            ``stream``, ``max_version``, ``dl_device``, ``copy``, as in the array API standard.

        Raises
        ------
        DeviceError
            The variable is computed, or its synapses run as one with those of other objects.
        UnsupportedFeatureError
            Synapses lie in another order than they were created in.

        """
        given = {name: value for name, value in asked.items() if value is not None}
        return shared_array(self._group, self._name).__dlpack__(**given)

    def __dlpack_device__(self) -> tuple[int, int]:
        """Return the kind of memory (1: the host's, 2: CUDA's) and the number of the device."""
        kind, number = shared_array(self._group, self._name).__dlpack_device__()
        return int(kind), int(number)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[np.generic]:
        values = np.asarray(self._group._read(self._name, slice(None)))
        return values if dtype is None else values.astype(dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        values = tuple(x[:] if isinstance(x, VariableView) else x for x in inputs)
        return getattr(ufunc, method)(*values, **kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return function(*_values(args), **{key: _values(value) for key, value in kwargs.items()})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        values = np.asarray(self[:]) if self._plain else self[:]
        if not hasattr(values, name):
            raise UnknownAttributeError(
                f"'{self._name}' of {self._group.name} has no attribute '{name}'."
            )
        return getattr(values, name)

    def __iter__(self) -> Any:
        return iter(self[:])

    def __repr__(self) -> str:
        value = self[:]
        shown = value.item() if isinstance(value, np.generic) else value
        return f"<{self._group.name}.{self._name}{'_' if self._plain else ''}: {shown!r}>"

    def __format__(self, spec: str) -> str:
        return format(self[:], spec)

    def __float__(self) -> float:
        return float(self[:])

    def __index__(self) -> int:
        return operator.index(self[:])

    def __bool__(self) -> bool:
        return bool(self[:])

    def __neg__(self) -> Any:
        return -self[:]

    def __abs__(self) -> Any:
        return abs(self[:])


def _reshapes(item: Any) -> bool:
    """Whether an index is about the array of values, not about elements: ``[:, None]``."""
    parts = item if isinstance(item, tuple) else (item,)
    return any(part is None or (part is Ellipsis and item is not Ellipsis) for part in parts)


def _indexed(values: Any, item: Any, name: str, group: Viewed) -> Any:
    """Return ``values[item]``, by numpy's rules (plotting libraries ask for ``[:, None]``)."""
    try:
        return (values if isinstance(values, Quantity) else np.asarray(values))[item]
    except IndexError as error:
        raise IndexRangeError(
            f"'{name}' of {group.name}, which has the shape {np.shape(values)}, cannot be indexed "
            f"with {item!r}: {error}."
        ) from error


def _values(value: Any) -> Any:
    if isinstance(value, VariableView):
        return value[:]
    if isinstance(value, tuple | list):
        return type(value)(_values(entry) for entry in value)
    return value


def _binary(name: str) -> Any:
    def method(self: VariableView, other: Any) -> Any:
        other = other[:] if isinstance(other, VariableView) else other
        return getattr(np.asarray(self[:]) if self._plain else self[:], name)(other)

    method.__name__ = name
    return method


for _operation in [
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "lt",
    "le",
    "gt",
    "ge",
    "eq",
    "ne",
    "and",
    "or",
    "xor",
]:
    setattr(VariableView, f"__{_operation}__", _binary(f"__{_operation}__"))
for _operation in ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor"]:
    setattr(VariableView, f"__r{_operation}__", _binary(f"__r{_operation}__"))


def _in_place(name: str) -> Any:
    """``G.v += x`` becomes ``G.v = G.v + x``: Python then calls the group's ``__setattr__``.

    Integers that would wrap around even in 64 bits, or are divided by zero, become floating
    numbers, which are then refused.
    """
    exact = _binary(name)

    def method(self: VariableView, other: Any) -> Any:
        if not self._is_integer:
            return exact(self, other)
        with np.errstate(all="ignore"):
            values = exact(self, other)
            if np.asarray(values).dtype.kind not in "iu":
                return values
            plain = np.asarray(self[:], np.float64)
            other = np.asarray(other[:] if isinstance(other, VariableView) else other)
            rough = getattr(plain, name)(other.astype(np.float64))
            return values if np.all(np.abs(rough) < 2.0**53) else rough

    method.__name__ = name
    return method


for _operation in ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow"]:
    setattr(VariableView, f"__i{_operation}__", _in_place(f"__{_operation}__"))
