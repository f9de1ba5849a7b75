"""Values that new synapses begin with: assignments such as ``w = 0.1; delay = 1*ms``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from simgen.api.checks import check_not_infinite
from simgen.api.evaluation import TextContext, assigned_values, check_value, resolve_node
from simgen.api.pathways import Pathway
from simgen.api.storage import StateVariable
from simgen.errors import (
    Problem,
    SourceText,
    UnsupportedFeatureError,
    gathering,
    raise_problems,
    suggest,
)
from simgen.lang.statements import Assignment, parse_statements

if TYPE_CHECKING:
    from simgen.api.synapses import Synapses


class FirstValues:
    """Assignments to the variables of some synapses, or to their delay, one after the other."""

    def __init__(self, synapses: Synapses, text: str, what: str) -> None:
        self.synapses = synapses
        self.what = what
        self._assignments = parse_statements(SourceText(text, what, synapses.describe()))
        problems = [problem for each in self._assignments for problem in self._wrong(each)]
        raise_problems(problems)

    def _wrong(self, assignment: Assignment) -> Iterator[Problem]:
        name, synapses = assignment.target, self.synapses
        origin = assignment.target_origin
        if assignment.op != "=" or assignment.unit is not None:
            problem = "New synapses have no values yet: these are given by 'variable = expression'."
            yield Problem(problem, assignment.origin, error=UnsupportedFeatureError)
        if name == "delay" and "pre" in synapses._pathways:
            if synapses._pathways["pre"].fixed:
                problem = f"The delay of {synapses.describe()} was given as a scalar and stays one."
                yield Problem(problem, origin, "Leave out delay= of the constructor.")
            return
        variable = synapses.variables.get(name)
        own = [known for known, each in synapses.variables.items() if not each.info.shared]
        if variable is None:
            problem = f"{synapses.describe()} has no variable '{name}'."
            yield Problem(problem, origin, suggest(name, [*own, "delay"]))
        elif variable.info.shared or variable.info.read_only:
            problem = f"'{name}' of {synapses.describe()} is no value that a synapse begins with."
            yield Problem(problem, origin)

    def check(self, namespace: Mapping[str, Any]) -> None:
        """Resolve all text with the values of names, and raise what is wrong with it."""
        problems: list[Problem] = []
        for each in self._assignments:
            with gathering(problems):
                variable = self._variable(each)
                expr, found = resolve_node(each.value, self._context(namespace))
                check_value(each.value, expr, found, variable.info.dim, variable)
        raise_problems(problems)

    def assign(self, namespace: Mapping[str, Any], count: int) -> None:
        """Give the values to the synapses that were created last, so many."""
        synapses = self.synapses
        places = synapses._data.last_positions(count)
        for each in self._assignments:
            variable = self._variable(each)
            if not self._is_delay(each):
                synapses._take_back(variable.name)
            context = self._context(namespace)
            values = assigned_values(each.value, context, places, variable.info.dim, variable)
            if self._is_delay(each):
                self._set_delays(synapses._pathways["pre"], places, values)
                continue
            check_not_infinite(values, f"'{variable.name}' of {synapses.describe()}")
            variable.accept(values)
            variable.data[places] = values
            variable.written()

    def _set_delays(self, pathway: Pathway, places: Any, values: Any) -> None:
        pathway.check(values)
        if pathway.uniform is not None and np.all(values == pathway.uniform):
            return
        delays = pathway.seconds()
        delays[places] = values
        pathway.set_seconds(delays)

    def _is_delay(self, assignment: Assignment) -> bool:
        return assignment.target not in self.synapses.variables

    def _variable(self, assignment: Assignment) -> StateVariable:
        if self._is_delay(assignment):
            return self.synapses._pathways["pre"].variable
        return self.synapses.variables[assignment.target]

    def _context(self, namespace: Mapping[str, Any]) -> TextContext:
        return self.synapses._text_context(namespace)
