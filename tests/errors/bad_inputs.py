"""Tables of bad inputs: what is done, which error answers, and what its message must mention."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from simgen import Network, NeuronGroup, Quantity, Synapses, ms
from simgen.errors import InternalError, SimgenError

SECONDS = 20.0  # a row that takes longer counts as a hang
LONGEST_MESSAGE = 6000  # characters: nobody reads more


@dataclass(frozen=True)
class Bad:
    """``do()`` must raise ``error`` with all of ``texts`` in its message."""

    id: str
    do: Callable[[], object]
    error: type[SimgenError]
    texts: Sequence[str]


def table(rows: Sequence[Bad]) -> pytest.MarkDecorator:
    """Return the decorator that runs a test for every row; two rows of one name are refused."""
    names = [row.id for row in rows]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"rows of the same name: {sorted(twice)}")
    return pytest.mark.parametrize("bad", rows, ids=names)


def check_refused(bad: Bad) -> None:
    """Fail unless the row is answered by its error, with a message that names the culprit."""
    with time_limit(SECONDS), pytest.raises(bad.error) as caught:
        bad.do()
    message = str(caught.value)
    assert not isinstance(caught.value, InternalError), message
    missing = [text for text in bad.texts if text not in message]
    assert not missing, f"the message does not mention {missing}:\n{message}"
    assert len(message) <= LONGEST_MESSAGE, f"{len(message)} characters:\n{message[:1000]}"


class _TookTooLongError(BaseException):
    """Not an Exception, so that nothing on the way can swallow it."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Interrupt what takes longer; without a limit where signals cannot be used."""
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: Any) -> None:
        raise _TookTooLongError(f"not answered within {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except _TookTooLongError as error:
        pytest.fail(str(error), pytrace=False)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def neurons(model: str = "v : volt", n: Any = 3, **keywords: Any) -> NeuronGroup:
    """Return a small group named "exc", unless told otherwise."""
    return NeuronGroup(n, model, **{"name": "exc", **keywords})


def spiking(model: str = "v : volt", n: Any = 3, **keywords: Any) -> NeuronGroup:
    """Return a small group with a threshold."""
    threshold = {"threshold": "v > 1*volt", "reset": "v = 0*volt"}
    return neurons(model, n, **{**threshold, **keywords})


def synapses(
    model: str = "w : volt", n: int = 3, connected: bool = True, **keywords: Any
) -> Synapses:
    """Return synapses named "exc_syn" of a spiking group of ``n`` neurons to itself."""
    made = Synapses(
        spiking(n=n), None, model, **{"on_pre": "v += w", "name": "exc_syn", **keywords}
    )
    if connected:
        made.connect()
    return made


def run_of(*objects: Any, t: Quantity = 1 * ms, **keywords: Any) -> None:
    """Run the objects as a network with an empty namespace."""
    Network(*objects).run(t, **{"namespace": {}, **keywords})


def network_of(made: Synapses) -> Network:
    """Return the synapses and their groups as a network."""
    return Network({id(entry): entry for entry in (made.source, made.target, made)})
