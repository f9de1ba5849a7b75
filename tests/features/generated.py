"""Features that simgen itself has tables of: methods, functions, missing names, preferences."""

from __future__ import annotations

import re
from pathlib import Path

from feature import Feature

from simgen.api.missing import missing_names
from simgen.api.preferences import PREFERENCES
from simgen.integrate.choose import METHODS

DOCS = Path(__file__).parents[2] / "docs"
GSL = ("gsl", "gsl_rk2", "gsl_rk4", "gsl_rkf45", "gsl_rkck", "gsl_rk8pd")
NOISY = ("euler", "heun", "milstein")


def methods() -> list[Feature]:
    """Return every name that ``method=`` may be, with and without noise."""
    exponential, noise = "dv/dt = (1 - v)/(5*ms) : 1", "dv/dt = -v/second + xi/ms**0.5 : 1"
    near, spread = "abs(G.v[0] - (1 - exp(-0.2))) < 2e-3", "0.5 < var(G.v) < 1.7"
    rows = []
    for name in (*METHODS, "linear", "independent", *GSL):
        rows.append(_method(name, exponential, "" if name in GSL else near, "", 1))
        if name in METHODS:
            rows.append(_method(name, noise, spread if name in NOISY else "", " with noise", 200))
    return rows


def _method(name: str, equation: str, check: str, note: str, n: int) -> Feature:
    code = f"G = NeuronGroup({n}, '{equation}', method='{name}')\n"
    return Feature(f"`method='{name}'`{note}", code + ("" if check else "run(0.1*ms)\n"), check)


OF_ONE_NUMBER = {
    **dict.fromkeys(
        ("arccos", "arcsin", "arctan", "cos", "cosh", "sin", "sinh", "tan", "tanh"), 0.5
    ),
    **dict.fromkeys(("ceil", "exp", "expm1", "floor", "log", "log10", "log1p", "sqrt"), 0.5),
    **dict.fromkeys(("abs", "sign"), -0.5),
}


def functions() -> list[Feature]:
    """Return the functions of one number, and the sums over synapses."""
    rows = [
        Feature(
            f"`{name}(x)`",
            f"G = NeuronGroup(1, 'x : 1')\nG.run_regularly('x = {name}({x})')\n",
            f"allclose(G.x, {name}({x}))",
        )
        for name, x in OF_ONE_NUMBER.items()
    ]
    for function in ("sum", "mean", "min", "max"):
        for end, of_first in (("pre", "[0, 10]"), ("post", "[0, 1]")):
            code = (
                "G = NeuronGroup(2, 'v : 1')\nS = Synapses(G, G, 'w : 1')\nS.connect()\n"
                f"S.w = 'i + 10*j'\nS.run_now('w = {function}_over_{end}(w)')\n"
                f"assert S.w[0] == {function}({of_first})\n"
            )
            rows.append(Feature(f"`{function}_over_{end}(x)`", code))
    return rows


def ported() -> list[Feature]:
    """Return the lines of docs/porting.md that are refused."""
    page = (DOCS / "porting.md").read_text(encoding="utf-8")
    table = page.partition("## What is not supported")[2]
    before = (
        "G = NeuronGroup(2, 'v : 1', threshold='v > 1', reset='v = 0')\n"
        "S = Synapses(G, G, 'w : 1', on_pre='v_post += w')\nS.connect()\n"
    )
    lines = re.findall(r"^\| `(.+?)` \| .+? \|$", table, re.M)
    return [Feature(f"`{line}`", before + line) for line in lines]


def missing() -> list[Feature]:
    """Return Brian's names that the star import gives and that raise where they are used."""
    known = {re.match(r"\W*(\w*)", feature.name)[1] for feature in ported()}
    names = set(missing_names()) - known - {"device", "prefs", "BrianLogger"}
    return [Feature(f"`{name}`", f"{name}()") for name in sorted(names)]


def preferences() -> list[Feature]:
    """Return Brian's preferences, each set to another value than its default.

    Those that have no effect for one and the same reason share a line.
    """
    alike: dict[str, list[str]] = {}
    for name, known in PREFERENCES.items():
        alike.setdefault(known.idle or name, []).append(name)
    return [
        Feature(
            ", ".join((f"`prefs['{first}']`", *(f"`{n.rpartition('.')[2]}`" for n in others))),
            "\n".join(f"prefs['{name}'] = {_another(name)}" for name in (first, *others)),
        )
        for first, *others in alike.values()
    ]


_CHOSEN = {
    "core.default_float_dtype": "float32",
    "core.default_integer_dtype": "int64",
    "core.network.default_schedule": "['end', 'start']",
    "codegen.target": "'numpy'",
    "logging.console_log_level": "'ERROR'",
}


def _another(name: str) -> str:
    default = PREFERENCES[name].default
    if name in _CHOSEN:
        return _CHOSEN[name]
    if isinstance(default, bool):
        return str(not default)
    return repr(default + 1) if isinstance(default, int) else "'other'"
