"""Calls of functions with a state: made once for each element, where the text has them."""

from __future__ import annotations

from simgen.errors import Origin
from simgen.ir.expr import Call, Expr, Local
from simgen.ir.stmt import Let


class CallsAtOnce:
    """Calls in text that is evaluated at once, a value an element: they stay in its expression."""

    def add(self, call: Call, origin: Origin) -> Expr:
        """Return how the text reads the result of a call."""
        return call


class CallsBefore:
    """Calls in the statements of a block of code: each is made right before its statement.

    So no expression that holds one is ever copied, and the order of calls is that of the text. A
    condition around a call, as in ``x > 0 and f(x) > 1``, does not keep it from being made.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._count = 0
        self._made: list[Let] = []

    def add(self, call: Call, origin: Origin) -> Expr:
        """Return how the statement reads the result of a call."""
        local = Local(f"{self._prefix}{call.function}_{self._count}", call.dtype)
        self._count += 1
        self._made.append(Let(local, call, origin))
        return local

    def taken(self) -> list[Let]:
        """Return the calls of the statement that has just been resolved."""
        made, self._made = self._made, []
        return made
