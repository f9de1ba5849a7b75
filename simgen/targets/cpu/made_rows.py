"""Rows that are made anew for each spike, as C++."""

from __future__ import annotations

from simgen.dtypes import DType
from simgen.errors import InternalError
from simgen.ir.expr import Param
from simgen.ir.kernel import SynapseStore
from simgen.targets.scope import Scope

HEADER = "cpu/made_rows.h"


def made_row(scope: Scope, store: SynapseStore) -> str:
    """Return the text of what a part has of the row that a piece of work stands for."""
    fields = (
        "work[e].begin",
        scope.size(f"{store.name}.n_rows"),
        scope.buffer(f"{store.target_length}.bounds", "int64_t"),
        scope.size(f"{store.name}.first_target"),
        scope.size(f"{store.name}.n_reached"),
    )
    return f"sg_made_row_of({', '.join(fields)})"


def each_target(scope: Scope, store: SynapseStore) -> str:
    """Return the call that visits the targets of ``made``, without what it visits them by."""
    name = store.name
    match store.rule:
        case "every":
            return f"sg_each_target(made, {scope.size(f'{name}.skip_self')}"
        case "skips":
            numbers = [scope.buffer(f"{name}.begins", "uint32_t")]
            numbers += [scope.size(f"{name}.{what}") for what in ("n_pieces", "key")]
            numbers.append(scope.param(Param(f"{name}.scale", DType.F64)))
            numbers.append(scope.size(f"{name}.skip_self"))
            return f"sg_each_skipped(made, {', '.join(numbers)}"
        case "kernel":
            grid = scope.buffer(f"{name}.grid", "int64_t")
            return f"sg_each_reached(made, {grid}, {scope.size(f'{name}.directions')}"
    raise InternalError(f"synapses '{name}' are made by the unknown rule '{store.rule}'")
