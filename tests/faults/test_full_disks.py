"""A disk without room: an error of ours, what was written before stays, and the network goes on."""

from __future__ import annotations

import errno
import os
import resource
import signal
import sys
import tempfile
from contextlib import contextmanager

import numpy as np
import pytest
from faulty_network import Disturbed, assert_same

from simgen import NetworkOperation, ms, set_device
from simgen.errors import CompileError, ReportError, StateFileError
from simgen.runtime import cache

pytestmark = pytest.mark.compiler
DEVICES = {"reference": {}, "cpu": {}, "cuda": {"emulate": True}}


@contextmanager
def room(n_bytes):
    """Let no file become larger than some bytes meanwhile, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.fixture(params=list(DEVICES))
def device(request):
    set_device(request.param, **DEVICES[request.param])
    yield request.param
    set_device("auto")


@pytest.fixture
def cpu():
    set_device("cpu")
    yield
    set_device("auto")


def whole_state():
    whole = Disturbed()
    whole.run()
    return whole.state()


@pytest.fixture
def halfway(device):
    """Return a network that has run for 2 of its 4 ms, and what it must come to."""
    expected = whole_state()
    made = Disturbed()
    made.network.run(2 * ms)
    return made, expected


# --- stored states --------------------------------------------------------------------------------


def test_a_disk_that_is_full_while_storing_keeps_what_was_stored(halfway, tmp_path):
    """At any byte: the file holds two states, one of which is written anew."""
    made, expected = halfway
    path = tmp_path / "states"
    made.network.store("first", str(path))
    made.network.store("second", str(path))
    before = path.read_bytes()
    for n_bytes in range(0, len(before), len(before) // 40):
        with room(n_bytes), pytest.raises(StateFileError, match="be written: File too large"):
            made.network.store("second", str(path))
        assert path.read_bytes() == before, n_bytes
        assert os.listdir(tmp_path) == ["states"]
    made.run()
    assert_same(made.state(), expected, "afterwards")
    made.network.restore("first", str(path), restore_random_state=True)
    made.run()
    assert_same(made.state(), expected, "restored")


@pytest.mark.parametrize("call", ["fsync", "chmod", "replace", "fdopen"])
@pytest.mark.usefixtures("cpu")
def test_a_disk_that_is_full_at_the_last_moment_keeps_what_was_stored(call, tmp_path, monkeypatch):
    made = Disturbed()
    made.network.run(2 * ms)
    path = tmp_path / "states"
    made.network.store("first", str(path))
    before = path.read_bytes()

    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        with pytest.raises(StateFileError, match="cannot be written: No space left on device"):
            made.network.store("second", str(path))
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["states"]
    made.network.store("second", str(path))
    made.network.restore("first", str(path))


def test_restoring_needs_no_room(halfway, tmp_path):
    made, expected = halfway
    path = tmp_path / "states"
    made.network.store(filename=str(path))
    made.run()
    with room(0):
        made.network.restore(filename=str(path), restore_random_state=True)
        made.run()
    assert_same(made.state(), expected, "restored")


# --- what a run writes ----------------------------------------------------------------------------


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_report_that_cannot_be_written_is_an_error(halfway, stream, tmp_path, monkeypatch):
    made, expected = halfway
    with monkeypatch.context() as patch, open(tmp_path / "log", "w") as file:
        patch.setattr(sys, stream, file)
        told = pytest.raises(ReportError, match=f"written to {stream}: File too large")
        with room(100), told:  # enough for the first line
            made.network.run(1 * ms, report=stream, report_period=1e-9 * ms)
    assert (tmp_path / "log").read_text().startswith("Starting simulation at t=0.002 s")
    made.run()
    assert_same(made.state(), expected, "afterwards")


def saving(group, path):
    def save():
        with open(path, "wb") as file:
            np.save(file, group.v[:])

    return NetworkOperation(save, dt=0.5 * ms)


@pytest.mark.usefixtures("device")
def test_what_users_cannot_write_during_a_run_is_their_error(tmp_path):
    states = []
    for full in (False, True):
        made = Disturbed()
        made.network.add(saving(made.cells, tmp_path / "kept.npy"))
        made.network.run(2 * ms)
        if full:
            with room(64), pytest.raises(OSError, match="File too large"):
                made.network.run(0.5 * ms)
        made.run()
        states.append(made.state())
    assert_same(*states, "afterwards")


# --- compiled programs ----------------------------------------------------------------------------


@pytest.mark.parametrize("n_bytes", [0, 100, 5000])
@pytest.mark.usefixtures("cpu")
def test_a_disk_that_is_full_while_compiling_is_an_error(n_bytes, tmp_path, monkeypatch):
    expected = whole_state()
    made = Disturbed()
    made.network.run(2 * ms)
    monkeypatch.setenv("SIMGEN_CACHE_DIR", str(tmp_path / "cache"))
    set_device("cpu", compiler_flags=("-DOTHER",))  # another program from here on
    with room(n_bytes), pytest.raises(CompileError):
        made.run()
    made.run()
    assert_same(made.state(), expected, "afterwards")


@pytest.mark.usefixtures("cpu")
def test_no_place_for_programs_is_an_error(tmp_path, monkeypatch):
    expected = whole_state()
    made = Disturbed()
    monkeypatch.setattr(cache, "_fallback", cache._Fallback())
    monkeypatch.setattr(tempfile, "tempdir", None)  # looked for again
    told = pytest.raises(CompileError, match="no temporary folder can be made: No usable")
    with monkeypatch.context() as patch, room(0), told:
        patch.setenv("SIMGEN_CACHE_DIR", "/proc/none")
        made.run()
    made.run()
    assert_same(made.state(), expected, "afterwards")
