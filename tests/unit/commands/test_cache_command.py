import pytest

from simgen import __main__ as program
from simgen.commands import cache
from simgen.errors import ModelError
from simgen.runtime.cache import CacheInfo, cache_dir


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMGEN_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_cache_is_described_and_cleared(folder, capsys):
    for digit in "ab":
        (cache_dir() / f"{digit * 64}.so").write_bytes(b"x" * 2**19)
    assert program.main(["cache"]) == 0
    assert capsys.readouterr().out == f"{folder}: 2 programs, 1.0 MiB\n"
    assert program.main(["cache", "--clear"]) == 0
    assert capsys.readouterr().out == f"removed 2 programs\n{folder}: 0 programs, 0.0 MiB\n"
    assert list(folder.iterdir()) == []


def test_one_program_is_not_called_programs(tmp_path):
    assert cache.describe_cache(CacheInfo(tmp_path, 1, 0)) == f"{tmp_path}: 1 program, 0.0 MiB"


def test_an_unknown_command_is_refused_with_the_known_ones(capsys):
    with pytest.raises(SystemExit) as stop:
        program.main(["docter"])
    assert stop.value.code == 2
    message = capsys.readouterr().err
    assert all(command.name in message for command in program.COMMANDS)


def test_an_error_of_simgen_is_printed_without_a_traceback(monkeypatch, capsys):
    def fail():
        raise ModelError("no room")

    monkeypatch.setattr(cache, "cache_info", fail)
    assert program.main(["cache"]) == 1
    assert capsys.readouterr().err == "ModelError: no room\n"
