"""Synapses that are made and unmade: ``connect``, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.api.arguments import checked_arguments, plain_values
from simgen.api.connecting import connect
from simgen.api.formulas import Formulas
from simgen.api.kernel_connection import KernelArguments
from simgen.api.noted_runs import NOTED
from simgen.api.renumbering import new_numbers, require_removable
from simgen.api.row_storage import require_all_stay, require_kept
from simgen.api.shared_kernel import Kernels, SharedKernel
from simgen.api.storage import StateVariable
from simgen.api.synapse_counts import ranks_among_equals
from simgen.api.synapses_in_network import SynapsesInNetwork
from simgen.connect.rows import Rows
from simgen.dtypes import DType
from simgen.errors import Problem, UnknownAttributeError
from simgen.ir.expr import Expr, IndexKind
from simgen.ir.kernel import Domain, OverSynapses
from simgen.ir.stmt import Stmt
from simgen.model.description import VariableInfo
from simgen.units import Dimension, Quantity


class Connectable(SynapsesInNetwork):
    """The side of Synapses that makes connections."""

    @checked_arguments
    def connect(
        self,
        condition: Any = None,
        i: Any = None,
        j: Any = None,
        p: Any = 1.0,
        n: Any = 1,
        skip_if_invalid: bool = False,
        namespace: Mapping[str, Any] | None = None,
        level: int = 0,
        *,
        n_total: int | None = None,
        out_degree: int | None = None,
        in_degree: int | None = None,
        multapses: bool = True,
        autapses: bool = True,
        kernel: Any = None,
        shape: Any = None,
        target_shape: Any = None,
        stride: Any = None,
        padding: Any = None,
        skip_zeros: Any = None,
    ) -> range:
        """Make synapses; repeated calls add to those there are.

        Returns the indices of the new ones, which are the last: ``S.w[S.connect(j='i')] = 1``.

        Parameters
        ----------
        condition
            Condition in i, j and the variables of both groups; True for all pairs.
        i, j
            Indices (arrays or numbers), or one of them text: an expression (``j='i+1'``) or a
            generator (``j='k for k in range(i-3, i+4) if k != i'``,
            ``j='k for k in sample(N_post, p=0.1)'``, ``size=``, ``replace=``).
        p
            Probability of each synapse: a number or an expression.
        n
            Number of synapses for each pair: a number or an expression.
        skip_if_invalid
            Leave out indices outside the groups instead of raising.
        n_total
            This many synapses between pairs drawn at random, independently; without multapses
            every set of this many different pairs is equally probable.
        out_degree, in_degree
            This many random targets for each source, or sources for each target.
        multapses, autapses
            False: no pair twice, or none with i == j (numbers within the connected groups or
            subgroups). n_total and the degrees draw other pairs, and conditions leave pairs with
            i == j out; otherwise a pair that is not allowed raises ModelError, as more synapses
            than there are pairs do. Other calls of connect do not count.
        kernel
            An array that slides over the sources, seen as a grid: a convolution. It has one axis
            for each direction, and two more for channels: [height, width], or [height, width,
            channels in, channels out]. Its values are those of the variable that is declared
            (kernel), which all synapses share; a dict gives several variables theirs.
        shape, target_shape
            The grids that the sources and the targets form, as (height, width) or (height, width,
            channels). That of the targets follows from the rest and is checked if given.
        stride, padding
            How far the kernel moves from target to target (1), and what is added around the
            sources: 'valid' (nothing), 'same', 'full', or numbers of places at both ends; a number
            for all directions or one for each.
        skip_zeros
            True: entries of the kernel that are zero make no synapses.

        Raises
        ------
        ModelError, IndexRangeError, EquationError
            The arguments make no sense, name the argument and the value.

        """
        before = self._size()
        connect(
            self,
            condition=condition,
            i=i,
            j=j,
            p=p,
            n=n,
            skip_if_invalid=skip_if_invalid,
            namespace=namespace,
            n_total=n_total,
            out_degree=out_degree,
            in_degree=in_degree,
            multapses=multapses,
            autapses=autapses,
            kernel=KernelArguments(kernel, shape, target_shape, stride, padding, skip_zeros),
        )
        return range(before, self._size())

    @property
    def kernels(self) -> Kernels:
        """The values that synapses share, by the names of the variables declared (kernel)."""
        return Kernels(self._kernel)

    def _apart(self, declared: list[VariableInfo], problems: list[Problem]) -> list[VariableInfo]:
        """Return the variables that have values for each synapse; take the others."""
        flags = {each.name: each.flags for each in self.equations.equations}
        kinds = {each.name: each.kind for each in self.equations.equations}
        shared = [info for info in declared if "kernel" in flags[info.name]]
        made = [
            info
            for info in declared
            if self._storage == "procedural"
            and kinds[info.name] == "parameter"
            and not info.shared
            and info not in shared
        ]
        self._set("_kernel", SharedKernel(self, shared, problems))
        self._set("_formulas", Formulas(self, made, problems))
        return [info for info in declared if info not in shared and info not in made]

    def _not_kept(self) -> dict[str, VariableInfo]:
        """Return the variables that have no value for each synapse."""
        return {**self._kernel.infos, **self._formulas.infos}

    def _is_formula(self, name: str) -> bool:
        """Whether a name, or what is left of it without an underscore, is made for each spike."""
        if "_formulas" not in self.__dict__:  # not yet constructed
            return False
        known = self._formulas.infos
        return name in known or (name[:-1] in known and name.endswith("_"))

    def _with_unit(self, name: str, value: Any, plain: bool) -> Any:
        """Return a value as it is meant: a plain one has the unit of the variable."""
        if not plain or isinstance(value, str):
            return value
        what = f"'{name}' of {self.describe()}"
        return Quantity(plain_values(value, what)[0], dim=self._dimension(name))

    def _dimension(self, name: str) -> Dimension:
        info = self._not_kept().get(name)
        return super()._dimension(name) if info is None else info.dim

    def _value_type(self, name: str) -> DType:
        info = self._not_kept().get(name)
        return super()._value_type(name) if info is None else info.array.dtype

    def _not_written(self, name: str) -> UnknownAttributeError:
        if name not in self._kernel.variables:
            return super()._not_written(name)
        return UnknownAttributeError(
            f"'{name}' of {self.describe()} is declared (kernel): synapses share its values, which "
            f"are set by S.kernels['{name}'] = K, in the shape of the kernel."
        )

    def _code_domain(self, body: tuple[Stmt, ...], label: str) -> Domain:
        require_kept(self, label or "code")
        return self._run.order.arranged(OverSynapses(self._run.store()), body, label)

    def _draw_rank(self) -> Expr | None:
        return self._run.draw_rank()

    def _running(self, kind: IndexKind) -> npt.NDArray[np.int64]:
        return self._run.running(kind)

    def _all_variables(self) -> list[StateVariable]:
        """Return everything that is stored per synapse and must follow changes of order."""
        found = list(self.variables.values())
        if self._lastupdate is not None:
            found.append(self._lastupdate)
        found += [p.variable for p in self._pathways.values() if p.uniform is None]
        return found

    # --- changes --------------------------------------------------------------------------------

    def _restructure(self, kept: npt.NDArray[np.bool_] | None, rows: Rows | None) -> None:
        """Remove the synapses that are not ``kept``, in creation order, and add those of ``rows``.

        Everything that is kept for those that stay stays: values, delays, spikes under way.
        """
        self._refuse_within_step()
        if kept is not None:
            require_all_stay(self)
            require_removable(self, kept)
            if self._merge is not None:
                self._merge.break_up(self._timeline())
        self._put_down()
        self._run.delays.restore()
        numbers = None if kept is None else new_numbers(kept)
        self._data.change(kept, numbers, rows, self._all_variables())
        if kept is not None and numbers is not None:
            self._run.carried.renumber(kept, numbers)
            self._set("_numbering", self._numbering + 1)
            for follower in self._followers:
                follower._renumbered(numbers)
        if rows is not None:
            self._begin_updates(rows.n)
        self._connectivity_changed()

    def _begin_updates(self, count: int) -> None:
        """Let the event-driven variables of the last synapses hold from the present time on."""
        last = self._lastupdate
        if last is not None and self._network is not None:
            now = max(pathway.clock._now for pathway in self._pathways.values())
            step = round(now / self._run._update_width)
            last.data[self._data.last_positions(count)] = step

    def _connectivity_changed(self) -> None:
        if self._multisynaptic is not None:
            ranks = ranks_among_equals(self)
            self.variables[self._multisynaptic].data = ranks.astype("int32")
        self._structure_changed()
        self._as_group.changed()

    def _delays_change(self) -> None:
        """Go back to row order, so that any delay can be given; spikes under way are kept."""
        self._refuse_within_step()
        if self._put_down():
            self._run.to_rows()
            self._structure_changed()  # also where what follows fails: the data have moved

    def _put_down(self) -> bool:
        """Write down what is under way and what is kept elsewhere; return whether there may be."""
        timeline = self._timeline()
        if self._data.store is None and self._merge is None and timeline is None:
            return False
        self._run.carried.cut(timeline)
        self._run.traces.forget_stored()
        self._run.traces.write_back()
        return True

    def _timeline(self) -> Any:
        return None if self._network is None else self._network._timeline

    def _refuse_within_step(self) -> None:
        """Raise in the middle of a step; in its beginning let the network be compiled anew."""
        if NOTED.runs:
            NOTED.make(f"{self.describe()} was changed")
        network = self._network
        if network is not None and network._running:
            network._compiled.supersede(self.describe())

    def _structure_changed(self) -> None:
        """Note a change that a network may meet in the middle of a run."""
        self._set("_version", self._version + 1)
