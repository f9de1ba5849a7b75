"""What the templates of walks over synapses show."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reach:
    """Which parts of a store a call walks, and the parts whose sources it serves."""

    first_part: str
    last_part: str
    first_from: str
    last_from: str


@dataclass(frozen=True, slots=True)
class FanOutView:
    """What ``over_fan_out.cpp.j2`` shows: ``deliver`` is called with segments by ``name``."""

    name: str
    deliver: str
    doc: tuple[str, ...]
    deliver_declarations: tuple[str, ...]
    deliver_prologue: tuple[str, ...]
    prefetches: tuple[str, ...]
    row: tuple[str, ...]
    pragmas: tuple[str, ...]
    place: str
    synapse: tuple[str, ...]
    body: tuple[str, ...]
    declarations: tuple[str, ...]
    n_classes: str
    delays: str
    depth: str
    length: str
    n_parts: str
    n_rows: str
    source_start: str
    ids: str
    counts: str
    bounds: str
    born: str
    reach: Reach
    walk: str
    parameters: str


@dataclass(frozen=True, slots=True)
class JoinedFanOutView(FanOutView):
    """What ``over_fan_out_joined.cpp.j2`` shows: ``visit`` is called with targets by ``deliver``.

    A call of ``name`` has also what it knows ``ahead``, and the steps left before threads meet.
    """

    visit: str
    targets: str
    targets_type: str
    targets_declarations: tuple[str, ...]
    n_synapses: str
    ahead: str


@dataclass(frozen=True, slots=True)
class MadeFanOutView(FanOutView):
    """What ``over_fan_out_made.cpp.j2`` shows: how a row is made, and visited."""

    made: str
    each: str


@dataclass(frozen=True, slots=True)
class FanInView:
    """What ``over_fan_in.cpp.j2`` shows."""

    name: str
    doc: tuple[str, ...]
    declarations: tuple[str, ...]
    prologue: tuple[str, ...]
    oldest: str
    newest: str
    born: str
    depth: str
    length: str
    n_parts: str
    ids: str
    counts: str
    bounds: str
    col_start: str
    col_pos: str
    prefetches: tuple[str, ...]
    column: tuple[str, ...]
    body: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SynapsesView:
    """What ``over_synapses.cpp.j2`` shows."""

    name: str
    doc: tuple[str, ...]
    declarations: tuple[str, ...]
    prologue: tuple[str, ...]
    row_start: str
    n_rows: str
    source_start: str
    post: str
    row: tuple[str, ...]
    pragmas: tuple[str, ...]
    body: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RowsView:
    """What ``over_rows.cpp.j2`` shows: ``deliver`` is called with segments by ``name``."""

    name: str
    deliver: str
    doc: tuple[str, ...]
    deliver_declarations: tuple[str, ...]
    deliver_prologue: tuple[str, ...]
    prefetches: tuple[str, ...]
    row: tuple[str, ...]
    pragmas: tuple[str, ...]
    place: str
    synapse: tuple[str, ...]
    body: tuple[str, ...]
    declarations: tuple[str, ...]
    n_rows: str
    source_start: str
    bounds: str
    reach: Reach
    walk: str


@dataclass(frozen=True, slots=True)
class ListedView:
    """What ``over_listed.cpp.j2`` shows."""

    name: str
    doc: tuple[str, ...]
    declarations: tuple[str, ...]
    prologue: tuple[str, ...]
    n: str
    positions: str
    sources: str
    post: str
    body: tuple[str, ...]
