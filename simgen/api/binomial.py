"""Binomial random numbers in equations and statements."""

from __future__ import annotations

from simgen.api.arguments import single_value
from simgen.api.connecting import whole_number
from simgen.api.naming import Guarded
from simgen.errors import ArgumentTypeError, ModelError
from simgen.model.functions import binomial_function

_MOST = 2**31 - 1  # trials


class BinomialFunction(Guarded):
    """``f()`` in code: how many of n trials succeed, drawn anew for each element and call.

    Parameters
    ----------
    n
        The number of trials; 0 or more.
    p
        The probability of success of each.
    approximate
        Accepted as Brian does, which then draws from a normal distribution where n*p and n*(1 - p)
        are above 5. The numbers here are whole and exact in any case, at no greater cost.
    name
        The name of the object.

    Raises
    ------
    ArgumentTypeError, ModelError
        If n is not a whole number of trials, or p is no probability.

    """

    def __init__(
        self, n: int, p: float, approximate: bool = True, name: str | None = "_binomial*"
    ) -> None:
        super().__init__("binomial*" if name == "_binomial*" else name, "binomial*")
        trials = whole_number(n, f"n of {self.describe()}")
        if not 0 <= trials <= _MOST:
            raise ModelError(f"n of {self.describe()} must be from 0 to {_MOST}, not {trials}.")
        chance, dim = single_value(p, f"p of {self.describe()}")
        if isinstance(p, bool) or not dim.is_dimensionless:
            raise ArgumentTypeError(f"p of {self.describe()} must be a number, not {p!r}.")
        if not 0 <= chance <= 1:
            raise ModelError(f"p of {self.describe()} is a probability and cannot be {chance}.")
        self._n, self._p = trials, chance
        self.simgen_function = binomial_function(self.name, trials, chance)

    @property
    def n(self) -> int:
        """The number of trials."""
        return self._n

    @property
    def p(self) -> float:
        """The probability of success of each."""
        return self._p
