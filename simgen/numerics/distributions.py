"""Random numbers at counters, with the bits of compiled programs (``distributions.h``)."""

from __future__ import annotations

from simgen.numerics.counts import draw_binomial, draw_hypergeometric, draw_poisson
from simgen.numerics.truncated_normal import draw_truncated_normal
from simgen.numerics.uniform import draw_rand, draw_randn

__all__ = [
    "draw_binomial",
    "draw_hypergeometric",
    "draw_poisson",
    "draw_rand",
    "draw_randn",
    "draw_truncated_normal",
]
