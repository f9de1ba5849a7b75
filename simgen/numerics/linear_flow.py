"""One variable of exp(M) x, bit-equal to ``linear_flow.h`` (which states method and errors)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from simgen.numerics.format import Array, Format, elementwise
from simgen.numerics.math_exp import exp, exprel
from simgen.numerics.math_round import sqrt
from simgen.numerics.math_trig import cos, sin

MOST = 8  # variables
_TERMS = 15
_SWEEPS = 4
_SQUARINGS = 1100
_Square = list[list[Any]]  # one array per entry; entries above the diagonal blocks stay zero


def flow(row: int, blocks: Sequence[int], matrix: Sequence[Any], start: Sequence[Any]) -> Any:
    """Return sum over j of exp(M)[row, j] x[j] for every element.

    ``matrix`` holds the entries by rows and ``start`` the values x, all arrays of one precision;
    M is block lower triangular with diagonal blocks of the sizes ``blocks``.
    """
    rows = _Rows(blocks)

    @elementwise
    def function(fmt: Format, *values: Array) -> Array:
        n = rows.n
        m = [list(values[i * n : (i + 1) * n]) for i in range(n)]
        return rows.flow(fmt, row, m, values[n * n :])

    return function(*matrix, *start)


class _Rows:
    """The block structure: rows ``first[i]`` to ``last[i]`` (excluded) are the block of row i."""

    def __init__(self, blocks: Sequence[int]) -> None:
        self.n = sum(blocks)
        self.blocks = len(blocks)
        ends = np.cumsum(blocks)
        self.first = [int(end - size) for end, size in zip(ends, blocks) for _ in range(size)]
        self.last = [int(end) for end, size in zip(ends, blocks) for _ in range(size)]

    def flow(self, fmt: Format, row: int, m: _Square, x: Sequence[Array]) -> Array:
        norm = self.norm(fmt, m)
        squarings = np.zeros(norm.shape, np.int64)
        scale = np.ones_like(norm)
        while np.any(more := (norm > 0.5) & (squarings < _SQUARINGS)):
            norm = np.where(more, norm * fmt.real(0.5), norm)
            scale = np.where(more, scale * fmt.real(0.5), scale)
            squarings += more
        scaled = [[entry * scale for entry in line] for line in m]
        power = self.one(norm)
        one = self.one(norm)
        for term in range(_TERMS + self.blocks, 0, -1):
            product = self.multiply(scaled, power)
            for i in range(self.n):
                for j in range(self.last[i]):
                    power[i][j] = one[i][j] + product[i][j] / fmt.real(term)
        self.restore(fmt, m, scale, power)
        for level in range(int(squarings.max(initial=0))):
            going = level < squarings
            squared = self.multiply(power, power)
            scale = np.where(going, scale * fmt.real(2), scale)
            self.restore(fmt, m, scale, squared)
            for i in range(self.n):
                for j in range(self.last[i]):
                    power[i][j] = np.where(going, squared[i][j], power[i][j])
        total: Array = np.zeros_like(norm)
        for j in range(self.last[row]):
            total = total + np.where(x[j] == 0, x[j] * 0, power[row][j] * x[j])
        return total

    def one(self, like: Array) -> _Square:
        n = range(self.n)
        return [[np.full_like(like, 1 if i == j else 0) for j in n] for i in n]

    def norm(self, fmt: Format, m: _Square) -> Array:
        n = range(self.n)
        w: _Square = [[np.where(m[i][j] < 0, -m[i][j], m[i][j]) for j in n] for i in n]
        others = [[j for j in range(self.first[i], self.last[i]) if j != i] for i in n]
        for _ in range(_SWEEPS):
            for i in n:
                if not others[i]:
                    continue
                row = column = np.zeros_like(m[0][0])
                for j in others[i]:
                    row = row + w[i][j]
                    column = column + w[j][i]
                scale = np.where((row > 0) & (column > 0), sqrt(column / row), fmt.real(1))
                for j in others[i]:
                    w[i][j] = w[i][j] * scale
                    w[j][i] = w[j][i] / scale
        largest: Array = np.zeros_like(m[0][0])
        for j in n:
            total = np.zeros_like(largest)
            for i in range(self.first[j], self.last[j]):
                total = total + w[i][j]
            largest = np.where(total > largest, total, largest)
        return largest

    def multiply(self, a: _Square, b: _Square) -> _Square:
        out = [[np.zeros_like(entry) for entry in line] for line in a]
        for i in range(self.n):
            for j in range(self.last[i]):
                for k in range(self.first[j], self.last[i]):
                    out[i][j] = out[i][j] + a[i][k] * b[k][j]
        return out

    def restore(self, fmt: Format, m: _Square, scale: Array, p: _Square) -> None:
        for i in range(self.n):
            size = self.last[i] - self.first[i]
            if size == 1:
                p[i][i] = exp(m[i][i] * scale)
            elif size == 2 and i == self.first[i]:
                block = [[m[k][j] * scale for j in (i, i + 1)] for k in (i, i + 1)]
                (p[i][i], p[i][i + 1]), (p[i + 1][i], p[i + 1][i + 1]) = _pair(fmt, block)


def _pair(fmt: Format, block: _Square) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    (a, b), (c, d) = block
    middle, half = fmt.real(0.5) * (a + d), fmt.real(0.5) * (a - d)
    square = half * half + b * c
    root = sqrt(np.where(square < 0, -square, square))
    damping, larger = exp(middle), exp(middle + root)
    turning = square < 0
    level = np.where(turning, damping * cos(root), fmt.real(0.5) * (larger + exp(middle - root)))
    slope = np.where(turning, damping * (sin(root) / root), larger * exprel(fmt.real(-2) * root))
    return (level + slope * half, slope * b), (slope * c, level - slope * half)
