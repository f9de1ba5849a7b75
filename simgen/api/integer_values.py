"""Values for integer variables."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.errors import ArgumentTypeError, ModelError

_log = logging.getLogger("simgen.values")


class _Fractions:
    """What becomes of fractions: they are cut off, with a warning, or refused."""

    are_cut = False


def let_fractions_be_cut() -> None:
    """Cut off fractions from now on, as scripts written for Brian expect, and warn of it."""
    _Fractions.are_cut = True


def to_integers(plain: npt.NDArray[Any], dtype: np.dtype[Any], what: str) -> npt.NDArray[Any]:
    """Return the values of ``what`` as integers; raise for fractions and what does not fit."""
    limits = np.iinfo(dtype)
    if plain.dtype.kind == "f":
        bad = ~(np.isfinite(plain) & (plain == np.floor(plain)))
        if bad.any():
            value = plain[bad].flat[0] if plain.ndim else plain
            shown = f"{what} is an integer and cannot hold {value}{place_of(plain, bad)}"
            if not _Fractions.are_cut or not np.isfinite(plain).all():
                raise ArgumentTypeError(f"{shown}. Round it first.")
            _log.warning("%s: fractions are cut off, as Brian does.", shown)
            plain = np.trunc(plain)
    beyond = (plain < limits.min) | (plain > limits.max)
    if np.any(beyond):
        value = plain[beyond].flat[0] if plain.ndim else plain
        raise ModelError(
            f"{what} is a {dtype.itemsize * 8}-bit integer and cannot hold {value}"
            f"{place_of(plain, beyond)}: it must lie between {limits.min} and {limits.max}."
        )
    return plain.astype(dtype)


def place_of(plain: npt.NDArray[Any], bad: Any) -> str:
    """Return where the first bad value is, for messages; empty for a single value."""
    return f" (at position {int(np.flatnonzero(bad)[0])})" if plain.ndim else ""
