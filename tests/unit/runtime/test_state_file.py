"""Files of stored states: several in one, damage is noticed, nothing is executed."""

from __future__ import annotations

import io
import json
import os
import pickle
import stat
import zipfile

import numpy as np
import pytest

from simgen.errors import StateFileError, UnknownNameError
from simgen.runtime.snapshot import Kept, Snapshot
from simgen.runtime.state_file import read_state, write_state

HEADER = "simgen-states.json"


def snapshot(number=1):
    network = Kept("the network", {"t": 0.1 * number, "seed": 2**64 - number}, {})
    network.arrays["events/group.spike/steps"] = np.arange(number, dtype=np.int64)
    arrays = {
        "variables/v": np.array([1 / 3, np.inf, np.nan, -0.0])[: number + 1],
        "flags": np.array([True, False]),
        "i": np.arange(5, dtype=np.int32),
        "empty": np.zeros(0),
    }
    facts = {"kind": "NeuronGroup", "N": number, "all": True, "delay": None}
    return Snapshot(network, {"group": Kept("NeuronGroup 'group'", facts, arrays)})


def same(one, other):
    pairs = [(one.network, other.network)]
    pairs += [(one.objects[name], other.objects[name]) for name in one.objects]
    return one.objects.keys() == other.objects.keys() and all(
        a.what == b.what
        and a.facts == b.facts
        and a.arrays.keys() == b.arrays.keys()
        and all(
            values.dtype == b.arrays[name].dtype and values.tobytes() == b.arrays[name].tobytes()
            for name, values in a.arrays.items()
        )
        for a, b in pairs
    )


def test_states_come_back_as_they_were(tmp_path):
    path = tmp_path / "states"
    write_state(path, "one", snapshot(1))
    write_state(path, "two words, ünd ümlauts/..", snapshot(2))
    write_state(path, "one", snapshot(3))
    assert same(read_state(path, "one"), snapshot(3))
    assert same(read_state(path, "two words, ünd ümlauts/.."), snapshot(2))
    with pytest.raises(UnknownNameError, match=r"'three'.*'two words.*'one'"):
        read_state(path, "three")
    assert os.listdir(tmp_path) == ["states"]
    with zipfile.ZipFile(path) as archive:
        assert len(archive.namelist()) == len(set(archive.namelist())) == 11
    loaded = np.load(path)
    assert np.array_equal(loaded["0/objects/group/i"], np.arange(5))


def test_every_cut_is_noticed(tmp_path):
    path = tmp_path / "states"
    write_state(path, "one", snapshot())
    whole = path.read_bytes()
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        with pytest.raises(StateFileError, match="states'"):
            read_state(path, "one")


def test_no_flipped_bit_changes_what_is_read(tmp_path):
    path = tmp_path / "states"
    write_state(path, "one", snapshot())
    whole = path.read_bytes()
    noticed = 0
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << (place * 5 % 8)
        path.write_bytes(changed)
        try:
            found = read_state(path, "one")
        except (StateFileError, UnknownNameError):
            noticed += 1
        else:  # dates and the like
            assert same(found, snapshot())
    assert noticed > len(whole) / 2


def archive_of(entries):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return stream.getvalue()


def saved(values, **options):
    stream = io.BytesIO()
    np.save(stream, values, **options)
    return stream.getvalue()


class Bomb:
    def __reduce__(self):
        return pytest.fail, ("a file was executed",)


def with_array(content):
    """Return a file of one state whose only array has this content."""
    state = {"number": 0, "network": {}, "objects": {}, "arrays": ["network/a"]}
    header = {"format": "simgen states", "version": 1, "states": {"one": state}}
    return archive_of({HEADER: json.dumps(header), "0/network/a.npy": content})


FOREIGN = {
    "empty": b"",
    "text": b"hello\n" * 100,
    "pickle": pickle.dumps({"one": Bomb()}),
    "npz": archive_of({"a.npy": saved(np.arange(3))}),
    "no_json": archive_of({HEADER: "{"}),
    "other_json": archive_of({HEADER: "[1, 2]"}),
    "other_format": archive_of({HEADER: json.dumps({"format": "x", "version": 1, "states": {}})}),
    "later": archive_of({HEADER: json.dumps({"format": "simgen states", "version": 2,
                                             "states": {"one": {}}})}),
    "lacking": archive_of({HEADER: json.dumps({"format": "simgen states", "version": 1,
                                               "states": {"one": {}}})}),
    "objects": with_array(saved(np.array([Bomb()], object), allow_pickle=True)),
    "text_array": with_array(saved(np.array(["a"]))),
    "matrix": with_array(saved(np.zeros((2, 2)))),
    "short": with_array(saved(np.zeros(3))[:-1]),
    "no_array": with_array(b""),
    "code": with_array(b"\x93NUMPY\x01\x00\x10\x00__import__('os')"),
}  # fmt: skip


@pytest.mark.parametrize("kind", FOREIGN)
def test_foreign_files_are_refused(tmp_path, kind):
    path = tmp_path / "states"
    path.write_bytes(FOREIGN[kind])
    with pytest.raises(StateFileError, match="states'") as caught:
        read_state(path, "one")
    assert ("version 2" in str(caught.value)) == (kind == "later")


@pytest.mark.parametrize("kind", ["text", "pickle", "npz"])
def test_foreign_files_are_not_written_over(tmp_path, kind):
    path = tmp_path / "states"
    path.write_bytes(FOREIGN[kind])
    with pytest.raises(StateFileError, match="holds no stored states"):
        write_state(path, "one", snapshot())
    assert path.read_bytes() == FOREIGN[kind]


def test_empty_files_and_links_may_be_written_to(tmp_path):
    path, link = tmp_path / "states", tmp_path / "link"
    path.touch()
    link.symlink_to(path)
    write_state(link, "one", snapshot())
    assert link.is_symlink()
    assert same(read_state(path, "one"), snapshot())


def test_a_file_that_cannot_be_written_stays_as_it_is(tmp_path, monkeypatch):
    path = tmp_path / "states"
    write_state(path, "one", snapshot(1))
    path.chmod(0o640)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StateFileError, match=r"states' cannot be written: No space left"):
            write_state(path, "two", snapshot(2))
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["states"]
    write_state(path, "two", snapshot(2))
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    with pytest.raises(StateFileError, match="cannot be read"):
        read_state(tmp_path, "one")
    with pytest.raises(StateFileError, match="cannot be written"):
        write_state(tmp_path, "one", snapshot())


def test_what_is_kept_is_checked_when_it_is_asked_for():
    kept = Kept("NeuronGroup 'g'", {"n": True, "x": "text", "t": float("inf")}, {"a": np.zeros(2)})
    for ask in (
        lambda: kept.integer("n"),
        lambda: kept.number("n"),
        lambda: kept.number("t"),
        lambda: kept.flag("x"),
        lambda: kept.text("n"),
        lambda: kept.table("x"),
        lambda: kept.part("none"),
        lambda: kept.array("none", np.float64),
        lambda: kept.array("a", np.int64),
        lambda: kept.array("a", np.float64, 3),
    ):
        with pytest.raises(StateFileError, match="NeuronGroup 'g'"):
            ask()


@pytest.mark.parametrize("values", [np.zeros(2, np.float32), np.arange(2), np.ones(2, np.bool_)])
def test_numbers_of_any_type_are_read(values):
    kept = Kept("the network", {}, {"values/x": values})
    assert kept.numbers("values/x", 2) is values
    with pytest.raises(StateFileError, match="which it cannot be"):
        kept.numbers("values/x", 3)


@pytest.mark.parametrize("values", [np.array(["a", "b"]), np.zeros((2, 1)), np.zeros(2, complex)])
def test_what_is_no_list_of_numbers_is_refused(values):
    with pytest.raises(StateFileError, match="values/x"):
        Kept("the network", {}, {"values/x": values}).numbers("values/x", 2)
    with pytest.raises(StateFileError, match="lacks the array 'values/y'"):
        Kept("the network", {}, {"values/x": values}).numbers("values/y", 2)
