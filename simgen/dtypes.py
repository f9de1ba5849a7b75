"""The scalar types of programs.

``REAL`` is the program's own precision, fixed only when it is lowered.
"""

from __future__ import annotations

from enum import Enum

import numpy as np


class DType(Enum):
    """A scalar type; ``REAL`` stands for float64 or float32 by the program's option."""

    REAL = "real"
    F64 = "f64"
    I32 = "i32"
    I64 = "i64"
    U32 = "u32"
    U64 = "u64"
    BOOL = "bool"

    @property
    def is_float(self) -> bool:
        """Whether values are floating point."""
        return self in (DType.REAL, DType.F64)

    @property
    def is_integer(self) -> bool:
        """Whether values are integers (booleans are not)."""
        return self in (DType.I32, DType.I64, DType.U32, DType.U64)

    def numpy(self, real: np.dtype[np.floating]) -> np.dtype[np.generic]:
        """Return the numpy dtype, given what ``REAL`` stands for."""
        return real if self is DType.REAL else _NUMPY[self]


_NUMPY: dict[DType, np.dtype[np.generic]] = {
    DType.F64: np.dtype(np.float64),
    DType.I32: np.dtype(np.int32),
    DType.I64: np.dtype(np.int64),
    DType.U32: np.dtype(np.uint32),
    DType.U64: np.dtype(np.uint64),
    DType.BOOL: np.dtype(np.bool_),
}
FLOAT64: np.dtype[np.floating] = np.dtype(np.float64)
FLOAT32: np.dtype[np.floating] = np.dtype(np.float32)
