"""Shared by the tests of the resolver: a scope of variables, and texts resolved in it."""

import math

from simgen.dtypes import DType
from simgen.errors import Problem, SourceText
from simgen.ir.expr import ELEMENT, Array, Load, Param, Time
from simgen.lang.expressions import parse_expression
from simgen.model.resolve import DrawCounter, Resolver
from simgen.model.scope import ChainScope, ConstantScope, EntryScope, ValueEntry, VariableEntry
from simgen.units import DIMENSIONLESS, mV, second, siemens, volt

KEY = Param("key", DType.U64)
RANK = Param("rank", DType.I64)
V = Load(Array("exc_v", DType.REAL, "n"), ELEMENT)
W = Load(Array("exc_w", DType.REAL, "n"), ELEMENT)
TAU = Load(Array("exc_tau", DType.REAL, "n"), ELEMENT)
G = Load(Array("exc_g", DType.REAL, "n"), ELEMENT)
X = Load(Array("exc_x", DType.REAL, "n"), ELEMENT)
K = Load(Array("exc_k", DType.I64, "n"), ELEMENT)
B = Load(Array("exc_b", DType.BOOL, "n"), ELEMENT)
DT = Param("dt", DType.F64)
EL = Param("exc__El", DType.REAL)


def variable(load, dim):
    return VariableEntry(load, dim, "NeuronGroup 'exc'")


VARIABLES = EntryScope(
    {
        "v": variable(V, volt.dim),
        "w": variable(W, volt.dim),
        "tau": variable(TAU, second.dim),
        "g": variable(G, siemens.dim),
        "x": variable(X, DIMENSIONLESS),
        "k": variable(K, DIMENSIONLESS),
        "b": variable(B, DIMENSIONLESS),
        "t": ValueEntry(Time(), second.dim),
        "dt": ValueEntry(DT, second.dim),
    }
)


def constants():
    return ConstantScope({"El": -70 * mV, "count": 3, "f": math.hypot}, "exc__")


def node(text, what="threshold"):
    return parse_expression(SourceText(text, what, "NeuronGroup 'exc'"))


def resolver(scope=None, **options):
    options = {"draw_key": KEY, "draws": DrawCounter(), "problems": []} | options
    return Resolver(scope or ChainScope(VARIABLES, constants()), **options)


def resolve(text, **options):
    """Return (expression, dimension) of a text without problems."""
    used = resolver(**options)
    found = used.expression(node(text))
    assert [problem.render() for problem in used.problems] == []
    return found


def problem_of(text, **options) -> Problem:
    used = resolver(**options)
    _, dim = used.expression(node(text))
    (problem,) = used.problems
    assert dim is None
    return problem
