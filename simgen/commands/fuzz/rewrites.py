"""Changes of a random model's script that must not change what it leaves behind.

Each function returns the changed model; where names change, ``RENAMED`` says how.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from random import Random

from simgen.commands.fuzz.models import Model

RENAMED = {"v": "volts", "w": "weight", "p": "given", "f": "formula", "ta": "trace_a"}
_START = r"(?:\b|(?<=\\n))(d?)"  # texts of several lines stand in the script as one
_NAME = re.compile(rf"{_START}(v|w|p|f)(\d)(?=\b|_)|{_START}(ta)(?=\b|_)")
_UNITS = {"mV": "(0.001*volt)", "ms": "(0.001*second)"}


def in_parts(model: Model, random: Random) -> Model:
    """Cut every run into three; the time of a network is then another sum of durations."""
    lines: list[str] = []
    for line in model.lines:
        if not line.startswith("net.run("):
            lines.append(line)
            continue
        whole = float(line.removeprefix("net.run(").partition("*")[0])
        cuts = [0.0, *sorted(min(whole, random.choice((0.0, 0.1, 0.9, 1.3))) for _ in "ab"), whole]
        parts = [round(end - begin, 3) for begin, end in pairwise(cuts)]
        lines += [line.replace(f"({whole:g}*", f"({part}*") for part in parts]
    return Model(tuple(lines))


def without_monitors(model: Model, random: Random) -> Model:
    """Leave all monitors out."""
    monitors = {line.split()[0] for line in model.lines if line.startswith("M")}
    lines = [line for line in model.lines if not line.startswith("M")]
    return _with_network(lines, lambda names: [name for name in names if name not in monitors])


def in_other_order(model: Model, random: Random) -> Model:
    """Give the network its objects in another order."""
    return _with_network(model.lines, lambda names: random.sample(names, len(names)))


def _with_network(lines: Sequence[str], change: Callable[[list[str]], list[str]]) -> Model:
    """Return a model of these lines whose network has other objects."""
    changed = []
    for line in lines:
        if line.startswith("net ="):
            inner = line.removeprefix("net = Network(").removesuffix(")").split(", ")
            line = f"net = Network({', '.join(change(inner))})"
        changed.append(line)
    return Model(tuple(changed))


def with_bystanders(model: Model, random: Random) -> Model:
    """Add a group and synapses that nothing knows, some of them empty.

    They take no streams from the count, as those of what the script draws later would change.
    """
    lines = list(model.lines)
    place = next(k for k, line in enumerate(lines) if line.startswith("net ="))
    lines[place:place] = [
        "from simgen.api.seeds import streams_of",
        "with streams_of(1):\n"
        "    E = NeuronGroup(3, 'dv/dt = (2 - v)/(3*ms) : 1', threshold='v > 1', reset='v = 0')\n"
        "    F = Synapses(E, E, 'w : 1', on_pre='v_post += w')\n"
        f"    F.connect({random.choice(('False', ''))})",
    ]
    return _with_network(lines, lambda names: ["E", "F", *names])


def in_other_units(model: Model, random: Random) -> Model:
    """Write the units as multiples of the base units."""
    pattern = re.compile("|".join(rf"\b{unit}\b" for unit in _UNITS))
    return Model(tuple(pattern.sub(lambda unit: _UNITS[unit[0]], line) for line in model.lines))


def with_other_names(model: Model, random: Random) -> Model:
    """Give the variables longer names."""
    return Model(tuple(_NAME.sub(_renamed, line) for line in model.lines))


def new_name(key: str) -> str:
    """Return the key of a result after :func:`with_other_names`."""
    return _NAME.sub(_renamed, key)


def _renamed(found: re.Match[str]) -> str:
    derivative, name, number = found[1] or found[4] or "", found[2] or found[5], found[3] or ""
    return f"{derivative}{RENAMED[name]}{number}"


REWRITES: dict[Callable[[Model, Random], Model], tuple[str, ...]] = {  # with keys that may differ
    in_parts: ("net.t",),
    without_monitors: ("M",),
    in_other_order: (),
    with_bystanders: ("E.", "F."),
    in_other_units: (),
    with_other_names: (),
}
