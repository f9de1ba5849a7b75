"""The seed of all random numbers, and the numbering of streams.

Every draw site belongs to a stream; a stream's key comes from (seed, stream). Streams are counted
process-wide at each object creation, string assignment and ``connect``. ``seed(x)`` starts the
count anew; objects that are older than the last ``seed`` call are numbered by their rank among the
older objects of the network that runs them, in a range of their own, so that they never share a
stream with newer objects.
"""

from __future__ import annotations

import operator
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from simgen.api.noted_runs import NOTED
from simgen.errors import ArgumentTypeError, ModelError
from simgen.numerics.philox import derive_key

OLDER = 1 << 31  # the first stream of objects created before the last seed() call


@dataclass(slots=True)
class _State:
    seed: int
    epoch: int = 0
    next_stream: int = 0
    chosen: bool = False


_state = _State(secrets.randbits(64))


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream and the seed epoch it was taken in."""

    epoch: int
    number: int

    @classmethod
    def numbered(cls, number: int) -> Stream:
        """Return a stream of the present epoch with a number that it had before."""
        return cls(_state.epoch, number)

    @property
    def is_old(self) -> bool:
        """Whether ``seed`` was called since."""
        return self.epoch != _state.epoch

    def number_now(self, rank_among_old: int) -> int:
        """Return the number of the stream under the present seed."""
        return OLDER + rank_among_old if self.is_old else self.number

    def key(self) -> int:
        """Return the 64-bit Philox key under the present seed of a stream just taken."""
        return key_of(self.number_now(0))


def key_of(number: int) -> int:
    """Return the 64-bit Philox key of a stream under the present seed."""
    return int(derive_key(_state.seed, number, 0))


@contextmanager
def streams_of(key: int) -> Iterator[None]:
    """Let the streams that are taken meanwhile be those of a key, numbered from 0.

    What else takes streams is then numbered as if none had been taken.
    """
    before = _state.seed, _state.next_stream
    _state.seed, _state.next_stream = key, 0
    try:
        yield
    finally:
        _state.seed, _state.next_stream = before


@contextmanager
def seeded(value: int) -> Iterator[None]:
    """Let what happens meanwhile be as after ``seed(value)``, and nothing of it last."""
    before = _state.seed, _state.epoch, _state.next_stream
    _state.seed, _state.epoch, _state.next_stream = value, _state.epoch + 1, 0
    try:
        yield
    finally:
        _state.seed, _state.epoch, _state.next_stream = before


def take_stream() -> Stream:
    """Return the next stream."""
    stream = Stream(_state.epoch, _state.next_stream)
    _state.next_stream += 1
    return stream


def seed(seed: int | None = None) -> None:
    """Make all random numbers from here on reproducible, or unpredictable again with ``None``.

    Parameters
    ----------
    seed
        An integer from 0 to 2**64 - 1; without it the system's entropy is used.

    """
    if seed is None:
        value = secrets.randbits(64)
    else:
        if isinstance(seed, bool | np.bool_):
            raise ArgumentTypeError(f"seed() takes an integer, not {seed!r}.")
        try:
            value = operator.index(seed)
        except TypeError:
            raise ArgumentTypeError(f"seed() takes an integer, not {seed!r}.") from None
        if not 0 <= value < 1 << 64:
            raise ModelError(f"seed() takes an integer from 0 to 2**64 - 1, not {value}.")
    NOTED.make("seed() was called")
    _state.seed = value
    _state.chosen = seed is not None
    _state.epoch += 1
    _state.next_stream = 0


def is_seeded() -> bool:
    """Return whether the user has chosen the seed, so that what is drawn can be drawn again."""
    return _state.chosen


def seed_state() -> tuple[int, int]:
    """Return the seed in force and the number of the next stream."""
    return _state.seed, _state.next_stream


def restore_seed(seed: int, next_stream: int) -> None:
    """Go back to a state of the seed; streams taken since count as older than it."""
    _state.seed = seed
    _state.epoch += 1
    _state.next_stream = next_stream


def seed_epoch() -> int:
    """Return a number that every call of ``seed`` changes."""
    return _state.epoch


def get_seed() -> int:
    """Return the seed in force, also when it came from the system's entropy."""
    return _state.seed
