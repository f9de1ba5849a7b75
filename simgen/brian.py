"""``from simgen.brian import *`` gives what Brian scripts expect of ``from brian2 import *``.

These are simgen's own names, the units, numpy's functions (aware of units in lists, too) and the
plotting functions, whose library is imported when one of them is first used. Names of Brian's that
simgen has not (``prefs``, ``restore``) say so, and what to use instead, when they are used.
"""

from __future__ import annotations

import importlib
from typing import Any

from simgen import units
from simgen.api.missing import missing_names
from simgen.units.porting import star_names


def _all_names() -> dict[str, Any]:
    """Return all names of the star import; later groups win over earlier ones."""
    names: dict[str, Any] = {**missing_names(), **star_names()}
    names.update({name: getattr(units, name) for name in units.__all__})
    package = importlib.import_module("simgen")  # what it exports is known by now
    names.update({name: getattr(package, name) for name in getattr(package, "__all__", ())})
    return names


_NAMES = _all_names()
__all__ = sorted(_NAMES)
# From here on the globals may hide those used above, so nothing may be called after import.
globals().update(_NAMES)
