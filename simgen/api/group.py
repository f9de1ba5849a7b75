"""What all groups share: named variables, indexing by numbers, slices, arrays and conditions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simgen.api.arguments import plain_values
from simgen.api.checks import (
    check_not_infinite,
    check_shared_index,
    is_whole,
    slice_indices,
)
from simgen.api.clock import choose_clock
from simgen.api.device import current_options
from simgen.api.device_text import assign_on_device
from simgen.api.evaluation import TextContext, evaluate_node, evaluate_text
from simgen.api.group_names import GroupNames
from simgen.api.indices import Indices, element_numbers
from simgen.api.name_conflicts import NameConflicts
from simgen.api.namespaces import Namespace, caller_namespace, checked_namespace
from simgen.api.naming import is_read_only, variable_meant
from simgen.api.noted_runs import NOTED
from simgen.api.present import Present
from simgen.api.refractory_state import REFRACTORY, settable, take_over
from simgen.api.seeds import Stream, take_stream
from simgen.api.storage import AnyArray, StateVariable
from simgen.api.views import VariableView
from simgen.build.neurons import elements
from simgen.build.schedule import is_before
from simgen.dtypes import DType
from simgen.errors import (
    ArgumentTypeError,
    ModelError,
    SourceText,
    UnknownAttributeError,
    suggest,
)
from simgen.ir import kernel as ir
from simgen.ir.expr import ELEMENT, Array, Expr, Index, IndexKind
from simgen.ir.stmt import EventList, Stmt
from simgen.lang.expressions import parse_expression
from simgen.model.description import SECOND, GroupDescription, GroupScope, ModelScope
from simgen.model.reductions import Reductions
from simgen.model.scope import ConstantScope
from simgen.units import DIMENSIONLESS, Dimension, Quantity

if TYPE_CHECKING:
    from simgen.api.linked import LinkedState

Positions = npt.NDArray[np.integer[Any]]


class Group(GroupNames):
    """Base of groups that hold variables. Attributes are variables; misspelt ones raise."""

    _attributes: frozenset[str] = frozenset()
    _movable = False
    # set by name, since plain attributes are variables of the model
    _stream: Stream
    _real: np.dtype[np.floating]
    _added: set[str]  # attributes of the user's own

    def __init__(
        self,
        name: str | None,
        prefix: str,
        *,
        namespace: Any = None,
        dt: Any = None,
        clock: Any = None,
        when: str = "groups",
        order: int = 0,
    ) -> None:
        object.__setattr__(self, "variables", {})
        super().__init__(name, prefix, when=when, order=order)
        self._set("clock", choose_clock(dt, clock, self.describe()))
        self._set("_names", checked_namespace(namespace, self.describe()) or {})
        self._set("_stream", take_stream())
        self._set("_real", current_options().real)
        self._set("_told", set())
        self._set("_added", set())

    # --- attributes -------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in ("variables", "_description"):
            raise AttributeError(name)
        key, plain = variable_meant(name, self._knows)
        if self._knows(key):
            return VariableView(self, key, plain)
        raise UnknownAttributeError(
            f"{self.describe()} has no attribute '{name}'. "
            f"{suggest(name, self._readable())}".strip()
        )

    def __setattr__(self, name: str, value: Any) -> None:
        key, plain = variable_meant(name, self._knows)
        if key in self.variables or (key in REFRACTORY and self._knows(key)):
            self._write(key, slice(None), value, plain=plain)
        elif is_read_only(type(self), name):
            raise self._not_written(name)
        elif name.startswith("_") or name in self._added or hasattr(type(self), name):
            object.__setattr__(self, name, value)
        elif self._knows(key) or name in self.__dict__:
            raise self._not_written(key)
        else:
            advice = suggest(name, self._readable())
            raise UnknownAttributeError(
                f"{self.describe()} has no variable '{name}'. {advice}{' ' if advice else ''}"
                f"To attach data of your own, use add_attribute('{name}') first."
            )

    def add_attribute(self, name: str) -> None:
        """Allow ``group.name = value`` for data of the user's own."""
        if not isinstance(name, str):
            raise ArgumentTypeError(f"The name of an attribute must be text, not {name!r}.")
        self._set(name, None)
        self._added.add(name)

    def __dir__(self) -> Iterable[str]:
        return [*super().__dir__(), *self._readable()]

    def _readable(self) -> list[str]:
        extra = ["i", "N", "t", "dt"]
        return [*self.variables, *self._description.subexpressions, *extra]

    def _knows(self, name: str) -> bool:
        group = self._description
        return (
            name in self.variables
            or name in group.subexpressions
            or name == "i"
            or (name in REFRACTORY and group.lastspike is not None)
        )

    @property
    def dt(self) -> Quantity:
        """The step width of the group's clock."""
        return self.clock.dt

    @property
    def t(self) -> Quantity:
        """The present time of the group's clock."""
        return self.clock.t

    # --- indices ----------------------------------------------------------------------------

    @property
    def indices(self) -> Indices:
        """The numbers of elements, selected as for variables: ``G.indices['v > 0']``."""
        return Indices(self)

    def _index(self) -> Index:
        """The running index of the group's own code."""
        return ELEMENT

    def _everywhere(self) -> slice:
        """Return the places of all elements in the arrays, in the order of storage."""
        return slice(0, self._size(), 1)

    def _positions(self, indices: Any) -> Any:
        """Return where the elements with these indices lie in the arrays (slice or array)."""
        return indices

    def _indices(self, item: Any) -> Any:
        """Return a slice or an integer array of indices for whatever the user put in brackets."""
        size = self._size()
        if isinstance(item, str):
            return np.flatnonzero(self._condition(item))
        if isinstance(item, range) and item.step > 0 and item.start >= 0 and item.stop <= size:
            return slice(item.start, item.stop, item.step)
        if isinstance(item, slice):
            return slice_indices(item, size, self.describe())
        if item is Ellipsis:
            return slice(0, size, 1)
        if isinstance(item, VariableView):
            item = item[:]
        if isinstance(item, bool | np.bool_):
            raise ArgumentTypeError(f"{self.describe()} cannot be indexed with {item!r}.")
        return element_numbers(item, size, self.describe())

    def _value_type(self, name: str) -> DType:
        """Return the IR type of a subexpression or built-in value."""
        sub = self._description.subexpressions.get(name)
        if sub is not None:
            return sub.dtype
        return DType.BOOL if name == "not_refractory" else DType.I64

    # --- values -----------------------------------------------------------------------------

    def _dimension(self, name: str) -> Dimension:
        if name in self.variables:
            return self.variables[name].info.dim
        if name in self._description.subexpressions:
            return self._description.subexpressions[name].dim
        return SECOND if name == "lastspike" else DIMENSIONLESS

    def _read(self, name: str, item: Any) -> AnyArray:
        variable = self.variables.get(name)
        if variable is not None and variable.info.shared:
            check_shared_index(item, f"'{name}' of {self.describe()}")
            return np.asarray(variable.values[0 if isinstance(item, slice | str) else item].copy())
        indices = self._indices(item)
        if variable is not None and not variable.info.linked:
            values = variable.values[self._positions(indices)]
            return np.asarray(values.copy() if isinstance(indices, slice) else values)
        if name == "i" and self._index() is ELEMENT:
            return np.asarray(np.arange(self._size())[indices])
        return self._evaluate_name(name, indices)

    def _evaluate_name(self, name: str, item: Any) -> AnyArray:
        sub = self._description.subexpressions.get(name)
        if sub is not None and sub.shared:
            check_shared_index(item, f"'{name}' of {self.describe()}")
            item = np.int64(0)
        node = parse_expression(SourceText(name, f"value of '{name}'", self.describe()))
        values, _ = evaluate_node(node, self._text_context(), self._positions(item))
        return np.asarray(values if isinstance(item, slice) else np.reshape(values, np.shape(item)))

    def _write(self, name: str, item: Any, value: Any, plain: bool = False) -> None:
        if NOTED.runs:
            NOTED.make(f"'{name}' of {self.describe()} was written")
        if name not in self.variables:
            self._write_past(name, item, value, plain)
            return
        variable = self.variables[name]
        if variable.info.read_only:
            raise self._not_written(name)
        self._before_write(name)
        if variable.info.shared:
            check_shared_index(item, f"'{name}' of {self.describe()}")
        if not (isinstance(value, str) and assign_on_device(self, variable, item, value)):
            self._assign(variable, item, value, plain)
        self._after_write(name)

    def _write_past(self, name: str, item: Any, value: Any, plain: bool) -> None:
        """Write what is kept in another form than it is read: times of spikes, as steps."""
        variable = settable(self, name)
        if variable is None:
            raise self._not_written(name)
        self._assign(variable, item, value, plain)
        take_over(self, variable)

    def _not_written(self, name: str) -> UnknownAttributeError:
        hint = " It follows from 'lastspike', which can be." if name == "not_refractory" else ""
        return UnknownAttributeError(f"'{name}' of {self.describe()} cannot be written.{hint}")

    def _assign(self, variable: StateVariable, item: Any, value: Any, plain: bool) -> None:
        name = variable.name
        if isinstance(value, VariableView):
            value = value[:]
        if plain and not isinstance(value, str):
            what = f"'{name}' of {self.describe()}"
            value = Quantity(plain_values(value, what)[0], dim=variable.info.dim)
        everything = False
        if variable.info.shared:
            indices: Any = slice(0, 1)
            positions: Any = indices
        else:
            indices = self._indices(item)
            # all elements of a string may come in any order: no permutation is needed
            everything = isinstance(value, str) and is_whole(item)
            positions = self._everywhere() if everything else self._positions(indices)
        if isinstance(value, str):
            text, dim = f"value of '{name}'", variable.info.dim
            new = evaluate_text(value, text, self._text_context(), positions, dim, variable)
        else:
            new = variable.convert(value, self.describe())
        if self._must_be_finite(name):
            check_not_infinite(new, f"'{name}' of {self.describe()}")
        variable.accept(new)
        if isinstance(indices, slice):
            count = len(range(indices.start, indices.stop, indices.step or 1))
        else:
            count = indices.size
        if new.ndim and new.size not in (1, count):
            raise ModelError(
                f"'{name}' of {self.describe()} needs {count} values here, "
                f"but {new.size} were given."
            )
        shaped = new if new.ndim == 0 or new.size == 1 else new.reshape(-1)
        if not (everything and variable.replace_all(shaped)):
            variable.data[positions] = (
                shaped if np.ndim(positions) or isinstance(positions, slice) else shaped.reshape(())
            )
        variable.written()

    def _before_write(self, name: str) -> None:
        """Hook: called before a variable is written from Python."""

    def _after_write(self, name: str) -> None:
        """Hook: called after a variable was written from Python."""

    def _condition(self, text: str) -> npt.NDArray[np.bool_]:
        positions = self._positions(slice(0, self._size(), 1))
        values = evaluate_text(text, "condition", self._text_context(), positions, None, None)
        return np.broadcast_to(np.asarray(values, bool), (self._size(),))

    # --- text in the group's context --------------------------------------------------------

    def _scope(self, constants: ConstantScope, caller: Namespace) -> ModelScope:
        """Return the scope of text that is evaluated at once, for the caller of that namespace."""
        del caller  # of use where there are constants of other groups
        return GroupScope(self._description, self._index(), constants)

    def _code_scope(
        self, constants: ConstantScope, clock: ir.Clock, when: str, caller: Namespace | None = None
    ) -> ModelScope:
        """Return the scope of code that runs for all elements on a clock, in a slot.

        With the namespace of a ``caller`` it runs once and now, not in a network.
        """
        del caller
        before = is_before(when, "groups", self._slots)
        return GroupScope(self._code_description(), self._index(), constants, clock, before)

    def _code_description(self) -> GroupDescription:
        """Return the group as resolved code sees it (with its refractoriness)."""
        return self._description

    def _linkable(self) -> GroupDescription:
        """Return the group as expressions are resolved that variables of others are linked to."""
        return self._code_description()

    def _event_places(self) -> dict[str, tuple[str, int]]:
        """Return per event the slot and order in which it is found."""
        return {}

    def _code_domain(self, body: tuple[Stmt, ...], label: str) -> ir.Domain:
        """Return the domain of code that runs for all elements."""
        return elements(self._description)

    def _element_reductions(self, prefix: str) -> Reductions:
        """Return where code that runs for all elements forms its sums, in arrays with a prefix."""
        group = self._code_description()
        return Reductions(prefix, group.text, group.count())

    def _present(self) -> Present:
        """Return what code that runs at once finds here."""
        return Present((self,))

    def _take_back(self, name: str) -> None:
        """Hook: called before code that runs at once uses a variable."""

    def _draw_rank(self) -> Expr | None:
        """Return what tells apart the draws of synapses between one pair of neurons."""
        return None

    def _linked_variables(self) -> Mapping[str, LinkedState]:
        """Return the variables that stand for those of others, linked or not yet."""
        return {}

    def _find_array(self, array: Array) -> AnyArray:
        """Return the data behind an array of the IR that this group's code may read."""
        for variable in self.variables.values():
            if variable.info.array.name == array.name:
                return variable.values
        raise ModelError(f"{self.describe()} has no data for '{array.name}'.")

    def _text_context(self, namespace: Mapping[str, Any] | None = None) -> TextContext:
        """Return what text means here; by default with the variables of the caller."""
        caller = caller_namespace() if namespace is None else namespace
        constants = self._constants(caller)
        scope = self._scope(constants, caller)
        return TextContext(
            owner=self.describe(),
            scope=scope,
            constants=scope.constants_used(),
            warn=lambda: NameConflicts([constants]).warn(caller),
            find=self._find_array,
            clock=self.clock,
            sizes=self._sizes(),
            real=self._real,
            index=self._index(),
            coordinates=self._coordinates,
        )

    def _sizes(self) -> dict[str, int]:
        """Return the run-time sizes that this group's expressions may mention."""
        return {self._description.length: self._size(), "one": 1}

    def _running(self, kind: IndexKind) -> npt.NDArray[np.int64]:
        """Return what a running index is for each element."""
        if kind is IndexKind.ELEMENT:
            return np.arange(self._size(), dtype=np.int64)
        return super()._running(kind)

    def _coordinates(self, positions: Any) -> tuple[AnyArray, AnyArray] | None:
        """Return the (source, target) indices of synapses; None for groups of elements."""
        return None


def spike_events(name: str, length: str, events: Iterable[str]) -> dict[str, EventList]:
    """Return the event lists of a group."""
    return {event: EventList(f"{name}.{event}", length) for event in events}
