"""The numpy functions that quantities may be given to; any other one raises, never drops a unit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from simgen.errors import DimensionMismatchError, UnsupportedFeatureError
from simgen.units.array_rules import (
    ArrayRule,
    Call,
    Function,
    Outcome,
    first_of_several,
    keep,
    plain,
    ratio,
    squared,
)
from simgen.units.dimension import DIMENSIONLESS
from simgen.units.display import as_code, as_text, best_unit
from simgen.units.operands import (
    carries_dimension,
    dimension_of,
    leaves,
    needs_number,
    require_dimension,
    split,
    strip_nested,
)
from simgen.units.ufunc_rules import count_along

Arguments = tuple[Any, ...]
Options = dict[str, Any]
Handler = Callable[[Function, Arguments, Options], tuple[Any, Outcome]]


def _product_of(first: str, second: str) -> Handler:
    def handler(func: Function, args: Arguments, kwargs: Options) -> tuple[Any, Outcome]:
        call = Call(func, args, kwargs)
        return call.run(call.take(first) * call.take(second))

    return handler


def _each_its_own(func: Function, args: Arguments, kwargs: Options) -> tuple[Any, Outcome]:
    dims = tuple(dimension_of(arg) for arg in args)
    result = func(*(split(arg)[0] for arg in args), **kwargs)
    return result, dims if len(dims) != 1 or isinstance(result, (list, tuple)) else dims[0]


def _assign(target: str, value: str) -> Handler:
    def handler(func: Function, args: Arguments, kwargs: Options) -> tuple[Any, Outcome]:
        call = Call(func, args, kwargs)
        dim = dimension_of(call.arguments[target])
        numbers = require_dimension("store", call.arguments[value], dim)
        call.arguments[value] = numbers
        call.free(target, value, "where", "mask")
        return call.run(None)

    return handler


def _prod(func: Function, args: Arguments, kwargs: Options) -> tuple[Any, Outcome]:
    call = Call(func, args, kwargs)
    shape = np.shape(call.arguments["a"])
    dim = call.take("a")
    if dim is not DIMENSIONLESS and call.given("where"):
        raise DimensionMismatchError(
            f"numpy.prod with 'where' of {dim.describe()} has no single dimension."
        )
    return call.run(dim ** count_along(shape, call.arguments.get("axis")))


def _average(func: Function, args: Arguments, kwargs: Options) -> tuple[Any, Outcome]:
    call = Call(func, args, kwargs)
    dim, weight = call.take("a"), call.take("weights")
    return call.run((dim, weight))


def _trapezoid(func: Function, args: Arguments, kwargs: Options) -> tuple[Any, Outcome]:
    call = Call(func, args, kwargs)
    spacing = "x" if call.given("x") else "dx"
    return call.run(call.take("y") * call.take(spacing))


def _interp(func: Function, args: Arguments, kwargs: Options) -> tuple[Any, Outcome]:
    call = Call(func, args, kwargs)
    call.take("x", "xp", "period")
    return call.run(call.take("fp", "left", "right"))


def _gradient(func: Function, args: Arguments, kwargs: Options) -> tuple[Any, Outcome]:
    call = Call(func, args, kwargs)
    dim = call.take("f")
    spacings = call.arguments.get("varargs", ())
    call.free("varargs")
    outcome = tuple(dim / dimension_of(spacing) for spacing in spacings) or (dim,)
    several = np.ndim(call.arguments["f"])
    return call.run(outcome if len(outcome) > 1 else outcome * max(1, several))


def _histogram(func: Function, args: Arguments, kwargs: Options) -> tuple[Any, Outcome]:
    call = Call(func, args, kwargs)
    edges = ("bins",) if np.ndim(strip_nested(call.arguments.get("bins", 10))) == 1 else ()
    dim = call.take("a", "range", *edges)
    weight = call.take("weights")
    if func is np.histogram_bin_edges:
        return call.run(dim)
    if call.arguments.get("density"):
        return call.run((DIMENSIONLESS / dim, dim))
    return call.run((weight if call.given("weights") else None, dim))


def _histogram2d(func: Function, args: Arguments, kwargs: Options) -> tuple[Any, Outcome]:
    # each direction has a dimension: that of its values, its edges and its range
    call = Call(func, args, kwargs)
    weight = call.take("weights")
    bins, spans = call.arguments.get("bins", 10), call.arguments.get("range")
    several = isinstance(bins, list | tuple) or np.ndim(strip_nested(bins)) == 1
    each = list(bins) if several and len(bins) == 2 else [bins, bins]
    dims, edges, ranges = [], [], []
    for name, own, span in zip("xy", each, (None, None) if spans is None else spans):
        counted = np.ndim(strip_nested(own)) == 0
        if counted and carries_dimension(own):
            raise needs_number(f"'bins' of numpy.{call.name}", split(own))
        taken = [call.arguments[name], *([] if counted else [own]), *([] if span is None else span)]
        dim, numbers = call.together(taken)
        call.replace(name, numbers[0])
        dims.append(dim)
        edges.append(own if counted else numbers[1])
        ranges.append(None if span is None else numbers[-2:])
    if several and len(bins) != 2:
        call.replace("bins", edges[0])  # for both directions, and of one dimension
    elif several:
        call.replace("bins", edges)
    if spans is not None:
        call.replace("range", ranges)
    density = DIMENSIONLESS / (dims[0] * dims[1]) if call.arguments.get("density") else None
    return call.run((density or (weight if call.given("weights") else None), *dims))


def _bincount(func: Function, args: Arguments, kwargs: Options) -> tuple[Any, Outcome]:
    call = Call(func, args, kwargs)
    weight = call.take("weights")
    return call.run(weight if call.given("weights") else None)


def _close(func: Function, args: Arguments, kwargs: Options) -> tuple[Any, Outcome]:
    call = Call(func, args, kwargs)
    dim = call.take("a", "b")
    if "atol" in call.arguments:
        tolerance = call.arguments["atol"]
        call.arguments["atol"] = require_dimension("compare within", tolerance, dim)[()]
    elif dim is not DIMENSIONLESS:
        # numpy's absolute tolerance 1e-8 is for numbers near 1; all picoamperes would be "close".
        call.arguments["atol"] = 0.0
    return call.run(None)


def _where(func: Function, args: Arguments, kwargs: Options) -> tuple[Any, Outcome]:
    call = Call(func, args, kwargs)
    call.free("condition")
    return call.run(call.take("x", "y") if len(args) == 3 else None)


def _einsum(func: Function, args: Arguments, kwargs: Options) -> tuple[Any, Outcome]:
    dim = DIMENSIONLESS
    for arg in args:
        dim = dim if isinstance(arg, (str, list)) else dim * dimension_of(arg)
    numbers = [arg if isinstance(arg, (str, list)) else split(arg)[0] for arg in args]
    if kwargs.get("out") is not None:
        raise UnsupportedFeatureError("numpy.einsum of quantities has no 'out'; assign the result.")
    return func(*numbers, **kwargs), dim


def _pad(func: Function, args: Arguments, kwargs: Options) -> tuple[Any, Outcome]:
    call = Call(func, args, kwargs)
    dim = call.take("array")
    options = call.arguments.get("kwargs", {})
    for name in ("constant_values", "end_values"):
        if name in options:
            options[name] = require_dimension("pad with", options[name], dim)
    return call.run(dim)


def _rounded(func: Function, args: Arguments, kwargs: Options) -> tuple[Any, Outcome]:
    # As floor and ceil: 3.2 mV rounded as SI values would be 0 V.
    call = Call(func, args, kwargs)
    call.number("a")
    return call.run(DIMENSIONLESS)


def _ones_like(func: Function, args: Arguments, kwargs: Options) -> tuple[Any, Outcome]:
    call = Call(func, args, kwargs)
    if dimension_of(call.arguments["a"]) is not DIMENSIONLESS:
        raise UnsupportedFeatureError(
            "numpy.ones_like of a quantity could mean ones or one unit: use numpy.ones(x.shape),"
            " or numpy.full_like(x, 1*unit)."
        )
    call.free("a")
    return call.run(DIMENSIONLESS)


def _array_text(func: Function, args: Arguments, kwargs: Options) -> tuple[Any, Outcome]:
    values, dim = split(args[0])
    return (as_code if func is np.array_repr else as_text)(values, dim), None


# Functions by the names of their arguments that share a dimension.
_KEEPING = {
    "a": "median nanmedian percentile nanpercentile quantile nanquantile mean nanmean std nanstd"
    " cumsum nancumsum ptp sort partition ravel reshape resize transpose permute_dims swapaxes"
    " moveaxis rollaxis roll take squeeze expand_dims diagonal trace repeat compress copy"
    " fft.fft fft.ifft fft.rfft fft.irfft fft.fft2 fft.ifft2 fft.fftn fft.ifftn",
    "a initial": "sum nansum max amax nanmax min amin nanmin",
    "m": "flip fliplr flipud rot90 tril triu",
    "A": "tile",
    "v": "diag diagflat",
    "x": "linalg.norm fft.fftshift fft.ifftshift matrix_transpose",
    "x nan posinf neginf": "nan_to_num",
    "val": "real imag",
    "arr": "take_along_axis delete extract",
    "ary": "array_split split hsplit vsplit dsplit",
    "array": "broadcast_to",
    "filt": "trim_zeros",
    "prototype": "empty_like",
    "a fill_value": "full_like",
    "arrays": "concatenate concat stack block",
    "tup": "hstack vstack dstack column_stack",
    "arr values": "append insert",
    "choicelist default": "select",
    "a a_min a_max min max": "clip",
    "start stop": "linspace geomspace",
    "a prepend append": "diff",
    "ary to_end to_begin": "ediff1d",
    "ar1 ar2": "union1d intersect1d setdiff1d setxor1d",
}
_PLAIN = {
    "a": "argmax argmin nanargmax nanargmin argsort argpartition argwhere nonzero flatnonzero"
    " count_nonzero any all shape size ndim",
    "x": "iscomplexobj isrealobj isreal iscomplex isposinf isneginf",
    "a1 a2": "array_equal array_equiv",
    "x bins": "digitize",
    "a v": "searchsorted",
    "element test_elements": "isin",
}
_PAIRS = {
    ("a", "b"): "dot inner outer tensordot vdot kron cross",
    ("a", "v"): "convolve correlate",
}
_FREE = {"extract": ("condition",), "select": ("condlist",), "compress": ("condition",)}


def _find(name: str) -> Function | None:
    owner: Any = np
    for part in name.split("."):
        owner = getattr(owner, part, None)
    return owner if callable(owner) else None


def _table() -> dict[Function, Handler]:
    entries: dict[str, Handler] = {}
    for table, result in ((_KEEPING, keep), (_PLAIN, plain)):
        for names, functions in table.items():
            for name in functions.split():
                entries[name] = ArrayRule(tuple(names.split()), result, _FREE.get(name, ()))
    for (first, second), functions in _PAIRS.items():
        for name in functions.split():
            entries[name] = _product_of(first, second)
    entries.update(
        zeros_like=ArrayRule(("a",), keep),
        ones_like=_ones_like,
        round=_rounded,
        around=_rounded,
        var=ArrayRule(("a",), squared),
        nanvar=ArrayRule(("a",), squared),
        cov=ArrayRule(("m", "y"), squared),
        corrcoef=ArrayRule(("x",), ratio, ("y",)),
        unique=ArrayRule(("ar",), first_of_several),
        unique_counts=ArrayRule(("x",), first_of_several),
        unique_values=ArrayRule(("x",), keep),
        prod=_prod,
        average=_average,
        trapezoid=_trapezoid,
        trapz=_trapezoid,
        interp=_interp,
        gradient=_gradient,
        histogram=_histogram,
        histogram_bin_edges=_histogram,
        histogram2d=_histogram2d,
        bincount=_bincount,
        isclose=_close,
        allclose=_close,
        where=_where,
        einsum=_einsum,
        pad=_pad,
        copyto=_assign("dst", "src"),
        put=_assign("a", "v"),
        place=_assign("arr", "vals"),
        putmask=_assign("a", "values"),
        fill_diagonal=_assign("a", "val"),
        put_along_axis=_assign("arr", "values"),
        array_repr=_array_text,
        array_str=_array_text,
        array2string=_array_text,  # numpy.testing shows values with it
    )
    for name in ("meshgrid", "broadcast_arrays", "atleast_1d", "atleast_2d", "atleast_3d"):
        entries[name] = _each_its_own
    entries["may_share_memory"] = entries["shares_memory"] = _ignoring
    entries["result_type"] = entries["can_cast"] = _ignoring
    found = {_find(name): handler for name, handler in entries.items()}
    return {func: handler for func, handler in found.items() if func is not None}


def _ignoring(func: Function, args: Arguments, kwargs: Options) -> tuple[Any, Outcome]:
    return func(*(strip_nested(arg) for arg in args), **kwargs), None


HANDLERS: dict[Function, Handler] = _table()


def run_array_function(func: Function, args: Arguments, kwargs: Options) -> tuple[Any, Outcome]:
    """Return (what ``func`` gives for SI numbers, the outcome for its dimensions).

    Raises UnsupportedFeatureError for a function that is not in the table, unless no argument
    has a dimension; DimensionMismatchError where dimensions do not fit.
    """
    handler = HANDLERS.get(func)
    if handler is not None:
        return handler(func, args, kwargs)
    name = f"{func.__module__}.{func.__name__}"
    for value in (*args, *kwargs.values()):
        if carries_dimension(value):
            raise UnsupportedFeatureError(
                f"'{name}' is not known to keep units. Give it numbers, as in {_example(value)},"
                " or the SI values by np.asarray(x), and multiply the result by its unit."
            )
    numbers = {key: strip_nested(value) for key, value in kwargs.items()}
    return func(*(strip_nested(arg) for arg in args), **numbers), None


def _example(value: Any) -> str:
    """Return "x/mvolt" for the hint, or what stands for it in a list."""
    item = next(item for item in leaves(value) if carries_dimension(item))
    return f"x/{best_unit(*split(item)).name}"
