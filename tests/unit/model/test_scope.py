"""What names stand for: built-ins, constants of the namespace, and what is refused there."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from simgen.dtypes import DType
from simgen.errors import EquationError
from simgen.ir.construct import real
from simgen.ir.expr import Param
from simgen.model.functions import BUILTIN_FUNCTIONS, ModelFunction
from simgen.model.scope import (
    BUILTINS,
    ChainScope,
    ConstantScope,
    EntryScope,
    FunctionEntry,
    RefusedEntry,
    ValueEntry,
)
from simgen.units import DIMENSIONLESS, mV, nS, volt


def test_builtins_are_units_functions_and_constants():
    assert BUILTINS.lookup("nS") == ValueEntry(real(1e-9), nS.dim)
    assert BUILTINS.lookup("exp") == FunctionEntry(BUILTIN_FUNCTIONS["exp"])
    assert BUILTINS.lookup("inf") == ValueEntry(real(math.inf), DIMENSIONLESS)
    assert BUILTINS.lookup("v") is None
    assert {"True", "exp", "pi", "mV"} <= set(BUILTINS.names())


def test_chain_answers_with_the_first_and_names_all():
    first = EntryScope({"a": ValueEntry(real(1), DIMENSIONLESS)})
    second = EntryScope(
        {"a": ValueEntry(real(2), DIMENSIONLESS), "b": ValueEntry(real(3), volt.dim)}
    )
    chain = ChainScope(first, second)
    assert chain.lookup("a") == ValueEntry(real(1), DIMENSIONLESS)
    assert chain.lookup("b") == ValueEntry(real(3), volt.dim)
    assert chain.lookup("c") is None
    assert list(chain.names()) == ["a", "a", "b"]


@pytest.mark.parametrize(
    ("value", "dtype", "stored", "dim"),
    [
        (3, DType.I64, 3, DIMENSIONLESS),
        (3.5, DType.REAL, 3.5, DIMENSIONLESS),
        (True, DType.BOOL, True, DIMENSIONLESS),
        (np.bool_(False), DType.BOOL, False, DIMENSIONLESS),
        (np.int32(-4), DType.I64, -4, DIMENSIONLESS),
        (np.uint64(7), DType.I64, 7, DIMENSIONLESS),
        (np.float32(0.5), DType.REAL, 0.5, DIMENSIONLESS),
        (np.array([2.5]), DType.REAL, 2.5, DIMENSIONLESS),
        (np.array([[2]]), DType.I64, 2, DIMENSIONLESS),
        (-70 * mV, DType.REAL, -70 * 1e-3, volt.dim),
        (1 * volt, DType.REAL, 1.0, volt.dim),
        (np.array([2.0]) * mV, DType.REAL, 2e-3, volt.dim),
        (mV, DType.REAL, 1e-3, volt.dim),
        (Fraction(1, 4), DType.REAL, 0.25, DIMENSIONLESS),
        (Decimal("0.25"), DType.REAL, 0.25, DIMENSIONLESS),
        (math.inf, DType.REAL, math.inf, DIMENSIONLESS),
    ],
)
def test_numbers_and_quantities_become_parameters(value, dtype, stored, dim):
    scope = ConstantScope({"c": value}, "exc__")
    assert scope.lookup("c") == ValueEntry(Param("exc__c", dtype), dim)
    assert scope.used == {"exc__c": ("c", stored)}
    assert type(scope.used["exc__c"][1]) is type(stored)


def test_only_constants_that_were_looked_up_are_used():
    scope = ConstantScope({"a": 1, "b": 2})
    scope.lookup("b")
    assert scope.lookup("missing") is None
    assert scope.used == {"b": ("b", 2)}


class Table:
    """Stands for a TimedArray."""

    simgen_function = ModelFunction("table", 1, lambda context, node, args: args[0])


def test_an_object_with_a_model_function_is_a_function():
    scope = ConstantScope({"table": Table(), "x": 3, "word": "text", "module": math})
    assert scope.lookup("table") == FunctionEntry(Table.simgen_function)
    assert list(scope.names()) == ["table", "x"]


@pytest.mark.parametrize(
    ("value", "part"),
    [
        (np.ones(3), "'c' is an array of shape (3,); an expression needs a single number."),
        (np.ones((2, 2)) * mV, "'c' is an array of shape (2, 2)"),
        (np.array([]), "'c' is an array of shape (0,)"),
        ([1, 2], "'c' is a list; an expression needs a number or a quantity."),
        (None, "'c' is a NoneType"),
        ("text", "'c' is a string"),
        (np.str_("text"), "'c' cannot be used: "),
        (Fraction(10**400), "'c' cannot be used: "),
        (1j, "'c' is 1j, which is not a real number."),
        (np.array([1j]), "which is not a real number."),
        (np.array(["a"]), "'c' cannot be used: "),
        (np.array([None]), "'c' cannot be used: "),
        (2**63, "The value of 'c' does not fit into a 64-bit integer."),
        (np.uint64(2**63), "does not fit into a 64-bit integer"),
        pytest.param(-(10**5000), "does not fit into a 64-bit integer", id="huge"),
    ],
)
def test_other_values_are_refused_with_the_reason(value, part):
    scope = ConstantScope({"c": value})
    entry = scope.lookup("c")
    assert isinstance(entry, RefusedEntry)
    assert part in entry.message
    assert scope.used == {}


@pytest.mark.parametrize("value", [lambda x: x, np.exp, len, Table])
def test_python_functions_without_units_are_refused(value):
    scope = ConstantScope({"c": value})
    if value is Table:  # the class itself carries the attribute, as its instances do
        assert isinstance(scope.lookup("c"), FunctionEntry)
        return
    entry = scope.lookup("c")
    assert isinstance(entry, RefusedEntry)
    assert entry.error is EquationError
    assert "units are not known" in entry.message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("e", np.e),
        ("pi", math.pi),
        ("inf", np.inf),
        ("mV", mV),
        ("exp", np.exp),
        ("clip", np.clip),
        ("sin", math.sin),
        ("int", int),
    ],
)
def test_builtins_beside_equal_values_win_quietly(name, value):
    scope = ConstantScope({name: value})
    assert scope.lookup(name) is None
    assert scope.used == {}


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("e", 5, "'e' is a built-in constant, but your namespace defines it as 5."),
        ("pi", 3.14, "'pi' is a built-in constant, but your namespace defines it as 3.14."),
        ("inf", "x", "'inf' is a built-in constant"),
        ("nS", 3, "'nS' is a built-in unit, but your namespace defines it as 3."),
        ("ms", 1e-3, "'ms' is a built-in unit"),
        pytest.param("e", 10**5000, "defines it as a value of type int.", id="huge"),
        ("clip", lambda x: x, "defines it as a function of your own."),
    ],
)
def test_builtins_beside_other_values_are_refused(name, value, part):
    entry = ConstantScope({name: value}).lookup(name)
    assert isinstance(entry, RefusedEntry)
    assert part in entry.message
