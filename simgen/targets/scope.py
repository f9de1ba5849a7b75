"""What a program and each of its kernels name: the places of values in the tables of the state."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from simgen.dtypes import DType
from simgen.errors import InternalError
from simgen.ir.expr import Array, IndexKind, Param
from simgen.ir.functions import UserFunction
from simgen.ir.kernel import Kernel
from simgen.targets.cstyle import ExprPrinter, Names, mangle, stored_type
from simgen.targets.user_code import CPP, Language, add_function

_NUMPY = {
    "double": np.float64,
    "float": np.float32,
    "int32_t": np.int32,
    "int64_t": np.int64,
    "uint16_t": np.uint16,
    "uint32_t": np.uint32,
    "uint64_t": np.uint64,
    "uint8_t": np.bool_,
}
N_PARTS = "n_parts"  # the one integer that is not in ``Memory.ints`` but a field of ``Memory``


@dataclass(frozen=True, slots=True)
class Slot:
    """An array's place in the state; arrays of the runtime have no length of their own."""

    name: str
    position: int
    c_type: str
    length: str | None

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The numpy dtype the memory must have."""
        return np.dtype(_NUMPY[self.c_type])


@dataclass(slots=True)
class Layout:
    """The tables of the state, filled in the order of first use while a program is lowered.

    ``written`` names the arrays that some kernel writes.
    """

    real: np.dtype[np.floating]
    arrays: dict[str, Slot] = field(default_factory=dict)
    ints: dict[str, int] = field(default_factory=dict)
    reals: dict[str, int] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)
    language: Language = CPP
    functions: dict[str, str] = field(default_factory=dict)  # the user's own: their texts

    def user_function(self, function: UserFunction) -> str:
        """Return the name by which code calls a function of the user's own."""
        return add_function(function, self.language, self.functions)

    def array(self, name: str, c_type: str, length: str | None = None) -> Slot:
        """Return the array's slot; an array has one type wherever it is used."""
        slot = self.arrays.setdefault(name, Slot(name, len(self.arrays), c_type, length))
        if slot.c_type != c_type:
            raise InternalError(f"array '{name}' is used as {slot.c_type} and as {c_type}")
        return slot

    def int_argument(self, name: str) -> int:
        """Return the position of an integer argument."""
        if name in self.reals:
            raise InternalError(f"argument '{name}' is both an integer and a real number")
        return self.ints.setdefault(name, len(self.ints))

    def real_argument(self, name: str) -> int:
        """Return the position of a floating argument."""
        if name in self.ints:
            raise InternalError(f"argument '{name}' is both an integer and a real number")
        return self.reals.setdefault(name, len(self.reals))


class Scope:
    """The names one kernel uses, recorded as its expressions are printed.

    ``written`` names the arrays the kernel writes; all others are declared ``const``. ``elsewhere``
    has the C names of what stands for arrays that the kernel does not touch itself.
    """

    def __init__(
        self,
        layout: Layout,
        kernel: Kernel,
        indices: dict[IndexKind, str],
        written: frozenset[str] = frozenset(),
    ) -> None:
        self.layout = layout
        self.elsewhere: dict[str, str] = {}
        self._clock = kernel.clock
        self._written = set(written)
        self._pointers: dict[str, Slot] = {}
        self._scalars: dict[str, str] = {}
        self.names = Names(self.array, self.param, self.dt, indices)
        self.names.user = layout.user_function
        self.printer = ExprPrinter(layout.real, self.names)

    def array(self, array: Array) -> str:
        """Return the C name of an array of the program, or of what stands for it."""
        if array.name in self.elsewhere:
            return self.elsewhere[array.name]
        c_type = stored_type(array.dtype, self.layout.real)
        self._pointers[array.name] = self.layout.array(array.name, c_type, array.length)
        return mangle("a", array.name)

    def buffer(self, name: str, c_type: str, written: bool = False) -> str:
        """Return the C name of an array of the runtime, such as ``exc.ids``."""
        self._pointers[name] = self.layout.array(name, c_type)
        if written:
            self._written.add(name)
        return mangle("a", name)

    def param(self, param: Param) -> str:
        """Return the C name of a scalar argument."""
        name, dtype = param.name, param.dtype
        kind = self.printer.type_name(dtype)
        if dtype.is_float:
            place = f"S->reals[{self.layout.real_argument(name)}]"
        else:
            place = f"S->ints[{self.layout.int_argument(name)}]"
        value = f"{place} != 0" if dtype is DType.BOOL else f"({kind}){place}"
        declared = f"const {kind} {mangle('p', name)} = {value};"
        if self._scalars.setdefault(name, declared) != declared:
            raise InternalError(f"argument '{name}' is used with two types")
        return mangle("p", name)

    def size(self, name: str) -> str:
        """Return the C name of a size or another integer argument."""
        return self.param(Param(name, DType.I64))

    def dt(self) -> str:
        """Return the C name of the step width of the kernel's clock."""
        return self.param(self._clock.dt)

    def pointers(self) -> tuple[Slot, ...]:
        """Return the slots of the arrays used so far, in the order of first use."""
        return tuple(self._pointers.values())

    def is_written(self, slot: Slot) -> bool:
        """Return whether the kernel writes this array."""
        return slot.name in self._written

    def declarations(self) -> tuple[str, ...]:
        """Return the C lines that fetch everything used so far from the state."""
        lines = []
        self.layout.written |= self._written & self._pointers.keys()
        for slot in self._pointers.values():
            kind = slot.c_type if slot.name in self._written else f"const {slot.c_type}"
            name = mangle("a", slot.name)
            lines.append(f"{kind} *__restrict__ {name} = ({kind} *)S->arrays[{slot.position}];")
        return (*lines, *self._scalars.values())
