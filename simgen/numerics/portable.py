"""Elementary functions that give the same bits as compiled programs on every target.

The numpy mirror of ``cuda_kernels/common/portable_math.h``: results are float32 where all arguments
are float32, else float64; no numpy warning leaves a function. Errors, in units in the last place,
and the reasons are stated in the headers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simgen.numerics.math_exp import exp, expm1, exprel, recip_exprel
from simgen.numerics.math_hyperbolic import cosh, sinh, tanh
from simgen.numerics.math_inverse import arccos, arcsin, arctan
from simgen.numerics.math_log import log, log1p, log2, log10
from simgen.numerics.math_pow import power
from simgen.numerics.math_round import (
    ceil,
    clip,
    floor,
    floordiv,
    floordiv_int,
    mod,
    mod_int,
    sign,
    sqrt,
    to_int,
)
from simgen.numerics.math_trig import cos, sin, tan

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": exp,
    "expm1": expm1,
    "exprel": exprel,
    "recip_exprel": recip_exprel,
    "log": log,
    "log10": log10,
    "log1p": log1p,
    "log2": log2,
    "sin": sin,
    "cos": cos,
    "tan": tan,
    "sinh": sinh,
    "cosh": cosh,
    "tanh": tanh,
    "arcsin": arcsin,
    "arccos": arccos,
    "arctan": arctan,
    "pow": power,
    "sqrt": sqrt,
    "floor": floor,
    "ceil": ceil,
    "sign": sign,
    "clip": clip,
    "mod": mod,
    "floordiv": floordiv,
}

__all__ = [
    "FUNCTIONS",
    "arccos",
    "arcsin",
    "arctan",
    "ceil",
    "clip",
    "cos",
    "cosh",
    "exp",
    "expm1",
    "exprel",
    "floor",
    "floordiv",
    "floordiv_int",
    "log",
    "log10",
    "log1p",
    "log2",
    "mod",
    "mod_int",
    "power",
    "recip_exprel",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "to_int",
]
