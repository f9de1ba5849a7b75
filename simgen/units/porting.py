"""The names that Brian scripts take from numpy and pylab, as ``simgen.brian`` offers them.

numpy's functions are made aware of units in lists; plotting functions import their library when
one of them is first used.
"""

from __future__ import annotations

import functools
import importlib
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from simgen.errors import DimensionMismatchError, UnsupportedFeatureError
from simgen.units import creation
from simgen.units.array_table import HANDLERS
from simgen.units.dimension import DIMENSIONLESS
from simgen.units.operands import carries_dimension, mismatch, needs_number, split, strip_nested
from simgen.units.plotting import register_with_matplotlib

# Names of numpy that Brian's scripts have no use for, and those of Python that stay what they are,
# as they do with Brian's import, which ends in pylab's.
_NOT_FROM_NUMPY = """
    test f2py testing typing core lib ctypeslib
    dtypes exceptions fft random show_config show_runtime
    abs bool bytes max min pow round
"""
# Modules of Python's library that scripts find among the names of pylab.
_MODULES = ("functools", "importlib", "inspect", "sys", "threading", "time")
_PLOTTING = """
    Arrow Artist AutoLocator Axes Button Circle Colormap DateFormatter Figure FixedFormatter
    FixedLocator FormatStrFormatter FuncFormatter GridSpec IndexLocator Line2D LinearLocator
    LogFormatter LogLocator MaxNLocator MultipleLocator Normalize NullFormatter NullLocator
    PolarAxes Polygon Rectangle ScalarFormatter Slider SubplotSpec Text Widget acorr
    angle_spectrum annotate arrow autoscale autumn axes axhline axhspan axis axline axvline
    axvspan bar bar_label barbs barh bone box boxplot broken_barh cla clabel clf clim close
    cohere colorbar connect contour contourf cool copper csd cycler date2num datestr2num
    delaxes detrend detrend_linear detrend_mean detrend_none disconnect drange draw
    draw_if_interactive ecdf errorbar eventplot figaspect figimage figlegend fignum_exists
    figtext figure fill fill_between fill_betweenx findobj flag gca gcf gci get_backend
    get_cmap get_current_fig_manager get_fignums get_scale_names getp ginput gray grid
    grouped_bar hexbin hist hist2d hlines hot hsv imread imsave imshow inferno interactive
    ioff ion isinteractive jet legend locator_params loglog magma magnitude_spectrum margins
    matshow minorticks_off minorticks_on nipy_spectral num2date pause pcolor pcolormesh
    phase_spectrum pie pie_label pink plasma plot polar prism psd quiver quiverkey rc
    rc_context rcdefaults rgrids savefig sca scatter sci semilogx semilogy set_cmap setp
    show specgram spring spy stackplot stairs stem step streamplot subplot subplot2grid
    subplot_mosaic subplots subplots_adjust summer suptitle switch_backend table text
    thetagrids tick_params ticklabel_format tight_layout title tricontour tricontourf
    tripcolor triplot twinx twiny violinplot viridis vlines waitforbuttonpress
    window_hanning window_none winter xcorr xkcd xlabel xlim xscale xticks ylabel ylim
    yscale yticks
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
        module = _imported("matplotlib.pyplot")
        if not hasattr(module, name):
            module = _imported("matplotlib.pylab")
        return getattr(module, name)(*args, **kwargs)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"The same as ``matplotlib.pylab.{name}``."
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


def timestep(t: Any, dt: Any) -> Any:
    """Return the number of the step of width ``dt`` that the time ``t`` lies in, int64.

    Up to 0.1 % of a step below a multiple counts as the multiple, as in equations.
    """
    (times, time), (width, unit) = split(t), split(dt)
    if time is not unit:
        raise mismatch("divide in timestep()", (times, time), (width, unit))
    steps = ((times + 1e-3 * width) / width).astype(np.int64)
    return steps if steps.ndim else int(steps)


def _ones_like(value: Any, *args: Any, **kwargs: Any) -> Any:
    """Return ones without unit in the shape of ``value``, as Brian's ``ones_like`` does."""
    return np.ones_like(strip_nested(value), *args, **kwargs)


def _numpy_with_units() -> types.ModuleType:
    """Return numpy as Brian's import has it: with its own ``arange`` and ``ones_like``.

    All else of numpy's asks quantities by itself.
    """
    module = types.ModuleType("numpy", np.__doc__)
    module.__dict__.update({name: value for name, value in vars(np).items() if name[:2] != "__"})
    module.__dict__.update(arange=creation.arange, ones_like=_ones_like)
    module.__dict__["__getattr__"] = functools.partial(getattr, np)  # parts not imported so far
    return module


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
    for name in (name for name in np.random.__all__ if len(name) > 1 and name not in excluded):
        value = getattr(np.random, name)
        plain = isinstance(value, type) or not callable(value)
        names.setdefault(name, value if plain else _numbers_only(value))
    names["trapz"] = names.get("trapezoid") or names["trapz"]  # numpy 2 has the new name only
    names.update(
        exprel=exprel,
        ones_like=_ones_like,
        array=creation.array,
        asarray=creation.asarray,
        full=creation.full,
        arange=creation.arange,
        random=_numbers_only(np.random.random),  # the function, as pylab's import leaves it
        timestep=timestep,
    )
    return names


def star_names() -> dict[str, Any]:
    """Return the functions, constants and lazy modules by name; units are not among them."""
    names: dict[str, Any] = {name: _plotting(name) for name in _PLOTTING.split()}
    names.update(_from_numpy())
    numpy = _numpy_with_units()
    names.update(np=numpy, numpy=numpy, rcParams=LazySettings())
    names.update(plt=LazyModule("matplotlib.pyplot"), pylab=LazyModule("matplotlib.pylab"))
    names["matplotlib"] = names["mpl"] = LazyModule("matplotlib")
    names.update({name: LazyModule(f"matplotlib.{name}") for name in ("cbook", "mlab", "style")})
    names.update({name: importlib.import_module(name) for name in _MODULES})
    return names
