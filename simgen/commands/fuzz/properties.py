"""One property of one random network: a relation between arrays, or a rewriting of a script."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from simgen.commands.fuzz.models import Model, make_model
from simgen.commands.fuzz.relations import RELATIONS
from simgen.commands.fuzz.rewrites import REWRITES, new_name, with_other_names
from simgen.commands.fuzz.variants import (
    HOISTED,
    VARIANTS,
    Result,
    device_of,
    differences,
    run_model,
)
from simgen.commands.fuzz.verdict import Verdict
from simgen.errors import CompileError, InternalError, SimgenError

DEVICES = ("reference", "reference", "cpu", "cuda")
Rewrite = Callable[[Model, Random], Model]


def check_properties(seed: int) -> Verdict:
    """Try one property, chosen by the seed, on a network and a device that it chooses."""
    random = Random(seed)
    device = random.choice(DEVICES)
    chosen: Any = random.choice(RELATIONS if random.random() < 0.5 else tuple(REWRITES))
    refused = ""
    try:
        if chosen in REWRITES:
            text, refused = check_rewrite(chosen, random.randrange(2**32), device)
        else:
            with device_of(VARIANTS[device]):
                text = chosen(random)
    except Exception as error:  # whatever it is, it is a finding
        text = f"{type(error).__name__}: {error}"
    if not text:
        return Verdict(refused=refused)
    return Verdict(f"{chosen.__name__} on {device}: {text}", _again(seed))


def check_rewrite(rewrite: Rewrite, seed: int, device: str = "reference") -> tuple[str, str]:
    """Return what a rewriting of a model changes, and why the model is refused, if it is."""
    model = make_model(Random(seed))
    other = rewrite(model, Random(seed))
    found = [_outcome(each, device) for each in (model, other)]
    expected, changed = found
    if isinstance(expected, str) or isinstance(changed, str):
        both = isinstance(expected, str) and isinstance(changed, str)
        texts = [value if isinstance(value, str) else "it runs" for value in found]
        wrong = "" if both else f"{texts[0]} against {texts[1]}\n{model.script}\n{other.script}"
        return wrong, texts[0] if both else ""
    if rewrite is with_other_names:
        expected = {new_name(key): value for key, value in expected.items()}
    if expected[HOISTED] != changed[HOISTED]:
        return "", ""  # where traces are kept, they are rounded differently
    free = REWRITES[rewrite]
    first, second = (
        {key: value for key, value in result.items() if not key.startswith(free)}
        for result in (expected, changed)
    )
    lines = differences(first, second)
    return "\n".join([*lines[:8], model.script, other.script]) if lines else "", ""


def _outcome(model: Model, device: str) -> Result | str:
    """Return what a model leaves behind, or the error that refuses it."""
    try:
        return run_model(model, VARIANTS[device])
    except (CompileError, InternalError):
        raise
    except SimgenError as error:
        return f"{type(error).__name__}: {error}"


def _again(seed: int) -> str:
    return (
        '"""Prints which property of which network does not hold; nothing is right."""\n\n'
        "from simgen.commands.fuzz.properties import check_properties\n\n"
        f"print(check_properties({seed}).text)\n"
    )
