"""A rule of structural plasticity: which synapses go, which come, and what these begin with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simgen.api.connecting import (
    by_condition,
    checked_probability,
    in_parents,
    whole_number,
)
from simgen.api.first_values import FirstValues
from simgen.api.pair_rules import Expression
from simgen.api.remaining import RemainingContext, Remains
from simgen.api.removing import holds_for, parse_condition, resolved_condition
from simgen.api.row_storage import require_rewirable
from simgen.api.seeds import take_stream
from simgen.connect import rules
from simgen.connect.growth import Choice, Integers, Pairs, Taken
from simgen.connect.rows import Rows
from simgen.dtypes import DType
from simgen.errors import ArgumentTypeError, ModelError, Problem, raise_problems
from simgen.ir.expr import IndexKind, IndexValue, Load
from simgen.ir.visit import walk

if TYPE_CHECKING:
    from simgen.api.synapses import Synapses

_SIDES = {"n_total": "total", "n_per_target": "target", "n_per_source": "source"}
_FOREIGN = {
    "n_total": {IndexKind.PRE: "each source", IndexKind.POST: "each target"},
    "n_per_target": {IndexKind.PRE: "each source"},
    "n_per_source": {IndexKind.POST: "each target"},
}


class Rewired(NamedTuple):
    """The numbers of synapses that a rule has removed and added."""

    removed: int
    added: int


@dataclass(frozen=True)
class RuleArguments:
    """What ``rewire`` and ``rewire_now`` take; see :meth:`simgen.Synapses.rewire`."""

    remove: Any
    add: Any
    p: Any
    n_total: Any
    n_per_target: Any
    n_per_source: Any
    on_add: Any
    multapses: Any
    autapses: Any


class RewiringRule:
    """Removes synapses for which a condition holds, and adds others.

    Raises
    ------
    ArgumentTypeError, ModelError, EquationError
        The arguments make no sense, or text cannot be read.

    """

    def __init__(self, synapses: Synapses, given: RuleArguments, verb: str) -> None:
        require_rewirable(synapses, verb)
        self.synapses, self.verb, self.given = synapses, verb, given
        owner = f"{verb} of {synapses.describe()}"
        counts = {name: getattr(given, name) for name in _SIDES}
        self.asked = [name for name, value in counts.items() if value is not None]
        if given.p is not None:
            self.asked.insert(0, "p")
        for switch in ("multapses", "autapses"):
            value = getattr(given, switch)
            if not isinstance(value, bool | np.bool_):
                raise ArgumentTypeError(
                    f"{switch} of {owner} must be True or False, not {value!r}."
                )
        for what, value in (("remove", given.remove), ("on_add", given.on_add)):
            if value is not None and not isinstance(value, str):
                raise ArgumentTypeError(f"{what} of {owner} must be text, not {value!r}.")
        self.adds = bool(given.add is not None and given.add is not False) or bool(self.asked)
        self._require_sense(owner)
        self.condition = given.add if isinstance(given.add, str) else True
        self._remove = None
        if given.remove is not None:
            self._remove = parse_condition(synapses, given.remove, verb, "remove")
        self.p: float | str = 1.0
        if given.p is not None:
            self.p = checked_probability(given.p, synapses.describe(), verb)
        self.count: int | str = 0
        if self.adds and self.asked[0] != "p":
            self.count = self._checked_count(counts[self.asked[0]], f"{self.asked[0]} of {owner}")
        self._first = None
        if given.on_add is not None:
            self._first = FirstValues(synapses, given.on_add, f"on_add of {verb}")

    def _require_sense(self, owner: str) -> None:
        given, asked = self.given, self.asked
        if given.add is not None and not isinstance(given.add, str | bool | np.bool_):
            raise ArgumentTypeError(
                f"add of {owner} must be text or True, for all pairs, not {given.add!r}."
            )
        if given.remove is None and not self.adds:
            raise ModelError(
                f"{owner} does nothing: give remove=, add= with a number of new synapses, or both."
            )
        if len(asked) > 1:
            raise ModelError(f"{owner} takes one of {' and '.join(asked)}, which say how many.")
        if self.adds and not asked:
            raise ModelError(
                f"{owner} does not say how many synapses to add: give p=, n_total=, n_per_target= "
                "or n_per_source=, as in n_per_target='n_removed'."
            )
        if given.on_add is not None and not self.adds:
            raise ModelError(f"{owner} has on_add=, but adds no synapses.")
        if given.add is False and asked:
            raise ModelError(f"{owner} has add=False and {asked[0]}=, which contradict each other.")

    def _checked_count(self, value: Any, what: str) -> int | str:
        if isinstance(value, str):
            return value
        count = whole_number(value, what)
        if count < 0:
            raise ModelError(f"{what} cannot be negative, but it is {count}.")
        return count

    # --- checking -------------------------------------------------------------------------------

    def check(self, namespace: Mapping[str, Any]) -> None:
        """Resolve all text with the values of names, and raise what is wrong with it."""
        synapses = self.synapses
        if self._remove is not None:
            text = synapses._text_context(namespace)
            resolved_condition(self._remove, text, f"'remove' of {self.verb}")
        if self.adds:
            context = self._context(namespace, Remains.everything(synapses), 0)
            self._condition(context)
            self._counting(context)
            if isinstance(self.p, str):
                context.number(self.p, "p", DType.REAL)
        if self._first is not None:
            self._first.check(namespace)

    def _context(
        self, namespace: Mapping[str, Any], remains: Remains, key: int
    ) -> RemainingContext:
        return RemainingContext(self.synapses, namespace, key, self.verb, remains=remains)

    def _condition(self, context: RemainingContext) -> Expression | None:
        if not isinstance(self.condition, str):
            return None
        node = context.parse(self.condition, "add")
        found = context.resolve(node)
        if found.expr.dtype is not DType.BOOL:
            problem = f"'add' of {self.verb} must be true or false, as in 'i != j'."
            raise_problems([Problem(problem, node.origin)])
        return found

    def _counting(self, context: RemainingContext) -> Expression | None:
        """Return the expression of the number of new synapses, if it is one."""
        if not isinstance(self.count, str):
            return None
        (name,) = self.asked
        node = context.parse(self.count, name)
        found = context.counting(node, name)
        nodes = [n for n in walk(found.expr) if isinstance(n, Load | IndexValue)]
        for kind, whose in _FOREIGN[name].items():
            if any(node.index.kind is kind for node in nodes):
                problem = f"'{name}' of {self.verb} uses what has another value for {whose}."
                hint = {
                    "n_total": "It is a number for all synapses together.",
                    "n_per_target": "It is a number for each target.",
                    "n_per_source": "It is a number for each source.",
                }[name]
                raise_problems([Problem(problem, node.origin, hint)])
        return found

    # --- at its times ---------------------------------------------------------------------------

    def apply(self, namespace: Mapping[str, Any]) -> Rewired:
        """Remove and add synapses once; return how many."""
        synapses = self.synapses
        gone = None
        if self._remove is not None:
            gone = holds_for(synapses, self._remove, namespace, f"'remove' of {self.verb}")
        removed = 0 if gone is None else int(np.count_nonzero(gone))
        if gone is None or not removed:
            gone = None
        rows = self._new_rows(namespace, Remains(synapses, gone)) if self.adds else None
        added = 0 if rows is None else rows.n
        if not removed and not added:
            return Rewired(0, 0)
        kept = None if gone is None else ~synapses._data.in_creation_order(gone)
        synapses._restructure(kept, rows if added else None)
        if added and self._first is not None:
            self._first.assign(namespace, added)
        return Rewired(removed, added)

    def _new_rows(self, namespace: Mapping[str, Any], remains: Remains) -> Rows:
        """Return the new synapses, by source and target."""
        synapses, given = self.synapses, self.given
        context = self._context(namespace, remains, take_stream().key())
        n_source, n_target = context.n_source, context.n_target
        taken = Taken(remains.codes)
        if self.asked[0] == "p":
            self._condition(context)  # its errors name it
            found = by_condition(context, self.condition, self.p, 1, skip_self=not given.autapses)
            if given.multapses:
                return in_parents(synapses, found)
            i, j = found.sources().astype(np.int64), found.targets.astype(np.int64)
            new = ~taken.among(i * n_target + j)
            i, j = i[new], j[new]
        else:
            pairs = Pairs(n_source, n_target, _SIDES[self.asked[0]])
            need = self._needed(namespace, remains, pairs)
            context.require(float(need.sum(dtype=float)))
            allowed = self._condition(context)

            def may_be(i: Integers, j: Integers) -> npt.NDArray[np.bool_]:
                good = np.ones(i.size, np.bool_) if given.autapses else i != j
                if allowed is not None:
                    good[good] = allowed.at(context, i[good], j[good])
                return good

            key = take_stream().key()
            codes = Choice(pairs, may_be, taken, bool(given.multapses), key).draw(need)
            i, j = pairs.ends(codes)
        return in_parents(synapses, rules.from_arrays(i, j, n_source, n_target))

    def _needed(self, namespace: Mapping[str, Any], remains: Remains, pairs: Pairs) -> Integers:
        """Return how many new synapses each owner of pairs is to get."""
        context = self._context(namespace, remains, take_stream().key())
        counting = self._counting(context)
        if counting is None:
            return np.full(pairs.n_owners, self.count, np.int64)
        owners = np.arange(pairs.n_owners)
        nobody = np.zeros_like(owners)
        i, j = (owners, nobody) if pairs.side == "source" else (nobody, owners)
        removed = remains.removed(pairs.side)
        values = np.asarray(counting.at(context, i, j, n_removed=removed), np.int64)
        return np.maximum(values, 0)
