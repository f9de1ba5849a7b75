"""One random model on every target: all that it leaves behind agrees, bit by bit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from simgen.commands.fuzz.models import Model, make_model
from simgen.commands.fuzz.variants import SINGLE, VARIANTS, compare
from simgen.commands.fuzz.verdict import Verdict

Variants = Mapping[str, Mapping[str, Any]]
SHORTENING = 150  # runs at most, to find which lines a difference needs
_QUICK = ("reference", "cpu unoptimised -O0", "cpu -O0")
# Each takes a compiler longer than all the quick ones, so that they take turns.
_SHIPPED = (
    ("cpu",),
    ("cpu 2 threads", "cpu 3 threads", "cpu 7 threads"),
    ("cpu unoptimised",),
)
_EMULATED = (("cuda", "cuda, reverse order", "cuda, shuffled"), ("cuda unoptimised",))


def some_variants(seed: int) -> Variants:
    """Return variants for the model of a seed: the quick ones, and others in turns."""
    if seed % 5 == 4:
        return SINGLE
    names = (*_QUICK, *_SHIPPED[seed % 3], *_EMULATED[seed // 3 % 2])
    return {name: VARIANTS[name] for name in names}


def outcome(model: Model, variants: Variants) -> tuple[str, str]:
    """Return what differs, or the exception that no model should cause, and the refusal by all."""
    try:
        return compare(model, variants)
    except Exception as error:  # whatever it is, it is a finding
        return f"{type(error).__name__}: {error}", ""


def kind(text: str) -> str:
    """Return what must stay the same while a failing model is made shorter."""
    return text.split(":")[0] if text and "Error" in text.split(":")[0] else str(bool(text))


def shortened(model: Model, failure: Callable[[Model], str], tries: int = SHORTENING) -> Model:
    """Return the model without the lines that its failure, a text, does not need."""
    wanted, lines = kind(failure(model)), list(model.lines)
    place = len(lines) - 1
    while place >= 0 and tries > 0:
        shorter = lines[:place] + lines[place + 1 :]
        tries -= 1
        if kind(failure(Model(tuple(shorter)))) == wanted:
            lines = shorter
        place -= 1
    return Model(tuple(lines))


def check_targets(seed: int, variants: Variants | None = None) -> Verdict:
    """Run the model of ``seed`` on several targets, by default on :func:`some_variants`.

    The verdict's script is that of the shortest model found that shows what differs.
    """
    variants = some_variants(seed) if variants is None else variants
    model = make_model(Random(seed))
    text, refused = outcome(model, variants)
    if not text:
        return Verdict(refused=refused)
    short = shortened(model, lambda shorter: outcome(shorter, variants)[0])
    text += f"\n\nshorter:\n{outcome(short, variants)[0]}"
    return Verdict(text, reproducing(short, variants))


def reproducing(model: Model, variants: Variants) -> str:
    """Return a script that compares the variants on a model and prints what differs."""
    given = "\n".join(f"    {name!r}: {dict(options)!r}," for name, options in variants.items())
    lines = "\n".join(f"    {line!r}," for line in model.lines)
    return (
        '"""Prints what differs between targets; nothing is right."""\n\n'
        "from simgen.commands.fuzz.models import Model\n"
        "from simgen.commands.fuzz.variants import compare\n\n"
        f"LINES = (\n{lines}\n)\nVARIANTS = {{\n{given}\n}}\n"
        "print('\\n'.join(compare(Model(LINES), VARIANTS)))\n"
    )
