import os
import stat
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from simgen.runtime import cache

KEY = "ab" * 32
SOURCE = "int x;\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMGEN_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "_fallback", cache._Fallback())
    return tmp_path / "cache"


@pytest.fixture
def built(tmp_path):
    path = tmp_path / "built.so"
    path.write_bytes(b"machine code")
    return path


def test_a_stored_library_is_found_again_with_its_content(folder, built):
    stored = cache.store(KEY, SOURCE, built)
    assert stored == folder / f"{KEY}.so"
    assert cache.lookup(KEY, SOURCE) == stored
    assert stored.read_bytes() == b"machine code"
    assert (folder / f"{KEY}.cpp").read_text() == SOURCE


def test_folder_and_files_are_private(folder, built):
    cache.store(KEY, SOURCE, built)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


@pytest.mark.parametrize("suffix", [".so", ".cpp", ".sum"])
@pytest.mark.parametrize("damage", ["truncated", "flipped", "missing", "empty"])
def test_a_damaged_entry_is_a_miss_and_can_be_replaced(folder, built, suffix, damage):
    cache.store(KEY, SOURCE, built)
    victim = folder / f"{KEY}{suffix}"
    content = bytearray(victim.read_bytes())
    if damage == "missing":
        victim.unlink()
    else:
        content[3] ^= 1
        shown = {"truncated": content[:-1], "flipped": content, "empty": b""}[damage]
        victim.write_bytes(bytes(shown))
    assert cache.lookup(KEY, SOURCE) is None
    cache.store(KEY, SOURCE, built)
    assert cache.lookup(KEY, SOURCE) is not None


def test_a_colliding_key_with_another_source_is_a_miss(folder, built):
    cache.store(KEY, SOURCE, built)
    assert cache.lookup(KEY, SOURCE + " ") is None


def test_an_entry_that_others_may_write_is_a_miss(folder, built):
    (cache.store(KEY, SOURCE, built)).chmod(0o722)
    assert cache.lookup(KEY, SOURCE) is None


def test_an_entry_that_is_a_link_is_a_miss(folder, built):
    stored = cache.store(KEY, SOURCE, built)
    stored.unlink()
    stored.symlink_to(built)
    assert cache.lookup(KEY, SOURCE) is None


def test_an_entry_of_another_user_is_a_miss(folder, built, monkeypatch):
    cache.store(KEY, SOURCE, built)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert cache.read_private(folder / f"{KEY}.so") is None


def test_the_environment_chooses_the_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("SIMGEN_CACHE_DIR", str(tmp_path / "one"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "two"))
    assert cache.wanted_cache_dir() == tmp_path / "one"
    monkeypatch.delenv("SIMGEN_CACHE_DIR")
    assert cache.wanted_cache_dir() == tmp_path / "two" / "simgen"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache.wanted_cache_dir() == tmp_path / ".cache" / "simgen"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache.wanted_cache_dir() == tmp_path / "Library" / "Caches" / "simgen"


def _spoil(folder: Path, how: str) -> str:
    if how == "link":
        folder.parent.joinpath("real").mkdir()
        folder.symlink_to(folder.parent / "real")
        return "is a symbolic link"
    if how == "file":
        folder.write_text("in the way")
        return "cannot be made"
    folder.mkdir()
    folder.chmod(0o777)
    return "can be written by other users"


@pytest.mark.parametrize("how", ["link", "file", "open"])
def test_an_unusable_folder_is_replaced_by_a_private_one_with_one_warning(folder, built, how):
    reason = _spoil(folder, how)
    with pytest.warns(RuntimeWarning, match=reason) as seen:
        stored = cache.store(KEY, SOURCE, built)
    assert len(seen) == 1
    assert cache.lookup(KEY, SOURCE) == stored  # in the same folder and without another warning
    assert stored.parent != folder
    assert stat.S_IMODE(stored.parent.stat().st_mode) == 0o700


def test_a_folder_of_another_user_is_not_used(folder, monkeypatch):
    folder.mkdir(mode=0o700)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert cache._why_unusable(folder) == "belongs to another user"


def test_a_full_disk_sends_the_library_to_the_temporary_folder(folder, built, monkeypatch):
    real = cache.write_private

    def full(path, data, mode=0o600):
        if path.parent == folder:
            raise OSError(28, "No space left on device")
        real(path, data, mode)

    monkeypatch.setattr(cache, "write_private", full)
    with pytest.warns(RuntimeWarning, match="No space left"):
        stored = cache.store(KEY, SOURCE, built)
    assert stored.read_bytes() == b"machine code"
    assert cache.lookup(KEY, SOURCE) == stored


def test_the_temporary_folder_goes_with_its_process(tmp_path):
    program = (
        "import warnings; warnings.simplefilter('ignore')\n"
        "from simgen.runtime import cache\n"
        "print(cache.cache_dir())\n"
    )
    (tmp_path / "file").write_text("in the way")
    shown = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "SIMGEN_CACHE_DIR": str(tmp_path / "file"), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert shown.startswith(str(tmp_path))
    assert not Path(shown).exists()


def test_clearing_removes_entries_and_leftovers_but_nothing_else(folder, built):
    cache.store(KEY, SOURCE, built)
    (folder / ".partial-abc").write_bytes(b"left by a killed process")
    (folder / "notes.so").write_bytes(b"the user's own")
    info = cache.cache_info()
    assert (info.path, info.entries) == (folder, 1)
    assert info.n_bytes > len(SOURCE) + len(b"machine code")
    assert cache.clear_cache() == 1
    assert [path.name for path in folder.iterdir()] == ["notes.so"]
    assert cache.cache_info().entries == 0


def test_a_failed_write_leaves_no_partial_file(folder, monkeypatch):
    folder.mkdir()

    def refuse(source, target):
        raise OSError(13, "refused")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="refused"):
        cache.write_private(folder / "x", b"data")
    assert list(folder.iterdir()) == []


def test_a_usable_folder_gives_no_warning(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cache.cache_dir() == folder


@pytest.mark.parametrize("suffix", [".so", ".cpp", ".sum"])
def test_a_folder_in_the_place_of_a_file_is_a_miss_and_is_not_removed(folder, built, suffix):
    cache.store(KEY, SOURCE, built)
    (folder / f"{KEY}{suffix}").unlink()
    (folder / f"{KEY}{suffix}").mkdir()
    assert cache.lookup(KEY, SOURCE) is None
    with pytest.warns(RuntimeWarning, match="cannot be written"):
        assert cache.store(KEY, SOURCE, built).read_bytes() == b"machine code"
    cache.clear_cache()
    assert [path.name for path in folder.iterdir()] == [f"{KEY}{suffix}"]
