"""The table of features leaves out no public name, argument, method, function or flag."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest
from test_features import THEMES

import simgen
from simgen.integrate.choose import METHODS
from simgen.lang.equations import FLAGS
from simgen.model.functions import BUILTIN_FUNCTIONS
from simgen.units import STANDARD_UNITS

SCRIPTS = "\n".join(f"{f.code}\n{f.check}" for features in THEMES.values() for f in features)
PUBLIC = {
    name: getattr(simgen, name)
    for name in simgen.__all__
    if name not in STANDARD_UNITS
    and not (
        inspect.isclass(getattr(simgen, name)) and issubclass(getattr(simgen, name), Exception)
    )
}
CLASSES = {n: o for n, o in PUBLIC.items() if inspect.isclass(o) and n not in ("Quantity", "Unit")}
# what objects need of each other, and users not
INTERNAL = {"describe", "ir", "call", "check_sizes", "data", "parameters", "integrate"}
# given by place, as everybody does
BY_PLACE = {"self", "key", "default", "first", "second", "value"}


def arguments() -> set[str]:
    """Return the names of the arguments of all public functions and methods."""
    found: list[str] = []
    for name, what in PUBLIC.items():
        if name in ("Quantity", "Unit", "LinkedVariable", "Subgroup", "defaultclock"):
            continue
        if name == "magic_network" or not callable(what):
            continue
        found += _arguments_of(what)
    for each in CLASSES.values():
        for method, function in inspect.getmembers(each, inspect.isfunction):
            if not method.startswith("_") and method not in INTERNAL:
                found += _arguments_of(function)
    return set(found)


def _arguments_of(function: Callable[..., Any]) -> list[str]:
    arguments = inspect.signature(function).parameters.values()
    return [a.name for a in arguments if a.kind not in (a.VAR_POSITIONAL, a.VAR_KEYWORD)]


def test_every_public_name_is_used():
    assert [name for name in PUBLIC if not re.search(rf"\b{name}\b", SCRIPTS)] == []


def test_every_argument_is_given():
    assert sorted(a for a in arguments() - BY_PLACE if not re.search(rf"\b{a}=[^=]", SCRIPTS)) == []


def test_every_method_and_attribute_is_used():
    found = {
        member
        for each in CLASSES.values()
        for member in dir(each)
        if not member.startswith("_") and member not in INTERNAL
    }
    assert sorted(member for member in found if not re.search(rf"\.{member}\b", SCRIPTS)) == []


@pytest.mark.parametrize(
    "name", [*METHODS, *BUILTIN_FUNCTIONS, *sorted({*sum(FLAGS.values(), ())})]
)
def test_every_method_function_and_flag_is_used(name):
    used = rf"method='{name}'|\b{name}\(|\({name}\)"
    assert re.search(used, SCRIPTS)
