"""Lists of quantities in matplotlib's ``plot``, which never asks for their unit.

It makes an array of a list first, item by item through ``float()``, and hides the ValueError that
says why this cannot be. So an error of another kind is raised there.
"""

from __future__ import annotations

import sys
from types import FrameType

from simgen.errors import ArgumentTypeError

_NEAR = 6  # frames from float() to the function of matplotlib that makes an array


def refuse_plotted_list(unit: str) -> None:
    """Raise ArgumentTypeError if matplotlib is asking for a number to put into an array."""
    if "matplotlib" not in sys.modules:
        return
    frame: FrameType | None = sys._getframe(1)
    for _ in range(_NEAR):
        if frame is None:
            return
        if frame.f_globals.get("__name__") == "matplotlib.cbook":
            raise ArgumentTypeError(
                "matplotlib makes a plain array of a list of quantities, without their unit. Plot "
                f"one array, as in plot([1, 2]*{unit}), or numbers, as in "
                f"plot([x/{unit} for x in values])."
            )
        frame = frame.f_back
