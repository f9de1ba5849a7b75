"""The names that Brian scripts take from numpy and pylab, as ``simgen.brian`` offers them.

numpy's functions are made aware of units in lists; plotting functions import their library when
one of them is first used.
"""

from __future__ import annotations

import builtins
import functools
import importlib
from collections.abc import Callable, Iterator
from numbers import Number
from typing import Any

import numpy as np

from simgen.errors import DimensionMismatchError, UnsupportedFeatureError
from simgen.units import creation
from simgen.units.array_table import HANDLERS
from simgen.units.dimension import DIMENSIONLESS
from simgen.units.operands import carries_dimension, needs_number, split, strip_nested
from simgen.units.plotting import register_with_matplotlib

# Names of numpy that Brian's scripts have no use for; its 'bool' would break isinstance(x, bool).
_NOT_FROM_NUMPY = """
    bool test f2py testing typing core lib ctypeslib
    dtypes exceptions fft random show_config show_runtime
"""
_PLOTTING = """
    Arrow Circle FormatStrFormatter FuncFormatter GridSpec Line2D MaxNLocator
    MultipleLocator Normalize NullFormatter NullLocator Polygon Rectangle ScalarFormatter
    acorr annotate arrow autoscale autumn axes axhline axhspan axis axline axvline axvspan
    bar bar_label barbs barh bone box boxplot broken_barh cla clabel clf clim close cohere
    colorbar contour contourf cool copper csd delaxes draw draw_if_interactive ecdf errorbar
    eventplot figaspect figimage figlegend fignum_exists figtext figure fill fill_between
    fill_betweenx findobj flag gca gcf gci get_cmap get_current_fig_manager get_fignums getp
    ginput gray grid hexbin hist hist2d hlines hot hsv imread imsave imshow inferno ioff ion
    isinteractive jet legend locator_params loglog magma magnitude_spectrum margins matshow
    minorticks_off minorticks_on nipy_spectral pause pcolor pcolormesh phase_spectrum pie
    pink plasma plot polar prism psd quiver quiverkey rc rc_context rcdefaults rgrids
    savefig sca scatter sci semilogx semilogy set_cmap setp show specgram spring spy
    stackplot stairs stem step streamplot subplot subplot2grid subplot_mosaic subplots
    subplots_adjust summer suptitle switch_backend table text thetagrids tick_params
    ticklabel_format tight_layout title tricontour tricontourf tripcolor triplot twinx twiny
    violinplot viridis vlines winter xcorr xkcd xlabel xlim xscale xticks ylabel ylim yscale
    yticks
"""
# These ask nobody about units; they draw SI values.
_IMAGES = frozenset({"imshow", "matshow", "pcolor", "pcolormesh", "contour", "contourf", "spy"})


class LazyModule:
    """A module that is imported when an attribute of it is first used."""

    def __init__(self, name: str) -> None:
        self._lazy_name = name

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):  # what inspection asks for must not import anything
            raise AttributeError(attribute)
        return getattr(_imported(self._lazy_name), attribute)

    def __setattr__(self, attribute: str, value: Any) -> None:
        if attribute == "_lazy_name":
            super().__setattr__(attribute, value)
        else:
            setattr(_imported(self._lazy_name), attribute, value)

    def __repr__(self) -> str:
        return f"<module '{self._lazy_name}', imported when first used>"


class LazySettings:
    """matplotlib's ``rcParams``, imported when first used."""

    def __getitem__(self, key: str) -> Any:
        return _imported("matplotlib").rcParams[key]

    def __setitem__(self, key: str, value: Any) -> None:
        _imported("matplotlib").rcParams[key] = value

    def __contains__(self, key: str) -> bool:
        return key in _imported("matplotlib").rcParams

    def __iter__(self) -> Iterator[str]:
        return iter(_imported("matplotlib").rcParams)

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return getattr(_imported("matplotlib").rcParams, attribute)


def _imported(name: str) -> Any:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "matplotlib":
            raise
        raise UnsupportedFeatureError(
            "plotting needs matplotlib, which is not installed: python -m pip install matplotlib"
        ) from error
    register_with_matplotlib()
    return module


def _plotting(name: str) -> Callable[..., Any]:
    def function(*args: Any, **kwargs: Any) -> Any:
        if name in _IMAGES:
            args = tuple(strip_nested(arg) for arg in args)
        else:  # matplotlib asks for float() of the items of a list
            args = tuple(creation.gathered(arg) for arg in args)
        return getattr(_imported("matplotlib.pyplot"), name)(*args, **kwargs)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"The same as ``matplotlib.pyplot.{name}``."
    return function


def _numbers_only(func: Callable[..., Any]) -> Callable[..., Any]:
    """Return a random function that refuses units, which numpy's generators would drop."""

    @functools.wraps(func)
    def checked(*args: Any, **kwargs: Any) -> Any:
        for value in (*args, *kwargs.values()):
            if carries_dimension(value):
                raise DimensionMismatchError(
                    f"'{func.__name__}' takes numbers without dimension. Divide by a unit and"
                    f" multiply the result, as in {func.__name__}(x/mV)*mV."
                )
        return func(*args, **kwargs)

    return checked


def exprel(x: Any) -> Any:
    """Return ``(exp(x) - 1)/x``, and 1 at 0; ``x`` has no dimension."""
    numbers, dim = split(x)
    if dim is not DIMENSIONLESS:
        raise needs_number("exprel", (numbers, dim))
    small = np.abs(numbers) < 1e-16
    safe = np.where(small, 1.0, numbers)
    result = np.where(small, 1.0, np.expm1(safe) / safe)
    return result if result.ndim else float(result)


def _extreme(name: str) -> Callable[..., Any]:
    """Return numpy's ``max`` or ``min``; several numbers and iterators are left to Python's."""
    of_array, of_items = creation.aware(getattr(np, name)), getattr(builtins, name)

    @functools.wraps(of_array)
    def extreme(*args: Any, **kwargs: Any) -> Any:
        first = args[0] if args else ()
        # numpy gives sets and iterators back as they are
        no_array = not (isinstance(first, (list, tuple, Number)) or hasattr(first, "__array__"))
        several = len(args) > 1 and np.ndim(strip_nested(first)) == 0
        if no_array or several or "key" in kwargs or "default" in kwargs:
            return of_items(*args, **kwargs)
        return of_array(*args, **kwargs)

    return extreme


def _ones_like(value: Any, *args: Any, **kwargs: Any) -> Any:
    """Return ones without unit in the shape of ``value``, as Brian's ``ones_like`` does."""
    return np.ones_like(strip_nested(value), *args, **kwargs)


def _from_numpy() -> dict[str, Any]:
    names: dict[str, Any] = {}
    excluded = frozenset(_NOT_FROM_NUMPY.split())
    for name in np.__all__:
        if name not in excluded and not name.startswith("_"):
            value = getattr(np, name)
            known = value in HANDLERS if callable(value) else False
            names[name] = creation.aware(value) if known or isinstance(value, np.ufunc) else value
    for module in (np.fft, np.linalg):
        for name in module.__all__:
            value = getattr(module, name)
            names.setdefault(name, creation.aware(value) if callable(value) else value)
    for name in (name for name in np.random.__all__ if len(name) > 1):
        value = getattr(np.random, name)
        plain = isinstance(value, type) or not callable(value)
        names.setdefault(name, value if plain else _numbers_only(value))
    names["trapz"] = names.get("trapezoid") or names["trapz"]  # numpy 2 has the new name only
    names.update(
        exprel=exprel,
        max=_extreme("max"),
        min=_extreme("min"),
        ones_like=_ones_like,
        array=creation.array,
        asarray=creation.asarray,
        full=creation.full,
        arange=creation.arange,
    )
    return names


def star_names() -> dict[str, Any]:
    """Return the functions, constants and lazy modules by name; units are not among them."""
    names: dict[str, Any] = {name: _plotting(name) for name in _PLOTTING.split()}
    names.update(_from_numpy())
    names.update(np=np, numpy=np, rcParams=LazySettings())
    names.update(plt=LazyModule("matplotlib.pyplot"), pylab=LazyModule("matplotlib.pylab"))
    names["matplotlib"] = names["mpl"] = LazyModule("matplotlib")
    return names
