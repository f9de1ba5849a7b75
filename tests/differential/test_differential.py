"""One random model on every target: all state and all records agree bit by bit.

A failure prints a script that shows it, made shorter line by line. SIMGEN_FUZZ_EXAMPLES sets the
number of models; ``pytest -m slow`` tries more of them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from simgen.commands.fuzz.models import Model, make_model
from simgen.commands.fuzz.variants import SINGLE, VARIANTS, compare

pytestmark = pytest.mark.compiler

FEW = int(os.environ.get("SIMGEN_FUZZ_EXAMPLES", "6"))
MANY = int(os.environ.get("SIMGEN_FUZZ_EXAMPLES", "150"))
Variants = Mapping[str, Mapping[str, Any]]


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


def some_variants(seed: int) -> Variants:
    """Return the quickly compiled variants and, in turns, those of one optimised compilation."""
    slow = (["cpu"], ["cpu 2 threads", "cpu 3 threads"], ["cpu"], ["cpu unoptimised"])
    cuda = ("cuda", "cuda unoptimised")[seed // 4 % 2]
    names = ["reference", "cpu unoptimised -O0", "cpu -O0", *slow[seed % 4], cuda]
    return {name: VARIANTS[name] for name in names}


def outcome(model: Model, variants: Variants) -> str:
    """Return the differences, or the exception that no model should cause; empty if all is well."""
    try:
        return compare(model, variants)[0]
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def kind(text: str) -> str:
    """Return what must stay the same while a failing model is made shorter."""
    return text.split(":")[0] if text and "Error" in text.split(":")[0] else str(bool(text))


def shortened(model: Model, variants: Variants, tries: int = 150) -> Model:
    """Return the model without the lines that its failure does not need."""
    wanted, lines = kind(outcome(model, variants)), list(model.lines)
    place = len(lines) - 1
    while place >= 0 and tries > 0:
        shorter = lines[:place] + lines[place + 1 :]
        tries -= 1
        if kind(outcome(Model(tuple(shorter)), variants)) == wanted:
            lines = shorter
        place -= 1
    return Model(tuple(lines))


def check(seed: int, variants: Variants) -> None:
    """Fail with a short script if the variants differ on the model of this seed."""
    model = make_model(Random(seed))
    text = outcome(model, variants)
    if text:
        short = shortened(model, variants)
        pytest.fail(
            f"model {seed}:\n{text}\n\nshorter:\n{short.script}\n{outcome(short, variants)}",
            pytrace=False,
        )


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
