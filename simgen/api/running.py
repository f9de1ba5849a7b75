"""The networks that are running, and the function that ends their runs."""

from __future__ import annotations

import logging
import threading
from typing import Protocol

from simgen.runtime.timing import TOLERANCE


class Runner(Protocol):
    """A network, as far as its run can be ended."""

    def stop(self) -> None:
        """End the run after the present step."""


_log = logging.getLogger("simgen.network")
MANY_STEPS = 10**10  # of which a warning is given: more than a day of the smallest network
RUNNING: dict[Runner, int] = {}  # with the thread that each one runs in


def note_running(network: Runner, running: bool) -> None:
    """Note that a network runs in the present thread, or no more."""
    if running:
        RUNNING[network] = threading.get_ident()
    else:
        RUNNING.pop(network, None)


def warn_of_steps(network: str, steps: int, length: float, width: float) -> None:
    """Warn of a run that would end much later, or earlier, than its author may think."""
    if steps > MANY_STEPS:
        told = f"{steps:,} steps of {width:g} s, which take very long. Is the unit right?"
    elif 0 < length < TOLERANCE * width:
        told = f"less than {TOLERANCE:g} of a step of {width:g} s, so no step is made."
    else:
        return
    _log.warning("%s: a run of %g s is %s", network, length, told)


def stop() -> None:
    """End the run under way, of whatever network, after the present step.

    Called from a network_operation or a report it ends the run that called it; from another thread,
    every run under way. Without one nothing happens.
    """
    running = dict(RUNNING)
    here = [network for network, thread in running.items() if thread == threading.get_ident()]
    for network in here or running:
        network.stop()
