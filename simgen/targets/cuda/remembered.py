"""Remembering what was found of a kernel: the plan of a step asks the same of it many times."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from simgen.ir.kernel import Kernel

Found = TypeVar("Found")

_KEPT: list[dict[tuple[Hashable, ...], tuple[Kernel, Any]]] = []  # of all functions


def remembered(function: Callable[..., Found]) -> Callable[..., Found]:
    """Remember results by the kernel, the first argument, and what follows (by position).

    A kernel is known by its identity: to hash one takes as long as most of what is asked of it.
    :func:`forget` ends it, so that kernels do not outlive their networks.
    """
    kept: dict[tuple[Hashable, ...], tuple[Kernel, Found]] = {}
    _KEPT.append(kept)

    @functools.wraps(function)
    def call(kernel: Kernel, *args: Hashable) -> Found:
        key = (id(kernel), *args)
        found = kept.get(key)
        if found is None or found[0] is not kernel:
            found = kept[key] = (kernel, function(kernel, *args))
        return found[1]

    return call


def forget() -> None:
    """Let go of all kernels: what was planned is made, and the next program has others."""
    for kept in _KEPT:
        kept.clear()
