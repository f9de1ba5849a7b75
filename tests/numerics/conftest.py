"""What tests of state on a device share: the copies between it and the host."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

import simgen
from simgen.api import compiled_text
from simgen.targets.cuda import mirror
from simgen.targets.cuda.emulate import EmulatedDevice


class Traffic(list[tuple[str, str]]):
    """The copies in their order, and the bytes that went up since the last look."""

    up_bytes = 0

    def went_up(self) -> list[str]:
        """Return the names of what went up but the control words, and forget all."""
        names = sorted(name for way, name in self if way == "up" and name != "control")
        self.clear()
        self.up_bytes = 0
        return names


@pytest.fixture
def traffic(monkeypatch: pytest.MonkeyPatch) -> Iterator[Traffic]:
    """Run on an emulated GPU in a fresh scope; the names of arrays that go up and come down.

    What earlier tests left is collected first: it would come down while this test looks.
    """
    simgen.start_scope()
    gc.collect()
    log = Traffic()
    upload, download = EmulatedDevice.upload, EmulatedDevice.download

    def up(device, buffer, data, offset=0):
        log.append(("up", buffer.name))
        log.up_bytes += data.nbytes
        upload(device, buffer, data, offset)

    def down(device, buffer, out, offset=0):
        log.append(("down", buffer.name))
        download(device, buffer, out, offset)

    monkeypatch.setattr(EmulatedDevice, "upload", up)
    monkeypatch.setattr(EmulatedDevice, "download", down)
    simgen.set_device("cuda", emulate=True)
    yield log
    simgen.set_device("auto")


@pytest.fixture
def everything_on_the_device(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Send even the shortest rows the way of the longest."""
    monkeypatch.setattr(compiled_text, "WORTH_COMPILING", 0)
    monkeypatch.setattr(mirror, "WORTH_LOOKING", 0)
    simgen.start_scope()
    yield
    simgen.set_device("auto", dtype="float64")
