"""Mutants of the generator: one small change each that must make a test fail.

``text`` occurs once in ``file``; ``why`` says what would then be wrong, ``seen_by`` which tests
are tried first. ``survives`` gives the reason where no test can notice.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """``text`` of ``file`` becomes ``replacement``."""

    file: str
    text: str
    replacement: str
    why: str
    seen_by: str
    survives: str = ""


_WALK, _EVENTS = "cuda_kernels/cpu/walk.h", "cuda_kernels/cuda/events.cuh"
_SEGMENTS, _ROUND = "cuda_kernels/common/segments.h", "cuda_kernels/common/math_round.h"
_ATOMIC, _FUSE = "cuda_kernels/cuda/atomic.cuh", "simgen/passes/fuse_kernels.py"
_HOIST, _DELAYS = "simgen/passes/hoist_invariants.py", "simgen/connect/delays.py"
_ORDER, _SCHEDULE = "simgen/ir/order.py", "simgen/build/schedule.py"
_DELIVER, _OVER = "templates/cpp/deliver.cpp.j2", "templates/cpp/over_elements.cpp.j2"

_OF_DELAYS = "tests/numerics/test_delays.py"
_OF_CARRIED, _OF_INPUTS = "tests/numerics/test_carried_spikes.py", "tests/numerics/test_inputs.py"
_OF_PATHWAYS = "tests/numerics/test_pathway_delays.py"
_OF_SUMS, _OF_CUSTOM = "tests/numerics/test_element_sums.py", "tests/numerics/test_custom_events.py"
_OF_MEETING = "tests/numerics/test_meeting_threads.py"
_OF_REFR = "tests/numerics/test_refractoriness.py"
_OF_LINKED, _OF_SCHEDULE = "tests/numerics/test_linked.py", "tests/numerics/test_schedule.py"
_OF_MATH = "tests/kernels/test_portable_math.py"
_OF_FUSE = "tests/unit/passes/test_fuse_kernels.py"
_OF_HOIST = "tests/unit/passes/test_hoist_invariants.py"
_OF_ORDER, _OF_EFFECTS = "tests/unit/ir/test_order.py", "tests/unit/targets/test_effects.py"
_OF_CUDAL = "tests/unit/targets/cuda/test_cuda_lower.py"

MUTANTS = (
    Mutant(
        _WALK,
        "now - delay + (delay > now",
        "now - delay + 1 + (delay > now",
        "delay off by one",
        _OF_DELAYS,
    ),
    Mutant(
        _WALK,
        "(delay > now ?",
        "(delay >= now ?",
        "ring read one round too early",
        _OF_DELAYS,
    ),
    Mutant(
        _WALK,
        "walk.n_classes - 1; cls >= 0; --cls) {\n    const int64_t delay",
        "walk.n_classes - 1; cls > 0; --cls) {\n    const int64_t delay",
        "shortest delay lost",
        _OF_DELAYS,
    ),
    Mutant(
        _WALK,
        "if (walk.step - delay < walk.born) continue;",
        "if (walk.step - delay <= walk.born) continue;",
        "first step's spikes lost",
        _OF_CARRIED,
    ),
    Mutant(
        _WALK,
        "if (steps[middle] < step) low",
        "if (steps[middle] <= step) low",
        "what is due now comes never",
        _OF_CARRIED,
    ),
    Mutant(
        _SEGMENTS,
        "*end = base + bounds[1];",
        "*end = base + bounds[1] - (bounds[1] > bounds[0]);",
        "last synapse of a segment lost",
        _OF_PATHWAYS,
    ),
    Mutant(
        _SEGMENTS,
        "if (pair_class[low + half] < cls) {",
        "if (pair_class[low + half] <= cls) {",
        "wrong segment of compact rows",
        _OF_PATHWAYS,
    ),
    Mutant(
        _SEGMENTS,
        "if (row_start[middle] <= (uint64_t)position) low",
        "if (row_start[middle] < (uint64_t)position) low",
        "first synapse of a row seen in the row before",
        _OF_CARRIED,
    ),
    Mutant(
        _ROUND,
        "double sg_clip(double x, double low, double high) {",
        "double sg_clip(double x, double low, double high) {\n  return x > high ? high : x;",
        "lower bound of clip dropped",
        _OF_MATH,
    ),
    Mutant(
        _ATOMIC,
        'sg_atomic_add(double *place, double value) {\n  SG_REDUCE("f64", "d", place, value);',
        "sg_atomic_add(double *place, double value) {\n  *place = *place + value;",
        "atomic addition lost",
        _OF_CUDAL,
    ),
    Mutant(
        _ATOMIC,
        "SG_ATOMIC_EXTREME(sg_atomic_min, <, double,",
        "SG_ATOMIC_EXTREME(sg_atomic_min, >, double,",
        "minimum is maximum",
        _OF_SUMS,
    ),
    Mutant(
        _EVENTS,
        "if (other < warp) place += totals[other];",
        "if (other <= warp) place += totals[other];",
        "lists of warps overlap",
        _OF_INPUTS,
    ),
    Mutant(
        _EVENTS,
        "for (uint32_t k = lane; k < length; k += 32u) ids",
        "for (uint32_t k = lane; k + 1 < length; k += 32u) ids",
        "last event of a piece lost",
        _OF_INPUTS,
    ),
    Mutant(
        _OVER,
        "sg_earlier({{ view.tile }}, high - base)",
        "sg_earlier({{ view.tile }}, high - base - 1)",
        "last neuron not updated",
        _OF_MEETING,
    ),
    Mutant(
        _OVER,
        "base += {{ view.tile }}) {",
        "base += {{ view.tile }} + 1) {",
        "a neuron between tiles left out",
        _OF_MEETING,
    ),
    Mutant(
        "templates/cpp/over_events.cpp.j2",
        "i < start || i >= stop",
        "i <= start || i >= stop",
        "first neuron's events ignored",
        _OF_CUSTOM,
    ),
    Mutant(
        _DELIVER,
        "{{ view.place }} = begin;",
        "{{ view.place }} = begin + (end - begin > 1);",
        "first synapse of a segment left out",
        _OF_DELAYS,
    ),
    Mutant(
        "templates/cuda/emit_table.cu.j2",
        "[slot] = end - begin;",
        "[slot] = end - begin - 1;",
        "last listed spike lost",
        _OF_INPUTS,
    ),
    Mutant(
        _FUSE,
        "if any(array in written and not _own(index)",
        "if any(array not in written and not _own(index)",
        "kernels fused that read what others write",
        _OF_LINKED,
    ),
    Mutant(
        _FUSE,
        "body=(*first.body, *body)",
        "body=(*body, *first.body)",
        "fused in the wrong order",
        _OF_REFR,
    ),
    Mutant(
        _FUSE,
        "if isinstance(stmt, Let) and stmt.local.name in taken:",
        "if isinstance(stmt, Let) and stmt.local.name not in taken:",
        "equal local names mixed",
        _OF_FUSE,
    ),
    Mutant(
        _HOIST,
        "index.kind is IndexKind.ZERO and array not in written",
        "index.kind is IndexKind.ZERO",
        "what changes taken for constant",
        _OF_HOIST,
    ),
    Mutant(
        _HOIST,
        "and not stays(expr)",
        "",
        "one draw for all",
        _OF_HOIST,
    ),
    Mutant(
        _DELAYS,
        "np.float64) / dt + 0.5)",
        "np.float64) / dt)",
        "delays cut off in place of rounded",
        _OF_DELAYS,
    ),
    Mutant(
        _SCHEDULE,
        "domain=replace(domain, lag=1)",
        "domain=replace(domain, lag=0)",
        "events of the step before not seen",
        _OF_CUSTOM,
    ),
    Mutant(
        _SCHEDULE,
        "position < found.get(domain.events, -1)",
        "position <= found.get(domain.events, -1)",
        "lag of an emitting kernel itself",
        _OF_SCHEDULE,
        "no kernel finds the events that it visits",
    ),
    Mutant(
        _ORDER,
        "if any(True for _ in _reads(foreign, array)):",
        "if False and any(True for _ in _reads(foreign, array)):",
        "code that reads what it adds to taken for order-free",
        _OF_ORDER,
    ),
    Mutant(
        "simgen/targets/cuda/order.py",
        "if atomic is not None and not (deterministic and _rounds(kernel, atomic)):",
        "if atomic is not None:",
        "sums that round in any order where one is promised",
        _OF_CUDAL,
    ),
    Mutant(
        "simgen/targets/effects.py",
        "def _may_be_split(kernel: Kernel) -> bool:",
        "def _may_be_split(kernel: Kernel) -> bool:\n    return True\n",
        "what must be serial split between threads",
        _OF_EFFECTS,
    ),
)
