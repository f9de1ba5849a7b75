import re

import numpy as np
import pytest

from simgen import __main__ as program
from simgen.commands import doctor
from simgen.errors import CompileError
from simgen.runtime.cache import cache_info
from simgen.targets.cuda import detect


def lines_of(capsys):
    """Return what was printed as a dictionary of its first column."""
    lines = capsys.readouterr().out.splitlines()
    return {
        name.strip(): text
        for name, text in (re.split(r"\s{2,}", line, maxsplit=1) for line in lines)
    }


@pytest.mark.compiler
def test_the_doctor_says_what_it_found(capsys, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert program.main(["doctor"]) == 0
    lines = lines_of(capsys)
    assert list(lines) == [
        *("simgen", "compiler", "flags", "test program", "OpenMP", "processors"),
        *("cache", "packages", "GPU", "auto"),
    ]
    assert "-ffp-contract=off" in lines["flags"]
    assert lines["test program"].startswith("ran, ")
    assert "OMP_NUM_THREADS=3" in lines["processors"]
    assert str(cache_info().path) in lines["cache"]
    assert f"numpy {np.__version__}" in lines["packages"]


def test_a_missing_compiler_is_said_and_is_a_failure(capsys, monkeypatch):
    def fail():
        raise CompileError("none was found")

    monkeypatch.setattr(doctor, "find_compiler", fail)
    assert program.main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "NONE: none was found" in out
    assert "The cpu target cannot work here" in out


@pytest.mark.compiler
def test_a_compiler_that_fails_is_said_and_is_a_failure(capsys, monkeypatch):
    def fail(*_, **__):
        raise CompileError("refused")

    monkeypatch.setattr(doctor, "compile_shared", fail)
    assert program.main(["doctor"]) == 1
    assert "FAILED: refused" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("gpus", "installed", "expected"),
    [
        ((), {}, "none seen (CuPy is not installed; pip install 'simgen[cuda13]' adds it)"),
        (("H1", "H2"), {"cupy-cuda12x": "14.2"}, "H1; H2 (cupy-cuda12x 14.2 is installed)"),
    ],
)
def test_gpus_and_cupy_are_looked_for_without_being_imported(
    monkeypatch, gpus, installed, expected
):
    monkeypatch.setattr(doctor, "find_gpus", lambda: gpus)
    monkeypatch.setattr(doctor, "installed_version", installed.get)
    assert doctor._describe_gpu() == expected


class Driver:
    """Stands for the driver's library: two devices, of which the second cannot be opened."""

    def __init__(self, status=0):
        self.status = status

    def cuInit(self, flags):
        return self.status

    def cuDeviceGetCount(self, count):
        count._obj.value = 2
        return 0

    def cuDeviceGet(self, device, number):
        device._obj.value = 10 + number
        return number

    def cuDeviceGetName(self, text, length, device):
        text.value = f"device {device.value}".encode()
        return 0


def test_the_driver_is_asked_for_the_names_of_gpus(monkeypatch):
    monkeypatch.setattr(detect.ctypes, "CDLL", lambda name: Driver())
    assert detect.find_gpus() == ("device 10", "GPU 1 (unusable)")


def test_without_a_driver_or_device_there_are_no_gpus(monkeypatch):
    monkeypatch.setattr(detect.ctypes, "CDLL", lambda name: Driver(status=100))
    assert detect.find_gpus() == ()

    def missing(name):
        raise OSError(name)

    monkeypatch.setattr(detect.ctypes, "CDLL", missing)
    assert detect.find_gpus() == ()
