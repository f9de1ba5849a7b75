"""Storing and restoring the state of a network, in memory and in files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from simgen.api.arguments import checked_arguments
from simgen.api.checkpoint import checked_place, keep_network, restore_network
from simgen.api.naming import Named
from simgen.api.noted_runs import NOTED
from simgen.errors import ArgumentTypeError, ModelError, StateFileError, UnknownNameError
from simgen.runtime.snapshot import Snapshot
from simgen.runtime.state_file import read_state, write_state

if TYPE_CHECKING:
    from simgen.api.network import Network


class Storing(Named):
    """What a network can do with its state as a whole."""

    def __init__(self, name: str | None, prefix: str) -> None:
        super().__init__(name, prefix)
        self._stored: dict[str, Snapshot] = {}

    @checked_arguments
    def store(self, name: str = "default", filename: Any = None) -> None:
        """Store the state of all objects under a name, in memory or in a file.

        Kept are the time, all variables, synapses with their delays, spikes under way, recordings
        and the state of the random numbers, but no equations, constants or Python data.

        Parameters
        ----------
        name
            Storing under it again replaces the state.
        filename
            A file, which may hold several states, each under its name; it is replaced at once or
            not at all.

        Raises
        ------
        ModelError
            Called in a ``network_operation`` after other code of the step has run.
        StateFileError
            The file cannot be written, or is none of stored states.

        """
        where = checked_place(name, filename, "store()")
        NOTED.make("a state was stored")
        snapshot = keep_network(cast("Network", self))
        if where is None:
            self._stored[name] = snapshot
        else:
            write_state(where, name, snapshot)

    @checked_arguments
    def restore(
        self, name: str = "default", filename: Any = None, restore_random_state: bool = False
    ) -> None:
        """Go back to a stored state; the objects must be those that were stored.

        Parameters
        ----------
        name, filename
            As they were given to :meth:`store`.
        restore_random_state
            False: random numbers go on with ones not used before, so that repeated runs from one
            state differ. True: they repeat those that followed :meth:`store`.

        Raises
        ------
        UnknownNameError
            Nothing was stored under the name.
        ModelError
            The network runs, or the objects, their variables or sizes are not those stored; then
            nothing has changed.
        StateFileError
            The file cannot be read, is damaged, or is none of stored states.

        """
        network = cast("Network", self)
        where = checked_place(name, filename, "restore()")
        NOTED.make("a state was restored")
        if not isinstance(restore_random_state, bool | np.bool_):
            raise ArgumentTypeError(
                f"restore_random_state must be True or False, not {restore_random_state!r}."
            )
        if network._running:
            raise ModelError(f"restore() was called while {self.describe()} was running.")
        if where is not None:
            snapshot = read_state(where, name)
        elif name in self._stored:
            snapshot = self._stored[name]
        else:
            known = ", ".join(map(repr, self._stored)) or "none"
            raise UnknownNameError(
                f"{self.describe()} has no state stored as {name!r}. Stored are: {known}."
            )
        try:
            restore_network(network, snapshot, bool(restore_random_state))
        except StateFileError as error:
            raise StateFileError(f"'{where}' holds no state to go on from. {error}") from None
