"""Some of the elements that a StateMonitor records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simgen.api.state_monitor import StateMonitor


class StateMonitorView:
    """Some rows of a state monitor: ``M[3].v``, a copy in memory of its own."""

    def __init__(self, monitor: StateMonitor, rows: Any) -> None:
        self.monitor = monitor
        self.rows = rows

    def __getattr__(self, name: str) -> Any:
        if name in ("t", "t_"):
            return getattr(self.monitor, name)
        values = getattr(self.monitor, name)
        return values if values.ndim == 1 else values[self.rows].copy()
