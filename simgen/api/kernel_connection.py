"""``connect(kernel=...)``: the arguments of a kernel to rows, and to values of the synapses."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simgen.api.arguments import plain_values
from simgen.api.row_storage import kernel_rows
from simgen.api.storage import AnyArray
from simgen.connect.kernels import CHUNK, KernelGrid, padded_grid
from simgen.connect.rows import Rows
from simgen.errors import ArgumentTypeError, ModelError
from simgen.units import Quantity

if TYPE_CHECKING:
    from simgen.api.connectable import Connectable

_PADDINGS = ("valid", "same", "full")


@dataclass(frozen=True, slots=True)
class KernelArguments:
    """What ``connect`` was given beside other rules; None where it was not given."""

    kernel: Any = None
    shape: Any = None
    target_shape: Any = None
    stride: Any = None
    padding: Any = None
    skip_zeros: Any = None

    def given(self) -> list[str]:
        """Return the names of the arguments that were given."""
        return [name for name in self.__slots__ if getattr(self, name) is not None]


@dataclass(frozen=True, slots=True)
class KernelConnection:
    """Rows of a kernel, and the values of the variables that it gives."""

    grid: KernelGrid
    rows: Rows
    shared: Mapping[str, AnyArray]
    own: Mapping[str, Any]
    kept: AnyArray | None

    def give_values(self, synapses: Connectable, first: int) -> None:
        """Give the synapses that were made last, from number ``first`` on, their values."""
        synapses._kernel.give(self.grid, self.shared, self.kept)
        if not self.own:
            return
        before, after = self.grid.source_numbers(), self.grid.target_numbers()
        row_start, targets = self.rows.row_start, self.rows.targets
        for begin in range(0, self.rows.n, CHUNK):
            end = min(begin + CHUNK, self.rows.n)
            row = np.searchsorted(row_start, np.arange(begin, end, dtype=np.uint64), "right") - 1
            entry = before[row] - after[targets[begin:end]]
            for name, values in self.own.items():
                chosen = values.reshape(-1)[entry]
                synapses._write(name, slice(first + begin, first + end), chosen)


def connect_kernel(synapses: Connectable, given: KernelArguments) -> KernelConnection:
    """Return the connection that the arguments mean; refuse what does not fit."""
    owner = synapses.describe()
    arrays = _by_variable(synapses, given.kernel)
    shape = _common_shape(arrays, owner)
    shared = {
        name: synapses._kernel.convert(name, arrays[name]) for name in synapses._kernel.variables
    }
    own = {name: _own_values(synapses, name, arrays[name]) for name in arrays if name not in shared}
    grid = _grid(synapses, shape, given)
    kept = None
    if given.skip_zeros is not None:
        if not isinstance(given.skip_zeros, bool | np.bool_):
            raise ArgumentTypeError(
                f"skip_zeros of connect() of {owner} must be True or False, "
                f"not {given.skip_zeros!r}."
            )
        if given.skip_zeros:
            kept = np.zeros(math.prod(shape), np.bool_)
            for values in (*shared.values(), *own.values()):
                kept |= np.asarray(values).reshape(-1) != 0
    rows = kernel_rows(synapses, grid, kept)
    return KernelConnection(grid, rows, shared, own, kept)


def _by_variable(synapses: Connectable, kernel: Any) -> dict[str, Any]:
    """Return the array of each variable that the kernel gives values."""
    owner, declared = synapses.describe(), list(synapses._kernel.variables)
    if isinstance(kernel, Mapping):
        arrays = dict(kernel)
        for name in arrays:
            if name not in declared and name not in synapses.variables:
                raise ModelError(
                    f"kernel={{{name!r}: ...}} of connect() of {owner} is for no variable of it."
                )
        for name in declared:
            if name not in arrays:
                raise ModelError(
                    f"kernel={{...}} of connect() of {owner} gives no values for '{name}', which "
                    "is declared (kernel)."
                )
        if not arrays:
            raise ModelError(f"kernel={{}} of connect() of {owner} holds no array.")
        return arrays
    if len(declared) == 1:
        return {declared[0]: kernel}
    if declared:
        names = ", ".join(f"'{name}': ..." for name in declared)
        raise ModelError(f"{owner} shares several variables: connect(kernel={{{names}}}, ...).")
    raise ModelError(
        f"connect(kernel=...) of {owner} does not know which variable the kernel is for. Declare "
        "it in the model, as in 'w : 1 (kernel)', so that the synapses share its values; or "
        "connect(kernel={'w': ...}) gives every synapse a value of its own."
    )


def _common_shape(arrays: Mapping[str, Any], owner: str) -> tuple[int, ...]:
    shapes: dict[str, tuple[int, ...]] = {}
    for name, value in arrays.items():
        what = f"the kernel '{name}' of connect() of {owner}"
        plain, _ = plain_values(value, what)
        if plain.dtype.kind not in "biuf":
            raise ArgumentTypeError(f"{what} must be an array of real numbers, not {value!r}.")
        if plain.ndim == 0 or plain.size == 0:
            raise ModelError(
                f"{what} must be an array with at least one entry, not of the shape {plain.shape}."
            )
        shapes[name] = plain.shape
    first = next(iter(shapes))
    for name, shape in shapes.items():
        if shape != shapes[first]:
            raise ModelError(
                f"The kernels of connect() of {owner} must have one shape, but '{first}' has "
                f"{shapes[first]} and '{name}' {shape}."
            )
    return shapes[first]


def _own_values(synapses: Connectable, name: str, value: Any) -> Any:
    """Return the values for a variable of which every synapse has its own."""
    variable = synapses.variables[name]
    what = f"'{name}' of {synapses.describe()}"
    if variable.info.shared or variable.info.read_only:
        why = "is shared by all synapses" if variable.info.shared else "cannot be written"
        raise ModelError(f"{what} {why}, so that no kernel can give it values.")
    plain, dim = plain_values(value, what)
    flat = plain.reshape(-1) if dim.is_dimensionless else Quantity(plain.reshape(-1), dim=dim)
    variable.convert(flat, synapses.describe())  # raises what writing it later would
    return flat


# --- shapes ---------------------------------------------------------------------------------------


def _grid(synapses: Connectable, kernel: tuple[int, ...], given: KernelArguments) -> KernelGrid:
    owner = synapses.describe()
    n_source, n_target = synapses.source._size(), synapses.target._size()
    if given.shape is None and len(kernel) > 1:
        raise ModelError(
            f"connect(kernel=...) of {owner} needs shape=..., the grid that its {n_source} sources "
            f"form: for a kernel of the shape {kernel}, (height, width) or the like, with the "
            "number of channels last if the kernel ends in [channels in, channels out]."
        )
    shape = (n_source,) if given.shape is None else _sizes(given.shape, "shape", owner)
    if math.prod(shape) != n_source:
        raise ModelError(
            f"shape={shape} of connect() of {owner} is a grid of {math.prod(shape)} elements, but "
            f"there are {n_source} sources."
        )
    channels = (1, 1)
    if len(kernel) == len(shape) + 1 and len(shape) > 1:
        channels, kernel, grid = (kernel[-2], kernel[-1]), kernel[:-2], shape[:-1]
        if shape[-1] != channels[0]:
            raise ModelError(
                f"shape={shape} of connect() of {owner} has {shape[-1]} channels, but the kernel "
                f"[..., {channels[0]}, {channels[1]}] takes {channels[0]}."
            )
    elif len(kernel) == len(shape):
        grid = shape
    else:
        raise ModelError(
            f"shape={shape} of connect() of {owner} does not go with a kernel of the shape "
            f"{kernel}: both have one number for each direction, and with channels shape ends in "
            "their number, the kernel in [channels in, channels out]."
        )
    stride = _each(1 if given.stride is None else given.stride, len(grid), "stride", owner, 1)
    padding: Any = "valid" if given.padding is None else given.padding
    if isinstance(padding, str):
        if padding not in _PADDINGS:
            raise ModelError(
                f"padding of connect() of {owner} must be 'valid', 'same', 'full' or numbers, not "
                f"{padding!r}."
            )
    else:
        padding = _each(padding, len(grid), "padding", owner, 0)
    found = padded_grid(kernel, grid, stride, padding, channels)
    follows = found.target if channels == (1, 1) else (*found.target, channels[1])
    if given.target_shape is not None:
        wanted = _sizes(given.target_shape, "target_shape", owner)
        if wanted not in (follows, (*found.target, channels[1])):
            raise ModelError(
                f"target_shape={wanted} of connect() of {owner} contradicts the kernel, shape, "
                f"stride and padding, from which {follows} follows."
            )
    if found.n_target != n_target:
        raise ModelError(
            f"connect(kernel=...) of {owner} makes a grid of {follows} = {found.n_target} targets "
            f"(stride {stride}, padding {padding!r}), but there are {n_target}."
        )
    if found.largest_number() >= 2**31:
        raise ModelError(
            f"The kernel and the grid of connect() of {owner} are too large: places in the kernel "
            "could not be numbered in 32 bits."
        )
    return found


def _sizes(value: Any, what: str, owner: str) -> tuple[int, ...]:
    """Return positive whole numbers, of which one may be given alone."""
    found = _numbers(value, what, owner)
    for number in found:
        if number < 1:
            raise ModelError(f"{what} of connect() of {owner} must be positive, not {value!r}.")
    return found


def _each(value: Any, count: int, what: str, owner: str, least: int) -> tuple[int, ...]:
    """Return a whole number for each direction; a single one is for all of them."""
    found = _numbers(value, what, owner)
    if np.ndim(value) == 0:
        found *= count
    if len(found) != count:
        raise ModelError(
            f"{what} of connect() of {owner} needs one number or {count}, not {value!r}."
        )
    if min(found) < least:
        raise ModelError(f"{what} of connect() of {owner} must be at least {least}, not {value!r}.")
    return found


def _numbers(value: Any, what: str, owner: str) -> tuple[int, ...]:
    message = f"{what} of connect() of {owner} must be whole numbers, not {value!r}."
    if isinstance(value, str) or np.ndim(value) > 1:
        raise ArgumentTypeError(message)
    items = [value] if np.ndim(value) == 0 else list(value)
    if not items or any(isinstance(item, bool | np.bool_) for item in items):
        raise ArgumentTypeError(message)
    try:
        return tuple(operator.index(item) for item in items)
    except TypeError:
        raise ArgumentTypeError(message) from None
