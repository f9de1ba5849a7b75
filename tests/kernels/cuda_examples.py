"""The networks whose CUDA text is looked at: the examples, and others of which much is counted."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
COUNTED = sorted((TESTS / "kernels" / "counted").glob("*.py"))
EXAMPLES = [*sorted((TESTS.parent / "examples").glob("*.py")), *COUNTED]
# NVRTC takes ten seconds for each of the largest networks, twice.
LARGE = ("microcircuit", "microcircuit_counted", "brunel_delays")
WITH_LARGE_SLOW = [
    pytest.param(path, marks=[pytest.mark.slow] if path.stem in LARGE else []) for path in EXAMPLES
]
