"""Synapses made ready to run: stores, columns, delay classes, kernels and their data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simgen.api.arguments import about
from simgen.api.carried_spikes import CarriedSpikes
from simgen.api.clock import Clock
from simgen.api.delay_plan import DelayPlan
from simgen.api.device_columns import DeviceColumns, columns_on_device
from simgen.api.monitors import parent_group
from simgen.api.pathways import Pathway
from simgen.api.remote_arrays import remote_arrays
from simgen.api.row_storage import check_item
from simgen.api.storage import AnyArray, ProgramArray, StateVariable
from simgen.api.store_building import build_rows
from simgen.api.store_tables import column_tables, known_tables
from simgen.api.subgroup import Subgroup
from simgen.api.synapse_counts import degree_by_position, ranks_among_equals, update_axis
from simgen.api.trace_keeper import TraceKeeper
from simgen.api.visit_order import VisitOrder
from simgen.build.emissions import emission_items
from simgen.build.facts import NetworkFacts
from simgen.build.synapses import (
    continuous_items,
    needs_source,
    pathway_items,
    summed_items,
)
from simgen.connect.checks import target_dtype
from simgen.dtypes import DType
from simgen.errors import InternalError, ModelError, Problem, UnsupportedFeatureError
from simgen.integrate.choose import choose
from simgen.integrate.event_driven import EventDriven, plan_event_driven
from simgen.integrate.model import Derived, OdeSystem, Update
from simgen.ir.construct import binary, cast
from simgen.ir.expr import SYNAPSE, Array, Expr, IndexKind, Load, RandomDraw
from simgen.ir.kernel import Item, OverCarried, OverFanIn, OverFanOut, OverSynapses, SynapseStore
from simgen.ir.stmt import Stmt
from simgen.ir.visit import writes
from simgen.model.scope import ConstantScope
from simgen.model.synapses import PathwayModel, SynapsesModel, check_synapses
from simgen.runtime.timing import TOLERANCE

if TYPE_CHECKING:
    from simgen.api.synapses_in_network import SynapsesInNetwork
    from simgen.api.timeline import Timeline


class SynapticRun:
    """What a Synapses object needs when it runs; rebuilt when connectivity or delays changed."""

    def __init__(self, synapses: SynapsesInNetwork) -> None:
        self.synapses = synapses
        self.constants: ConstantScope | None = None
        self.derived: list[Derived] = []
        self.changed: frozenset[Array] = frozenset()  # what the code of the network writes
        self._model: SynapsesModel | None = None
        self._columns = False
        self._column_sources = False
        self._column_tables: dict[str, AnyArray] = {}
        self._remote_columns: DeviceColumns | None = None
        self.delays = DelayPlan(synapses)
        self.carried = CarriedSpikes(synapses)
        self._parts = 1
        self._update_width = synapses.clock.dt_  # nothing is counted before the first run
        self._rank = False
        self.traces = TraceKeeper(self)
        self.order = VisitOrder(synapses)

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
            narrow=target_dtype(synapses._data.n_target).itemsize == 2,
            rule=synapses._data.rule,
        )

    def plain_store(self) -> SynapseStore:
        """Return the store as a walk over all synapses sees it, whatever its order."""
        store, dense = self.store(), self.synapses._data.dense
        plain = replace(store, format="none", columns=False, column_sources=False, narrow=False)
        return plain if dense else replace(plain, rule="")

    def rank_array(self) -> Array | None:
        """Return the array of ranks among equal pairs, where synapses draw and pairs repeat."""
        rows = self.synapses._data.rows
        if rows is not None:
            self._rank = rows.multapses
        if not self._rank:
            return None
        return Array(f"{self.synapses.name}.multi.rank", DType.U32, f"n_{self.synapses.name}.rows")

    def draw_rank(self) -> Expr | None:
        """Return the rank that a synapse's random numbers depend on, None where no pair repeats."""
        rank = self.rank_array()
        return None if rank is None else cast(Load(rank, SYNAPSE), DType.I64)

    # --- before compiling ---------------------------------------------------------------------

    def carry_on(self, previous: Timeline | None, next_step: Callable[[Clock], int] | None) -> None:
        """Keep the spikes under way and the traces where the network or its clocks have changed."""
        if previous is not None and (next_step is None or self.carried.steps_changed()):
            self.traces.write_back()
            self.traces.forget_stored()
        self.carried.follow(previous, next_step)

    def prepare(self, n_parts: int) -> None:
        """Sort the synapses for ``n_parts`` threads and by the delays of the first pre pathway."""
        synapses = self.synapses
        data = synapses._data
        if data.n == 0 and data.rows is None and data.store is None:
            raise ModelError(
                f"{synapses.describe()} has no synapses. Call connect() before running "
                "(connect(False) makes none on purpose)."
            )
        if data.store is not None and (self._parts != n_parts or self.delays.dt_changed()):
            kept = None if self.delays.dt_changed() else self.traces.keep()
            self.to_rows()
            self.traces.take(kept)  # neurons know of no parts: theirs go on to the bit
        if data.store is None:
            self.rank_array()
            build_rows(synapses, self.delays, n_parts)
            self._parts = n_parts
            self.forget_columns()
        self.delays.plan()
        self._count_updates(update_axis(synapses).width)

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

    def to_rows(self) -> None:
        """Go back to row order, with everything that lives elsewhere written back."""
        self.traces.write_back()
        self.delays.restore()
        self.synapses._data.to_rows(self.synapses._all_variables())

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

    def items(self, facts: NetworkFacts, method: Any, methods: Sequence[str]) -> Iterator[Item]:
        """Yield the kernels, with the column index planned for what they need."""
        model, synapses = self.model, self.synapses
        self.changed = facts.changing
        synapses._formulas.check(facts.changing)
        self.traces.plan(model, facts)
        model = self.traces.rewritten(model)
        items: list[Item] = []
        with about(self.synapses.describe()):
            width = model.source.update_dt or self.synapses.clock.ir.dt
            between = plan_event_driven(model.event_driven, width, self.synapses.name)
        for pathway in model.pathways:
            before = self._since_last(pathway, between)
            name = pathway.source.name
            delays, carries = self.delays.of[name], self.carried.carries(name)
            items += pathway_items(model, pathway, before, delays, carries)
            items += emission_items(model, pathway, self.synapses._pathways[name].event_place())
        update = self._continuous(facts, method, methods)
        self.derived = [*update.derived, *between.derived, *self.traces.derived()]
        items += continuous_items(model, update, self.synapses.order)
        for summed in model.summed:
            items += summed_items(model, summed, self._order_of(summed.group.name))
        items += self.traces.items()
        self._columns = any(isinstance(item.kernel.domain, OverFanIn) for item in items)
        self._column_sources = any(
            isinstance(item.kernel.domain, OverFanIn) and needs_source(item.kernel.body)
            for item in items
        )
        leader = self.delays.leader()
        for item in items:
            check_item(synapses, item)
            yield self._with_store(item, leader)

    def _with_store(self, item: Item, leader: Pathway | None) -> Item:
        """Put the planned store into the item; pathways with one delay walk whole rows."""
        domain = item.kernel.domain
        if not isinstance(domain, OverFanIn | OverFanOut | OverCarried | OverSynapses):
            return item
        domain = replace(domain, store=self.store())
        name = f"{self.synapses.name}_{leader.name}" if leader is not None else ""
        if isinstance(domain, OverFanOut):
            domain = replace(domain, whole_rows=domain.index is None and item.name != name)
        if not isinstance(domain, OverCarried):
            domain = self.order.arranged(domain, item.kernel.body, item.kernel.comment)
        return replace(item, kernel=replace(item.kernel, domain=domain))

    def _since_last(self, pathway: PathwayModel, between: EventDriven) -> tuple[Stmt, ...]:
        last = self.model.source.lastupdate
        if not between.odes or last is None:
            return ()
        count = binary("-", pathway.source.now, Load(last, SYNAPSE))
        return between.statements(count, f"{self.synapses.name}.{pathway.source.name}.")

    def _continuous(self, facts: NetworkFacts, method: Any, methods: Sequence[str]) -> Update:
        model = self.model
        if not model.clock_driven:
            return Update((), (), "none")
        key, draws = model.source.key, model.draws
        rank = self.draw_rank()

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

    def arrays(self) -> Iterator[tuple[Array, AnyArray | ProgramArray]]:
        """Yield the arrays of the IR with their data."""
        synapses = self.synapses
        for variable in synapses.variables.values():
            yield variable.info.array, variable
        if synapses._lastupdate is not None:
            yield synapses._lastupdate.info.array, synapses._lastupdate
        yield from self.traces.arrays()
        for array in (*self._place_columns(), *remote_arrays(synapses)):
            yield Array(array.array, DType.U32, synapses._source_model().store.length), array

    def computed(self, used: frozenset[str]) -> Iterator[tuple[Array, AnyArray]]:
        """Yield degrees and ranks, if code of any object reads them."""
        synapses, source = self.synapses, self.model.source
        if source.incoming.name in used:
            yield source.incoming, degree_by_position(synapses, "N_incoming")
        if source.outgoing.name in used:
            yield source.outgoing, degree_by_position(synapses, "N_outgoing")
        rank = self.rank_array()
        if rank is not None and rank.name in used:
            yield rank, ranks_among_equals(synapses)

    def tables(self) -> dict[str, AnyArray]:
        """Return the connectivity as :mod:`simgen.targets.base` names it."""
        synapses = self.synapses
        name, store = f"{synapses.name}.rows", synapses._data.store
        if store is None:
            raise InternalError(f"{synapses.describe()} was not prepared")
        tables = {
            **known_tables(name, store),
            **self.delays.tables,
            **self.order.tables(),
            **self.carried.tables(),
        }
        if self._columns:
            tables.update(self._columns_of_parts())
            tables.update(self.traces.tables(self._column_table))
        return tables

    def _column_table(self, name: str) -> AnyArray:
        """Return a table of the columns, brought here where a device has it."""
        found = self._remote_columns
        remote = {} if found is None else {array.array: array for array in found.arrays}
        return remote[name].values if name in remote else self._column_tables[name]

    def _place_columns(self) -> list[ProgramArray]:
        """Return the columns that a device has; none if the host makes them."""
        found = None
        if self._columns and not self.order.columns:
            found = columns_on_device(
                self.synapses, with_source=self._column_sources, known=self._remote_columns
            )
        self._remote_columns = found
        return [] if found is None else found.arrays

    def forget_columns(self) -> None:
        """Have the column index made anew."""
        self._column_tables, self._remote_columns = {}, None

    def _columns_of_parts(self) -> dict[str, AnyArray]:
        synapses = self.synapses
        name, store = f"{synapses.name}.rows", synapses._data.store
        if self._remote_columns is not None:
            return {f"{name}.col_start": self._remote_columns.start}
        wanted = {f"{name}.col_start", f"{name}.col_pos"}
        if self._column_sources:
            wanted.add(f"{name}.col_src")
        if synapses._data.dense:
            wanted = {f"{name}.col_start"}
        if wanted <= set(self._column_tables) or store is None:
            return self._column_tables
        first = self.source_start() if self._column_sources else None
        self._column_tables = column_tables(name, store, first, self.order.sorted_columns)
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
            **data.numbers(f"{name}.rows"),
        }
        values.update(self.traces.parameters())
        axis = update_axis(synapses)
        values[f"{name}.update_dt"] = axis.width
        for pathway in synapses._pathways.values():
            values[f"{name}.{pathway.name}.per_update"] = axis.periods[pathway.clock.name]
        return {**values, **self.delays.parameters(), **self.carried.parameters()}

    def find_array(self, array: Array) -> AnyArray:
        """Return the data behind an array that synaptic code may read."""
        synapses = self.synapses
        for variable in synapses.variables.values():
            if variable.info.array.name == array.name:
                return variable.values
        last: StateVariable | None = synapses._lastupdate
        if last is not None and last.info.array.name == array.name:
            return last.values
        shared = synapses._kernel.find(array)
        if shared is not None:
            return shared
        if array.name == f"{synapses.name}.N_incoming":
            return degree_by_position(synapses, "N_incoming")
        if array.name == f"{synapses.name}.N_outgoing":
            return degree_by_position(synapses, "N_outgoing")
        if array.name == f"{synapses.name}.multi.rank":
            return ranks_among_equals(synapses)
        try:
            return synapses.source._find_array(array)
        except ModelError:
            return synapses.target._find_array(array)

    def running(self, kind: IndexKind) -> npt.NDArray[np.int64]:
        """Return what a running index is for each synapse, in data order."""
        data = self.synapses._data
        if kind is IndexKind.PRE:
            return np.asarray(data.sources(), np.int64) + self.source_start()
        if kind is IndexKind.POST:
            return np.asarray(data.targets(), np.int64)
        return np.arange(data.n, dtype=np.int64)
