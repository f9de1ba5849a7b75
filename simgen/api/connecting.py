"""The arguments of ``Synapses.connect`` to rows."""

from __future__ import annotations

import logging
import operator
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simgen.api.arguments import about, flat_values, plain_values, single_value
from simgen.api.device_draws import rows_by_draws
from simgen.api.device_rows import DeviceRows, rows_by_probability
from simgen.api.generators import connect_by_generator
from simgen.api.kernel_connection import KernelArguments, connect_kernel
from simgen.api.namespaces import caller_namespace, checked_namespace
from simgen.api.pair_connection import connect_by_pairs
from simgen.api.pair_rules import PairContext
from simgen.api.row_storage import pair_rows, stored_rows
from simgen.api.seeds import take_stream
from simgen.api.subgroup import Subgroup
from simgen.api.synapses_as_group import require_connected_ends
from simgen.api.views import VariableView
from simgen.connect import rules
from simgen.connect.implied import ImpliedRows
from simgen.connect.rows import Rows
from simgen.errors import ArgumentTypeError, InternalError, ModelError, SourceText
from simgen.lang.expressions import parse_expression
from simgen.lang.syntax import CompareNode, LogicalNode, Name, Node, Number

if TYPE_CHECKING:
    from simgen.api.connectable import Connectable

MANY_PAIRS = 2 * 10**11  # of which a warning is given: a minute or so
_log = logging.getLogger("simgen.model")


def connect(
    synapses: Connectable,
    *,
    condition: Any,
    i: Any,
    j: Any,
    p: Any,
    n: Any,
    skip_if_invalid: bool,
    namespace: Mapping[str, Any] | None,
    n_total: int | None,
    out_degree: int | None,
    in_degree: int | None,
    multapses: bool,
    autapses: bool,
    kernel: KernelArguments,
) -> None:
    """Make synapses; see :meth:`simgen.Synapses.connect`."""
    with about(synapses.describe()):
        _connect(
            synapses,
            condition,
            (i, j, p, n, skip_if_invalid),
            namespace,
            {"n_total": n_total, "out_degree": out_degree, "in_degree": in_degree},
            (multapses, autapses),
            kernel,
        )


def _connect(
    synapses: Connectable,
    condition: Any,
    pairs: tuple[Any, Any, Any, Any, bool],
    namespace: Mapping[str, Any] | None,
    degrees: Mapping[str, int | None],
    repeats: tuple[bool, bool],
    kernel: KernelArguments,
) -> None:
    i, j, p, n, skip_if_invalid = pairs
    multapses, autapses = repeats
    switches = {"skip_if_invalid": skip_if_invalid, "multapses": multapses, "autapses": autapses}
    for switch, given in switches.items():
        if not isinstance(given, bool | np.bool_):
            raise ArgumentTypeError(
                f"{switch} of connect() of {synapses.describe()} must be True or False, "
                f"not {given!r}."
            )
    owner = synapses.describe()
    asked = [name for name, value in degrees.items() if value is not None]
    probability = checked_probability(p, owner)
    count = _repeats(n, owner)
    rules_given = [
        what
        for what, given in (
            ("condition", condition is not None),
            ("i or j", i is not None or j is not None),
            *((name, True) for name in asked),
            ("kernel", kernel.kernel is not None),
        )
        if given
    ]
    if len(rules_given) > 1:
        raise ModelError(f"connect() of {owner} takes one rule, not {' and '.join(rules_given)}.")
    if asked and (not isinstance(probability, float) or probability != 1.0 or count != 1):
        raise ModelError(f"connect({asked[0]}=...) of {owner} takes neither p nor n.")
    _check_kernel(synapses, kernel, probability, count, repeats)
    require_connected_ends(synapses)
    synapses._refuse_within_step()
    scope = namespace if namespace is not None else caller_namespace()
    checked_namespace(namespace, f"connect() of {owner}")
    if kernel.kernel is not None:
        found = connect_kernel(synapses, kernel)
        first = synapses._data.n
        synapses._restructure(None, in_parents(synapses, found.rows))
        found.give_values(synapses, first)
        return
    context = PairContext(synapses, scope, take_stream().key())
    if asked:
        rows = _by_degree(context, asked[0], degrees[asked[0]], multapses, autapses)
    else:
        if not multapses and count != 1:
            raise ModelError(
                f"connect(n={n!r}, multapses=False) of {owner} contradicts itself: n repeats pairs."
            )
        if i is not None or j is not None:
            rows = _by_indices(context, i, j, probability, count, skip_if_invalid)
        else:
            first = not synapses._data.n
            rows = by_condition(
                context, condition, probability, count, skip_self=not autapses, remote=first
            )
        _check_pairs(rows, multapses, autapses, owner)
    synapses._restructure(None, in_parents(synapses, rows))


def _check_kernel(
    synapses: Connectable,
    kernel: KernelArguments,
    probability: float | str,
    count: int | str,
    repeats: tuple[bool, bool],
) -> None:
    """Refuse what does not go together with a kernel, or with variables shared through one."""
    owner = synapses.describe()
    given, shared = kernel.given(), list(synapses._kernel.variables)
    if kernel.kernel is None:
        if given:
            raise ModelError(f"connect({given[0]}=...) of {owner} needs kernel=....")
        if shared:
            raise ModelError(
                f"'{shared[0]}' of {owner} is declared (kernel): only connect(kernel=...) makes "
                "its synapses."
            )
        return
    if probability != 1.0 or count != 1 or not all(repeats):
        raise ModelError(
            f"connect(kernel=...) of {owner} takes none of p, n, multapses and autapses."
        )
    if shared and (synapses._data.rows is not None or synapses._data.store is not None):
        raise ModelError(
            f"{owner} is connected already, and has one kernel: '{shared[0]}' is declared "
            "(kernel). Make another Synapses object for another kernel."
        )


def _check_pairs(rows: Rows, multapses: bool, autapses: bool, owner: str) -> None:
    """Refuse pairs that were asked for and are not allowed."""
    if isinstance(rows, ImpliedRows | DeviceRows):  # these are made without them
        return
    if not multapses and rows.multapses:
        source, target = rows.first_repeat()
        raise ModelError(
            f"connect(..., multapses=False) of {owner} makes the pair i = {source}, j = {target} "
            "more than once."
        )
    loops = np.zeros(0, np.int64) if autapses else np.flatnonzero(rows.sources() == rows.targets)
    if loops.size:
        number = rows.targets[loops[0]]
        raise ModelError(
            f"connect(..., autapses=False) of {owner} makes the pair i = j = {number} "
            f"({loops.size} such pairs in all). A generator leaves them out by 'if k != i'."
        )


def in_parents(synapses: Connectable, rows: Rows) -> Rows:
    """Return rows in indices of the (sub)groups as rows of the data, whose targets are absolute."""
    start = synapses.target.start if isinstance(synapses.target, Subgroup) else 0
    data = synapses._data
    if isinstance(rows, DeviceRows):
        return rows  # made so
    if rows.n_source != data.n_source or rows.n_target != synapses.target._size():
        raise InternalError(f"the rows of {synapses.describe()} do not fit its groups")
    rows = stored_rows(synapses, rows)
    if isinstance(rows, ImpliedRows):
        return rows.within(start, data.n_target)
    targets = rows.targets + np.uint32(start) if start else rows.targets
    return replace(rows, targets=targets, n_target=data.n_target)


def checked_probability(p: Any, owner: str, verb: str = "connect()") -> float | str:
    """Return p, a number from 0 to 1 or text."""
    if isinstance(p, str):
        return p
    if _matrix_hint(p):
        raise ArgumentTypeError(
            f"p of {verb} of {owner} must be a number or text, not {p!r}. By a matrix P of "
            "probabilities: i, j = (rand(*P.shape) < P).nonzero(), then connect(i=i, j=j)."
        )
    value, dim = single_value(p, f"p of {verb} of {owner}")
    if isinstance(p, bool) or np.ndim(p) or not dim.is_dimensionless:
        raise ArgumentTypeError(f"p of {verb} of {owner} must be a number or text, not {p!r}.")
    if not 0 <= value <= 1:
        raise ModelError(f"p of {verb} of {owner} is a probability and cannot be {value}.")
    return value


def _repeats(n: Any, owner: str) -> int | str:
    if isinstance(n, str):
        return n
    value = whole_number(n, f"n of connect() of {owner}")
    if value < 0:
        raise ModelError(f"n of connect() of {owner} cannot be negative, but it is {value}.")
    return value


def whole_number(value: Any, what: str) -> int:
    """Return an integer; booleans and fractions are refused."""
    if isinstance(value, bool | np.bool_):
        raise ArgumentTypeError(f"{what} must be an integer, not {value!r}.")
    try:
        return operator.index(value)
    except TypeError:
        raise ArgumentTypeError(f"{what} must be an integer, not {value!r}.") from None


def _by_degree(
    context: PairContext, rule: str, value: Any, multapses: bool, autapses: bool
) -> Rows:
    owner = context.synapses.describe()
    count = whole_number(value, f"{rule} of connect() of {owner}")
    if count < 0:
        raise ModelError(f"{rule} of connect() of {owner} cannot be negative, but it is {count}.")
    repeats = {"multapses": multapses, "autapses": autapses}
    made = rows_by_draws(context, rule, count, **repeats)
    if made is not None:
        return made
    function = {
        "n_total": rules.fixed_total,
        "out_degree": rules.fixed_out_degree,
        "in_degree": rules.fixed_in_degree,
    }[rule]
    return function(context.n_source, context.n_target, count, context.key, **repeats)


def _by_indices(
    context: PairContext, i: Any, j: Any, p: float | str, n: int | str, skip_if_invalid: bool
) -> Rows:
    synapses = context.synapses
    owner = synapses.describe()
    n_source, n_target = context.n_source, context.n_target
    if isinstance(i, str) or isinstance(j, str):
        if isinstance(i, str) and isinstance(j, str):
            raise ModelError(f"connect() of {owner} takes text for i or j, not for both.")
        if (i is not None and not isinstance(i, str)) or (j is not None and not isinstance(j, str)):
            raise ModelError(f"connect() of {owner} takes text for i or arrays for i and j.")
        if isinstance(j, str):
            return connect_by_generator(context, "j", j, p, n, skip_if_invalid)
        return connect_by_generator(context, "i", str(i), p, n, skip_if_invalid)
    if i is None or j is None:
        missing = "i" if i is None else "j"
        raise ModelError(f"connect() of {owner} needs both i and j, but {missing} is missing.")
    if not isinstance(n, int) or not isinstance(p, float) or p != 1.0:
        raise ModelError(f"connect(i=..., j=...) of {owner} takes no p, and n only as a number.")
    sources, targets = _index_array(i, "i", owner), _index_array(j, "j", owner)
    try:
        sources, targets = np.broadcast_arrays(sources, targets)
    except ValueError:
        raise ModelError(
            f"i and j of connect() of {owner} have {sources.size} and {targets.size} values; "
            "they must have equally many."
        ) from None
    if skip_if_invalid:
        inside = (sources >= 0) & (sources < n_source) & (targets >= 0) & (targets < n_target)
        sources, targets = sources[inside], targets[inside]
    context.check_inside(sources, n_source, "i")
    context.check_inside(targets, n_target, "j")
    if n != 1:
        context.require(sources.size * n)
        sources, targets = np.repeat(sources, n), np.repeat(targets, n)
    return rules.from_arrays(sources, targets, n_source, n_target)


def _index_array(value: Any, what: str, owner: str) -> Any:
    if isinstance(value, VariableView):
        value = value[:]
    array, dim = plain_values(value, f"{what} of connect() of {owner}")
    if array.dtype == bool or array.dtype.kind not in "iuf" or not dim.is_dimensionless:
        raise ArgumentTypeError(f"{what} of connect() of {owner} must be integers, not {value!r}.")
    array = flat_values(array, f"{what} of connect() of {owner}")
    if array.dtype.kind == "f":
        if array.size == 0:
            return array.astype(np.int64)
        bad = array != np.floor(array)
        if bad.any() or not np.isfinite(array).all():
            wrong = array[bad | ~np.isfinite(array)][0]
            raise ArgumentTypeError(
                f"{what} of connect() of {owner} must be integers, not {wrong}."
            )
        array = array.astype(np.int64)
    return array


def by_condition(
    context: PairContext,
    condition: Any,
    p: float | str,
    n: int | str,
    *,
    skip_self: bool,
    remote: bool = False,
) -> Rows:
    """Return the rows of the pairs that meet a condition and succeed in the test against p.

    ``remote``: a device may have them, with targets that are numbered in their whole group.
    """
    n_source, n_target = context.n_source, context.n_target
    node: Node | None = None
    if condition is False:
        empty = np.zeros(0, np.int64)
        return rules.from_arrays(empty, empty, n_source, n_target)
    if isinstance(condition, str):
        node = context.parse(condition, "condition")
        if isinstance(node, Number) and node.value is True:
            node = None
        elif _compares_numbers(node, "!="):
            node, skip_self = None, True
        elif _compares_numbers(node, "==") and p == 1.0 and n == 1 and not skip_self:
            own = np.arange(min(n_source, n_target))
            return rules.from_arrays(own, own, n_source, n_target)
    elif condition is not None and condition is not True:
        raise ArgumentTypeError(
            f"The condition of {context.verb} of {context.synapses.describe()} must be text, True "
            f"or False, not {condition!r}.{_matrix_hint(condition)}"
        )
    if node is None and isinstance(p, float) and n == 1:
        made = rows_by_probability(context, p, skip_self=skip_self) if remote else None
        if made is not None:
            return made
        return pair_rows(context.synapses, n_source, n_target, p, context.key, skip_self=skip_self)
    if skip_self:
        other = parse_expression(SourceText("i != j", "condition of connect()"))
        node = other if node is None else LogicalNode("and", node, other, node.origin)
    if n_source * n_target > MANY_PAIRS:
        _log.warning(
            "%s of %s looks at %.2g pairs, which takes long. In connect(), by j='...' each source "
            "names its targets, as in j='k for k in range(i - 3, i + 4)'.",
            context.verb,
            context.synapses.describe(),
            n_source * n_target,
        )
    return connect_by_pairs(context, node, p, n, remote=remote)


def _matrix_hint(value: Any) -> str:
    """Return how to connect by a matrix of pairs, dense or sparse, if ``value`` is one."""
    shape = getattr(value, "shape", ())
    if not isinstance(shape, tuple) or len(shape) != 2:
        return ""
    return " By a matrix W of pairs: i, j = W.nonzero(), then connect(i=i, j=j)."


def _compares_numbers(node: Node, op: str) -> bool:
    """Whether a condition is exactly ``i op j``, or ``j op i``."""
    return (
        isinstance(node, CompareNode)
        and node.op == op
        and isinstance(node.left, Name)
        and isinstance(node.right, Name)
        and {node.left.name, node.right.name} == {"i", "j"}
    )
