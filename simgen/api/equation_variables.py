"""Equations to variables: which names are stored, which are substituted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from simgen.dtypes import DType
from simgen.errors import (
    ArgumentTypeError,
    EquationError,
    InternalError,
    Problem,
    SourceText,
    attempt,
    gathering,
    raise_problems,
)
from simgen.ir.expr import Array, Role
from simgen.lang.equations import Equation, EquationSet, parse_equations, parse_what_can_be
from simgen.lang.equations_object import Equations
from simgen.lang.expressions import parse_expression
from simgen.lang.statements import parse_statements
from simgen.lang.unit_expressions import unit_dimension
from simgen.model.description import SubexpressionInfo, VariableInfo
from simgen.units import DIMENSIONLESS


def as_equations(
    model: Any, owner: str, what: str = "equations"
) -> tuple[EquationSet, dict[str, Any]]:
    """Return the equations of text or an ``Equations`` object, and the values put into it."""
    if isinstance(model, Equations):
        return model.equation_set, dict(model.substituted_values)
    if isinstance(model, EquationSet):  # those of another object
        model = str(model)
    if model is None:
        model = ""
    if not isinstance(model, str):
        raise ArgumentTypeError(f"The {what} of {owner} must be text or Equations, not {model!r}.")
    return parse_equations(SourceText(model, what, owner)), {}


def read_equations(
    model: Any, owner: str, texts: Mapping[str, Any], problems: list[Problem]
) -> tuple[EquationSet, dict[str, Any], frozenset[str]]:
    """Return what :func:`as_equations` does; where they are wrong, those that are right.

    The third value has the names of what is missing: where they occur, no more can be said.
    ``texts`` are the other texts of the object, by what they are: where too little is known of the
    equations to go on, they are read, and all that is wrong is raised.
    """
    with gathering(problems):
        return *as_equations(model, owner), frozenset()
    partial = (
        parse_what_can_be(SourceText(model, "equations", owner)) if isinstance(model, str) else None
    )
    if partial is not None:
        return partial[0], {}, partial[1]
    for label, text in texts.items():
        parse = (
            parse_expression if label in ("threshold", "refractory period") else parse_statements
        )
        for name, part in text.items() if isinstance(text, Mapping) else [("", text)]:
            if isinstance(part, str):
                what = f"pathway '{name}'" if name else label
                attempt(parse, SourceText(part, what, owner), problems)
    raise_problems(problems)
    raise InternalError(f"the equations of {owner} were refused without a problem")


def without_mentions(problems: list[Problem], names: frozenset[str]) -> list[Problem]:
    """Return the problems whose place in the text has none of the names."""
    if not names:
        return problems
    word = re.compile(rf"(?<![A-Za-z0-9_])(?:{'|'.join(map(re.escape, names))})(?![A-Za-z0-9])")
    return [p for p in problems if p.origin is not None and not word.search(p.origin.text)]


def dtype_of(kind: str) -> DType:
    """Return the IR type of an equation's declared type."""
    return {"float": DType.REAL, "integer": DType.I32, "boolean": DType.BOOL}[kind]


def declare_variables(
    equations: EquationSet, owner: str, length: str, problems: list[Problem]
) -> tuple[list[VariableInfo], dict[str, SubexpressionInfo]]:
    """Return the stored variables and the substituted subexpressions of an object."""
    infos: list[VariableInfo] = []
    subexpressions: dict[str, SubexpressionInfo] = {}
    for equation in equations.equations:
        if "summed" in equation.flags:
            continue
        dim = unit_dimension(equation.unit_node, problems) or DIMENSIONLESS
        frozen = "constant over dt" in equation.flags
        if equation.kind == "subexpression" and not frozen:
            if equation.expression is not None:
                subexpressions[equation.name] = SubexpressionInfo(
                    equation.name,
                    equation.expression,
                    dim,
                    dtype_of(equation.dtype),
                    "shared" in equation.flags,
                )
            continue
        if equation.kind == "differential" and equation.dtype != "float":
            _problem(equation, "A differential equation needs a floating point variable.", problems)
        shared, linked = "shared" in equation.flags, "linked" in equation.flags
        array = Array(
            f"{owner}.{equation.name}",
            dtype_of(equation.dtype),
            "one" if shared else length,
            Role.STATE,
        )
        infos.append(
            VariableInfo(
                equation.name,
                array,
                dim,
                constant="constant" in equation.flags,
                shared=shared,
                read_only="linked" if linked else ("computed at each step" if frozen else ""),
                unless_refractory="unless refractory" in equation.flags,
                linked=linked,
            )
        )
    return infos, subexpressions


def _problem(equation: Equation, message: str, problems: list[Problem]) -> None:
    problems.append(Problem(f"'{equation.name}': {message}", equation.origin, "", EquationError))
