"""Equations to variables: which names are stored, which are substituted."""

from __future__ import annotations

from simgen.api.group import dtype_of
from simgen.errors import EquationError, Problem
from simgen.ir.expr import Array, Role
from simgen.lang.equations import Equation, EquationSet
from simgen.lang.unit_expressions import unit_dimension
from simgen.model.description import SubexpressionInfo, VariableInfo
from simgen.units import DIMENSIONLESS


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
                    equation.name, equation.expression, dim, dtype_of(equation.dtype)
                )
            continue
        if equation.kind == "differential" and equation.dtype != "float":
            _problem(equation, "A differential equation needs a floating point variable.", problems)
        if "linked" in equation.flags:
            _problem(equation, "Linked variables are not supported yet.", problems)
        shared = "shared" in equation.flags
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
                read_only="is computed at each step" if frozen else "",
                unless_refractory="unless refractory" in equation.flags,
            )
        )
    return infos, subexpressions


def _problem(equation: Equation, message: str, problems: list[Problem]) -> None:
    problems.append(Problem(f"'{equation.name}': {message}", equation.origin, "", EquationError))
