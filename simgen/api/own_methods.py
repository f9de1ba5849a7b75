"""Names for methods of integration of one's own."""

from __future__ import annotations

from typing import Any

from simgen.errors import ArgumentTypeError
from simgen.integrate.choose import register_method
from simgen.model.described_method import ExplicitStateUpdater

__all__ = ["ExplicitStateUpdater", "StateUpdateMethod"]


class StateUpdateMethod:
    """Names for methods of one's own, as Brian has them."""

    @staticmethod
    def register(name: str, method: Any) -> None:
        """Let ``method=name`` stand for an ExplicitStateUpdater.

        Raises ModelError for a name that stands for another method already.
        """
        if not isinstance(method, ExplicitStateUpdater):
            raise ArgumentTypeError(
                f"The method '{name}' must be an ExplicitStateUpdater, not {method!r}."
            )
        register_method(name, method)
