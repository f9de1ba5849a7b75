"""What simgen does not have is refused by name; bad devices, compilers and caches are explained."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bad_inputs import Bad, check_refused, network_of, neurons, run_of, synapses, table

import simgen
from simgen import Hz, Network, NeuronGroup, PoissonGroup, ms, mV, run, set_device
from simgen.errors import (
    ArgumentTypeError,
    CompileError,
    DeviceError,
    ModelError,
    SimgenError,
    UnknownAttributeError,
    UnknownNameError,
    UnsupportedFeatureError,
)
from simgen.runtime import cache

LEAK = "dv/dt = -v/(10*ms) : volt"
MISSING = [
    "SpatialNeuron", "Morphology", "Soma", "Cylinder",
    "prefs", "restore_initial_state",
    "device", "get_states",
    "BrianLogger", "clear_cache", "EventClock",
]  # fmt: skip


def missing(name: str) -> None:
    getattr(simgen, name)


def from_import() -> object:
    from simgen import SpatialNeuron

    return SpatialNeuron


def device(*arguments: Any, **keywords: Any) -> None:
    set_device(*arguments, **keywords)


ROWS = [
    Bad("method_options", lambda: neurons(LEAK, method="rk4", method_options={"a": 1}),
        UnsupportedFeatureError, ["method_options", "exc"]),
    Bad("method_options_of_synapses", lambda: synapses(method_options={"a": 1}),
        SimgenError, ["method_options", "Synapses"]),
    Bad("codeobj_class", lambda: neurons(LEAK, codeobj_class=object),
        ArgumentTypeError, ["codeobj_class", "NeuronGroup"]),
    Bad("dtype_of_group", lambda: neurons(LEAK, dtype=np.float32),
        ArgumentTypeError, ["dtype", "NeuronGroup", "set_device"]),
    *(Bad(f"gsl_{name}", lambda name=name: run_of(neurons(LEAK, method=name)),
          UnsupportedFeatureError, [name, "GSL"]) for name in ("gsl", "gsl_rk2", "gsl_rkf45")),
    Bad("no_profile", lambda: Network(neurons(), name="net").profiling_summary(), ModelError,
        ["'net'", "profile=True"]),
    Bad("network_restore", lambda: Network(neurons()).restore("trained"),
        UnknownNameError, ["'trained'", "none"]),
    Bad("run_at", lambda: neurons().run_at("v = 0*volt", times=[1, 2]),
        SimgenError, ["run_at", "exc"]),
    Bad("state_updaters", lambda: neurons(LEAK).state_updaters, UnknownAttributeError,
        ["state_updaters", "exc"]),
    *(Bad(f"missing_{name}", lambda name=name: missing(name), UnsupportedFeatureError, [name])
      for name in MISSING),
    Bad("missing_misspelt", lambda: missing("NeuronGruop"), UnknownAttributeError,
        ["NeuronGruop", "NeuronGroup"]),
    Bad("missing_in_from_import", from_import, UnsupportedFeatureError, ["SpatialNeuron"]),
    # devices
    Bad("device_unknown", lambda: device("cpuu"), DeviceError, ["'cpuu'", "'cpu'"]),
    Bad("device_standalone", lambda: device("cpp_standalone"),
        SimgenError, ["cpp_standalone", "cpu"]),
    Bad("device_runtime", lambda: device("runtime"), SimgenError, ["runtime", "cpu"]),
    Bad("device_number", lambda: device(3), DeviceError, ["3"]),
    Bad("device_none", lambda: device(None), DeviceError, ["None"]),
    Bad("device_list", lambda: device(["cpu"]), DeviceError, ["cpu"]),
    Bad("device_emulate_word", lambda: device("cuda", emulate="yes"), TypeError,
        ["emulate", "'yes'"]),
    Bad("device_emulate_cpu", lambda: device("cpu", emulate=True), DeviceError,
        ["emulate", "'cuda'", "'cpu'"]),
    Bad("device_deterministic_cpu", lambda: device("cpu", deterministic=True), DeviceError,
        ["deterministic", "'cuda'"]),
    Bad("device_threads_cuda", lambda: device("cuda", threads=2, emulate=True), DeviceError,
        ["threads", "'cpu'", "'cuda'"]),
    Bad("device_flags_cuda", lambda: device("cuda", compiler_flags=["-O2"], emulate=True),
        DeviceError, ["compiler_flags", "'cpu'", "'cuda'"]),
    Bad("device_gpu_negative", lambda: device("cuda", device=-1), TypeError, ["device", "-1"]),
    Bad("device_gpu_of_emulated", lambda: device("cuda", device=1, emulate=True), DeviceError,
        ["emulate", "number"]),
    Bad("device_dtype", lambda: device("cpu", dtype="float16"), DeviceError, ["float16"]),
    Bad("device_dtype_object", lambda: device("cpu", dtype=[1]), DeviceError, ["[1]"]),
    *(Bad(f"device_threads_{label}", lambda value=value: device("cpu", threads=value), SimgenError,
          ["threads", text])
      for label, value, text in [("zero", 0, "0"), ("negative", -2, "-2"), ("fraction", 1.5, "1.5"),
                                 ("true", True, "True"), ("many", 10**6, "1000000"),
                                 ("text", "2", "'2'")]),
    Bad("device_optimize_text", lambda: device("cpu", optimize="fast"),
        SimgenError, ["optimize", "fast"]),
    Bad("device_optimize_large", lambda: device("cpu", optimize=9), SimgenError, ["optimize", "9"]),
    Bad("device_flags_text", lambda: device("cpu", compiler_flags="-O2"),
        SimgenError, ["compiler_flags", "-O2"]),
    Bad("device_flags_number", lambda: device("cpu", compiler_flags=(3,)),
        SimgenError, ["compiler_flags", "3"]),
    Bad("build_on_run", lambda: device("cpu", build_on_run=False), SimgenError, ["build_on_run"]),
]  # fmt: skip


@table(ROWS)
def test_missing_features_are_refused_by_name(bad: Bad) -> None:
    check_refused(bad)


@pytest.fixture
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SIMGEN_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def small_run(**keywords: Any) -> float:
    simgen.start_scope()
    set_device("cpu", **keywords)
    group = NeuronGroup(2, LEAK, method="exact", name="exc")
    group.v = 1 * mV
    Network(group).run(1 * ms)
    return float(group.v_[0])


def fake_compiler(folder: Path, text: str) -> str:
    path = folder / "cxx"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return str(path)


def test_no_compiler(cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", "")
    check_refused(Bad("", small_run, CompileError, ["C++ compiler", "Install", "CXX"]))
    set_device("reference")  # still works
    run_of(neurons(LEAK, name="inh"))


def test_automatic_device_without_compiler(
    cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", "")
    set_device("auto")
    group = neurons(LEAK)
    check_refused(Bad("", lambda: run_of(group), CompileError, ["C++ compiler", "Install"]))


def test_compiler_that_does_not_exist(cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "/nowhere/g++")
    check_refused(Bad("", small_run, CompileError, ["CXX", "/nowhere/g++"]))


def test_compiler_text_that_cannot_be_read(
    cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", "g++ 'unclosed")
    check_refused(Bad("", small_run, CompileError, ["CXX", "unclosed"]))


def test_compiler_that_answers_but_makes_nothing(
    cache_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CXX", fake_compiler(tmp_path, "echo fake 1.0; exit 0"))
    check_refused(Bad("", small_run, CompileError, ["CXX", "cxx"]))


@pytest.mark.compiler
def test_compiler_that_is_killed(
    cache_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = subprocess.run(
        ["which", "g++"], capture_output=True, text=True, check=True
    ).stdout.strip()
    text = f'case "$*" in *program.cpp*) kill -9 $$;; *) exec {real} "$@";; esac'
    monkeypatch.setenv("CXX", fake_compiler(tmp_path, text))
    check_refused(Bad("", small_run, CompileError, ["failed", "cxx"]))
    monkeypatch.delenv("CXX")
    assert small_run() == pytest.approx(1e-3 * np.exp(-0.1))


@pytest.mark.compiler
def test_compiler_flag_that_does_not_exist(cache_folder: Path) -> None:
    def do() -> None:
        small_run(compiler_flags=("-fno-such-thing",))

    check_refused(Bad("", do, CompileError, ["-fno-such-thing"]))


@pytest.mark.compiler
def test_damaged_cache_entries_are_replaced(cache_folder: Path) -> None:
    expected = small_run()
    for suffix, damage in (
        (".so", b"\x7fELF damaged"),
        (".so", b""),
        (".cpp", b"int x;"),
        (".sum", b"?"),
    ):
        found = list(cache_folder.glob(f"*{suffix}"))
        assert found
        for path in found:
            path.unlink()  # the loaded library stays mapped; its bytes must not change
            path.write_bytes(damage)
            path.chmod(0o600)
        assert small_run() == expected, (suffix, damage)


@pytest.mark.compiler
def test_read_only_cache_is_replaced_with_a_warning(
    cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_access(path: object, mode: int) -> bool:
        return Path(str(path)) != cache_folder  # root may write where the mode forbids it

    monkeypatch.setattr(cache._fallback, "path", None)
    monkeypatch.setattr(cache.os, "access", no_access)
    with pytest.warns(RuntimeWarning, match="cannot be written"):
        assert small_run() > 0


@pytest.mark.compiler
def test_full_disk_is_answered_with_a_warning(
    cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = cache.write_private

    def full(path: Path, data: bytes, mode: int = 0o600) -> None:
        if path.parent == cache_folder:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, data, mode)

    monkeypatch.setattr(cache._fallback, "path", None)
    monkeypatch.setattr(cache, "write_private", full)
    with pytest.warns(RuntimeWarning, match="No space left"):
        assert small_run() > 0


@pytest.mark.parametrize("kind", ["file", "link", "writable_by_others"])
def test_unusable_cache_is_replaced_with_a_warning(
    cache_folder: Path, kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cache._fallback, "path", None)
    if kind == "file":
        cache_folder.write_text("in the way")
    elif kind == "link":
        cache_folder.symlink_to(tmp_path)
    else:
        cache_folder.mkdir()
        cache_folder.chmod(0o777)
    with pytest.warns(RuntimeWarning, match="cache folder") as caught:
        folder = cache.cache_dir()
    assert str(cache_folder) in str(caught[0].message)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_unknown_device_in_the_environment() -> None:
    code = "import simgen; simgen.NeuronGroup(1, '')"
    environment = {**os.environ, "SIMGEN_DEVICE": "gpu3"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "DeviceError" in done.stderr
    assert "'gpu3'" in done.stderr
    assert "SIMGEN_DEVICE" in done.stderr


def test_empty_object_warns_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        group = PoissonGroup(1, 1 * Hz)
        run(1 * ms)
    assert group.N == 1
    assert issubclass(ModelError, SimgenError)
    assert network_of(synapses()) is not None
