"""exp(A t) and its integral for stacks of small matrices, in float64.

Scaling and squaring with a Taylor series (Higham, SIAM J. Matrix Anal. Appl. 26, 2005). What keeps
every entry accurate, also for equal, nearly equal, zero and widely different rates (exact
integration of linear synapses: Rotter and Diesmann, Biol. Cybern. 81, 1999):

* the matrix is ordered block triangular; after every squaring the diagonal blocks are replaced by
  their own exponentials, computed afresh (Al-Mohy and Higham, SIAM J. Matrix Anal. Appl. 31,
  2009), so that squaring does not amplify their rounding errors;
* a diagonal similarity by powers of two, which is exact, takes the units of the variables out of
  coupled blocks: only rates decide how often the result is squared.

Blocks of three or more that are stiff and have no good eigenvectors lose digits to squaring:
about 1e-16 times the largest rate times the step.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.integrate.graph import blocks, reach

Real = npt.NDArray[np.float64]
_THETA = 0.5  # the series is used below this norm; 16 terms more than the order reach 1e-17
_TERMS = 16
_PLAIN_SQUARINGS = 3  # up to here squaring costs at most 8 roundings
_WORST_CONDITION = 300.0  # of eigenvectors: about 1e-13 is lost at most


def propagators(matrix: npt.ArrayLike, time: npt.ArrayLike) -> tuple[Real, Real]:
    """Return (exp(A t), integral from 0 to t of exp(A s) ds).

    ``matrix`` is (..., n, n) and finite, in 1/s; ``time`` is a number of seconds. The error is a
    few units in the last place of each entry where A is triangular and all paths to that entry
    have one sign; else about 1e-13 of the largest entry of the diagonal block.
    """
    step = float(np.asarray(time))
    scaled = np.asarray(matrix, dtype=np.float64) * step
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        power, mean = _phi(scaled)
    return power, mean * step


def _phi(matrix: Real) -> tuple[Real, Real]:
    """Return exp(M) and phi1(M) = integral of exp(M s) over s from 0 to 1."""
    size = matrix.shape[-1]
    if size == 1:
        return np.exp(matrix), exprel(matrix)
    if matrix.size == 0:
        return matrix, matrix  # a group without elements
    lead = matrix.reshape(-1, size, size)
    pattern = np.any(lead != 0, axis=0)
    parts = blocks(reach(size, [(int(i), int(j)) for i, j in np.argwhere(pattern)]))
    balanced, scale = _balance(lead, parts)
    diagonal = [_Block(balanced[:, _rows(part), _columns(part)], part) for part in parts]
    norm = max(block.norm for block in diagonal)
    squarings = max(0, int(np.ceil(np.log2(norm / _THETA)))) if norm > 0 else 0
    power, mean = _taylor(np.ldexp(balanced, -squarings), len(parts))
    for level in range(squarings + 1):
        if level:
            mean = 0.5 * (mean + power @ mean)
            power = power @ power
        for block in diagonal:
            block.restore(power, mean, 2.0 ** (level - squarings))
    undo = scale[:, None] / scale[None, :]
    return (power * undo).reshape(matrix.shape), (mean * undo).reshape(matrix.shape)


def _taylor(matrix: Real, order: int) -> tuple[Real, Real]:
    """Return exp(M) and phi1(M) of matrices with a small norm by Horner's rule."""
    one = np.eye(matrix.shape[-1])
    mean = np.broadcast_to(one, matrix.shape).copy()
    for term in range(_TERMS + order, 1, -1):
        mean = one + (matrix @ mean) / term
    return one + matrix @ mean, mean


class _Block:
    """A strongly connected diagonal block, whose functions at any scale are computed afresh."""

    def __init__(self, matrix: Real, part: tuple[int, ...]) -> None:
        self.matrix = matrix
        self.part = part
        self.norm = float(np.max(np.sum(np.abs(matrix), axis=-2), initial=0.0))
        self.single = len(part) == 1
        self.values: npt.NDArray[Any] | None = None
        if not self.single and self.norm > _THETA * 2**_PLAIN_SQUARINGS:
            values, vectors = np.linalg.eig(matrix)
            with np.errstate(all="ignore"):
                condition = np.linalg.cond(vectors)
            if np.all(condition < _WORST_CONDITION):
                self.values, self.vectors = values, vectors
                self.inverse = np.linalg.inv(vectors)

    def restore(self, power: Real, mean: Real, scale: float) -> None:
        """Overwrite the block in exp(M scale) and phi1(M scale) where it can be had accurately."""
        rows, columns = _rows(self.part), _columns(self.part)
        if self.single:
            exponent = self.matrix * scale
            power[:, rows, columns] = np.exp(exponent)
            mean[:, rows, columns] = exprel(exponent)
        elif self.values is not None:
            exponent = self.values * scale
            for target, function in ((power, np.exp), (mean, exprel)):
                inner = self.vectors * function(exponent)[:, None, :]
                target[:, rows, columns] = (inner @ self.inverse).real
        elif len(self.part) == 2:
            power[:, rows, columns] = _exp_two(self.matrix * scale)


def _exp_two(matrix: Real) -> Real:
    """Return exp(M) of 2x2 matrices with nearly or exactly equal eigenvalues m + r, m - r."""
    middle = 0.5 * (matrix[:, 0, 0] + matrix[:, 1, 1])
    half = 0.5 * (matrix[:, 0, 0] - matrix[:, 1, 1])
    root = np.sqrt((half * half + matrix[:, 0, 1] * matrix[:, 1, 0]).astype(np.complex128))
    first = np.exp(middle + root)
    slope = (first * exprel(-2.0 * root)).real  # the divided difference of exp
    level = (0.5 * (first + np.exp(middle - root))).real
    one = np.eye(2)
    rest = matrix - middle[:, None, None] * one
    return np.asarray(level[:, None, None] * one + slope[:, None, None] * rest)


def _balance(matrix: Real, parts: tuple[tuple[int, ...], ...]) -> tuple[Real, Real]:
    """Return D^-1 M D and the diagonal of D (powers of two).

    Inside a block rows and columns get comparable norms (Parlett and Reinsch, Numer. Math. 13,
    1969). Between blocks nothing is needed: their coupling does not enter the norm.
    """
    size = matrix.shape[-1]
    largest = np.max(np.abs(matrix), axis=0)
    scale = np.ones(size)
    for part in parts:
        for _ in range(20 if len(part) > 1 else 0):
            before = scale.copy()
            for i in part:
                others = [j for j in part if j != i]
                row = sum(largest[i, j] * scale[j] for j in others) / scale[i]
                column = sum(largest[j, i] / scale[j] for j in others) * scale[i]
                scale[i] *= np.exp2(np.round(0.5 * np.log2(row / column)))
            if np.array_equal(before, scale):
                break
    return matrix * (scale[None, :] / scale[:, None]), scale


def exprel(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return (exp(x) - 1)/x, 1 at 0; real or complex."""
    zero = x == 0
    safe = np.where(zero, 1.0, x)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return np.asarray(np.where(zero, 1.0, np.expm1(safe) / safe))


def _rows(part: tuple[int, ...]) -> npt.NDArray[np.intp]:
    return np.asarray(part, dtype=np.intp)[:, None]


def _columns(part: tuple[int, ...]) -> npt.NDArray[np.intp]:
    return np.asarray(part, dtype=np.intp)[None, :]
