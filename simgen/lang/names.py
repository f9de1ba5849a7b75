"""The words of the language: what they are reserved for, and which names a model may define."""

from __future__ import annotations

import keyword

from simgen.units import unit_from_name

_FUNCTIONS = (
    "sin cos tan sinh cosh tanh arcsin arccos arctan exp log log10 log1p expm1 exprel sqrt ceil "
    "floor abs sign clip int timestep rand randn poisson truncated_normal "
    "at_emission sum_all sum_over_pre sum_over_post mean_all mean_over_pre mean_over_post "
    "min_all min_over_pre min_over_post max_all max_over_pre max_over_post"
)
_RESERVED = (
    "t dt t_in_timesteps i j N N_pre N_post N_incoming N_outgoing lastspike not_refractory "
    "xi pi e inf"
)
FUNCTION_NAMES = frozenset(_FUNCTIONS.split())
CONSTANT_NAMES = frozenset(("pi", "e", "inf"))
RESERVED_NAMES = frozenset(_RESERVED.split())
MAX_NAME = 200

KEYWORD_HINTS: dict[str, tuple[str, str]] = {
    "if": ("There is no 'if' in an expression.", "Use int(condition)*x to choose a value."),
    "else": ("There is no 'else' in an expression.", "Use int(condition)*x to choose a value."),
    "is": ("There is no 'is' in an expression.", "Use '=='."),
    "in": ("There is no 'in' in an expression.", "Use comparisons joined by 'or'."),
    "None": ("'None' is not a value of the language.", ""),
    "for": ("There are no loops in an expression.", ""),
    "await": ("'await' has no place in an expression.", ""),
    "yield": ("'yield' has no place in an expression.", ""),
    "import": ("Nothing can be imported in an expression.", ""),
}


def shorten(text: str, limit: int = 40) -> str:
    """Return ``text`` on one line, cut to ``limit`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 3] + "..."


def unusable_name(name: str) -> tuple[str, str] | None:
    """Return why no model may use ``name`` for a variable of its own (message, hint), or None."""
    if not name.isascii():
        return "Names are made of the letters a to z, digits and '_'.", ""
    if len(name) > MAX_NAME:
        return f"The name '{shorten(name)}' is longer than {MAX_NAME} characters.", ""
    if keyword.iskeyword(name):
        return f"'{name}' is a keyword of Python and cannot be a name.", f"Use '{name}_'."
    if name.startswith("_"):
        return f"The name '{name}' is reserved: it begins with '_'.", ""
    if name in CONSTANT_NAMES:
        return f"'{name}' is a constant of the language.", "Choose another name."
    if name in FUNCTION_NAMES:
        return f"'{name}' is a function of the language.", "Choose another name."
    if unit_from_name(name) is not None:
        return f"'{name}' is a unit.", "Choose another name."
    return None


def undefinable_name(name: str, may_be_remote: bool = False) -> tuple[str, str] | None:
    """Return why an equation may not define ``name`` (message, hint), or None.

    ``may_be_remote`` allows the endings ``_pre`` and ``_post`` of a summed variable's target.
    """
    if name in RESERVED_NAMES - CONSTANT_NAMES or name.startswith("xi_"):
        return f"The name '{name}' is reserved.", "Choose another name."
    if name.endswith(("_pre", "_post")) and not may_be_remote:
        return (
            f"The name '{name}' ends like a variable of the connected group.",
            "Choose a name without the ending '_pre' or '_post'.",
        )
    return unusable_name(name)
