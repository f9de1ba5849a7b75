"""Synapses that come and go while a network runs: what they offer for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from simgen.api.arguments import checked_arguments
from simgen.api.removing import remove
from simgen.api.rewiring import Rewired, Rewiring, rewire_now
from simgen.api.rewiring_rule import RuleArguments

if TYPE_CHECKING:
    from simgen.api.synapses import Synapses


class Plastic:
    """The side of Synapses that removes some, and has rules for it."""

    @checked_arguments
    def remove(self, which: Any, namespace: Mapping[str, Any] | None = None) -> int:
        """Remove synapses, between runs or in a network_operation; return how many.

        Those that stay keep their variables, delays and order, and are numbered anew from 0.
        Spikes under way still reach them; those under way to removed synapses are lost.

        Parameters
        ----------
        which
            A condition (``'w < 0.01'``), or indices as in brackets: a number, a list or an array of
            them, a slice, an array of booleans, ``S[i, j]``; True for all synapses.
        namespace
            Values for names in the condition; by default the caller's variables.

        Raises
        ------
        ArgumentTypeError, IndexRangeError, EquationError
            It does not say which synapses.
        ModelError
            Other Synapses connect to them, a monitor records one that would go, or the network is
            in the middle of a step.

        """
        return remove(cast("Synapses", self), which, namespace)

    @checked_arguments
    def rewire(
        self,
        dt: Any = None,
        clock: Any = None,
        *,
        remove: Any = None,
        add: Any = None,
        p: Any = None,
        n_total: Any = None,
        n_per_target: Any = None,
        n_per_source: Any = None,
        on_add: Any = None,
        multapses: bool = False,
        autapses: bool = True,
        when: str = "before_start",
        order: int = -1,
        name: str | None = None,
    ) -> Rewiring:
        """Remove and add synapses at every step of a clock, beginning with the first.

        Parameters
        ----------
        dt, clock
            A step width or a clock.
        remove
            A condition; the synapses for which it holds go.
        add
            A condition about pairs of neurons, as for ``connect``; only pairs for which it holds
            get synapses. True, or left out beside a number: all pairs.
        p
            The probability of a new synapse for each such pair, a number or an expression.
        n_total, n_per_target, n_per_source
            Instead of p: how many come, in total, onto each target or from each source, between
            pairs drawn at random. An integer, or an expression of integers (below 0: none) with
            ``n_removed``, the number of those that the rule removes at the same time, and
            ``N_incoming``, ``N_outgoing`` or ``N`` without these.
        on_add
            What the new synapses begin with, ``'w = 0.1; delay = 1*ms'``; otherwise with zeros.
        multapses
            True: pairs that have a synapse may get another one.
        autapses
            False: no synapses with i == j.
        when, order
            Where in the step: by default before everything else, since nothing that writes may
            have run.
        name
            A unique name.

        Raises
        ------
        ArgumentTypeError, ModelError, EquationError
            The arguments make no sense, or text cannot be read.

        """
        counts = (n_total, n_per_target, n_per_source)
        given = RuleArguments(remove, add, p, *counts, on_add, multapses, autapses)
        return Rewiring(
            cast("Synapses", self), given, dt=dt, clock=clock, when=when, order=order, name=name
        )

    @checked_arguments
    def rewire_now(
        self,
        *,
        remove: Any = None,
        add: Any = None,
        p: Any = None,
        n_total: Any = None,
        n_per_target: Any = None,
        n_per_source: Any = None,
        on_add: Any = None,
        multapses: bool = False,
        autapses: bool = True,
        namespace: Mapping[str, Any] | None = None,
    ) -> Rewired:
        """Remove and add synapses at once, between runs or in a network_operation.

        Parameters are those of :meth:`rewire`; ``namespace`` has values for names in the text,
        by default the caller's variables. Returns (removed, added), the numbers of synapses.
        """
        counts = (n_total, n_per_target, n_per_source)
        given = RuleArguments(remove, add, p, *counts, on_add, multapses, autapses)
        return rewire_now(cast("Synapses", self), given, namespace)
