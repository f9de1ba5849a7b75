"""Runs that are noted and made later, as scripts of Brian's standalone mode want it.

Nothing can tell that a run was not made when it was asked for: whoever looks at what runs change,
or changes what they start from, has them made first (:meth:`NotedRuns.make`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simgen.api.network import Network


@dataclass(frozen=True)
class NotedRun:
    """A run of a network; ``make`` makes it, with the constants of the moment it was noted."""

    network: Network
    make: Callable[[], None]
    names: object  # what ``make`` looks constants up in


class NotedRuns:
    """The runs that were noted and not made, in order, and whether any are to be noted."""

    def __init__(self) -> None:
        self.noting = False
        self.runs: list[NotedRun] = []
        self.reason = ""  # why runs were made that could have been built
        self._making = False

    def begin(self, noting: bool) -> None:
        """Forget what was noted, and note what comes, or do not."""
        self.noting, self.runs, self.reason = noting, [], ""

    def takes(self) -> bool:
        """Whether a run that is asked for is to be noted."""
        return self.noting and not self._making

    def make(self, reason: str) -> None:
        """Make the runs that were noted, because of what ``reason`` says."""
        if self.runs:
            self.reason = reason
            self.finish(self.take())

    def take(self) -> list[NotedRun]:
        """Return the runs that were noted, which are noted no more."""
        found, self.runs = self.runs, []
        return found

    def finish(self, runs: list[NotedRun]) -> None:
        """Make some runs."""
        self._making = True
        try:
            for run in runs:
                run.make()
        finally:
            self._making = False


NOTED = NotedRuns()
