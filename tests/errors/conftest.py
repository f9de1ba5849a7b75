"""Every row starts alone: fresh names, the slow checked device, the usual step, a known seed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simgen import defaultclock, ms, seed, set_device, start_scope


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    start_scope()
    set_device("reference")
    defaultclock.dt = 0.1 * ms
    seed(1)
    yield
    start_scope()
    set_device("auto")
    defaultclock.dt = 0.1 * ms
