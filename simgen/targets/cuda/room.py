"""Whether arrays fit into the memory of a device, asked before any of them is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simgen.errors import MemoryLimitError
from simgen.targets.cuda.device import Device

GRAIN = 512  # bytes; what CuPy's pool rounds up to
MOST_LISTED = 8  # arrays of a message


@dataclass(frozen=True, slots=True)
class Request:
    """An array that is to be made: whether it holds reals, and whether it is a recorder's."""

    name: str
    n_bytes: int
    holds_reals: bool = False
    is_recorder: bool = False

    @property
    def taken(self) -> int:
        """The bytes that it takes."""
        return -(-self.n_bytes // GRAIN) * GRAIN


def require_room(device: Device, requests: Sequence[Request], present: int, real: int) -> None:
    """Raise :class:`MemoryLimitError`, with the bytes of each array, unless all of them fit.

    ``present`` are the bytes that the network has on the device already, ``real`` those of one
    floating number.
    """
    wanted = sum(request.taken for request in requests)
    if wanted == 0 or wanted <= (free := device.free_bytes()):
        return
    more = f" more ({present:,} are there already)" if present else ""
    raise MemoryLimitError(
        f"The network needs {wanted:,} bytes{more} on the device '{device.name}', where {free:,} "
        f"are free. Its arrays, the largest first:\n{_table(requests)}\n"
        f"To make it fit: {_advice(requests, wanted + present, free + present, real)}."
    )


def _table(requests: Sequence[Request]) -> str:
    ordered = sorted(requests, key=lambda request: (-request.n_bytes, request.name))
    listed, rest = ordered[:MOST_LISTED], ordered[MOST_LISTED:]
    width = len(f"{listed[0].n_bytes:,}")
    lines = [f"  {request.n_bytes:{width},}  {request.name}" for request in listed]
    if rest:
        total = sum(request.n_bytes for request in rest)
        lines.append(f"  {total:{width},}  in {len(rest)} more")
    return "\n".join(lines)


def _advice(requests: Sequence[Request], wanted: int, room: int, real: int) -> str:
    """Return what would make arrays of ``wanted`` bytes fit into ``room``."""
    ways = []
    saved = sum(request.taken for request in requests if request.holds_reals) // 2
    if real == 8 and saved:
        enough = "which is enough" if wanted - saved <= room else "which is not enough alone"
        ways.append(f"dtype='float32' in set_device() saves about {saved:,} bytes, {enough}")
    recorded = sum(request.taken for request in requests if request.is_recorder)
    if 10 * recorded > wanted:
        ways.append(f"record fewer values ({recorded:,} bytes are room to record)")
    ways.append(f"make the network smaller, to about {100 * room // wanted} % of its size")
    return "; ".join(ways)
