"""Remembering what was found of a kernel: the plan of a step asks the same of it many times."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable
from typing import TypeVar

from simgen.ir.kernel import Kernel

Found = TypeVar("Found")

_MOST = 4096  # kernels kept by each function


def remembered(function: Callable[..., Found]) -> Callable[..., Found]:
    """Remember results by the kernel, the first argument, and what follows (by position).

    A kernel is known by its identity: to hash one takes as long as most of what is asked of it.
    """
    kept: dict[tuple[Hashable, ...], tuple[Kernel, Found]] = {}

    @functools.wraps(function)
    def call(kernel: Kernel, *args: Hashable) -> Found:
        key = (id(kernel), *args)
        found = kept.get(key)
        if found is None or found[0] is not kernel:
            if len(kept) >= _MOST:
                kept.clear()
            found = kept[key] = (kernel, function(kernel, *args))
        return found[1]

    return call
