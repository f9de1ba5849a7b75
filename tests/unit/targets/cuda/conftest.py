from __future__ import annotations

import pytest
from cupy_stand_in import make_stand_in

import simgen
from simgen.targets.cuda import gpu


@pytest.fixture
def cupy(monkeypatch):
    """Let simgen find two GPUs and a CuPy, for whose launches the emulated device stands."""
    gpu.open_gpu.cache_clear()
    yield make_stand_in(monkeypatch)
    gpu.open_gpu.cache_clear()
    simgen.set_device("auto")
