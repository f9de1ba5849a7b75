"""``Network.run_copies()``: many copies of a network with different values, in one run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from simgen.api.arguments import checked_arguments, memory_errors, plain_values
from simgen.api.binding import CompiledNetwork
from simgen.api.checks import functions_with_state
from simgen.api.clock import seconds
from simgen.api.copied_memory import CopiedNetwork
from simgen.api.copies import Copies
from simgen.api.group import Group
from simgen.api.namespaces import Namespace, caller_namespace, checked_namespace
from simgen.api.naming import Named
from simgen.api.noted_runs import NOTED
from simgen.api.seeds import get_seed, seeded
from simgen.api.synapses import Synapses
from simgen.api.views import VariableView
from simgen.errors import ArgumentTypeError, ModelError, UnsupportedFeatureError
from simgen.numerics.philox import derive_key
from simgen.runtime.limits import require_bytes
from simgen.units import Quantity

if TYPE_CHECKING:
    from simgen.api.network import Network

_COPIES = 1  # the number that tells seeds of copies from keys of streams
MOST_COPIES = 1_000_000


class RunsCopies(Named):
    """The side of a network that runs many copies of itself."""

    @checked_arguments
    def run_copies(
        self,
        duration: Any,
        copies: int | None = None,
        values: Mapping[Any, Any] | None = None,
        seeds: Sequence[int] | None = None,
        namespace: Any = None,
        *,
        check_finite: bool = True,
    ) -> Copies:
        """Run copies of the network, each with values and random numbers of its own.

        Every copy starts from the present state, and the network stays as it is: copy k does what
        ``seed(seeds[k])``, the assignment of its values and ``run(duration)`` would do. All are
        one compiled program. They share what is the same for all (connections, constant weights)
        and run side by side on the threads of the device, each on one; on a GPU one after another.

        Parameters
        ----------
        duration
            A time that is not negative.
        copies
            How many; by default as many as there are values or seeds.
        values
            Variables of the network's objects and the values they have in the copies: ``{G.tau:
            taus, S.w: weights}`` with arrays (or lists) whose first axis is that of the copies,
            (copies,) or (copies, N). Text is assigned in each copy: ``{G.v: 'rand()*mV'}``.
        seeds
            Seeds of the copies, integers from 0 to 2**64 - 1; by default drawn from the present
            one, different for each copy.
        namespace
            Values for names that no object defines; by default the caller's variables.
        check_finite
            Whether NaN and infinities in the state at the end raise.

        Raises
        ------
        ArgumentTypeError, ModelError, DimensionMismatchError
            For wrong values, numbers of them, and what cannot differ between copies.
        UnsupportedFeatureError
            Python code runs in the network (network_operation and the like).
        NumericalError
            The state of a copy is not finite; the message tells which.
        MemoryLimitError
            The copies do not fit into memory.

        """
        network = cast("Network", self)
        if network._running:
            raise ModelError("run_copies() was called while the network was running.")
        NOTED.make("copies were run")
        length = seconds(duration, "The duration of a run")
        if length < 0:
            raise ModelError(f"The duration of a run must not be negative, but it is {length} s.")
        given = _checked_values(network, values)
        count = _number_of(copies, given, seeds)
        chosen = _checked_seeds(seeds, count)
        names = checked_namespace(namespace, "run_copies()")
        scope = caller_namespace() if names is None else names
        threads = max(1, network._bound_options(list(network.objects)).threads)
        with memory_errors(f"{count} copies of {self.describe()}"):
            compiled = network._prepared(scope, threads=1)
            _require_compiled_only(network, compiled)
            last = compiled.axis.end_tick(network._t + length)
            made = _made(network, compiled, scope, given, chosen, last)
        _run(made, last, 1 if compiled.remote else threads)
        end = network._t + length
        for number, member in enumerate(made):
            with member.shown(network, end):
                member.check(f" at the end of the run of copy {number}", check_finite)
        return Copies(network, made, end, chosen)


# --- arguments --------------------------------------------------------------------------------


def _checked_values(network: Network, values: Any) -> dict[VariableView, Any]:
    """Return the values by the views of their variables, after a look at each key."""
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        raise ArgumentTypeError(
            "The values of run_copies() are a dict from variables to arrays, as in {group.tau: "
            f"[5, 10]*ms}}, not {values!r}."
        )
    seen: set[tuple[int, str]] = set()
    for key in values:
        if not isinstance(key, VariableView):
            raise ArgumentTypeError(
                "The keys of the values of run_copies() are variables of groups and synapses, as "
                f"in {{group.tau: [5, 10]*ms}}, not {key!r}."
            )
        group, name = key._group, key._name
        if not isinstance(group, Group) or name not in group.variables:
            raise ModelError(
                f"'{name}' of {group.describe()} is the same in all copies: variables can differ, "
                "but not delays or connections."
            )
        owner = getattr(group, "source", group) if not isinstance(group, Synapses) else group
        if owner not in network and group not in network:
            raise ModelError(f"{group.describe()} is not part of {network.describe()}.")
        if (id(group), name) in seen:
            raise ModelError(f"run_copies() has two values for '{name}' of {group.describe()}.")
        seen.add((id(group), name))
    return dict(values)


def _number_of(copies: Any, given: Mapping[VariableView, Any], seeds: Any) -> int:
    """Return how many copies there are, which values and seeds have to agree about."""
    if copies is not None and (
        isinstance(copies, bool) or not isinstance(copies, int | np.integer)
    ):
        raise ArgumentTypeError(f"The number of copies must be an integer, not {copies!r}.")
    count = None if copies is None else int(copies)
    lengths = {
        f"the values of '{key._name}' of {key._group.describe()}": _length(value)
        for key, value in given.items()
        if not isinstance(value, str)
    }
    if seeds is not None:
        lengths["the seeds"] = _length(seeds)
    for what, length in lengths.items():
        if length is None:
            raise ArgumentTypeError(
                f"{what[0].upper()}{what[1:]} need an axis for the copies: one value for each."
            )
        if count is not None and length != count:
            raise ModelError(f"There are {count} copies, but {length} of {what}.")
        count = length
    if count is None:
        raise ModelError("run_copies() needs the number of copies, values or seeds.")
    if not 0 < count <= MOST_COPIES:
        raise ModelError(f"The number of copies must be in 1 to {MOST_COPIES:,}, not {count}.")
    return count


def _length(values: Any) -> int | None:
    shape = np.shape(values)
    return shape[0] if shape else None


def _checked_seeds(seeds: Any, count: int) -> list[int]:
    if seeds is None:
        base = get_seed()
        return [int(derive_key(base, number, _COPIES)) for number in range(count)]
    found = []
    for value in seeds:
        if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
            raise ArgumentTypeError(f"A seed of run_copies() is an integer, not {value!r}.")
        if not 0 <= value < 1 << 64:
            raise ModelError(f"A seed of run_copies() is from 0 to 2**64 - 1, not {value}.")
        found.append(int(value))
    return found


def _require_compiled_only(network: Network, compiled: CompiledNetwork) -> None:
    """Refuse what cannot be done to several copies at once."""
    for component in compiled.components:
        if component._is_python():
            raise UnsupportedFeatureError(
                f"{component.describe()} runs Python code in {network.describe()}, which knows "
                "one network only. run_copies() takes what is compiled, as run_regularly is; or "
                "call run() for each set of values."
            )
    for name in functions_with_state(compiled.program):
        raise UnsupportedFeatureError(
            f"The function '{name}' has a state (stateless=False), which the copies would share. "
            "Call run() for each set of values."
        )


# --- making and running -----------------------------------------------------------------------


def _made(
    network: Network,
    compiled: CompiledNetwork,
    scope: Namespace,
    given: Mapping[VariableView, Any],
    seeds: Sequence[int],
    last: int,
) -> list[CopiedNetwork]:
    """Return the copies; the network has its own values again, also if one of theirs is wrong."""
    before = {key: key[:] for key in given}
    varied = frozenset(name for key in given for name in _arrays_of(key))
    compiled.memory.fetch()
    for name in list(compiled.memory.arrays):
        compiled.memory.fetch(name)
    made = []
    try:
        for number, value in enumerate(seeds):
            with seeded(value):
                for key, values in given.items():
                    key[:] = values if isinstance(values, str) else _of_copy(values, number)
                _follow(network, compiled, scope, given)
                made.append(CopiedNetwork(compiled, varied))
            if number == 0:
                each = made[0].n_bytes + made[0].bytes_to_record(last)
                require_bytes(
                    each * len(seeds) - made[0].n_bytes,
                    f"{len(seeds)} copies of {network.describe()} with what they record",
                    "Run fewer at a time, record fewer elements, or less often.",
                )
    finally:
        for key, old in before.items():
            key[:] = old
        if network._compiled is compiled:
            _follow(network, compiled, scope, given)
    return made


def _of_copy(values: Any, number: int) -> Any:
    if isinstance(values, Quantity):
        return values[number]
    plain, dim = plain_values(values, "The values of copies")
    return plain[number] if dim.is_dimensionless else Quantity(plain[number], dim=dim)


def _arrays_of(key: VariableView) -> Iterator[str]:
    """Yield the arrays of programs that hold a variable: its own, or that of a merge."""
    group, name = key._group, key._name
    yield group.variables[name].array
    merge = group._merge if isinstance(group, Synapses) else None
    if merge is not None:
        yield merge.variables[name].array


def _follow(
    network: Network,
    compiled: CompiledNetwork,
    scope: Namespace,
    given: Mapping[VariableView, Any],
) -> None:
    """Bring what follows from values and seed up to date; refuse what needs another program."""
    if network._prepared(scope, threads=1) is not compiled:
        names = ", ".join(f"'{key._name}' of {key._group.describe()}" for key in given)
        raise ModelError(
            f"The copies need different programs: what is compiled depends on {names}. Call run() "
            "for each set of values."
        )
    for start in compiled._starting:
        start()
    compiled._bind_keys()
    compiled.derive()


def _run(copies: Sequence[CopiedNetwork], last: int, threads: int) -> None:
    """Run all copies, each on one thread."""
    if threads == 1 or len(copies) == 1:
        for member in copies:
            member.run(last)
        return
    with ThreadPoolExecutor(min(threads, len(copies))) as pool:
        pending = [pool.submit(member.run, last) for member in copies]
        try:
            for each in pending:
                each.result()
        except BaseException:  # Ctrl-C, or an error of one of them: the others need not go on
            for each in pending:
                each.cancel()
            for member in copies:
                member.stop()
            raise


__all__ = ["RunsCopies"]
