"""Rows that are made anew for each spike, as CUDA."""

from __future__ import annotations

from collections.abc import Mapping

from simgen.dtypes import DType
from simgen.errors import InternalError
from simgen.ir.expr import Param
from simgen.ir.kernel import SynapseStore
from simgen.targets.scope import Scope

HEADER = "cuda/made_rows.cuh"
_AT_A_TIME = 128  # targets that a warp takes, as in the header
_SPIKES = 64  # of a step, whose pieces should all find a warp


def rule_object(scope: Scope, store: SynapseStore) -> str:
    """Return the text of the object of ``cuda/made_rows.cuh`` that knows the rows of a store."""

    def sizes(*names: str) -> list[str]:
        return [scope.size(f"{store.name}.{name}") for name in names]

    match store.rule:
        case "every":
            fields = sizes("longest", "first_target", "n_reached", "skip_self")
            return f"sg_every{{{', '.join(fields)}}}"
        case "skips":
            fields = [scope.buffer(f"{store.name}.begins", "uint32_t"), *sizes("n_pieces", "key")]
            fields.append(scope.param(Param(f"{store.name}.scale", DType.F64)))
            fields += sizes("first_target", "n_reached", "skip_self")
            return f"sg_skips{{{', '.join(fields)}}}"
        case "kernel":
            fields = sizes("longest", "first_target")
            fields += [scope.buffer(f"{store.name}.grid", "int64_t"), *sizes("directions")]
            return f"sg_reached{{{', '.join(fields)}}}"
    raise InternalError(f"synapses '{store.name}' are made by the unknown rule '{store.rule}'")


def warps_of_row(store: SynapseStore, ints: Mapping[str, int]) -> int:
    """Return how many warps a launch has for each row of a store.

    One as for stored rows, whose blocks other kernels of the launch expect to share; in small
    groups as many as the pieces of some spikes.
    """
    rows = max(1, ints[f"{store.name}.n_rows"])
    return max(1, -(-_most_pieces(store, ints) * min(rows, _SPIKES) // rows))


def _most_pieces(store: SynapseStore, ints: Mapping[str, int]) -> int:
    if store.rule == "skips":
        return ints[f"{store.name}.n_pieces"]
    return -(-ints[f"{store.name}.longest"] // _AT_A_TIME)
