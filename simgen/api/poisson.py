"""Poisson input: groups of Poisson neurons, and many unconnected inputs at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from simgen.api.clock import Clock
from simgen.api.component import Component
from simgen.api.group import Group, checked_size
from simgen.api.namespaces import Namespace
from simgen.api.neuron_group import NeuronGroup
from simgen.api.seeds import Stream, take_stream
from simgen.build.facts import NetworkFacts
from simgen.build.inputs import PoissonDrive, drive_items
from simgen.dtypes import DType
from simgen.errors import (
    ArgumentTypeError,
    DimensionMismatchError,
    ModelError,
    Problem,
    SourceText,
    UnsupportedFeatureError,
)
from simgen.ir.expr import Array, Expr, Param
from simgen.ir.kernel import Item
from simgen.lang.expressions import parse_expression
from simgen.model.description import SECOND
from simgen.model.resolve import DrawCounter, Resolver
from simgen.model.scope import ConstantScope, VariableEntry
from simgen.units import DIMENSIONLESS, dimension_of, strip

HERTZ = DIMENSIONLESS / SECOND


class PoissonGroup(NeuronGroup):
    """Neurons that fire at random: in each step with probability rate * dt.

    Parameters
    ----------
    N
        The number of neurons.
    rates
        A rate, an array of rates, or an expression of t, i, TimedArrays and constants.
    dt, clock, order, namespace, name
        As for :class:`NeuronGroup`.

    Raises
    ------
    ModelError
        A rate is negative, or rate * dt above 1.

    """

    def __init__(
        self,
        N: int,
        rates: Any,
        dt: Any = None,
        clock: Any = None,
        when: str = "thresholds",
        order: int = 0,
        namespace: Any = None,
        name: str | None = "poissongroup*",
    ) -> None:
        if when != "thresholds":
            raise UnsupportedFeatureError("PoissonGroup runs in the slot 'thresholds' only.")
        text = isinstance(rates, str)
        model = f"rates = {rates} : Hz" if text else "rates : Hz"
        super().__init__(
            N,
            model,
            threshold="rand() < rates*dt",
            dt=dt,
            clock=clock,
            order=order,
            namespace=namespace,
            name=name if name != "poissongroup*" else "poissongroup*",
        )
        if not text:
            if dimension_of(rates) != HERTZ:
                raise DimensionMismatchError(
                    f"The rates of {self.describe()} must be rates, as in 10*Hz, not {rates!r}."
                )
            self.rates = rates

    def _after_write(self, name: str) -> None:
        if name == "rates":
            self._check_rates()

    def _check_rates(self) -> None:
        if "rates" not in self.variables:
            return
        rates = self.variables["rates"].data
        bad = ~((rates >= 0) & (rates * self.clock.dt_ <= 1))
        if np.any(bad):
            place = int(np.flatnonzero(bad)[0])
            reason = (
                "a rate cannot be negative"
                if rates[place] < 0
                else f"rate*dt is {rates[place] * self.clock.dt_:g}, but it is a probability; "
                "use a smaller dt"
            )
            raise ModelError(
                f"'rates' of {self.describe()} is {rates[place]} Hz at index {place}; {reason}."
            )

    def _started(self) -> None:
        self._check_rates()


class PoissonInput(Component):
    """N unconnected Poisson neurons for each target, added up: one binomial number per step.

    Parameters
    ----------
    target
        A group or subgroup.
    target_var
        The variable that receives the input.
    N
        Inputs per neuron.
    rate
        The rate of each input.
    weight
        What each spike adds: a value or an expression, with the dimension of the variable.
    when, order
        The place in the step; ``synapses``, 0 by default.

    """

    def __init__(
        self,
        target: Group,
        target_var: str,
        N: int,
        rate: Any,
        weight: Any,
        when: str = "synapses",
        order: int = 0,
        name: str | None = "poissoninput*",
    ) -> None:
        super().__init__(name, "poissoninput*", when=when, order=order)
        if not isinstance(target, Group):
            raise ArgumentTypeError(f"{self.describe()} needs a group, not {target!r}.")
        if target_var not in target.variables:
            raise ModelError(
                f"{self.describe()}: {target.describe()} has no variable '{target_var}'."
            )
        self.target = target
        self.target_var = target_var
        self.clock: Clock = target.clock
        self._n = checked_size(N, f"N of {self.describe()}")
        if isinstance(rate, str) or dimension_of(rate) != HERTZ or np.size(rate) != 1:
            raise DimensionMismatchError(
                f"The rate of {self.describe()} must be one rate, as in 10*Hz, not {rate!r}."
            )
        self._rate = float(strip(rate).reshape(()))
        if not (self._rate >= 0 and self._rate * self.clock.dt_ <= 1):
            raise ModelError(
                f"The rate of {self.describe()} is {self._rate} Hz; rate*dt must lie between 0 and 1."
            )
        info = target.variables[target_var].info
        self._text: SourceText | None = None
        self._weight = 0.0
        if isinstance(weight, str):
            self._text = SourceText(weight, "weight", self.describe())
            parse_expression(self._text)
        else:
            if dimension_of(weight) != info.dim:
                raise DimensionMismatchError(
                    f"The weight of {self.describe()} must be {info.dim.describe()}, "
                    f"as '{target_var}' is, not {weight!r}."
                )
            self._weight = float(strip(weight).reshape(()))
            if not np.isfinite(self._weight):
                raise ModelError(f"The weight of {self.describe()} is {self._weight}.")
        self._stream = take_stream()
        self._key = Param(f"{self.name}.key", DType.U64)
        self._drive: PoissonDrive | None = None
        self._constants: ConstantScope | None = None

    @property
    def rate(self) -> float:
        """The rate of each input in hertz."""
        return self._rate

    @property
    def N(self) -> int:
        """The number of inputs per neuron."""
        return self._n

    def _depends_on(self) -> Iterator[Component]:
        yield self.target

    def _resolve(self, namespace: Namespace, problems: list[Problem]) -> None:
        constants = self.target._constants(namespace)
        scope = self.target._code_scope(constants, self.clock.ir, self.when)
        draws = DrawCounter()
        weight: Expr = Param(f"{self.name}.weight", DType.REAL)
        info = self.target.variables[self.target_var].info
        if self._text is not None:
            resolver = Resolver(scope, problems=problems, draw_key=self._key, draws=draws)
            node = parse_expression(self._text)
            weight = resolver.expect(node, info.dim, DType.REAL, f"The weight of {self.describe()}")
        entry = scope.lookup(self.target_var)
        gate = entry.gate if isinstance(entry, VariableEntry) else None
        self._constants = constants
        self._drive = PoissonDrive(
            self.name,
            self.describe(),
            self.target._description,
            self.when,
            self.order,
            info.array,
            Param(f"{self.name}.n", DType.I64),
            Param(f"{self.name}.p", DType.REAL),
            weight,
            gate,
            self._key,
            draws.next(),
        )

    def _written(self) -> Iterable[Array]:
        yield self.target.variables[self.target_var].info.array

    def _items(self, facts: NetworkFacts) -> Iterable[Item]:
        return () if self._drive is None else drive_items(self._drive)

    def _parameters(self) -> dict[str, float | int]:
        return {
            f"{self.name}.n": self._n,
            f"{self.name}.p": self._rate * self.clock.dt_,
            f"{self.name}.weight": self._weight,
        }

    def _keys(self) -> dict[str, Stream]:
        return {self._key.name: self._stream}

    def _constant_scopes(self) -> Iterable[ConstantScope]:
        return () if self._constants is None else (self._constants,)
