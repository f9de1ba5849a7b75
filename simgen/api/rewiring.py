"""Structural plasticity by rule: ``S.rewire`` at regular times, ``S.rewire_now`` at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from simgen.api.arguments import about
from simgen.api.component import Component
from simgen.api.namespaces import Namespace, caller_namespace, checked_namespace
from simgen.api.operations import NetworkOperation
from simgen.api.placed import Place
from simgen.api.rewiring_rule import Rewired, RewiringRule, RuleArguments
from simgen.api.seeds import Stream, streams_of, take_stream
from simgen.errors import ModelError, Problem, gathering
from simgen.numerics.philox import derive_key

if TYPE_CHECKING:
    from simgen.api.synapses import Synapses


class Rewiring(NetworkOperation):
    """A rule that removes and adds synapses at every step of a clock; made by ``S.rewire``."""

    def __init__(
        self,
        synapses: Synapses,
        given: RuleArguments,
        *,
        dt: Any,
        clock: Any,
        when: str,
        order: int,
        name: str | None,
    ) -> None:
        if dt is None and clock is None:
            raise ModelError(f"rewire() of {synapses.describe()} needs dt=, or a clock.")
        self._rule = RewiringRule(synapses, given, "rewire()")
        name = f"{synapses.name}_rewire*" if name is None else name
        super().__init__(self._apply, dt=dt, clock=clock, when=when, order=order, name=name)
        self.synapses = synapses
        self._stream = take_stream()
        synapses._adopt(self)

    def _depends_on(self) -> Iterator[Component]:
        yield self.synapses

    def _places(self) -> Iterator[Place]:
        yield Place(self.name, "rewire", self.when, self.order, owner=self.synapses)

    def _resolve(self, namespace: Namespace, problems: list[Problem]) -> None:
        with gathering(problems):
            self._rule.check(namespace)

    def _keys(self) -> dict[str, Stream]:
        return {self._key_name: self._stream}

    @property
    def _key_name(self) -> str:
        return f"{self.name}.key"

    def _apply(self) -> None:
        """Remove and add synapses; random numbers depend on the seed, this object and the step."""
        network = self._network
        key = network._compiled.memory.ints[self._key_name] & 0xFFFFFFFFFFFFFFFF
        step = round(self.clock._now / self.clock.dt_)
        own = derive_key(key, step & 0xFFFFFFFF, step >> 32)
        with about(self.synapses.describe()), streams_of(own):
            self._rule.apply(network._run_namespace)


def rewire_now(
    synapses: Synapses, given: RuleArguments, namespace: Mapping[str, Any] | None
) -> Rewired:
    """Remove and add synapses at once; return how many of each."""
    names = checked_namespace(namespace, f"rewire_now() of {synapses.describe()}")
    scope = caller_namespace() if names is None else names
    with about(synapses.describe()):
        rule = RewiringRule(synapses, given, "rewire_now()")
        rule.check(scope)
        with streams_of(take_stream().key()):
            return rule.apply(scope)


__all__ = ["Rewired", "Rewiring", "rewire_now"]
