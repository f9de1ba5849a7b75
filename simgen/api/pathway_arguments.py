"""The arguments on_pre, on_post, on_event and delay of Synapses to pathways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from simgen.api.checks import check_new_name
from simgen.api.clock import seconds
from simgen.api.pathways import Pathway
from simgen.errors import ArgumentTypeError, ModelError, SourceText, suggest
from simgen.model.description import SECOND
from simgen.units import dimension_of

if TYPE_CHECKING:
    from simgen.api.synapses import Synapses


def pathway_codes(
    synapses: Synapses, on_pre: tuple[Any, Any], on_post: tuple[Any, Any]
) -> list[tuple[str, str, SourceText]]:
    """Return (name, direction, code) of the pathways that the arguments give.

    Each may be given by its name or by the old one, without "on_".
    """
    codes: list[tuple[str, str, SourceText]] = []
    for direction, (named_now, named_once) in (("pre", on_pre), ("post", on_post)):
        if named_now is not None and named_once is not None:
            raise ArgumentTypeError(
                f"{synapses.describe()} was given on_{direction} and {direction}, which are the "
                f"same; use on_{direction}."
            )
        given = named_once if named_now is None else named_now
        if given is None:
            continue
        named = {direction: given} if not isinstance(given, Mapping) else given
        for name, text in named.items():
            label = f"on_{direction}" if name == direction else f"pathway '{name}'"
            if not isinstance(text, str):
                raise ArgumentTypeError(
                    f"The {label} of {synapses.describe()} must be text, not {text!r}."
                )
            if any(name == c[0] for c in codes):
                raise ModelError(f"{synapses.describe()} has two pathways named {name!r}.")
            check_new_name(synapses, name, "a pathway")
            codes.append((name, direction, SourceText(text, label, synapses.describe())))
    return codes


def make_pathways(
    synapses: Synapses, codes: list[tuple[str, str, SourceText]], on_event: Any, delay: Any
) -> None:
    """Make the pathways of synapses, with the delays given in the constructor."""
    names = [name for name, _, _ in codes]
    events = _per_pathway(synapses.describe(), on_event, names, "on_event", "spike")
    for name, direction, code in codes:
        pathway = Pathway(synapses, name, direction, code, str(events[name]))
        group = pathway.group
        if pathway.event not in group._description.events:
            what = "no threshold" if pathway.event == "spike" else f"no event '{pathway.event}'"
            raise ModelError(
                f"The pathway '{name}' of {synapses.describe()} needs events of "
                f"{group.describe()}, which has {what}. "
                f"{suggest(pathway.event, group._description.events)}".strip()
            )
        synapses._pathways[name] = pathway
    if delay is None:
        return
    if not isinstance(delay, Mapping):
        delay = {"pre": delay}
    for name, value in delay.items():
        if name not in synapses._pathways:
            raise ModelError(
                f"{synapses.describe()} has no pathway '{name}' to delay; it has "
                f"{', '.join(synapses._pathways) or 'none'}."
            )
        what = f"The delay of {synapses.describe()}"
        if isinstance(value, str) or (dimension_of(value) == SECOND and np.size(value) != 1):
            raise ModelError(
                f"{what} must be a single time, not {value!r}. "
                "Set S.delay after connect() for delays per synapse."
            )
        seconds(value, what)  # a time at all
        pathway = synapses._pathways[name]
        pathway.delay = value
        pathway.fixed = True


def _per_pathway(
    owner: str, given: Any, names: list[str], what: str, default: Any
) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        return dict.fromkeys(names, given)
    for name in given:
        if name not in names:
            raise ModelError(f"{what} of {owner} names no pathway: '{name}'.")
    return {name: given.get(name, default) for name in names}
