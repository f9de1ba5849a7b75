"""All values of synapses at once; those of the neurons at their ends only where asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from simgen.api.connectable import Connectable
from simgen.api.endpoint_values import endpoint_names
from simgen.api.states import Access
from simgen.api.storage import AnyArray
from simgen.units import Dimension, Quantity

if TYPE_CHECKING:
    from simgen.api.synapses import Synapses


class SynapticStates(Connectable):
    """The side of Synapses that gives and takes all their values."""

    def _states(self) -> dict[str, Access]:
        names = ["j", "N_pre", "N_post", "N_incoming", "N_outgoing"]
        names += self._not_kept()
        if self._lastupdate is not None:
            names.append("lastupdate")
        return {**dict.fromkeys(names, Access.READ_ONLY), **super()._states()}

    def _further_states(self) -> dict[str, Access]:
        ends = endpoint_names(cast("Synapses", self))
        names = dict.fromkeys(("N_incoming_post", "N_outgoing_pre", *ends), Access.READ_ONLY)
        return {**names, "delay": Access.WRITABLE} if "pre" in self._pathways else names

    def _state(self, name: str) -> tuple[AnyArray, Dimension]:
        if name in self._states():
            return super()._state(name)
        view = getattr(self, name)
        return np.array(np.asarray(view)), view.dim

    def _check_state(self, name: str, value: Any, plain: bool) -> None:
        if name != "delay":
            super()._check_state(name, value, plain)

    def _set_state(self, name: str, value: Any, plain: bool) -> None:
        if name == "delay":
            dim = self._pathways["pre"].variable.info.dim
            self._pathways["pre"].delay = Quantity(np.asarray(value), dim=dim) if plain else value
        else:
            super()._set_state(name, value, plain)
