"""``from simgen.brian import *`` gives what Brian scripts expect of ``from brian2 import *``.

These are simgen's own names, the units, numpy's functions (aware of units in lists, too) and the
plotting functions, whose library is imported when one of them is first used. Names of Brian's that
simgen has not (``SpatialNeuron``, ``register_new_unit``) say so, and what to use instead, when they
are used.
"""

from __future__ import annotations

import datetime
import functools
import importlib
import logging
from collections.abc import Callable
from typing import Any

import numpy

from simgen import units
from simgen.api import brian_device
from simgen.api.integer_values import let_fractions_be_cut
from simgen.api.missing import missing_names
from simgen.errors import SimgenError, UnsupportedFeatureError
from simgen.units.porting import star_names
from simgen.units.quantity import let_floats_give_si


class _MethodName(str):
    """The name of an integrator, for ``method=``; Brian's are objects, and callable."""

    __slots__ = ()

    def __call__(self, *_args: Any, **_options: Any) -> Any:
        """Refuse."""
        raise UnsupportedFeatureError(
            f"'{self}' cannot be called: give it to a group, as method={str(self)!r}."
        )


# simgen's choice of integrators; the gsl ones are refused where they are used.
_METHODS = """
    exact linear independent exponential_euler euler rk2 rk4 heun milstein
    gsl_rk2 gsl_rk4 gsl_rkf45 gsl_rkck gsl_rk8pd
"""

# Brian's own ways of choosing devices, and simgen's under the same names
_DEVICES = ("BrianLogger", "device", "get_device", "prefs", "set_device")


def _get_logger(name: str = "simgen") -> logging.Logger:
    """Return Python's logger of that name."""
    return logging.getLogger(name)


def _seeds_numpy_too(of_simgen: Callable[..., None]) -> Callable[..., None]:
    """Return ``seed`` as scripts expect it: they draw by numpy's ``rand`` and ``randn``, too."""
    of_numpy = numpy.random.seed

    @functools.wraps(of_simgen)
    def seed(seed: int | None = None) -> None:
        of_simgen(seed)
        of_numpy(None if seed is None else int(seed) % 2**32)

    return seed


def _various_names() -> dict[str, Any]:
    """Return the names that are neither numpy's nor simgen's own."""
    return {
        **{name: _MethodName(name) for name in _METHODS.split()},
        "BrianObjectException": SimgenError,  # for except clauses
        "PreferenceError": UnsupportedFeatureError,
        "datetime": datetime,
        "get_logger": _get_logger,
        "logger": logging.getLogger("simgen"),
        "logging": logging,
    }


def _all_names() -> dict[str, Any]:
    """Return all names of the star import; later groups win over earlier ones."""
    names: dict[str, Any] = {**missing_names(), **_various_names(), **star_names()}
    names.update({name: getattr(units, name) for name in units.__all__})
    package = importlib.import_module("simgen")  # what it exports is known by now
    names.update({name: getattr(package, name) for name in getattr(package, "__all__", ())})
    names.update({name: getattr(brian_device, name) for name in _DEVICES})
    names["seed"] = _seeds_numpy_too(package.seed)
    return names


let_floats_give_si()
let_fractions_be_cut()
_NAMES = _all_names()
__all__ = sorted(_NAMES)
# From here on the globals may hide those used above, so nothing may be called after import.
globals().update(_NAMES)
