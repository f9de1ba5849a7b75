"""The data of state variables, and what may be stored in them."""

from __future__ import annotations

import math
import warnings
import weakref
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from simgen.api.arguments import extremes, plain_values
from simgen.api.integer_values import place_of, to_integers
from simgen.api.noted_runs import NOTED
from simgen.dtypes import DType
from simgen.errors import (
    ArgumentTypeError,
    DeviceError,
    DimensionMismatchError,
    InternalError,
    ModelError,
)
from simgen.model.description import VariableInfo
from simgen.model.functions import said
from simgen.model.hints import usual_unit
from simgen.runtime.aligned import aligned_zeros, is_aligned
from simgen.targets.base import Memory
from simgen.units import DIMENSIONLESS

AnyArray = npt.NDArray[Any]
_SHORT = 8192  # elements of a vector


class Borrower(Protocol):
    """Something that keeps the values of variables and gives copies of them."""

    def fetch(self, variable: StateVariable) -> AnyArray:
        """Return a copy of the variable's values in the order of its owner's data."""


class ProgramArray:
    """An array that programs read and write, one of the IR; 1-D.

    While a device has newer values they are brought here when they are asked for.
    """

    __slots__ = ("_bound", "_data", "_memory", "_network", "_taken", "array")

    def __init__(self, array: str, data: AnyArray) -> None:
        self.array = array  # its name in memory
        self._data: AnyArray | None = data
        self._memory: Memory | None = None
        self._network: object = None  # stands for the one that ran last
        self._taken = 0
        self._bound = False  # whether a network has ever had the data

    @property
    def values(self) -> AnyArray:
        """The values in the order of the owner's data, to be read."""
        if NOTED.runs:
            NOTED.make(f"'{self.array}' was used")
        if self._data is None:
            raise InternalError(f"the array '{self.array}' has no data")
        if self._memory is not None:
            self._memory.fetch(self.array)
        return self._data

    @property
    def data(self) -> AnyArray:
        """The data, which whoever takes it may write; they go to the device before the next run."""
        self._taken += 1
        return self.values

    def is_finite(self) -> bool:
        """Whether a device that has newer values knows them to be finite; asks no other."""
        mirror = None if self._memory is None else self._memory.mirror
        return mirror is not None and mirror.is_finite(self.array)

    def looks_finite(self) -> bool:
        """Whether a quick look shows that all values are finite; False says nothing.

        The look must not take longer than a step of a small network: the product of a vector with
        itself takes half the time of its sum. Of longer ones a library may start threads.
        """
        values = self._data
        if values is None or self._memory is not None:
            if self.is_finite():
                return True
            values = self.values
        if values.dtype.kind != "f":
            return True
        total = values.dot(values) if values.size <= _SHORT else np.add.reduce(values)
        return math.isfinite(total)

    @property
    def size(self) -> int:
        """The number of values; they stay where they are."""
        return self._host().size

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the values."""
        return self._host().dtype

    def _host(self) -> AnyArray:
        """Return the host's array, which a device may have newer values of."""
        return self.values if self._data is None else self._data

    def bind(self, memory: Memory, remote: bool) -> AnyArray:
        """Return the data for the memory of a network, which may have newer ones from then on.

        Values on a device stay there if both memories belong to it.
        """
        data, network = self._host(), object()
        self._bound = True
        newer = memory if remote else None  # else nothing here keeps the memory alive

        def writes() -> int:
            another = self._network is not network and not self.is_lent()  # one ran with it
            if another and not self._attach(network, newer):
                self._taken += 1
            if newer is not None and newer.mirror is not None and newer.mirror.holds(self.array):
                self._go_to_device()
            return self._taken

        memory.counters[self.array] = writes
        memory.arrays[self.array] = data
        self._attach(network, newer)
        return data

    def take_place(self, data: AnyArray) -> None:
        """Have another array of the host for the values, which a device has made."""
        self._data = data

    def leave_device(self) -> None:
        """Take what is here for the newest values, whatever a device has."""
        self._taken += 1
        self._network, self._memory = None, None

    def _go_to_device(self) -> None:
        """Take note that a device is about to have the values."""

    def is_lent(self) -> bool:
        """Whether another object keeps the data."""
        return False

    def _attach(self, network: object, memory: Memory | None) -> bool:
        """Let a memory have newer values from then on; return whether it has those of before.

        If it has not, they are brought here.
        """
        old, stays = self._memory, False
        if old is not None and old is not memory:
            if memory is not None and memory.mirror is not None and old.mirror is not None:
                stays = memory.mirror.adopt(self.array, old.mirror)
            if not stays:
                old.fetch(self.array)
        self._network, self._memory = network, memory
        return stays or (old is not None and old is memory)


class StateVariable(ProgramArray):
    """A variable's description and its data: one value per element, or a single one if shared.

    ``version`` counts the writes from Python, so that derived values know when to follow. Data that
    is lent is fetched when it is asked for; setting it ends the loan. Arrays that share the memory
    may be given to the user: one of the host, known as long as it lives, or one of the device.
    ``may_be_infinite`` says that the user, or code with ``inf`` in it, means infinities to be here.
    """

    __slots__ = (
        *("_borrower", "_given", "_given_on_device", "info"),
        *("may_be_infinite", "version"),
    )

    def __init__(self, info: VariableInfo, size: int, real: np.dtype[np.floating]) -> None:
        dtype = info.array.dtype.numpy(real)
        super().__init__(info.array.name, aligned_zeros(1 if info.shared else size, dtype))
        self.info = info
        self._borrower: Borrower | None = None
        self._given: list[weakref.ref[AnyArray]] = []
        self._given_on_device = False
        self.may_be_infinite = False
        self.version = 0

    @property
    def values(self) -> AnyArray:
        """The values in the order of the owner's data, to be read."""
        if NOTED.runs:
            NOTED.make(f"'{self.array}' was used")
        if self._data is None and self._borrower is not None:
            self._data = self._borrower.fetch(self)
        return super().values

    @property
    def data(self) -> AnyArray:
        """The data, which whoever takes it may write; they go to the device before the next run."""
        self._taken += 1
        return self.values

    @data.setter
    def data(self, values: AnyArray) -> None:
        if values is not self._data:
            self._take_back()
        self._data, self._borrower = values, None

    def replace_all(self, values: AnyArray) -> bool:
        """Take a new array as the data, if nobody knows the old one; return whether it was taken.

        That spares a copy. The array must be as long, and lie as well in memory.
        """
        known = self._bound or self._memory is not None or self.is_given() or self.is_lent()
        old = self._data
        if known or old is None or (old.shape, old.dtype) != (values.shape, values.dtype):
            return False
        if not is_aligned(values) or not values.flags.writeable:
            return False
        self._taken += 1
        self._data = values
        return True

    def is_lent(self) -> bool:
        """Whether another object keeps the data."""
        return self._borrower is not None

    def lend(self, borrower: Borrower) -> None:
        """Free the data, which ``borrower`` has taken over."""
        self._take_back()
        self._given_on_device = False
        self._borrower, self._data, self._memory = borrower, None, None

    def is_lent_to(self, borrower: Borrower) -> bool:
        """Whether ``borrower`` keeps the data."""
        return self._borrower is borrower

    def fetched(self) -> AnyArray | None:
        """Return the data that is here, None if it is lent and has not been asked for."""
        return self._data if self._data is None else self.values

    @property
    def name(self) -> str:
        """The user's name for it."""
        return self.info.name

    # --- arrays that share the memory -----------------------------------------------------------

    def written(self) -> None:
        """Count a write of the data; it goes up at once where the user has the device's array."""
        self.version += 1
        mirror = None if self._memory is None else self._memory.mirror
        if self._given_on_device and mirror is not None:
            mirror.send(self.array)

    def latest_version(self) -> int:
        """Return ``version``, which counts a write if one may have gone to an array given out."""
        if self._given_on_device or self.is_given():
            self.version += 1
        return self.version

    def is_given(self) -> bool:
        """Whether the user holds an array of the host that shares the memory."""
        if self._given:
            self._given = [given for given in self._given if given() is not None]
        return bool(self._given)

    def _go_to_device(self) -> None:
        self._take_back()

    def _take_back(self) -> None:
        """Warn if arrays of the host that were given out lose their meaning."""
        if self.is_given():
            self._given = []
            warnings.warn(
                f"Arrays that were taken from '{self.info.array.name}' without a copy are no "
                "longer its memory: they do not follow it, nor does it what is written to them. "
                "Take them anew after the next run.",
                RuntimeWarning,
                stacklevel=2,
            )

    def _attach(self, network: object, memory: Memory | None) -> bool:
        stays = super()._attach(network, memory)
        self._given_on_device &= stays
        return stays

    @property
    def is_on_device(self) -> bool:
        """Whether the network that ran last has the values on a device."""
        mirror = None if self._memory is None else self._memory.mirror
        return mirror is not None and mirror.holds(self.array)

    def host_array(self, places: slice, owner: str) -> AnyArray:
        """Return a part of the data, which the holder may write unless the variable is read-only.

        As long as it lives, every run takes the variable as written.
        """
        if self._borrower is not None:
            raise DeviceError(
                f"'{self.name}' of {owner} has no memory of its own: these synapses run as one "
                "with those of other objects."
            )
        given = self.data[places]
        if self.info.read_only:
            given.flags.writeable = False
        else:
            self._given.append(weakref.ref(given))
        return given

    def device_array(self, owner: str) -> Any:
        """Return the values on the device as an array of its own library, or say why not."""
        if self._borrower is not None:
            raise DeviceError(
                f"'{self.name}' of {owner} has no place of its own on the GPU: these synapses run "
                "as one with those of other objects."
            )
        mirror = None if self._memory is None else self._memory.mirror
        if mirror is None:
            raise DeviceError(
                f"'{self.name}' of {owner} is not on a GPU: it is from the first run on, after "
                "set_device('cuda')."
            )
        try:
            array = mirror.view(self.info.array.name)
        except DeviceError as error:
            raise DeviceError(f"'{self.name}' of {owner}: {error}.") from None
        self._given_on_device = True
        return array

    def accept(self, values: AnyArray) -> None:
        """Note that Python gives some values, of which infinite ones are meant."""
        if not self.may_be_infinite and values.dtype.kind == "f":
            self.may_be_infinite = bool(np.isinf(values).any())

    def convert(self, value: Any, owner: str) -> AnyArray:
        """Return ``value`` as an array of this variable's dtype, or raise, naming it.

        Refused are: other dimensions (a plain 0 is allowed everywhere), fractions or overflow
        for integers, NaN, complex numbers, text and objects.
        """
        what = f"'{self.name}' of {owner}"
        plain, dim = plain_values(value, what)
        if plain.dtype.kind not in "biuf":
            raise ArgumentTypeError(f"{what} cannot hold {value!r} (values of type {plain.dtype}).")
        zero = dim == DIMENSIONLESS and plain.ndim == 0 and plain == 0 and plain.dtype != bool
        if dim != self.info.dim and not zero:
            unit = usual_unit(self.info.dim) if dim.is_dimensionless else ""
            hint = f" Did you forget the unit, as in {_sample(plain)}*{unit}?" if unit else ""
            raise DimensionMismatchError(
                f"{what} {said(self.info.dim)}, but the value {said(dim)}.{hint}"
            )
        if plain.ndim > 1:
            raise ModelError(
                f"{what} has one value for each element; an array of the shape {plain.shape} has "
                "too many dimensions."
            )
        kind = self.info.array.dtype
        if kind is DType.BOOL:
            if plain.dtype.kind != "b" and not np.isin(plain, (0, 1)).all():
                raise ArgumentTypeError(f"{what} is boolean and cannot hold {_culprit(plain)}.")
            return plain.astype(np.bool_)
        if kind.is_integer:
            return to_integers(plain, self.data.dtype, what)
        if plain.dtype.kind == "f" and np.isnan(extremes(plain)).any():
            raise ModelError(f"{what} cannot be set to NaN{place_of(plain, np.isnan(plain))}.")
        return plain.astype(self.data.dtype, copy=False)


def _sample(plain: AnyArray) -> str:
    return f"{plain.item():g}" if plain.size == 1 and plain.dtype.kind in "iuf" else "values"


def _culprit(plain: AnyArray) -> str:
    return str(plain if plain.ndim == 0 else plain[~np.isin(plain, (0, 1))].flat[0])
