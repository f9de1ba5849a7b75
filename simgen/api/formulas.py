"""Values of synapses that are made anew with them: kept is the expression that was assigned.

With ``storage='procedural'`` a parameter has no value for each synapse. ``S.w = 'rand()*mV'`` keeps
the text, its constants and its random key; a program evaluates it for every spike, with the draws
that the assignment would have made once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from simgen.api.checks import is_whole
from simgen.api.evaluation import TextContext, check_value, resolve_node, take_key
from simgen.api.namespaces import caller_namespace
from simgen.api.storage import StateVariable
from simgen.dtypes import DType
from simgen.errors import (
    EquationError,
    ModelError,
    Problem,
    SourceText,
    UnknownAttributeError,
    UnsupportedFeatureError,
    raise_problems,
)
from simgen.ir.construct import cast, real
from simgen.ir.expr import Array, Expr, Gather, Load, Param, RandomDraw, Step, Time
from simgen.ir.visit import has_state, map_expr, walk
from simgen.lang.expressions import parse_expression
from simgen.lang.syntax import names_in
from simgen.model.description import VariableInfo
from simgen.model.scope import ConstantScope, ValueEntry

if TYPE_CHECKING:
    from simgen.api.synapses_in_network import SynapsesInNetwork

_NATURE = (
    "made anew for each spike (storage='procedural'). Assign an expression to it from Python, or "
    "use storage='sparse'"
)


@dataclass(slots=True)
class _Formula:
    """A variable, the expression that was assigned last, and the values of its parameters."""

    variable: StateVariable
    text: str
    expr: Expr
    constants: dict[str, tuple[str, float | int]]
    key: int


class Formulas:
    """The parameters of synapses that are made anew for each spike."""

    def __init__(
        self, synapses: SynapsesInNetwork, infos: list[VariableInfo], problems: list[Problem]
    ) -> None:
        self.synapses = synapses
        self._of: dict[str, _Formula] = {}
        for info in infos:
            if info.array.dtype is not DType.REAL:
                text = f"'{info.name}': with storage='procedural' parameters of synapses are "
                text += "floating numbers."
                origin = synapses.equations[info.name].origin
                problems.append(Problem(text, origin, "", EquationError))
            variable = StateVariable(info, 0, synapses._real)
            self._of[info.name] = _Formula(variable, "0", real(0.0), {}, 0)

    @property
    def infos(self) -> Mapping[str, VariableInfo]:
        """The variables."""
        return {name: formula.variable.info for name, formula in self._of.items()}

    def entries(self) -> Mapping[str, ValueEntry]:
        """Return the values as code sees them."""
        return {
            name: ValueEntry(formula.expr, formula.variable.info.dim, _NATURE)
            for name, formula in self._of.items()
        }

    def assign(self, name: str, item: Any, value: Any) -> None:
        """Take an expression, or one value for all synapses."""
        formula, synapses = self._of[name], self.synapses
        owner = synapses.describe()
        if synapses._data.implied() is None:
            raise UnknownAttributeError(
                f"{owner} has no synapses yet; call connect() before setting '{name}'."
            )
        if not is_whole(item) and item is not Ellipsis:
            raise ModelError(
                f"'{name}' of {owner} cannot be set for some of the synapses: with "
                "storage='procedural' all have one expression. storage='sparse' keeps values."
            )
        synapses._refuse_while_running()
        if isinstance(value, str):
            self._of[name] = self._resolved(name, value)
        else:
            new = formula.variable.convert(value, owner)
            if new.size != 1:
                raise ModelError(
                    f"'{name}' of {owner} takes an expression or a single value, not {new.size} "
                    "values: with storage='procedural' nothing is kept for each synapse."
                )
            param = Param(f"{synapses.name}.{name}.value", DType.REAL)
            number = float(new.reshape(()))
            constants: dict[str, tuple[str, float | int]] = {param.name: (name, number)}
            self._of[name] = replace(
                formula, text=repr(number), expr=param, constants=constants, key=0
            )
        synapses._changed()

    def _resolved(self, name: str, text: str) -> _Formula:
        formula, synapses = self._of[name], self.synapses
        source = SourceText(text, f"value of '{name}'", synapses.describe())
        node = parse_expression(source)
        problems = [
            Problem(
                f"'{used}' is itself made anew for each spike.",
                node.origin,
                "Write the expression that was assigned to it.",
            )
            for used in sorted(names_in(node))
            if used in self._of
        ]
        raise_problems(problems)
        caller = caller_namespace()
        values = synapses._constants(caller).values
        constants = ConstantScope(values, prefix=f"{synapses.name}.{name}.c.")
        scope = synapses._scope(constants, caller)
        context = replace(synapses._text_context(), scope=scope, constants=constants.used)
        key = Param(f"{synapses.name}.{name}.key", DType.U64)
        expr, dim = resolve_node(node, context, key)
        check_value(node, expr, dim, formula.variable.info.dim, formula.variable)
        if any(isinstance(part, Step | Time) for part in walk(expr)):
            text = f"'{name}' would change with the time."
            hint = "With storage='procedural' its expression is evaluated for each spike."
            raise_problems([Problem(text, node.origin, hint, EquationError)])
        if any(has_state(part) for part in walk(expr)):
            text = f"'{name}' would not be the same again: its text calls a function with a state."
            hint = "With storage='procedural' its expression is evaluated for each spike."
            raise_problems([Problem(text, node.origin, hint, EquationError)])
        number = take_key(expr)
        fixed = map_expr(cast(expr, DType.REAL), _as_assigned)
        return _Formula(formula.variable, text, fixed, dict(constants.used), number)

    # --- for programs and text --------------------------------------------------------------------

    def constants(self) -> dict[str, tuple[str, float | int]]:
        """Return the constants of all expressions, as a text context has them."""
        return {k: v for formula in self._of.values() for k, v in formula.constants.items()}

    def keys(self) -> dict[str, int]:
        """Return the random keys of all expressions by the names of their parameters."""
        return {f"{self.synapses.name}.{name}.key": f.key for name, f in self._of.items()}

    def parameters(self) -> dict[str, float | int]:
        """Return the values of all parameters."""
        values = {name: value for name, (_, value) in self.constants().items()}
        keys = {k: v - (1 << 64) if v >= 1 << 63 else v for k, v in self.keys().items()}
        return {**values, **keys}

    def known_to(self, context: TextContext) -> TextContext:
        """Return a context in which text may use the variables."""
        constants = {**context.constants, **self.constants()} if self._of else context.constants
        return replace(context, constants=constants, keys=self.keys())

    def check(self, changing: frozenset[Array]) -> None:
        """Raise if an expression reads what code changes: kept values would stay as they were."""
        for name, formula in self._of.items():
            read = [n.array for n in walk(formula.expr) if isinstance(n, Load | Gather)]
            for array in read:
                if array in changing:
                    raise UnsupportedFeatureError(
                        f"'{name}' of {self.synapses.describe()} is made anew for each spike from "
                        f"{formula.text!r}, in which '{array.name.rpartition('.')[2]}' changes "
                        "while the network runs. Write 'x = ... : 1' in the model if it should "
                        "follow, or use storage='sparse'."
                    )

    def texts(self) -> dict[str, str]:
        """Return what makes the values, to compare it with that of a stored state."""
        return {
            name: f"{f.text} with {sorted(f.constants.items())}, {f.key}"
            for name, f in self._of.items()
        }


def _as_assigned(node: Expr) -> Expr:
    return replace(node, fixed=True) if isinstance(node, RandomDraw) else node
