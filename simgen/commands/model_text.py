"""Checked models as text, for ``show --stage model``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from simgen.api.component import Component
from simgen.api.neuron_group import NeuronGroup
from simgen.api.synapses import Synapses
from simgen.integrate.model import Ode
from simgen.ir.printer import format_expr, format_stmt
from simgen.ir.stmt import Stmt
from simgen.model.description import GroupDescription


def format_models(components: Iterable[Component]) -> str:
    """Return one block of lines per object: variables with units, equations, code."""
    return "\n\n".join("\n".join(_lines(component)) for component in components) + "\n"


def _lines(component: Component) -> Iterator[str]:
    yield component.describe()
    if isinstance(component, NeuronGroup):
        model = component._resolved()
        yield f"  size {component.N}"
        yield from _variables(model.group)
        yield from _odes(model.odes)
        for event, (condition, _) in model.conditions.items():
            yield f"  event {event} where {format_expr(condition)}"
        for event, body in model.reactions.items():
            yield from _code(f"on {event}", body)
    elif isinstance(component, Synapses):
        synapses = component._run.model
        yield f"  from {synapses.source.pre.text} to {synapses.source.post.text}"
        yield f"  size {component.N}"
        yield from _variables(synapses.source.group)
        yield from _odes((*synapses.event_driven, *synapses.clock_driven))
        for pathway in synapses.pathways:
            title = f"pathway {pathway.source.name} ({pathway.source.direction})"
            yield from _code(f"{title}, order {pathway.source.order}", pathway.body)
        for summed in synapses.summed:
            yield f"  sum {summed.target.name} over {format_expr(summed.add.value)}"


def _variables(group: GroupDescription) -> Iterator[str]:
    for info in group.variables.values():
        flags = [
            name
            for name, holds in (
                ("constant", info.constant),
                ("shared", info.shared),
                ("unless refractory", info.unless_refractory),
            )
            if holds
        ]
        suffix = f" ({', '.join(flags)})" if flags else ""
        unit = "1" if info.dim.is_dimensionless else str(info.dim)
        yield f"  variable {info.name} : {unit}{suffix}"


def _odes(odes: Iterable[Ode]) -> Iterator[str]:
    for ode in odes:
        noise = "".join(f" + {name} * ({format_expr(part)})" for name, part in ode.noise)
        yield f"  d{ode.name}/dt = {format_expr(ode.rhs)}{noise}"


def _code(title: str, body: tuple[Stmt, ...]) -> Iterator[str]:
    yield f"  {title}:"
    for stmt in body:
        yield from (f"    {line}" for line in format_stmt(stmt).splitlines())
