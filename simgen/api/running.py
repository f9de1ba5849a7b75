"""The networks that are running, and the function that ends their runs."""

from __future__ import annotations

import threading
from typing import Protocol


class Runner(Protocol):
    """A network, as far as its run can be ended."""

    def stop(self) -> None:
        """End the run after the present step."""


RUNNING: dict[Runner, int] = {}  # with the thread that each one runs in


def stop() -> None:
    """End the run under way, of whatever network, after the present step.

    Called from a network_operation or a report it ends the run that called it; from another thread,
    every run under way. Without one nothing happens.
    """
    running = dict(RUNNING)
    here = [network for network, thread in running.items() if thread == threading.get_ident()]
    for network in here or running:
        network.stop()
