"""The scripts of the table, in the folder ``scripts``: what each line of it does.

A file is a theme. ``## name`` begins a feature, as the page calls it; its script follows, and after
``? `` an expression that is true after the run. ``= word`` begins lines that ``<word>`` stands for.
"""

from __future__ import annotations

import re
from pathlib import Path

from feature import Feature

FOLDER = Path(__file__).with_name("scripts")


def read_scripts(name: str) -> list[Feature]:
    """Return the features of a file."""
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    shared: dict[str, str] = {}
    found = []
    for block in re.split(r"^(?=## |= )", text, flags=re.M):
        head, _, body = block.partition("\n")
        if not head.strip():
            continue
        body = re.sub(r"^<(\w+)>$", lambda place: shared[place[1]], body.strip(), flags=re.M)
        if head.startswith("= "):
            shared[head.removeprefix("= ")] = body
            continue
        code, _, check = body.partition("\n? ")
        found.append(Feature(head.removeprefix("## "), code + "\n", check.strip()))
    return found
