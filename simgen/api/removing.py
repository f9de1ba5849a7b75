"""The argument of ``Synapses.remove``, and text about synapses, to those that are meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simgen.api.arguments import about
from simgen.api.compiled_text import is_worth_compiling
from simgen.api.evaluation import TextContext, resolve_node, values_of
from simgen.api.namespaces import caller_namespace, checked_namespace
from simgen.api.synaptic_selection import SynapticSelection
from simgen.dtypes import DType
from simgen.errors import ArgumentTypeError, Problem, SourceText, raise_problems
from simgen.ir.construct import cast
from simgen.ir.expr import Expr
from simgen.lang.expressions import parse_expression
from simgen.lang.syntax import Node

if TYPE_CHECKING:
    from simgen.api.synapses import Synapses


def remove(synapses: Synapses, which: Any, namespace: Mapping[str, Any] | None) -> int:
    """Remove synapses and return their number; see :meth:`simgen.Synapses.remove`."""
    verb = "remove()"
    with about(synapses.describe()):
        names = checked_namespace(namespace, f"{verb} of {synapses.describe()}")
        scope = caller_namespace() if names is None else names
        if isinstance(which, bool | np.bool_):
            if not which:
                return 0
            gone = np.ones(len(synapses), np.bool_)
        elif isinstance(which, str):
            node = parse_condition(synapses, which, verb, "condition")
            found = holds_for(synapses, node, scope, f"The condition of {verb}")
            gone = synapses._data.in_creation_order(found)
        elif which is None:
            raise ArgumentTypeError(
                f"{verb} of {synapses.describe()} takes a condition, indices, or True for all "
                "synapses, not None."
            )
        elif isinstance(which, tuple):
            raise ArgumentTypeError(
                f"{verb} of {synapses.describe()} takes indices as a list or an array, and pairs "
                f"of neurons as S[i, j], not {which!r}."
            )
        else:
            gone = np.zeros(len(synapses), np.bool_)
            given = which.indices if isinstance(which, SynapticSelection) else which
            gone[synapses._indices(given)] = True
        count = int(np.count_nonzero(gone))
        if count:
            synapses._restructure(~gone, None)
        return count


def parse_condition(synapses: Synapses, text: str, verb: str, what: str) -> Node:
    """Return the syntax of a condition about synapses, an argument of ``verb``."""
    return parse_expression(SourceText(text, f"{what} of {verb}", synapses.describe()))


def resolved_condition(node: Node, context: TextContext, what: str) -> Expr:
    """Return a condition about synapses with its names resolved; raises what is wrong in it."""
    expr, _ = resolve_node(node, context)
    if expr.dtype is not DType.BOOL:
        raise_problems([Problem(f"{what} must be true or false, as in 'w < 0.1'.", node.origin)])
    return expr


def holds_for(
    synapses: Synapses, node: Node, namespace: Mapping[str, Any], what: str
) -> npt.NDArray[np.bool_]:
    """Return for each synapse, in data order, whether a condition holds."""
    n, context = len(synapses), synapses._text_context(namespace)
    if n == 0:
        return np.zeros(0, np.bool_)
    expr = resolved_condition(node, context, what)
    context.warn()
    if is_worth_compiling(n):  # compiled code has no arrays of booleans
        expr = cast(expr, DType.I32)
    else:
        context = replace(context, whole=None)
    values = values_of(node, expr, context, slice(0, n, 1))
    return np.asarray(np.broadcast_to(values, n).astype(np.bool_))
