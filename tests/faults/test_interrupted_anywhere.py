"""Ctrl-C and death at any place: what comes next is right."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

import pytest
from faulty_network import Disturbed, assert_same

from simgen import set_device

pytestmark = [
    pytest.mark.compiler,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
DEVICES = {"reference": {}, "cpu": {}, "cuda": {"emulate": True}}


class Calls:
    """Counts calls of functions of simgen, or of a file of it, and does something at one."""

    def __init__(self, at=None, action=None, file="simgen"):
        self.count, self.at, self.action, self.file = 0, at, action, file

    def __call__(self, frame, event, argument):
        if event != "call" or self.file not in frame.f_code.co_filename:
            return
        self.count += 1
        if self.count == self.at:
            sys.setprofile(None)
            self.action()

    def during(self, work):
        sys.setprofile(self)
        try:
            work()
        finally:
            sys.setprofile(None)
        return self.count


def interrupt():
    signal.raise_signal(signal.SIGINT)


@pytest.fixture(autouse=True)
def ctrl_c():
    """Make Ctrl-C interrupt Python, as a shell's background jobs do not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(params=list(DEVICES))
def device(request):
    set_device(request.param, **DEVICES[request.param])
    yield request.param
    set_device("auto")


def places(count, how_many):
    return sorted({1 + k * count // how_many for k in range(how_many) if k < how_many})


@pytest.mark.parametrize("how_many", [12, pytest.param(150, marks=pytest.mark.slow)])
def test_a_network_interrupted_anywhere_goes_on(device, how_many):
    Disturbed().run()  # compiled from here on
    whole = Disturbed()
    count = Calls().during(whole.run)
    assert count > 1000
    expected = whole.state()
    for place in places(count, how_many):
        disturbed = Disturbed()
        try:
            Calls(place, interrupt).during(disturbed.run)
        except KeyboardInterrupt:
            disturbed.run()
        assert_same(disturbed.state(), expected, f"interrupted at call {place} of {count}")


@pytest.mark.parametrize("how_many", [24, pytest.param(1000, marks=pytest.mark.slow)])
def test_traces_are_never_left_half_made(how_many):
    set_device("cpu")
    file = "simgen/api/trace_keeper.py"
    whole = Disturbed()
    count = Calls(file=file).during(whole.run)
    for place in places(count, how_many):
        disturbed = Disturbed()
        with suppress(KeyboardInterrupt):
            Calls(place, interrupt, file).during(disturbed.run)
        disturbed.run()
        assert_same(disturbed.state(), whole.state(), f"interrupted at call {place} of {count}")
    set_device("auto")


@pytest.mark.parametrize("how_many", [20, pytest.param(100, marks=pytest.mark.slow)])
def test_a_network_interrupted_at_its_end_goes_on(device, how_many):
    Disturbed().run()
    whole = Disturbed()
    count = Calls().during(whole.run)
    expected = whole.state()
    for place in range(count - how_many, count + 1):
        disturbed = Disturbed()
        try:
            Calls(place, interrupt).during(disturbed.run)
        except KeyboardInterrupt:
            disturbed.run()
        assert_same(disturbed.state(), expected, f"interrupted at call {place} of {count}")


@pytest.mark.parametrize("how_many", [12, pytest.param(150, marks=pytest.mark.slow)])
def test_interrupts_while_objects_are_made_leave_nothing_behind(device, how_many):
    whole = Disturbed()
    whole.run()
    expected = whole.state()
    count = Calls().during(Disturbed)
    for place in places(count, how_many):
        with suppress(KeyboardInterrupt):  # Python itself swallows it where a generator ends
            Calls(place, interrupt).during(Disturbed)
        again = Disturbed()
        again.run()
        assert_same(again.state(), expected, f"interrupted at call {place} of {count}")


@pytest.mark.parametrize("how_many", [5, pytest.param(40, marks=pytest.mark.slow)])
def test_a_process_killed_anywhere_leaves_a_cache_that_others_can_use(
    tmp_path, monkeypatch, how_many
):
    set_device("cpu")
    whole = Disturbed()
    count = Calls().during(whole.run)
    expected = whole.state()
    for place in places(count, how_many):
        folder = tmp_path / str(place)
        monkeypatch.setenv("SIMGEN_CACHE_DIR", str(folder))
        child = os.fork()
        if not child:
            try:
                kill = Calls(place, lambda: os.kill(os.getpid(), signal.SIGKILL))
                kill.during(Disturbed().run)
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        again = Disturbed()
        again.run()
        assert_same(again.state(), expected, f"killed at call {place} of {count}")
    set_device("auto")


def test_an_interrupt_while_storing_keeps_what_was_stored(tmp_path):
    set_device("cpu")
    path = str(tmp_path / "states")
    made = Disturbed()
    made.run()
    made.network.store("first", path)
    before = (tmp_path / "states").read_bytes()
    count = Calls().during(lambda: made.network.store("first", str(tmp_path / "other")))
    for place in places(count, 25):
        with suppress(KeyboardInterrupt):
            Calls(place, interrupt).during(lambda: made.network.store("second", path))
        found = (tmp_path / "states").read_bytes()
        assert found == before, f"interrupted at call {place} of {count}"
        assert sorted(os.listdir(tmp_path)) == ["other", "states"]
    set_device("auto")
