"""docs/features.md: what is written there, and how it is written anew."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from feature import TARGETS, YES, Feature

PAGE = Path(__file__).parents[2] / "docs" / "features.md"
HEAD = """# Features, and where they run

Each line is a script that the tests run on every target: `yes` says that it ran and did what it
should; the last column is what it raises otherwise, or says. `cuda` is the emulated device, which
runs the same CUDA source on the processor (`docs/debugging_kernels.md`). Nothing is read and
ignored: what has no effect says so.

This page is made by the tests (`tests/features/`), and fails them when it is no longer right:
`pytest tests/features -m "slow or not slow" --update-golden` writes it anew.
"""
UNKNOWN = "?"
Cells = Mapping[tuple[str, str], Mapping[str, str]]


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def render(themes: Mapping[str, Sequence[Feature]], cells: Cells) -> str:
    """Return the page; ``cells`` maps theme and name of a feature to its outcome by target."""
    parts = [HEAD]
    for theme, features in themes.items():
        parts.append(f"\n## {theme}\n\n| feature | {' | '.join(TARGETS)} | otherwise |")
        parts.append("\n| --- |" + " --- |" * (len(TARGETS) + 1) + "\n")
        for feature in features:
            found = cells.get((theme, feature.name), {})
            parts.append(_row(feature.name, [found.get(t, UNKNOWN) for t in TARGETS]) + "\n")
    return "".join(parts)


def _row(name: str, outcomes: list[str]) -> str:
    marks = [o if o in (YES, UNKNOWN) else _mark(o) for o in outcomes]
    texts: dict[str, list[str]] = {}
    for target, found in zip(TARGETS, outcomes):
        if found not in (YES, UNKNOWN):
            texts.setdefault(found.removeprefix("says: "), []).append(target)
    shown = [
        text if len(targets) == len(TARGETS) else f"{', '.join(targets)}: {text}"
        for text, targets in texts.items()
    ]
    return f"| {_escaped(name)} | {' | '.join(marks)} | {_escaped('; '.join(shown))} |"


def _mark(found: str) -> str:
    return "no effect" if found.startswith("says: ") else "no"


def rows(text: str) -> dict[tuple[str, str], str]:
    """Return the lines of a page by theme and name of the feature."""
    found: dict[tuple[str, str], str] = {}
    theme = ""
    for line in text.splitlines():
        if line.startswith("## "):
            theme = line.removeprefix("## ")
        elif line.startswith("| ") and not re.match(r"\| (feature|---) \|", line):
            name = re.split(r"(?<!\\) \| ", line.removeprefix("| "))[0]
            found[theme, name.replace("\\|", "|").replace("&lt;", "<")] = line
    return found


def differs(line: str, target: str, found: str) -> bool:
    """Return whether a line of the page says anything else of a target than was found."""
    columns = re.split(r"(?<!\\) \| ", line.removeprefix("| ").removesuffix(" |"))
    mark = columns[1 + TARGETS.index(target)]
    if found == YES:
        return mark != YES
    text = _escaped(found.removeprefix("says: "))
    return mark != _mark(found) or text not in columns[-1]


def is_yes(line: str, target: str) -> bool:
    """Return whether a line of the page says that a target has the feature."""
    return re.split(r"(?<!\\) \| ", line)[1 + TARGETS.index(target)] == YES
