"""The hand-made networks on the cpu target."""

from __future__ import annotations

from types import SimpleNamespace

import pytest


@pytest.fixture
def lab(cpu_lab: SimpleNamespace) -> SimpleNamespace:
    """Everything to build programs and memory with."""
    return cpu_lab
