"""Code that runs at regular times.

It is compiled (``run_regularly``) or Python (``network_operation``).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from simgen.api.clock import Clock, choose_clock, defaultclock
from simgen.api.code_block import CodeBlock
from simgen.api.component import Component
from simgen.api.namespaces import Namespace
from simgen.api.placed import Place
from simgen.api.seeds import Stream, take_stream
from simgen.build.facts import NetworkFacts
from simgen.build.regular import RegularCode, regular_items
from simgen.build.schedule import name_key, slot_positions
from simgen.errors import ArgumentTypeError, Problem
from simgen.ir.expr import Array
from simgen.ir.kernel import Item, Program
from simgen.model.scope import ConstantScope
from simgen.runtime.simulation import HostOperation
from simgen.runtime.timing import TimeAxis
from simgen.units import Quantity

if TYPE_CHECKING:
    from simgen.api.group import Group


class RegularOperation(Component):
    """Statements that run for all elements of a group at every step of a clock."""

    _verb = "run_regularly"  # the method that makes it

    def __init__(
        self,
        group: Group,
        code: str,
        *,
        dt: Any,
        clock: Any,
        when: str,
        order: int,
        name: str | None,
    ) -> None:
        super().__init__(name, f"{group.name}_{self._verb}*", when=when, order=order)
        self.group = group
        self.clock: Clock = (
            group.clock
            if dt is None and clock is None
            else choose_clock(dt, clock, self.describe())
        )
        self._block = CodeBlock(group, code, self._verb, self.name)
        self._stream = take_stream()
        self._constants: ConstantScope | None = None
        self._check()
        group._adopt(self)

    def _check(self) -> None:
        """Raise if something else is wrong, before the group takes this along."""

    def _depends_on(self) -> Iterator[Component]:
        yield self.group

    def _places(self) -> Iterator[Place]:
        yield Place(self.name, self._verb, self.when, self.order, owner=self.group)

    def _resolve(self, namespace: Namespace, problems: list[Problem]) -> None:
        constants = self.group._constants(namespace)
        scope = self.group._code_scope(constants, self.clock.ir, self.when)
        self._block.resolve(scope, problems)
        self._constants = constants

    def _written(self) -> Iterable[Array]:
        return self._block.written()

    def _observed(self) -> Iterable[Array]:
        yield from self._block.written()
        yield from self._block.read()

    def _items(self, facts: NetworkFacts) -> Iterable[Item]:
        return regular_items(self._regular_code())

    def _regular_code(self) -> RegularCode:
        return self._block.code(self.clock.ir, self.when, self.order)

    def _arrays(self) -> Iterator[tuple[Array, Any]]:
        return self._block.arrays()

    def _keys(self) -> dict[str, Stream]:
        return {self._block.key.name: self._stream}

    def _constant_scopes(self) -> Iterable[ConstantScope]:
        return () if self._constants is None else (self._constants,)


class NetworkOperation(Component):
    """A Python function called between compiled steps; made by :func:`network_operation`.

    The function takes the time, or nothing.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        dt: Any = None,
        clock: Any = None,
        when: str = "start",
        order: int = 0,
        name: str | None = "networkoperation*",
    ) -> None:
        super().__init__(name, "networkoperation*", when=when, order=order)
        if not callable(function):
            raise ArgumentTypeError(f"A network_operation needs a function, not {function!r}.")
        self.clock: Clock = (
            defaultclock
            if dt is None and clock is None
            else choose_clock(dt, clock, self.describe())
        )
        self.function = function
        try:
            count = len(inspect.signature(function).parameters)
        except (TypeError, ValueError):
            count = 0
        if count > 1:
            raise ArgumentTypeError(
                f"The function of {self.describe()} takes {count} arguments; "
                "it may take the time, or nothing."
            )
        self._takes_time = count == 1

    def _is_python(self) -> bool:
        return True

    def call(self, t: Quantity) -> None:
        """Call the function."""
        if self._takes_time:
            self.function(t)
        else:
            self.function()

    def __call__(self, *args: Any) -> Any:
        """Call the function as it was written."""
        return self.function(*args)


def host_operations(
    components: Iterable[Component],
    program: Program,
    axis: TimeAxis,
    caller: Callable[[NetworkOperation, int], Callable[[], None]],
) -> list[HostOperation]:
    """Return the Python operations with their places in a compiled schedule.

    ``caller`` makes the function that calls an operation at its place.
    """
    operations = [c for c in components if isinstance(c, NetworkOperation)]
    if not operations:
        return []
    places = slot_positions(operations[0]._slots)

    def key(slot: str, order: int, name: str) -> Any:
        return places[slot], order, name_key(name)

    compiled = [key(item.slot, item.order, item.name) for item in program.schedule]
    operations.sort(key=lambda op: key(op.when, op.order, op.name))
    positions = [
        sum(entry < key(op.when, op.order, op.name) for entry in compiled) for op in operations
    ]
    return [
        HostOperation(position, axis.periods[op.clock.name], caller(op, position), op.name)
        for op, position in zip(operations, positions)
    ]


def network_operation(*args: Any, **kwargs: Any) -> Any:
    """Decorate a function that is called at every step: ``@network_operation(dt=1*ms)``.

    Parameters are those of :class:`NetworkOperation`: dt, clock, when, order, name.
    """
    if len(args) == 1 and callable(args[0]) and not kwargs:
        return NetworkOperation(args[0])
    if args:
        raise ArgumentTypeError(
            "network_operation takes keyword arguments: dt, clock, when, order."
        )

    def decorate(function: Callable[..., Any]) -> NetworkOperation:
        return NetworkOperation(function, **kwargs)

    return decorate
