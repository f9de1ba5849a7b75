"""Files of stored states: a zip archive of numpy arrays and one JSON text, written at once or not.

===================================  ===========================================================
``simgen-states.json``               ``{"format", "version", "states": {name: {"number": k,
                                     "network": facts, "objects": {object: facts},
                                     "arrays": [path, ...]}}}``
``<k>/<path>.npy``                   an array; the path is ``network/<array>`` or
                                     ``objects/<object>/<array>``
===================================  ===========================================================

Entries are not compressed, and each has a checksum. Nothing in the file is executed: arrays of
Python objects are refused. ``numpy.load`` reads the arrays, too.
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from simgen.errors import StateFileError, UnknownNameError
from simgen.runtime.snapshot import AnyArray, Kept, Snapshot

FORMAT, VERSION = "simgen states", 1
_HEADER = "simgen-states.json"
# What zipfile, json and numpy raise for bytes that are not theirs; NotImplementedError comes from
# zipfile, for a damaged number of the version or of the method of compression.
_DAMAGE = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError),
    *(KeyError, ValueError, TypeError, AttributeError, IndexError, OverflowError, MemoryError),
    *(struct.error, RecursionError),
)


def write_state(path: Path, name: str, snapshot: Snapshot) -> None:
    """Write a state into a file, beside those of other names that are in it."""
    with _told(path, "written"):
        path = Path(os.path.realpath(path))  # the file that a link names is replaced, not the link
        former = path if path.exists() and (path.is_dir() or path.stat().st_size) else None
        folder = path.parent
        mode = path.stat().st_mode & 0o777 if path.exists() else None
        handle, made = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=folder)
        try:
            with os.fdopen(handle, "wb") as stream:
                with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
                    _write_all(archive, former, name, snapshot)
                stream.flush()
                os.fsync(stream.fileno())
            os.chmod(made, _usual_mode() if mode is None else mode)
            os.replace(made, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(made)
            raise


def read_state(path: Path, name: str) -> Snapshot:
    """Return a state from a file.

    Raises
    ------
    StateFileError
        The file is missing, damaged, none of stored states, or of a later version.
    UnknownNameError
        It holds no state of that name.

    """
    with _told(path, "read"), _opened(path) as (archive, states):
        if name not in states:
            known = ", ".join(map(repr, states)) or "none"
            raise UnknownNameError(f"'{path}' holds no state {name!r}. It holds: {known}.")
        return _snapshot(archive, states[name])


# --- reading --------------------------------------------------------------------------------------


@contextlib.contextmanager
def _told(path: Path, what: str) -> Iterator[None]:
    """Turn errors of the system into ours, which name the file."""
    try:
        yield
    except StateFileError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise StateFileError(f"'{path}' cannot be {what}: {reason}.") from error


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, dict[str, Any]]]:
    """Give the archive and its states; whatever is wrong with its bytes raises StateFileError."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive, _states(archive, path)
    except (StateFileError, UnknownNameError):
        raise
    except _DAMAGE as error:
        with open(path, "rb") as stream:
            own = stream.read(4) == b"PK\x03\x04"
        kind = "is damaged or cut short" if own else "holds no stored states"
        raise StateFileError(f"'{path}' {kind} ({type(error).__name__}: {error}).") from error


def _states(archive: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    if _HEADER not in archive.namelist():
        raise StateFileError(f"'{path}' holds no stored states: it is another kind of archive.")
    header = json.loads(_bytes(archive, _HEADER))
    if header["format"] != FORMAT or not isinstance(header["states"], dict):
        raise StateFileError(f"'{path}' holds no stored states.")
    if header["version"] != VERSION:
        raise StateFileError(
            f"'{path}' has version {header['version']!r} of the format; this simgen reads "
            f"version {VERSION}."
        )
    states: dict[str, Any] = header["states"]
    return states


def _bytes(archive: zipfile.ZipFile, entry: str) -> bytes:
    info = archive.getinfo(entry)
    if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
        raise ValueError(f"the entry {entry} is compressed")
    return archive.read(info)  # raises where the checksum differs


def _snapshot(archive: zipfile.ZipFile, state: dict[str, Any]) -> Snapshot:
    network = Kept("the network", dict(state["network"]))
    objects = {
        name: Kept(f"{facts['kind']} '{name}'", dict(facts))
        for name, facts in state["objects"].items()
    }
    for path in state["arrays"]:
        place, _, rest = path.partition("/")
        if place == "network":
            kept, key = network, rest
        else:
            name, _, key = rest.partition("/")
            kept = objects[name]
        kept.arrays[key] = _array(_bytes(archive, _entry(state["number"], path)))
    return Snapshot(network, objects)


def _entry(number: int, path: str) -> str:
    return f"{number}/{path}.npy"


def _array(content: bytes) -> AnyArray:
    """Return the array of an .npy file without a further copy."""
    stream = _Reader(content)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("an array of another version")
    shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    if dtype.hasobject or dtype.kind not in "biuf" or len(shape) != 1:
        raise ValueError(f"an array of {dtype} with shape {shape}")
    values: AnyArray = np.frombuffer(content, dtype, shape[0], stream.place)
    if stream.place + values.nbytes != len(content):
        raise ValueError("an array of another size than it says")
    return values.astype(dtype.newbyteorder("="), copy=False)


class _Reader:
    """Reads bytes from the beginning, without a copy of the rest."""

    def __init__(self, content: bytes) -> None:
        self.content, self.place = content, 0

    def read(self, count: int = -1, /) -> bytes:
        """Return the next bytes."""
        found = self.content[self.place : None if count < 0 else self.place + count]
        self.place += len(found)
        return found


# --- writing --------------------------------------------------------------------------------------


def _write_all(
    archive: zipfile.ZipFile, former: Path | None, name: str, snapshot: Snapshot
) -> None:
    states: dict[str, Any] = {}
    if former is not None:
        with _opened(former) as (old, kept):
            for other, state in kept.items():
                if other != name:
                    states[other] = _copied(archive, len(states), old, state)
    states[name] = _written(archive, len(states), snapshot)
    header = {"format": FORMAT, "version": VERSION, "states": states}
    archive.writestr(_HEADER, json.dumps(header, allow_nan=False))


def _copied(
    archive: zipfile.ZipFile, number: int, old: zipfile.ZipFile, state: dict[str, Any]
) -> dict[str, Any]:
    """Copy the arrays of a state from another file; return the state under its new entries."""
    for path in state["arrays"]:
        archive.writestr(_entry(number, path), _bytes(old, _entry(state["number"], path)))
    return {**state, "number": number}


def _written(archive: zipfile.ZipFile, number: int, snapshot: Snapshot) -> dict[str, Any]:
    arrays = {f"network/{key}": values for key, values in snapshot.network.arrays.items()}
    for name, kept in snapshot.objects.items():
        arrays.update({f"objects/{name}/{key}": v for key, v in kept.arrays.items()})
    for path, values in arrays.items():
        with archive.open(_entry(number, path), "w", force_zip64=True) as stream:
            np.lib.format.write_array(stream, values, version=(1, 0), allow_pickle=False)
    return {
        "number": number,
        "network": snapshot.network.facts,
        "objects": {name: kept.facts for name, kept in snapshot.objects.items()},
        "arrays": list(arrays),
    }


def _usual_mode() -> int:
    """Return the permissions that a new file gets."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
