"""One random model on every target: all state and all records agree bit by bit.

A failure prints a script that shows it, made shorter line by line. SIMGEN_FUZZ_EXAMPLES sets the
number of models; ``pytest -m slow`` tries more of them.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from simgen.commands.fuzz.targets import Variants, check_targets, some_variants
from simgen.commands.fuzz.variants import SINGLE, VARIANTS

pytestmark = pytest.mark.compiler

FEW = int(os.environ.get("SIMGEN_FUZZ_EXAMPLES", "6"))
MANY = int(os.environ.get("SIMGEN_FUZZ_EXAMPLES", "150"))


def tried(count: int) -> Any:
    """Return the settings for ``count`` models; models are made shorter here, not by hypothesis."""
    return settings(
        max_examples=max(1, count),
        derandomize=True,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )


def check(seed: int, variants: Variants) -> None:
    """Fail with a short script if the variants differ on the model of this seed."""
    found = check_targets(seed, variants)
    if found.text:
        pytest.fail(f"model {seed}:\n{found.text}\n\n{found.script}", pytrace=False)


@tried(FEW)
@given(st.integers(0, 2**32))
def test_targets_agree_bit_by_bit(seed):
    check(seed, some_variants(seed))


@tried(FEW // 3)
@given(st.integers(0, 2**32))
def test_float32_agrees_bit_by_bit(seed):
    check(seed, SINGLE)


@pytest.mark.slow
@tried(MANY)
@given(st.integers(2**32, 2**40))
def test_all_targets_agree_on_many_models(seed):
    check(seed, VARIANTS)


@pytest.mark.slow
@tried(MANY)
@given(st.integers(2**32, 2**40))
def test_float32_agrees_on_many_models(seed):
    check(seed, SINGLE)
