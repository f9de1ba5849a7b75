"""What users pass: keywords that exist, and values whose errors name what they were for."""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt

from simgen.errors import (
    ArgumentTypeError,
    InternalError,
    MemoryLimitError,
    ModelError,
    SimgenError,
    suggest,
)
from simgen.units import Dimension, dimension_of, strip

P = ParamSpec("P")
R = TypeVar("R")

MAX_ELEMENTS = 2**31 - 1

# Arguments that Brian's objects have and simgen's have not: what to use instead.
_ABSENT = {
    "dtype": "The precision is chosen by set_device(..., dtype='float32').",
    "codeobj_class": "The target is chosen by set_device().",
    "method_options": "Options of integrators are not supported.",
    "probability": "Did you mean 'p'?",
}


def checked_arguments(function: Callable[P, R], name: str = "") -> Callable[P, R]:
    """Return ``function`` with arguments checked against its signature before it is called.

    Unknown, missing and surplus arguments raise ArgumentTypeError, which proposes the right name.
    """
    signature = inspect.signature(function)
    shown = name or function.__name__

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except TypeError:
            # Binding takes longer than a short run, so it is tried only after a failure: it tells
            # whether the arguments were at fault or something inside.
            try:
                signature.bind(*args, **kwargs)
            except TypeError as error:
                raise ArgumentTypeError(_explain(signature, shown, kwargs, str(error))) from None
            raise

    return checked


def _explain(signature: inspect.Signature, shown: str, kwargs: dict[str, Any], reason: str) -> str:
    known = [p.name for p in signature.parameters.values() if p.kind not in _COLLECTING]
    known = [name for name in known if name != "self"]
    for key in kwargs:
        if key not in known:
            hint = _ABSENT.get(key) or suggest(key, known) or f"It takes {', '.join(known)}."
            return f"{shown}() has no argument '{key}'. {hint}"
    return f"{shown}(): {reason}."


_COLLECTING = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@contextmanager
def about(what: str) -> Iterator[None]:
    """Put ``what`` before the messages of errors raised inside, unless they name it already.

    Memory that could not be allocated becomes a MemoryLimitError.
    """
    try:
        with memory_errors(what):
            yield
    except InternalError:
        raise
    except SimgenError as error:
        text = str(error)
        if what in text:
            raise
        raise type(error)(f"{what}: {text}") from error.__cause__


@contextmanager
def memory_errors(what: str) -> Iterator[None]:
    """Turn memory that could not be allocated into a MemoryLimitError about ``what``."""
    try:
        yield
    except MemoryError as error:
        if isinstance(error, SimgenError):
            raise
        raise MemoryLimitError(f"{what} does not fit into memory: {error}") from None


def plain_values(value: Any, what: str) -> tuple[npt.NDArray[Any], Dimension]:
    """Return ``value`` in SI units and its dimension; errors name ``what`` the value is for."""
    with about(what):
        try:
            return strip(value), dimension_of(value)
        except (TypeError, ValueError, OverflowError) as error:
            if isinstance(error, SimgenError):
                raise
            raise ArgumentTypeError(f"{what} cannot be {value!r}: {error}") from None


def extremes(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the least and the greatest value, both NaN if any value is; of no values zeros.

    A mask of all values would take memory, which the C library keeps for long when it is freed.
    """
    return np.array([values.min(), values.max()] if values.size else [0.0, 0.0])


def single_value(value: Any, what: str) -> tuple[float, Dimension]:
    """Return one real number in SI units and its dimension; errors name ``what`` it is."""
    plain, dim = plain_values(value, what)
    if plain.size != 1 or plain.dtype.kind not in "iuf":
        raise ArgumentTypeError(f"{what} must be a single real number or quantity, not {value!r}.")
    return float(plain.reshape(())), dim


def plain_name(value: Any, what: str) -> str:
    """Return a name; what is no text is refused, saying what the name is for."""
    if not isinstance(value, str):
        raise ArgumentTypeError(f"{what} must be a name, not {value!r}.")
    return value


def names_of(names: Any, owner: str) -> list[str]:
    """Return the names of variables, given as one text, several, or None."""
    if isinstance(names, str):
        return [names]
    if names is None:
        return []
    several = isinstance(names, Iterable) and not (
        isinstance(names, np.ndarray) and names.ndim != 1
    )
    if not several or not all(isinstance(name, str) for name in names):
        raise ArgumentTypeError(f"The variables of {owner} must be names, not {names!r}.")
    return [str(name) for name in names]


def flat_values(values: npt.NDArray[Any], what: str) -> npt.NDArray[Any]:
    """Return an array of one dimension; more of them are refused, naming ``what`` and the shape."""
    if np.ndim(values) > 1:
        raise ArgumentTypeError(
            f"{what} must have one dimension, but the array has the shape {np.shape(values)}."
        )
    return np.atleast_1d(values)


def checked_size(value: Any, what: str) -> int:
    """Return a positive number of elements; fractions, booleans and text are refused."""
    if isinstance(value, bool | np.bool_):
        raise ArgumentTypeError(f"{what} must be an integer, not {value!r}.")
    try:
        size = operator.index(value)
    except TypeError:
        if isinstance(value, float | np.floating) and float(value).is_integer():
            size = int(value)
        else:
            raise ArgumentTypeError(f"{what} must be an integer, not {value!r}.") from None
    if size < 1:
        raise ModelError(f"{what} must be at least 1, not {size}.")
    if size > MAX_ELEMENTS:
        raise ModelError(f"{what} must be at most {MAX_ELEMENTS}, not {size}.")
    return size
