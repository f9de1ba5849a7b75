"""Text about synapses that is evaluated at once: what its names stand for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simgen.api.compiled_text import evaluate_for_synapses
from simgen.api.evaluation import TextContext
from simgen.api.storage import AnyArray
from simgen.ir.expr import Array

if TYPE_CHECKING:
    from simgen.api.synaptic_run import SynapticRun


def about_synapses(run: SynapticRun, context: TextContext) -> TextContext:
    """Return a context of text about synapses; what is read often is read once."""
    found: dict[str, AnyArray] = {}
    synapses = run.synapses
    data, start = synapses._data, run.source_start()

    def find(array: Array) -> AnyArray:
        if array.name not in found:
            found[array.name] = run.find_array(array)
        return found[array.name]

    def coordinates(positions: Any) -> tuple[AnyArray, AnyArray]:
        if "sources" not in found:
            found["sources"], found["targets"] = data.sources(), data.targets()
        sources, targets = (found[ends][positions] for ends in ("sources", "targets"))
        return sources.astype(np.int64) + start, targets.astype(np.int64)

    return replace(
        synapses._formulas.known_to(context),
        find=find,
        coordinates=coordinates,
        rank=run.draw_rank(),
        whole=lambda text, expr, key: evaluate_for_synapses(synapses, text, expr, key),
    )
