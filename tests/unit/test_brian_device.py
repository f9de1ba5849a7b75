"""Brian's names of devices, ``device.build`` and ``prefs`` on simgen's devices."""

import logging
import re

import numpy as np
import pytest

import simgen
import simgen.brian as brian
from simgen.api import brian_device
from simgen.api.device import current_options
from simgen.api.preferences import PREFERENCES
from simgen.errors import (
    ArgumentTypeError,
    DeviceError,
    UnknownAttributeError,
    UnknownNameError,
    UnsupportedFeatureError,
)

prefs, device = brian.prefs, brian.device


@pytest.fixture(autouse=True)
def as_it_was():
    yield
    prefs.reset_to_defaults()
    brian_device._chosen = brian_device._Chosen()
    logging.getLogger("simgen").setLevel(logging.NOTSET)
    simgen.set_device("auto")


def test_names_of_brians_devices_choose_simgens(caplog):
    brian.set_device("cpp_standalone", build_on_run=False)
    assert (simgen.get_device(), str(device), caplog.text) == ("cpu", "cpu", "")
    brian.set_device("runtime")
    assert str(brian.get_device()) == "auto"
    brian.set_device("cpu", threads=2)
    assert current_options().threads == 2
    brian.set_device("cpp_standalone", directory="out", debug=False)
    assert "set_device(..., directory='out') does nothing: programs are kept in a cache" in (
        caplog.text
    )
    brian.set_device("cuda_standalone", emulate=True)
    assert (str(device), current_options().emulate) == ("cuda", True)
    with pytest.raises(DeviceError, match="no device 'genn': 'cuda' runs networks on NVIDIA"):
        brian.set_device("genn")
    with pytest.raises(ArgumentTypeError, match="'thread'"):
        brian.set_device("cpp_standalone", thread=2)
    with pytest.raises(ArgumentTypeError, match="build_on_run"):
        brian.set_device("cpp_standalone", build_on_run="no")
    assert str(device) == "cuda"  # what was refused has changed nothing


@pytest.mark.compiler
def test_a_standalone_script_runs_as_it_stands():
    brian.set_device("cpp_standalone", build_on_run=False)
    found = []
    for start in (1.0, 2.0):
        device.reinit()
        device.activate(build_on_run=False)
        group = brian.NeuronGroup(1, "v : 1")
        group.run_regularly("v += 1", dt=1 * brian.ms)
        group.v = start
        net = brian.Network(group)
        net.run(2 * brian.ms)
        net.run(1 * brian.ms)
        device.build(directory="out", compile=True, run=True, debug=False)
        found.append(float(group.v[0]))
        device.delete(force=True)
    assert found == [4, 5]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: device.build(compile=False), r"device.build\(compile=False\)"),
        (lambda: device.apply_run_args(), "device.apply_run_args is not supported.*run_args, too"),
        (lambda: device.insert_code("main", ""), "network_operation"),
    ],
)
def test_what_a_device_cannot_do_says_so(call, text):
    with pytest.raises(UnsupportedFeatureError, match=text):
        call()


def test_what_a_device_does_not_have_says_so():
    with pytest.raises(UnknownAttributeError, match="'biuld'"):
        device.biuld()
    with pytest.raises(ArgumentTypeError, match="'dir'"):
        device.build(dir="out")
    with pytest.raises(ArgumentTypeError, match="build_on_run must be True or False, not 1"):
        device.activate(build_on_run=1)


@pytest.mark.compiler
def test_a_script_that_is_built_first_runs_as_it_stands(caplog):
    brian.set_device("cpp_standalone", build_on_run=False, directory=None)
    group = brian.NeuronGroup(2, "dv/dt = -v/tau : 1\ntau : second", method="euler")
    group.v = 1
    brian.run(1 * brian.ms)
    device.build(run=False, directory=None)
    for tau in (1, 2):
        device.run(run_args={group.tau: [tau, 2 * tau] * brian.ms}, with_output=False)
        assert group.v[:] == pytest.approx([(1 - 0.1 / tau) ** 10, (1 - 0.05 / tau) ** 10])
    caplog.clear()
    device.run(results_directory="first", run_args={group.tau: 1 * brian.ms})
    assert caplog.messages == [
        "device.run(results_directory='first') does nothing: programs are kept in a cache, and "
        "results in the process."
    ]
    brian.run(1 * brian.ms)  # goes on from there when it is built
    device.build(run_args={group.tau: 5 * brian.ms})
    assert group.v[:] == pytest.approx([0.9**10 * 0.98**10] * 2)
    brian.set_device("runtime")
    brian.run(0.1 * brian.ms)
    assert group.v[:] == pytest.approx([0.9**10 * 0.98**11] * 2)


def test_preferences_with_a_meaning_act_in_any_order():
    prefs.devices.cpp_standalone.openmp_threads = 3
    prefs.core.default_float_dtype = np.float32
    brian.set_device("cpp_standalone")
    assert (current_options().threads, current_options().real) == (3, np.float32)
    prefs["devices.cpp_standalone.openmp_threads"] = 2
    assert current_options().threads == 2
    assert brian.NeuronGroup(1, "v : 1").v[:].dtype == np.float32
    brian.set_device("cpp_standalone", threads=4)  # what is said there comes first
    assert current_options().threads == 4
    prefs.logging.console_log_level = "ERROR"
    assert logging.getLogger("simgen").level == logging.ERROR
    brian.BrianLogger.log_level_debug()
    assert logging.getLogger("simgen").level == logging.DEBUG
    brian.BrianLogger.suppress_hierarchy("brian2.codegen")
    prefs.reset_to_defaults()
    assert current_options().real == np.float64
    assert prefs.devices.cpp_standalone.openmp_threads == 0


def test_preferences_keep_what_simgens_own_set_device_was_told():
    brian.set_device("cpp_standalone", threads=4)
    simgen.set_device("cuda", emulate=True, deterministic=True)
    prefs.devices.cpp_standalone.openmp_threads = 3  # of another device
    prefs.core.default_float_dtype = np.float32
    options = current_options()
    assert (options.target, options.emulate, options.deterministic) == ("cuda", True, True)
    assert (options.threads, options.real) == (1, np.float32)
    simgen.set_device("cpu", compiler_flags=("-O1",), dtype="float64")
    prefs.devices.cpp_standalone.openmp_threads = 2
    options = current_options()
    assert (options.target, options.compiler_flags, options.threads) == ("cpu", ("-O1",), 2)
    assert options.real == np.float64


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("codegen.target", "numpy", r"set_device\('reference'\)"),
        ("codegen.cpp.extra_compile_args_gcc", ["-O3"], "compiler_flags"),
        ("codegen.runtime.cython.cache_dir", "/x", "SIMGEN_CACHE_DIR"),
        ("logging.file_log", False, "no log files"),
        ("devices.cpp_standalone.extra_make_args_unix", ["-j4"], "nothing is built elsewhere"),
    ],
)
def test_preferences_without_a_meaning_say_so(name, value, reason, caplog):
    prefs[name] = value
    assert prefs[name] == value
    assert f"'{name}'" in caplog.text
    assert re.search(reason, caplog.text)


@pytest.mark.parametrize("name", [name for name, known in PREFERENCES.items() if known.idle])
def test_every_preference_that_does_nothing_gives_its_reason(name, caplog):
    default = PREFERENCES[name].default
    if isinstance(default, bool):
        prefs[name] = not default
    else:
        prefs[name] = default + 1 if isinstance(default, int) else "another"
    assert caplog.messages == [f"The preference '{name}' does nothing: {PREFERENCES[name].idle}."]


def test_preferences_quietly_take_what_they_are(caplog):
    prefs.codegen.target = "cython"
    prefs.logging.file_log = True
    prefs.legacy.refractory_timing = False
    assert caplog.text == ""
    assert "codegen.target" in prefs
    assert "target" in prefs.codegen
    assert len(prefs.logging) == 9
    assert dict(prefs.core.network.items())["default_schedule"][0] == "start"
    assert "codegen.target = 'cython'" in repr(prefs)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("codegen.target", "weave", UnsupportedFeatureError),
        ("legacy.refractory_timing", True, UnsupportedFeatureError),
        ("core.default_integer_dtype", np.int64, UnsupportedFeatureError),
        ("core.default_float_dtype", np.float16, UnsupportedFeatureError),
        ("devices.cpp_standalone.openmp_threads", -1, ArgumentTypeError),
        ("logging.file_log", "no", ArgumentTypeError),
        ("codegen.traget", "numpy", UnknownNameError),
    ],
)
def test_wrong_preferences_are_refused_and_change_nothing(name, value, error):
    before = dict(prefs.items())
    with pytest.raises(error, match=name.rpartition(".")[2]) as refused:
        prefs[name] = value
    assert dict(prefs.items()) == before
    if error is UnknownNameError:
        assert "codegen.target" in str(refused.value)
        with pytest.raises(UnknownAttributeError):
            prefs.codegen.traget = value
        with pytest.raises(UnknownAttributeError):
            _ = prefs.codegn
