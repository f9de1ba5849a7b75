"""Drawing pairs of neurons that get new synapses, beside those that have some.

Every set of allowed pairs is equally probable. Pairs are drawn and tried, since most pairs usually
are allowed; where too many have failed, all pairs of the neurons that still lack some are looked
at. Results are functions of the key alone: nothing here depends on the device or its threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simgen.dtypes import FLOAT64
from simgen.numerics import distributions, philox

BLOCK = 1 << 20  # pairs looked at together
_LEAST_COST = 4096  # pairs: what an attempt costs, however few it draws
_TRIES, _MOST_TRIES = 2, 16  # drawn at once for each pair that is wanted, first and later
_WORTH_SORTING = 8  # questions
_ATTEMPTS, _REST = 0, 1  # copies of the keys: draws of attempts, and of the pairs that remain
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Pairs:
    """All pairs of two populations; ``side`` is ``target``, ``source`` or ``total``.

    It says whose pairs are counted: an *owner* is one target, one source, or all together, and has
    ``n_partners`` pairs. A pair's code is i * n_target + j.
    """

    n_source: int
    n_target: int
    side: str

    @property
    def n_owners(self) -> int:
        """The number of owners."""
        return {"target": self.n_target, "source": self.n_source, "total": 1}[self.side]

    @property
    def n_partners(self) -> int:
        """The number of pairs of each owner."""
        return self.n_source * self.n_target // max(1, self.n_owners)

    def codes(self, owners: Integers, partners: Integers) -> Integers:
        """Return the codes of pairs."""
        if self.side == "target":
            return partners * self.n_target + owners
        return owners * self.n_target + partners if self.side == "source" else partners

    def ends(self, codes: Integers) -> tuple[Integers, Integers]:
        """Return the sources and the targets."""
        return codes // self.n_target, codes % self.n_target


class Taken:
    """The codes of pairs that have a synapse, of which it is asked whether they hold others.

    Sorting ten million codes takes 0.8 s; to look them through for a few takes 0.05 s. So they are
    sorted only once they have been asked often.
    """

    def __init__(self, codes: Callable[[], Integers]) -> None:
        self._find = codes
        self._codes: Integers | None = None
        self._hashes: npt.NDArray[np.uint64] | None = None
        self._asked = 0

    def among(self, wanted: Integers) -> Flags:
        """Return which of some codes are among these."""
        if self._codes is None:
            self._codes = self._find()
        codes = self._codes
        if wanted.size == 0 or codes.size == 0:
            return np.zeros(wanted.size, np.bool_)
        self._asked += 1
        if self._asked == _WORTH_SORTING:
            self._hashes = None
            codes.sort()
        if self._asked >= _WORTH_SORTING:
            return _contains(codes, wanted)
        shift = np.uint64(64 - max(16, int(16 * wanted.size).bit_length()))
        marked = np.zeros(1 << int(64 - shift), np.bool_)
        marked[_hashed(wanted) >> shift] = True
        if self._hashes is None:
            self._hashes = _hashed(codes)
        possible = np.sort(codes[marked[self._hashes >> shift]])
        return _contains(possible, wanted)


def _hashed(codes: Integers) -> npt.NDArray[np.uint64]:
    """Return numbers whose upper bits differ for most codes (Knuth's multiplicative hashing)."""
    return np.asarray(codes.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15))


@dataclass(frozen=True)
class Choice:
    """Which pairs may be drawn.

    ``allowed`` says it of pairs (i, j); those ``taken`` may not be; with ``repeats`` a pair may be
    drawn several times, and those taken, too.
    """

    pairs: Pairs
    allowed: Callable[[Integers, Integers], Flags]
    taken: Taken
    repeats: bool
    key: int

    def draw(self, need: Integers) -> Integers:
        """Return the codes, ascending, of ``need`` pairs of each owner, int64 (n_owners,).

        Where fewer are allowed, these are taken.
        """
        pairs, need = self.pairs, need.copy()
        found = np.zeros(0, np.int64)
        spent, attempt = 0, 0
        while need.any():
            left = int(np.count_nonzero(need)) * pairs.n_partners
            if left == 0:
                break
            if spent > left:
                found = np.concatenate([found, self._rest(need, np.sort(found))])
                break
            tries = min(_TRIES << attempt, _MOST_TRIES)
            if need.sum() * tries > BLOCK:
                tries = 1
            spent += max(int(need.sum()) * tries, _LEAST_COST)
            owners, codes = self._attempt(need * tries, np.sort(found), attempt)
            chosen = _first(owners, need)
            need -= np.bincount(owners[chosen], minlength=need.size)
            found = np.concatenate([found, codes[chosen]])
            attempt += 1
        return np.sort(found)

    def _attempt(self, count: Integers, found: Integers, attempt: int) -> tuple[Integers, Integers]:
        """Return the owners and codes of those that are allowed of ``count`` drawn pairs each."""
        owners = np.repeat(np.arange(count.size), count)
        numbers = np.arange(owners.size)
        uniform = _uniform(philox.derive_key(self.key, attempt, _ATTEMPTS), numbers, 0)
        n = self.pairs.n_partners
        codes = self.pairs.codes(owners, np.minimum((uniform * n).astype(np.int64), n - 1))
        good = np.ones(codes.size, np.bool_)
        if not self.repeats:
            good = ~self.taken.among(codes) & ~_contains(found, codes)
            first = np.zeros(codes.size, np.bool_)
            first[np.unique(codes, return_index=True)[1]] = True
            good &= first
        places = np.flatnonzero(good)
        places = places[self.allowed(*self.pairs.ends(codes[places]))]
        return owners[places], codes[places]

    def _rest(self, need: Integers, found: Integers) -> Integers:
        """Draw from all pairs of the owners that lack some."""
        owners, codes = [], []
        for some, partners in self._blocks(np.flatnonzero(need)):
            block = self.pairs.codes(some[:, None], partners[None, :]).ravel()
            whose = np.repeat(some, partners.size)
            if not self.repeats:
                good = ~self.taken.among(block) & ~_contains(found, block)
                block, whose = block[good], whose[good]
            good = self.allowed(*self.pairs.ends(block))
            owners.append(whose[good])
            codes.append(block[good])
        owner = np.concatenate(owners) if owners else np.zeros(0, np.int64)
        code = np.concatenate(codes) if codes else np.zeros(0, np.int64)
        key = philox.derive_key(self.key, 0, _REST)
        if self.repeats:
            return self._again(owner, code, need, key)
        sources, targets = self.pairs.ends(code)
        order = np.lexsort((_uniform(key, targets, sources), owner))
        owner, code = owner[order], code[order]
        return np.asarray(code[_first(owner, need)])

    def _again(self, owner: Integers, code: Integers, need: Integers, key: int) -> Integers:
        """Draw from candidates, each as often as it comes."""
        order = np.argsort(owner, kind="stable")
        code, counts = code[order], np.bincount(owner, minlength=need.size)
        need = np.where(counts > 0, need, 0)
        whose = np.repeat(np.arange(need.size), need)
        uniform = _uniform(key, np.arange(whose.size), 0)
        places = np.minimum((uniform * counts[whose]).astype(np.int64), counts[whose] - 1)
        return np.asarray(code[(np.cumsum(counts) - counts)[whose] + places])

    def _blocks(self, owners: Integers) -> Iterator[tuple[Integers, Integers]]:
        """Yield owners and partners, about BLOCK pairs at a time."""
        n = self.pairs.n_partners
        together = max(1, BLOCK // n)
        for begin in range(0, owners.size, together):
            for first in range(0, n, BLOCK):
                yield owners[begin : begin + together], np.arange(first, min(n, first + BLOCK))


def _uniform(key: int, elements: Integers, steps: Integers | int) -> npt.NDArray[np.float64]:
    counters = philox.counters_at_elements(elements, steps, 0, FLOAT64)
    return np.asarray(distributions.draw_rand(key, counters, FLOAT64), np.float64)


def _first(owners: Integers, need: Integers) -> Flags:
    """Return which are among the first ``need`` of their owner; owners ascend."""
    counts = np.bincount(owners, minlength=need.size)
    ranks = np.arange(owners.size) - (np.cumsum(counts) - counts)[owners]
    return np.asarray(ranks < need[owners])


def _contains(codes: Integers, wanted: Integers) -> Flags:
    """Return which of the wanted codes are among some that ascend."""
    if codes.size == 0:
        return np.zeros(wanted.size, np.bool_)
    places = np.minimum(np.searchsorted(codes, wanted), codes.size - 1)
    return np.asarray(codes[places] == wanted)
