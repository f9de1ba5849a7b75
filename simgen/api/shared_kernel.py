"""The kernel of a Synapses object: variables that its synapses share by their place in a grid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simgen.api.arguments import plain_values
from simgen.api.checks import check_not_infinite
from simgen.api.monitors import parent_group
from simgen.api.storage import AnyArray, StateVariable
from simgen.api.subgroup import Subgroup
from simgen.connect.kernels import KernelGrid
from simgen.dtypes import DType
from simgen.errors import ArgumentTypeError, EquationError, ModelError, Problem, UnknownNameError
from simgen.ir.expr import Array, Role
from simgen.model.description import VariableInfo
from simgen.model.kernel_variable import KernelVariable
from simgen.units import Quantity

if TYPE_CHECKING:
    from simgen.api.synapses_in_network import SynapsesInNetwork


class SharedKernel:
    """The variables that are declared (kernel), and how the kernel lies between the groups.

    ``grid`` is None, and ``variables`` have no values, until ``connect(kernel=...)``. ``left_out``
    says which entries made no synapses, because they were zero then.
    """

    def __init__(
        self,
        synapses: SynapsesInNetwork,
        infos: list[VariableInfo],
        problems: list[Problem],
    ) -> None:
        self.synapses = synapses
        self.grid: KernelGrid | None = None
        self.shape: tuple[int, ...] = ()
        self.left_out: AnyArray | None = None
        self._length = f"{synapses.name}.kernel.size"
        self.variables: dict[str, StateVariable] = {}
        for info in infos:
            if info.array.dtype is not DType.REAL:
                equation = synapses.equations[info.name]
                text = f"'{info.name}': a variable that is shared through a kernel is floating."
                problems.append(Problem(text, equation.origin, "", EquationError))
            array = replace(info.array, length=self._length, role=Role.TABLE)
            own = replace(info, array=array, read_only="is an entry of the kernel")
            self.variables[info.name] = StateVariable(own, 0, synapses._real)
        name, source, target = synapses.name, synapses.source, synapses.target
        kind = DType.I32, source._description.length, Role.CONNECTIVITY
        self._of_sources = Array(f"{name}.rows.kernel_pre", *kind)
        kind = DType.I32, target._description.length, Role.CONNECTIVITY
        self._of_targets = Array(f"{name}.rows.kernel_post", *kind)

    @property
    def infos(self) -> Mapping[str, VariableInfo]:
        """The variables."""
        return {name: variable.info for name, variable in self.variables.items()}

    def described(self) -> Mapping[str, KernelVariable]:
        """Return the variables as the model sees them."""
        return {
            name: KernelVariable(
                variable.info.array, self._of_sources, self._of_targets, variable.info.dim
            )
            for name, variable in self.variables.items()
        }

    # --- values -----------------------------------------------------------------------------------

    def give(self, grid: KernelGrid, values: Mapping[str, AnyArray], kept: AnyArray | None) -> None:
        """Take the grid and the values (as :meth:`convert` returns them) of a new connection."""
        if not self.variables:
            return
        first = next(iter(self.variables))
        self.grid, self.shape = grid, values[first].shape
        self.left_out = None if kept is None or kept.all() else ~kept
        for name, variable in self.variables.items():
            self._put(variable, values[name])

    def convert(self, name: str, value: Any) -> AnyArray:
        """Return values for a variable in its dimension and precision; refuse wrong ones."""
        variable = self.variables[name]
        what = f"the kernel '{name}' of {self.synapses.describe()}"
        plain, dim = plain_values(value, what)
        flat = plain.reshape(-1) if dim.is_dimensionless else Quantity(plain.reshape(-1), dim=dim)
        found = variable.convert(flat, self.synapses.describe())
        check_not_infinite(found, what)
        return found.reshape(plain.shape)

    def replace(self, name: str, value: Any) -> None:
        """Give one variable other values; all synapses have them from the next run on."""
        owner = self.synapses.describe()
        if name not in self.variables:
            raise _unknown(name, self)
        if self.grid is None:
            raise ModelError(
                f"The kernel '{name}' of {owner} has no shape yet; call connect(kernel=...) first."
            )
        values = self.convert(name, value)
        if values.shape != self.shape:
            raise ModelError(
                f"The kernel '{name}' of {owner} has the shape {self.shape}, not {values.shape}."
            )
        if self.left_out is not None and values.reshape(-1)[self.left_out].any():
            place = np.argwhere(self.left_out.reshape(self.shape) & (values != 0))[0]
            raise ModelError(
                f"The entry {place.tolist()} of the kernel '{name}' of {owner} cannot be "
                f"{values[tuple(place)]}: it was zero in connect(..., skip_zeros=True), so that "
                "there are no synapses for it. Connect with skip_zeros=False."
            )
        self.synapses._refuse_while_running()
        self._put(self.variables[name], values)

    def values(self, name: str) -> Any:
        """Return a variable's values as a read-only copy in the kernel's shape."""
        if name not in self.variables:
            raise _unknown(name, self)
        variable = self.variables[name]
        shape = self.shape if self.grid is not None else (0,)
        plain = variable.values.copy().reshape(shape)
        plain.flags.writeable = False
        return plain if variable.info.dim.is_dimensionless else _frozen(plain, variable)

    def _put(self, variable: StateVariable, values: AnyArray) -> None:
        flat = values.reshape(-1)
        if variable.size == flat.size:
            variable.data[:] = flat
        else:
            variable.data = flat.copy()
        variable.written()

    # --- what programs read -----------------------------------------------------------------------

    def arrays(self) -> Iterator[tuple[Array, StateVariable]]:
        """Yield the tables of values."""
        for variable in self.variables.values():
            yield variable.info.array, variable

    def parameters(self) -> dict[str, int]:
        """Return the number of entries."""
        first = next(iter(self.variables.values()), None)
        return {} if first is None else {self._length: first.size}

    def computed(self, used: frozenset[str]) -> Iterator[tuple[Array, AnyArray]]:
        """Yield the numbers of the sources and targets, if code of any object reads them."""
        for array in (self._of_sources, self._of_targets):
            found = self.find(array) if array.name in used else None
            if found is not None:
                yield array, found

    def find(self, array: Array) -> AnyArray | None:
        """Return the data behind an array of these variables, None if it is another's."""
        for variable in self.variables.values():
            if variable.info.array.name == array.name:
                return variable.values
        if self.grid is not None and array == self._of_sources:
            return _in_group(self.grid.source_numbers(), self.synapses.source)
        if self.grid is not None and array == self._of_targets:
            return _in_group(self.grid.target_numbers(), self.synapses.target)
        return None


def _in_group(numbers: AnyArray, group: Any) -> AnyArray:
    """Return numbers of the elements of a (sub)group for those of the whole group."""
    if not isinstance(group, Subgroup):
        return numbers
    whole = np.zeros(parent_group(group)._size(), numbers.dtype)
    whole[int(group.start) : int(group.stop)] = numbers
    return whole


def _frozen(plain: AnyArray, variable: StateVariable) -> Any:
    quantity = Quantity(plain, dim=variable.info.dim)
    quantity.flags.writeable = False
    return quantity


def _unknown(name: Any, kernel: SharedKernel) -> UnknownNameError:
    owner, known = kernel.synapses.describe(), ", ".join(f"'{n}'" for n in kernel.variables)
    have = f"It has {known}." if known else "Declare one, as in 'w : 1 (kernel)'."
    return UnknownNameError(f"{owner} has no kernel {name!r}. {have}")


class Kernels:
    """``S.kernels``: the kernels of synapses by the names of their variables.

    ``S.kernels['w']`` returns a copy in the shape that ``connect(kernel=...)`` was given, which
    cannot be written; ``S.kernels['w'] = K`` gives all synapses other values from the next run on.
    """

    def __init__(self, kernel: SharedKernel) -> None:
        self._kernel = kernel

    def __getitem__(self, name: str) -> Any:
        return self._kernel.values(name)

    def __setitem__(self, name: str, values: Any) -> None:
        if isinstance(values, str):
            raise ArgumentTypeError(
                f"The kernel {name!r} of {self._kernel.synapses.describe()} must be an array, not "
                f"the text {values!r}."
            )
        self._kernel.replace(name, values)

    def __iter__(self) -> Iterator[str]:
        return iter(self._kernel.variables)

    def __len__(self) -> int:
        return len(self._kernel.variables)
