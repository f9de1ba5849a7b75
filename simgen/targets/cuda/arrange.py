"""The kernels of a step with what they do for each other, in as few launches as they can be."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

from simgen.ir.kernel import Program
from simgen.targets.cuda.fold_events import fold_events
from simgen.targets.cuda.fold_records import record_events, record_values
from simgen.targets.cuda.order import Plan, plan_kernel
from simgen.targets.cuda.phases import with_shared_updates
from simgen.targets.cuda.sums import places, with_sums
from simgen.targets.frame import distinct_kernels


def arrange(
    program: Program, deterministic: bool = False, delayed: bool = False
) -> tuple[Program, dict[str, Plan]]:
    """Return the program with its plans that takes the fewest launches.

    ``delayed``: no delay is zero in the tables of ``deciding_delays``.
    Of several with as few launches, that is taken in which fewer things are done for others: a
    kernel of its own has more threads.
    """
    program = fold_events(program, deterministic)
    kernels = distinct_kernels(program)
    plans: Mapping[str, Plan] = with_shared_updates(
        kernels, {name: plan_kernel(kernel, deterministic) for name, kernel in kernels.items()}
    )
    found: dict[tuple[int, bool, int], tuple[Program, dict[str, Plan]]] = {}
    for values, events in product((False, True), repeat=2):
        made, chosen = program, dict(plans)
        if events:
            made, chosen = record_events(made, chosen)
        if values:
            made, chosen = record_values(made, chosen)
        recording = (any(p.first for p in chosen.values()), any(p.then for p in chosen.values()))
        n_done = sum(recording)
        if n_done < values + events:
            continue  # it is as without what there is none of
        chosen = with_sums(made, chosen) if delayed else chosen
        n_launches = max(places(made, chosen), default=0) + 1
        apart = any(plan.earlier for plan in chosen.values())
        found.setdefault((n_launches, apart, n_done), (made, chosen))
    return found[min(found)]
