"""Published models run where users run them: on the processor and on an emulated GPU."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import simgen
import simgen.brian as brian


@pytest.fixture(
    params=[pytest.param({"name": "cpu"}, id="cpu"), pytest.param({"name": "cuda"}, id="cuda")]
)
def device(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run the test on compiled programs and on the emulated GPU, in a fresh scope of seed 1."""
    name = request.param["name"]
    simgen.set_device(name, **({"emulate": True} if name == "cuda" else {}))
    simgen.start_scope()
    brian.seed(1)  # numpy, too: models draw their inputs by it
    yield name
    simgen.set_device("auto")
