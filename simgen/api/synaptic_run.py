"""Synapses made ready to run: stores, columns, delay classes, kernels and their data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simgen.api.arguments import about
from simgen.api.compiled_text import evaluate_for_synapses
from simgen.api.evaluation import TextContext
from simgen.api.monitors import parent_group
from simgen.api.pathways import Pathway
from simgen.api.storage import AnyArray, StateVariable
from simgen.api.subgroup import Subgroup
from simgen.api.trace_keeper import TraceKeeper
from simgen.build.facts import NetworkFacts
from simgen.build.synapses import (
    PathwayDelays,
    class_table,
    continuous_items,
    delay_parameter,
    pathway_items,
    summed_items,
)
from simgen.connect.columns import build_columns
from simgen.dtypes import DType
from simgen.errors import InternalError, ModelError, Problem, UnsupportedFeatureError
from simgen.integrate.choose import choose
from simgen.integrate.event_driven import integrate_event_driven
from simgen.integrate.model import Derived, OdeSystem, Update
from simgen.ir.construct import binary, cast
from simgen.ir.expr import PRE, SYNAPSE, Array, IndexKind, IndexValue, Load, RandomDraw
from simgen.ir.kernel import Item, OverFanIn, OverFanOut, OverSynapses, SynapseStore
from simgen.ir.stmt import Stmt
from simgen.ir.visit import all_nodes, reads, walk, writes
from simgen.model.scope import ConstantScope
from simgen.model.synapses import PathwayModel, SynapsesModel, check_synapses
from simgen.runtime.events import part_bounds
from simgen.runtime.timing import TOLERANCE, TimeAxis, common_axis

if TYPE_CHECKING:
    from simgen.api.synapses import Synapses


class SynapticRun:
    """What a Synapses object needs when it runs; rebuilt when connectivity or delays changed."""

    def __init__(self, synapses: Synapses) -> None:
        self.synapses = synapses
        self.constants: ConstantScope | None = None
        self.derived: list[Derived] = []
        self._model: SynapsesModel | None = None
        self._columns = False
        self._column_sources = False
        self._column_tables: dict[str, AnyArray] = {}
        self._classes = np.zeros(1, np.uint32)
        self._delays: dict[str, PathwayDelays] = {}
        self._delay_tables: dict[str, AnyArray] = {}
        self._parts = 1
        self._arrivals: dict[str, tuple[npt.NDArray[np.float64], int]] = {}
        self._update_width = synapses.clock.dt_  # nothing is counted before the first run
        self._rank = False
        self.traces = TraceKeeper(self)

    # --- description --------------------------------------------------------------------------

    def store(self) -> SynapseStore:
        """Return the store as programs see it."""
        synapses = self.synapses
        built = synapses._data.store
        return SynapseStore(
            f"{synapses.name}.rows",
            synapses._source_length(),
            synapses._target_length(),
            format="none" if built is None else built.segments.kind,
            columns=self._columns,
            column_sources=self._column_sources,
            wide=synapses._data.n >= 1 << 32,
        )

    def plain_store(self) -> SynapseStore:
        """Return the store as a walk over all synapses sees it, whatever its order."""
        return replace(self.store(), format="none", columns=False, column_sources=False)

    def rank_array(self) -> Array | None:
        """Return the array of ranks among equal pairs, where synapses draw and pairs repeat."""
        rows = self.synapses._data.rows
        if rows is not None:
            self._rank = rows.multapses
        if not self._rank:
            return None
        return Array(f"{self.synapses.name}.multi.rank", DType.U32, f"n_{self.synapses.name}.rows")

    # --- before compiling ---------------------------------------------------------------------

    def prepare(self, n_parts: int) -> None:
        """Sort the synapses for ``n_parts`` threads and by the delays of the first pre pathway."""
        synapses = self.synapses
        data = synapses._data
        if data.n == 0 and data.rows is None and data.store is None:
            raise ModelError(
                f"{synapses.describe()} has no synapses. Call connect() before running "
                "(connect(False) makes none on purpose)."
            )
        if data.store is not None and (self._parts != n_parts or self._dt_changed()):
            self.to_rows()
        if data.store is None:
            self.rank_array()
            leader = self._leader()
            classes: Any = None
            steps = np.zeros(1, np.uint32)
            if leader is not None:
                steps, classes = leader.classes(leader.clock.dt_)
                leader.variable.data = np.zeros(0)  # from here on the classes say it
            self._classes = steps if steps.size else np.zeros(1, np.uint32)
            if classes is not None and self._classes.size == 1:
                classes = None
            bounds = part_bounds(data.n_target, n_parts).astype(np.uint32)
            variables = [
                v for v in synapses._all_variables() if leader is None or v is not leader.variable
            ]
            data.build(variables, classes, self._classes.size, bounds, n_parts)
            synapses._set("_class_steps", self._classes)
            synapses._set(
                "_class_dt", leader.clock.dt_ if leader is not None else synapses.clock.dt_
            )
            self._parts = n_parts
            self._column_tables = {}
        self._plan_delays()
        self._check_arrivals()
        self._count_updates(update_axis(synapses).width)

    def _check_arrivals(self) -> None:
        """Refuse another step width that would move the arrival of spikes under way."""
        synapses = self.synapses
        for name, pathway in synapses._pathways.items():
            dt = pathway.clock.dt_
            steps = self._classes if pathway is self._leader() else pathway.steps(dt)
            delays = np.unique(np.asarray(steps, np.float64)) * dt
            before, longest = self._arrivals.get(name, (delays, 0))
            if delays.shape != before.shape or not np.allclose(delays, before, rtol=1e-9, atol=0):
                self._refuse_under_way("The step width", pathway, longest)
            self._arrivals[name] = delays, int(steps.max(initial=0))

    def _count_updates(self, width: float) -> None:
        """Keep the times of the last updates where the unit they are counted in has changed."""
        last: StateVariable | None = self.synapses._lastupdate
        if last is None or width == self._update_width:
            return
        counts = last.data * (self._update_width / width)
        if np.any(np.abs(counts - np.round(counts)) > TOLERANCE):
            raise UnsupportedFeatureError(
                f"The step width cannot change to {width} s: {self.synapses.describe()} was last "
                "updated at times that are no multiples of it."
            )
        last.data = np.round(counts).astype(last.data.dtype)
        self._update_width = width

    def _leader(self) -> Pathway | None:
        """Return the pre pathway whose delays sort the store."""
        different = [
            p
            for p in self.synapses._pathways.values()
            if p.direction == "pre" and p.uniform is None
        ]
        if len(different) > 1:
            raise UnsupportedFeatureError(
                f"{self.synapses.describe()} has {len(different)} pre pathways with delays per "
                "synapse; one of them must have a single delay. Use two Synapses objects instead."
            )
        return different[0] if different else None

    def _dt_changed(self) -> bool:
        leader = self._leader()
        return leader is not None and self.synapses._class_dt != leader.clock.dt_

    def restore_delays(self) -> None:
        """Write the delays that the classes hold back to one value per synapse."""
        leader = self._leader()
        if leader is not None:
            leader.variable.data = leader.seconds()

    def to_rows(self) -> None:
        """Go back to row order, with everything that lives elsewhere written back."""
        self.traces.write_back()
        self.restore_delays()
        self.synapses._data.to_rows(self.synapses._all_variables())

    def _plan_delays(self) -> None:
        synapses = self.synapses
        self._delays, self._delay_tables = {}, {}
        leader = self._leader()
        for pathway in synapses._pathways.values():
            dt = pathway.clock.dt_
            if pathway.direction == "pre":
                table = class_table(synapses.name, pathway.name)
                steps = pathway.uniform_steps(dt)
                values = self._classes if pathway is leader else np.array([steps or 0], np.uint32)
                self._delays[pathway.name] = PathwayDelays(classes=table)
                self._delay_tables[table.name] = values
            elif pathway.uniform is not None:
                self._delays[pathway.name] = PathwayDelays(
                    single=delay_parameter(synapses.name, pathway.name)
                )
            else:
                array = Array(
                    f"{synapses.name}.{pathway.name}.steps", DType.U32, f"n_{synapses.name}.rows"
                )
                self._delays[pathway.name] = PathwayDelays(
                    single=delay_parameter(synapses.name, pathway.name), by_synapse=array
                )
                self._delay_tables[array.name] = pathway.steps(dt).astype(np.uint32)

    def refuse_spikes_under_way(self, what: str) -> None:
        """Raise if spikes are on their way: their arrival could not be kept."""
        synapses = self.synapses
        for pathway in synapses._pathways.values():
            what_changes = f"{what} of {synapses.describe()}"
            self._refuse_under_way(what_changes, pathway, self.longest(pathway))

    def _refuse_under_way(self, what: str, pathway: Pathway, longest: int) -> None:
        network = self.synapses._network
        if network is None or network._compiled is None:
            return
        events = pathway.group._description.events[pathway.event]
        if network._compiled.under_way(events, pathway.clock, longest):
            raise UnsupportedFeatureError(
                f"{what} cannot change while spikes are under way on the pathway '{pathway.name}' "
                f"of {self.synapses.describe()}. Run {longest} steps without input first, or "
                "change it before the first run."
            )

    def longest(self, pathway: Pathway) -> int:
        """Return the longest delay of a pathway in steps."""
        if pathway.direction == "pre" and pathway is self._leader():
            return int(self._classes.max(initial=0))
        steps = pathway.uniform_steps(pathway.clock.dt_)
        if steps is not None:
            return steps
        return int(pathway.steps(pathway.clock.dt_).max(initial=0))

    def longest_delays(self) -> dict[str, int]:
        """Return event list name -> the longest delay in steps."""
        longest: dict[str, int] = {}
        for pathway in self.synapses._pathways.values():
            events = pathway.group._description.events[pathway.event].name
            longest[events] = max(longest.get(events, 0), self.longest(pathway))
        return longest

    # --- kernels --------------------------------------------------------------------------------

    def resolve(self, constants: ConstantScope, problems: list[Problem]) -> None:
        """Resolve the text with the constants of a run."""
        self.constants = constants
        source = self.synapses._source_model()
        self._model = check_synapses(source, constants, strict=True, problems=problems)

    @property
    def model(self) -> SynapsesModel:
        """The resolved model."""
        if self._model is None:
            raise InternalError(f"{self.synapses.describe()} was not resolved")
        return self._model

    def written(self) -> Iterator[Array]:
        """Yield the arrays that the code of these synapses may change."""
        model = self.model
        yield from (ode.target.array for ode in (*model.event_driven, *model.clock_driven))
        yield from (summed.target for summed in model.summed)
        for body in (model.frozen, *(pathway.body for pathway in model.pathways)):
            yield from (array for array, _, _ in writes(body))

    def items(
        self, facts: NetworkFacts, method: Any, methods: Sequence[str]
    ) -> Iterator[Item]:
        """Yield the kernels, with the column index planned for what they need."""
        model = self.model
        self.traces.plan(model, facts)
        model = self.traces.rewritten(model)
        items: list[Item] = []
        for pathway in model.pathways:
            before = self._event_driven(model, pathway)
            items += pathway_items(model, pathway, before, self._delays[pathway.source.name])
        update = self._continuous(facts, method, methods)
        self.derived = [*update.derived, *self.traces.derived()]
        items += continuous_items(model, update, self.synapses.order)
        for summed in model.summed:
            items += summed_items(model, summed, self._order_of(summed.group.name))
        items += self.traces.items()
        self._columns = any(isinstance(item.kernel.domain, OverFanIn) for item in items)
        self._column_sources = any(
            isinstance(item.kernel.domain, OverFanIn) and _needs_source(item.kernel.body)
            for item in items
        )
        leader = self._leader()
        for item in items:
            yield self._with_store(item, leader)

    def _with_store(self, item: Item, leader: Pathway | None) -> Item:
        """Put the planned store into the item; pathways with one delay walk whole rows."""
        domain = item.kernel.domain
        if not isinstance(domain, OverFanIn | OverFanOut | OverSynapses):
            return item
        store = self.store()
        name = f"{self.synapses.name}_{leader.name}" if leader is not None else ""
        if isinstance(domain, OverFanOut) and item.name != name:
            store = replace(store, format="none")
        return replace(item, kernel=replace(item.kernel, domain=replace(domain, store=store)))

    def _event_driven(self, model: SynapsesModel, pathway: PathwayModel) -> tuple[Stmt, ...]:
        last = model.source.lastupdate
        width = self.model.source.update_dt
        if not model.event_driven or last is None or width is None:
            return ()
        count = binary("-", pathway.source.now, Load(last, SYNAPSE))
        elapsed = binary("*", cast(count, DType.REAL), cast(width, DType.REAL))
        with about(self.synapses.describe()):
            return integrate_event_driven(
                model.event_driven, elapsed, f"{self.synapses.name}.{pathway.source.name}."
            )

    def _continuous(
        self, facts: NetworkFacts, method: Any, methods: Sequence[str]
    ) -> Update:
        model = self.model
        if not model.clock_driven:
            return Update((), (), "none")
        key, draws = model.source.key, model.draws
        rank = None

        def draw(name: str) -> RandomDraw:
            return RandomDraw("randn", (), key, draws.next(), rank)

        system = OdeSystem(
            model.clock_driven,
            facts.changing,
            self.synapses.clock.ir.dt,
            draw,
            f"{self.synapses.name}.",
        )
        with about(self.synapses.describe()):
            return choose(system, method, methods)

    def _order_of(self, name: str) -> int:
        for group in (self.synapses.source, self.synapses.target):
            parent = parent_group(group)
            if parent.name == name:
                return parent.order
        return 0

    # --- data -----------------------------------------------------------------------------------

    def arrays(self) -> Iterator[tuple[Array, AnyArray]]:
        """Yield the arrays of the IR with their data."""
        synapses = self.synapses
        for variable in synapses.variables.values():
            yield variable.info.array, variable.data
        if synapses._lastupdate is not None:
            yield synapses._lastupdate.info.array, synapses._lastupdate.data
        yield from self.traces.arrays()
        source = self.model.source
        used = {array.name for array in _arrays_read(self.model)}
        if source.incoming.name in used:
            yield source.incoming, self._degree_by_position("N_incoming")
        if source.outgoing.name in used:
            yield source.outgoing, self._degree_by_position("N_outgoing")
        rank = self.rank_array()
        if rank is not None:
            yield rank, self._ranks()

    def tables(self) -> dict[str, AnyArray]:
        """Return the connectivity as :mod:`simgen.targets.base` names it."""
        synapses = self.synapses
        name, store = f"{synapses.name}.rows", synapses._data.store
        if store is None:
            raise InternalError(f"{synapses.describe()} was not prepared")
        starts = store.row_start
        flat = np.append(starts[:, :-1].reshape(-1), starts[-1, -1]).astype(np.uint64)
        tables: dict[str, AnyArray] = {
            f"{name}.row_start": flat,
            f"{name}.targets": np.require(store.targets, requirements=["C", "W"]),
            **self._delay_tables,
        }
        segments = store.segments
        if segments.starts is not None:
            tables[f"{name}.bounds"] = segments.starts.reshape(-1)
        if segments.pair_start is not None and segments.pair_class is not None:
            pairs = segments.pair_start
            tables[f"{name}.pair_start"] = np.append(pairs[:, :-1].reshape(-1), pairs[-1, -1])
            tables[f"{name}.pair_class"] = segments.pair_class.astype(np.uint32, copy=False)
            if segments.pair_begin is not None:
                tables[f"{name}.pair_begin"] = segments.pair_begin.astype(np.uint32, copy=False)
        if self._columns:
            tables.update(self._columns_of_parts())
            tables.update(self.traces.tables(tables))
        return tables

    def _columns_of_parts(self) -> dict[str, AnyArray]:
        name, store = f"{self.synapses.name}.rows", self.synapses._data.store
        wanted = {f"{name}.col_start", f"{name}.col_pos"}
        if self._column_sources:
            wanted.add(f"{name}.col_src")
        if wanted <= set(self._column_tables) or store is None:
            return self._column_tables
        parts = [
            build_columns(store, part, with_source=self._column_sources)
            for part in range(store.n_parts)
        ]
        starts = [np.zeros(1, np.uint64)]
        offset = 0
        for part in parts:
            starts.append(part.col_start[1:] + np.uint64(offset))
            offset += part.positions.size
        self._column_tables = {
            f"{name}.col_start": np.concatenate(starts),
            f"{name}.col_pos": _joined([part.positions for part in parts]),
        }
        if self._column_sources:
            first = np.uint32(self.source_start())
            sources = [part.sources + first for part in parts if part.sources is not None]
            self._column_tables[f"{name}.col_src"] = _joined(sources)
        return self._column_tables

    def source_start(self) -> int:
        """Return the absolute index of the first source."""
        source = self.synapses.source
        return int(source.start) if isinstance(source, Subgroup) else 0

    def parameters(self) -> dict[str, float | int]:
        """Return sizes and delays."""
        synapses = self.synapses
        name, data = synapses.name, synapses._data
        values: dict[str, float | int] = {
            f"n_{name}.rows": data.n,
            f"{name}.rows.n_rows": data.n_source,
            f"{name}.rows.n_classes": 1 if data.store is None else data.store.segments.n_classes,
            f"{name}.rows.source_start": self.source_start(),
        }
        values.update(self.traces.parameters())
        axis = update_axis(synapses)
        values[f"{name}.update_dt"] = axis.width
        leader = self._leader()
        for pathway in synapses._pathways.values():
            values[f"{name}.{pathway.name}.per_update"] = axis.periods[pathway.clock.name]
            if pathway.direction == "pre":
                count = self._classes.size if pathway is leader else 1
                values[class_table(name, pathway.name).length] = count
            else:
                steps = pathway.uniform_steps(pathway.clock.dt_)
                values[delay_parameter(name, pathway.name).name] = 0 if steps is None else steps
        return values

    def find_array(self, array: Array) -> AnyArray:
        """Return the data behind an array that synaptic code may read."""
        synapses = self.synapses
        for variable in synapses.variables.values():
            if variable.info.array.name == array.name:
                return variable.data
        last: StateVariable | None = synapses._lastupdate
        if last is not None and last.info.array.name == array.name:
            return last.data
        if array.name == f"{synapses.name}.N_incoming":
            return self._degree_by_position("N_incoming")
        if array.name == f"{synapses.name}.N_outgoing":
            return self._degree_by_position("N_outgoing")
        if array.name == f"{synapses.name}.multi.rank":
            return self._ranks()
        try:
            return synapses.source._find_array(array)
        except ModelError:
            return synapses.target._find_array(array)

    def text_context(self, context: TextContext) -> TextContext:
        """Return a context of text about these synapses; what is read often is read once."""
        found: dict[str, AnyArray] = {}
        data, start = self.synapses._data, self.source_start()

        def find(array: Array) -> AnyArray:
            if array.name not in found:
                found[array.name] = self.find_array(array)
            return found[array.name]

        def coordinates(positions: Any) -> tuple[AnyArray, AnyArray]:
            if "sources" not in found:
                found["sources"] = data.sources()
            sources, targets = found["sources"][positions], data.targets()[positions]
            return sources.astype(np.int64) + start, targets.astype(np.int64)

        rank = self.rank_array()
        return replace(
            context,
            find=find,
            coordinates=coordinates,
            rank=None if rank is None else cast(Load(rank, SYNAPSE), DType.I64),
            whole=lambda text, expr, key: evaluate_for_synapses(self.synapses, text, expr, key),
        )

    def running(self, kind: IndexKind) -> npt.NDArray[np.int64]:
        """Return what a running index is for each synapse, in data order."""
        data = self.synapses._data
        if kind is IndexKind.PRE:
            return np.asarray(data.sources(), np.int64) + self.source_start()
        if kind is IndexKind.POST:
            return np.asarray(data.targets(), np.int64)
        return np.arange(data.n, dtype=np.int64)

    def degree(self, name: str) -> npt.NDArray[np.int32]:
        """Return the number of synapses per target or source of the connected (sub)groups."""
        synapses = self.synapses
        if name == "N_outgoing":
            counts = np.bincount(synapses._data.sources(), minlength=synapses._data.n_source)
            return counts.astype(np.int32)
        counts = np.bincount(synapses._data.targets(), minlength=synapses._data.n_target)
        target = synapses.target
        if isinstance(target, Subgroup):
            counts = counts[target.start : target.stop]
        return counts.astype(np.int32)

    def _degree_by_position(self, name: str) -> npt.NDArray[np.int32]:
        """Return the degrees by absolute index of the parent group."""
        counts = self.degree(name)
        group = self.synapses.target if name == "N_incoming" else self.synapses.source
        if not isinstance(group, Subgroup):
            return counts
        whole = np.zeros(group.source._size(), np.int32)
        whole[group.start : group.stop] = counts
        return whole

    def _ranks(self) -> npt.NDArray[np.uint32]:
        """Return each synapse's number among those of its pair, in creation order."""
        data = self.synapses._data
        same = np.zeros(data.n, bool)
        if data.rows is not None and data.rows.sorted and data.creation_of_data() is None:
            sort: Any = slice(None)  # equal pairs are neighbours already
            same[1:] = data.rows.targets[1:] == data.rows.targets[:-1]
            starts = data.rows.row_start[:-1][np.diff(data.rows.row_start) > 0]
            same[starts.astype(np.int64)] = False
        else:
            order = data.creation_of_data()
            created = np.arange(data.n) if order is None else order
            pairs = data.sources().astype(np.int64) * data.n_target + data.targets()
            sort = np.lexsort((created, pairs))
            same[1:] = pairs[sort][1:] == pairs[sort][:-1]
        places = np.arange(data.n)
        ranks = np.empty(data.n, np.uint32)
        ranks[sort] = places - np.maximum.accumulate(np.where(same, 0, places))
        if data.n and int(ranks.max()) > 1023:
            raise ModelError(
                f"{self.synapses.describe()} has more than 1024 synapses between one pair of neurons, "
                "which is more than random numbers per synapse can tell apart."
            )
        return ranks

    def number_synapses(self, variable: StateVariable) -> None:
        """Fill the multisynaptic index."""
        variable.data = self._ranks().astype(np.int32)


def update_axis(synapses: Synapses) -> TimeAxis:
    """Return the common time axis of the clocks of all pathways."""
    clocks = [pathway.clock for pathway in synapses._pathways.values()] or [synapses.clock]
    return common_axis({clock.name: clock.dt_ for clock in clocks})


def _joined(parts: list[Any]) -> AnyArray:
    joined: AnyArray = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return joined


def _needs_source(body: Iterable[Stmt]) -> bool:
    """Whether a body walked by columns reads or writes anything of the source neuron."""
    statements = tuple(body)
    if any(index is not None and index.kind is IndexKind.PRE for _, index in reads(statements)):
        return True
    if any(index.kind is IndexKind.PRE for _, index, _ in writes(statements)):
        return True
    return any(
        isinstance(node, RandomDraw) or (isinstance(node, IndexValue) and node.index == PRE)
        for node in all_nodes(statements)
    )


def _arrays_read(model: SynapsesModel) -> Iterator[Array]:
    bodies = [model.frozen, *(pathway.body for pathway in model.pathways)]
    roots = [summed.value for summed in model.summed]
    roots += [ode.rhs for ode in (*model.event_driven, *model.clock_driven)]
    nodes = [*(node for body in bodies for node in all_nodes(body))]
    nodes += [node for root in roots for node in walk(root)]
    yield from (node.array for node in nodes if isinstance(node, Load))
