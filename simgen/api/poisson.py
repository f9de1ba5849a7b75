"""Poisson input: groups of Poisson neurons, and many unconnected inputs at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from simgen.api.arguments import checked_size, plain_name, plain_values, single_value
from simgen.api.clock import Clock
from simgen.api.component import Component
from simgen.api.group import Group
from simgen.api.namespaces import Namespace
from simgen.api.neuron_group import NeuronGroup
from simgen.api.seeds import Stream, take_stream
from simgen.api.storage import StateVariable
from simgen.build.facts import NetworkFacts
from simgen.build.inputs import PoissonDrive, drive_items
from simgen.dtypes import DType
from simgen.errors import (
    ArgumentTypeError,
    DimensionMismatchError,
    EquationError,
    ModelError,
    Origin,
    Problem,
    SourceText,
)
from simgen.ir.construct import binary, cast, real
from simgen.ir.expr import ELEMENT, Array, Compare, Expr, Load, Logical, Param, Select
from simgen.ir.kernel import Item
from simgen.ir.stmt import Store
from simgen.lang.expressions import parse_expression
from simgen.lang.syntax import Name
from simgen.model.description import SECOND, GroupScope, VariableInfo
from simgen.model.resolve import DrawCounter, Resolver
from simgen.model.scope import ConstantScope, VariableEntry
from simgen.units import DIMENSIONLESS, Quantity

HERTZ = DIMENSIONLESS / SECOND


class PoissonGroup(NeuronGroup):
    """Neurons that fire at random: in each step with probability rate * dt.

    Parameters
    ----------
    N
        The number of neurons.
    rates
        A rate, an array of rates, or an expression of t, i, TimedArrays and constants.
    when, order
        Where in the step the neurons fire.
    dt, clock, namespace, name
        As for :class:`NeuronGroup`.

    Raises
    ------
    ModelError
        A rate is negative, or rate * dt above 1.

    """

    _worst: StateVariable | None

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
        self._set("_worst", None)
        text = isinstance(rates, str)
        if text and ("\n" in rates or ":" in rates):
            raise EquationError(f"The rates of a PoissonGroup are one expression, not {rates!r}.")
        model = f"rates = {rates} : Hz" if text else "rates : Hz"
        super().__init__(
            N,
            model,
            threshold="rand() < rates*dt",
            dt=dt,
            clock=clock,
            order=order,
            namespace=namespace,
            name=name,
        )
        self.set_event_schedule("spike", when)
        if not text:
            if plain_values(rates, f"The rates of {self.describe()}")[1] != HERTZ:
                raise DimensionMismatchError(
                    f"The rates of {self.describe()} must be rates, as in 10*Hz, not {rates!r}."
                )
            self.rates = rates
        else:
            array = Array(f"{self.name}.worst_rate", DType.REAL, self._description.length)
            self._hidden("worst_rate", array, 0)
            self._set("_worst", self._internal["worst_rate"])

    def _after_write(self, name: str) -> None:
        if name == "rates":
            self._check_rates()

    def _check_rates(self) -> None:
        if "rates" not in self.variables:
            return
        rates = self.variables["rates"].values
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
        if self._worst is not None:
            self._worst.data[:] = 0

    def _resolve(self, namespace: Namespace, problems: list[Problem]) -> None:
        super()._resolve(namespace, problems)
        if self._worst is None or self._model is None or problems:
            return
        # rates given as text are watched: each neuron keeps the last rate that was no probability
        resolver = Resolver(
            GroupScope(self._model.group, ELEMENT, self._constants(namespace)),
            problems=problems,
            draw_key=None,
            draws=DrawCounter(),
        )
        rate, _ = resolver.expression(Name("rates", Origin(SourceText("rates"))))
        kept = Load(self._worst.info.array, ELEMENT)
        chance = binary("*", rate, cast(self._model.group.clock.dt, DType.REAL))
        # NaN fails both comparisons
        good = Logical("and", Compare(">=", rate, real(0.0)), Compare("<=", chance, real(1.0)))
        watch = Store(kept.array, ELEMENT, Select(good, kept, rate))
        self._set("_model", replace(self._model, frozen=(*self._model.frozen, watch)))

    def _finished(self) -> None:
        if self._worst is None or not self._worst.values.any():
            return
        rates = self._worst.values
        place = int(np.flatnonzero(rates)[0])
        raise ModelError(
            f"'rates' of {self.describe()} was {rates[place]:g} Hz at index {place} during the "
            f"run, but rate*dt is a probability and must lie between 0 and 1 "
            f"(dt is {self.clock.dt_} s)."
        )


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
        plain_name(target_var, f"The target variable of {self.describe()}")
        if target_var not in target.variables:
            raise ModelError(
                f"{self.describe()}: {target.describe()} has no variable '{target_var}'."
            )
        self.target = target
        self.target_var = target_var
        self.clock: Clock = target.clock
        self._n = checked_size(N, f"N of {self.describe()}")
        self._rate, dim = single_value(rate, f"The rate of {self.describe()}")
        if dim != HERTZ:
            raise DimensionMismatchError(
                f"The rate of {self.describe()} must be one rate, as in 10*Hz, not {rate!r}."
            )
        self._started()
        info = target.variables[target_var].info
        self._check_target(info)
        self._text: SourceText | None = None
        self._weight = 0.0
        if isinstance(weight, str):
            self._text = SourceText(weight, "weight", self.describe())
            parse_expression(self._text)
        else:
            self._weight, dim = single_value(weight, f"The weight of {self.describe()}")
            if dim != info.dim:
                raise DimensionMismatchError(
                    f"The weight of {self.describe()} must be {info.dim.describe()}, "
                    f"as '{target_var}' is, not {weight!r}."
                )
            if not np.isfinite(self._weight):
                raise ModelError(f"The weight of {self.describe()} is {self._weight}.")
        self._stream = take_stream()
        self._key = Param(f"{self.name}.key", DType.U64)
        self._drive: PoissonDrive | None = None
        self._constants: ConstantScope | None = None

    @property
    def rate(self) -> Quantity:
        """The rate of each input."""
        return Quantity(self._rate, dim=HERTZ)

    @property
    def N(self) -> int:
        """The number of inputs per neuron."""
        return self._n

    def _check_target(self, info: VariableInfo) -> None:
        kind = info.array.dtype
        reason = "declared (constant)" if info.constant else info.read_only
        reason = reason or ("shared" if info.shared else "")
        reason = reason or ("" if kind.is_float else "boolean" if kind is DType.BOOL else "integer")
        if reason:
            raise ModelError(
                f"{self.describe()} cannot add to '{self.target_var}' of {self.target.describe()}, "
                f"which is {reason}."
            )

    def _started(self) -> None:
        chance = self._rate * self.clock.dt_
        if not 0 <= chance <= 1:
            raise ModelError(
                f"The rate of {self.describe()} is {self._rate} Hz, so rate*dt is {chance:g}; "
                "it is a probability and must lie between 0 and 1."
            )

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
        entry = scope.peek(self.target_var)
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
