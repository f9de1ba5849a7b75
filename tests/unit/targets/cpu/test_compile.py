import os
import re
import stat
import subprocess
import sys
import time

import numpy as np
import pytest

from simgen.errors import CompileError, InternalError
from simgen.resources import cuda_kernel_dir
from simgen.runtime import cache
from simgen.targets.cpu import compile as driver
from simgen.targets.cpu import toolchain

STRUCT = f"#include <stdint.h>\n{driver.PROGRAM_CDEF.split('int64_t simgen_run')[0]}"
PROGRAM = (
    STRUCT
    + """
extern "C" int64_t simgen_run(sg_state *state, int64_t n_steps) {
  double *v = (double *)state->arrays[0];
  int32_t *count = (int32_t *)state->arrays[1];
  for (int64_t step = 0; step < n_steps; ++step) {
    if (*state->stop) return step;
    v[0] += state->reals[0];
    count[1] += (int32_t)state->ints[0];
  }
  return n_steps + 1000 * state->n_threads;
}
"""
)
pytestmark = pytest.mark.compiler


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMGEN_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "_fallback", cache._Fallback())
    toolchain._find.cache_clear()
    yield tmp_path / "cache"
    toolchain._find.cache_clear()


def fake_compiler(tmp_path, name, body):
    path = tmp_path / name
    path.write_text("#!/bin/sh\n" + body)
    path.chmod(0o755)
    return path


def test_a_program_reads_and_writes_the_arrays_bound_to_it(folder):
    program = driver.load_program(PROGRAM)
    v, count = np.zeros(3), np.zeros(2, dtype=np.int32)
    reals, ints = np.array([0.5]), np.array([7], dtype=np.int64)
    state = program.bind([v, count], reals, ints, n_threads=2)
    assert program.run(state, 4) == 2004
    assert v[0] == 2.0
    assert list(count) == [0, 28]
    reals[0] = 1.0
    state.stop[0] = 1
    assert program.run(state, 4) == 0
    assert state.n_threads == 2


def test_arrays_that_c_would_misread_are_refused(folder):
    program = driver.load_program(PROGRAM)
    good, reals, ints = np.zeros(4), np.zeros(1), np.zeros(1, dtype=np.int64)
    frozen = np.zeros(4)
    frozen.flags.writeable = False
    for bad in (good[::2], frozen, good.astype(">f8")):
        with pytest.raises(InternalError, match="array 0"):
            program.bind([bad], reals, ints)
    with pytest.raises(InternalError, match=r"reals .* float32"):
        program.bind([good], reals.astype(np.float32), ints)


def test_the_second_compilation_comes_from_the_cache(folder):
    begin = driver.compiler_calls()
    first = driver.compile_shared(PROGRAM)
    second = driver.compile_shared(PROGRAM)
    assert driver.compiler_calls() == begin + 1
    assert (first.cached, second.cached) == (False, True)
    assert first.path == second.path
    assert first.seconds > second.seconds == 0


def test_everything_that_changes_the_code_changes_the_key(folder, monkeypatch):
    compiler = driver.find_compiler()
    keys = {driver._cache_key("a", compiler, ("-O3",)), driver._cache_key("b", compiler, ("-O3",))}
    keys.add(driver._cache_key("a", compiler, ("-O2",)))
    keys.add(driver._cache_key("a-", compiler, ("O3",)))
    newer = toolchain.Compiler(compiler.command, "version 99", compiler.flags, compiler.openmp)
    keys.add(driver._cache_key("a", newer, ("-O3",)))
    with monkeypatch.context() as patch:
        patch.setattr(driver, "cpu_identity", lambda: "another processor")
        keys.add(driver._cache_key("a", compiler, ("-O3",)))
    with monkeypatch.context() as patch:
        patch.setattr(driver, "headers_digest", lambda: "other headers")
        keys.add(driver._cache_key("a", compiler, ("-O3",)))
    assert len(keys) == 7
    assert driver._cache_key("a", compiler, ("-O3",)) in keys


def test_a_changed_header_changes_the_digest(tmp_path, monkeypatch):
    monkeypatch.setattr(driver, "cuda_kernel_dir", lambda: tmp_path)
    header = tmp_path / "common.h"
    header.write_text("int a;")
    before = driver.headers_digest()
    header.write_text("int ab;")
    assert driver.headers_digest() != before


@pytest.mark.parametrize("suffix", [".so", ".cpp", ".sum"])
def test_a_damaged_entry_is_compiled_again(folder, suffix):
    library = driver.compile_shared(PROGRAM)
    victim = library.path.with_suffix(suffix)
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 4
    victim.unlink()
    victim.write_bytes(bytes(content))
    again = driver.compile_shared(PROGRAM)
    assert not again.cached
    assert driver.load_program(PROGRAM).compiled.cached


def test_the_headers_of_the_package_can_be_included(folder):
    name = next(path for path in sorted(cuda_kernel_dir().rglob("*.py")))
    source = (
        PROGRAM
        + f"\n#if !__has_include(<{name.relative_to(cuda_kernel_dir())}>)\n#error no\n#endif\n"
    )
    assert driver.compile_shared(source).path.exists()


def test_openmp_is_there_when_asked_for(folder):
    source = STRUCT + (
        "#ifdef _OPENMP\n#define FOUND 1\n#else\n#define FOUND 0\n#endif\n"
        'extern "C" int64_t simgen_run(sg_state *, int64_t) { return FOUND; }'
    )
    for openmp in (False, True):
        program = driver.load_program(source, openmp=openmp)
        state = program.bind([], np.zeros(1), np.zeros(1, dtype=np.int64))
        assert program.run(state, 0) == int(program.compiled.openmp)
    assert not driver.compile_shared(source, openmp=False).openmp


def test_loading_a_program_leaves_denormal_numbers_alone(folder):
    driver.load_program(PROGRAM, openmp=True)
    assert np.array([5e-324])[0] * 1.0 != 0.0


def test_a_complaint_shows_the_line_and_the_users_statement(folder):
    lines = [f"int before{i};" for i in range(20)]
    lines += ["// [NeuronGroup 'exc' reset: v = vr]", "int ok;", "int x = missing_name;"]
    lines += [f"int after{i};" for i in range(20)]
    with pytest.raises(CompileError) as raised:
        driver.compile_shared("\n".join(lines))
    text = str(raised.value)
    assert "refused line 23 of the generated program: 'missing_name' was not declared" in text
    assert "It was made from NeuronGroup 'exc' reset: v = vr" in text
    assert ">   23 | int x = missing_name;" in text
    assert len(re.findall(r"^[ >] +\d+ \| ", text, re.M)) == 10


def test_a_failure_without_a_complaint_shows_what_was_printed(folder, tmp_path, monkeypatch):
    body = 'case "$*" in *probe.cpp*|*--version*) exec g++ "$@";; esac\n'
    body += "echo internal trouble\nexit 3\n"
    monkeypatch.setenv("CXX", str(fake_compiler(tmp_path, "cxx", body)))
    with pytest.raises(CompileError, match="failed with status 3:\ninternal trouble"):
        driver.compile_shared(PROGRAM)


def test_cxx_may_carry_arguments_and_is_never_replaced(folder, monkeypatch):
    monkeypatch.setenv("CXX", "g++ -DEXTRA=1")
    found = driver.find_compiler()
    assert found.command[1:] == ("-DEXTRA=1",)
    assert os.path.isabs(found.path)
    monkeypatch.setenv("CXX", "no-such-compiler-here")
    with pytest.raises(CompileError, match="CXX names 'no-such-compiler-here'"):
        driver.find_compiler()
    monkeypatch.setenv("CXX", "g++ 'unbalanced")
    with pytest.raises(CompileError, match="cannot be read"):
        driver.find_compiler()


def test_without_a_compiler_the_message_says_what_to_install(folder, tmp_path, monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CompileError) as raised:
        driver.compile_shared(PROGRAM)
    text = str(raised.value)
    for part in ("apt install g++", "dnf install gcc-c++", "xcode-select --install", "conda-forge"):
        assert part in text


def test_flags_that_a_compiler_does_not_know_are_left_out(folder, tmp_path, monkeypatch):
    body = (
        'for word in "$@"; do case "$word" in\n'
        "-march=native|-fopenmp|-fopenmp-simd) exit 1;; esac; done\n"
        'exec g++ "$@"\n'
    )
    monkeypatch.setenv("CXX", str(fake_compiler(tmp_path, "old", body)))
    found = driver.find_compiler()
    assert not found.openmp
    assert "-march=native" not in found.flags
    assert {"-ffp-contract=off", "-fno-math-errno"} <= set(found.flags)
    library = driver.compile_shared(PROGRAM, openmp=True)
    assert not library.openmp


def test_what_the_probe_found_is_remembered(folder, monkeypatch):
    first = driver.find_compiler()
    toolchain._find.cache_clear()

    def refuse(command):
        raise AssertionError("probed again")

    monkeypatch.setattr(toolchain, "_probe_flags", refuse)
    assert driver.find_compiler() == first
    toolchain._find.cache_clear()
    memory = next(folder.glob("*.flags"))
    memory.write_text("-fplugin=evil end")
    with pytest.raises(AssertionError, match="probed again"):
        driver.find_compiler()


def test_a_compiler_that_hangs_is_stopped_with_its_children(folder, tmp_path):
    path = fake_compiler(tmp_path, "slow", "sleep 60 & echo $! > child\nwait\n")
    begin = time.monotonic()
    with pytest.raises(CompileError, match=r"did not finish within 0.3 seconds"):
        toolchain.run_compiler([str(path)], tmp_path, time_limit=0.3)
    assert time.monotonic() - begin < 30  # a child left alive would hold the output for a minute
    child = int((tmp_path / "child").read_text())
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(child)], capture_output=True, text=True)
    assert state.stdout.strip()[:1] in ("", "Z")  # gone, or dead and not yet waited for


def test_many_processes_may_compile_the_same_program_at_once(folder):
    program = (
        "import sys; sys.path.insert(0, '.')\n"
        "from simgen.targets.cpu import compile as driver\n"
        f"lib = driver.load_program({PROGRAM!r}, optimize='-O1')\n"
        "print(lib.compiled.path.name)\n"
    )
    root = str(cuda_kernel_dir().parent)
    running = [
        subprocess.Popen([sys.executable, "-c", program], cwd=root, stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    names = {process.communicate(timeout=60)[0] for process in running}
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len(names) == 1
    assert driver.load_program(PROGRAM, optimize="-O1").compiled.cached
    assert not list(folder.glob(".partial-*"))


def test_a_library_that_cannot_be_loaded_is_an_error_with_advice(folder):
    library = driver.compile_shared(PROGRAM)
    library.path.write_bytes(b"not a library")
    with pytest.raises(CompileError, match=r"cannot be loaded.*SIMGEN_CACHE_DIR"):
        library.load()


def test_a_program_without_the_entry_point_is_our_fault(folder):
    with pytest.raises(InternalError, match="simgen_run"):
        driver.load_program("int nothing;")


def test_sources_reach_the_compiler_by_file_and_are_private(folder):
    nasty = PROGRAM + '\n// $(touch hacked) `touch hacked` "; rm -rf x\n'
    library = driver.compile_shared(nasty)
    kept = library.path.with_suffix(".cpp")
    assert kept.read_text() == nasty
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
