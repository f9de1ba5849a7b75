"""A private folder of compiled libraries, addressed by content and verified on every load.

An entry is three files: ``<key>.so`` (the library), ``<key>.cpp`` (its source) and ``<key>.sum``
(the SHA-256 of both). Files are written under a temporary name and moved into place, the sums last;
nothing is locked. A truncated, damaged or foreign entry, or one whose source differs, is a miss and
is replaced, so that many processes can share the folder and a wrong library is never loaded.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import stat
import sys
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

from simgen.errors import CompileError

_SUFFIXES = (".so", ".cpp", ".sum", ".flags")
_PARTIAL = (
    ".partial-"  # starts temporary names, so that clear_cache finds what killed processes left
)


@dataclass(frozen=True, slots=True)
class CacheInfo:
    """The folder, how many libraries it holds, and the bytes of all its files."""

    path: Path
    entries: int
    n_bytes: int


@dataclass(slots=True)
class _Fallback:
    """The temporary folder of this process, made when the wanted one cannot be used."""

    path: Path | None = None
    owner_pid: int = 0


_fallback = _Fallback()


def wanted_cache_dir() -> Path:
    """Return the folder the environment asks for, whether or not it can be used."""
    if explicit := os.environ.get("SIMGEN_CACHE_DIR"):
        return Path(explicit).expanduser().absolute()
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base).expanduser().absolute() / "simgen"
    try:
        home = Path.home()
    except RuntimeError:  # no $HOME and no entry in the user database, as in some containers
        home = Path(tempfile.gettempdir()) / f"home-{os.geteuid()}"
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "simgen"


def cache_dir() -> Path:
    """Return the usable cache folder, made if it is missing.

    Where the wanted folder is a link, belongs to someone else, can be written by others or cannot
    be written by us, a private temporary folder takes its place, with one warning.
    """
    wanted = wanted_cache_dir()
    reason = _why_unusable(wanted)
    return fallback_dir(f"the cache folder {wanted} {reason}") if reason else wanted


def _why_unusable(folder: Path) -> str:
    """Return what is wrong with ``folder`` (made if missing), or an empty string."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        found = os.lstat(folder)
    except OSError as error:
        return f"cannot be made ({error.strerror or error})"
    if stat.S_ISLNK(found.st_mode):
        return "is a symbolic link"
    if found.st_uid != os.geteuid():
        return "belongs to another user"
    if found.st_mode & 0o022:
        return "can be written by other users"
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return "cannot be written"
    return ""


def fallback_dir(reason: str) -> Path:
    """Return the temporary folder of this process; the first call warns, giving ``reason``.

    Raises :class:`CompileError` where there is no place for one.
    """
    if _fallback.path is None or _fallback.owner_pid != os.getpid() or not _fallback.path.is_dir():
        try:
            _fallback.path = Path(tempfile.mkdtemp(prefix="simgen-"))  # made with mode 0700
        except OSError as error:
            raise CompileError(
                f"{reason}, and no temporary folder can be made: {error.strerror or error}. "
                "Set SIMGEN_CACHE_DIR or TMPDIR to a folder of your own."
            ) from error
        _fallback.owner_pid = os.getpid()
        atexit.register(_remove_fallback, _fallback.path, os.getpid())
        warnings.warn(
            f"{reason}; compiled programs are kept only until this process ends. "
            "Set SIMGEN_CACHE_DIR to a folder of your own.",
            RuntimeWarning,
            stacklevel=2,
        )
    return _fallback.path


def _remove_fallback(folder: Path, owner_pid: int) -> None:
    if os.getpid() == owner_pid:  # a forked child must not remove its parent's libraries
        shutil.rmtree(folder, ignore_errors=True)


def lookup(key: str, source: str) -> Path | None:
    """Return the library of ``key`` if its entry is whole and made from ``source``, else None."""
    folders = [cache_dir()]
    if _fallback.path is not None and _fallback.path not in folders:
        folders.append(_fallback.path)  # a full disk may have sent this process there
    return next((found for folder in folders if (found := _lookup_in(folder, key, source))), None)


def _lookup_in(folder: Path, key: str, source: str) -> Path | None:
    library = folder / f"{key}.so"
    sums = read_private(folder / f"{key}.sum")
    kept_source = read_private(folder / f"{key}.cpp")
    code = read_private(library)
    if sums is None or kept_source is None or code is None:
        return None
    if kept_source != source.encode() or sums != _sums(code, kept_source):
        return None
    return library


def store(key: str, source: str, built: Path) -> Path:
    """Put the freshly compiled ``built`` into the cache and return where it now lies.

    A folder that cannot take it (full, read-only) is replaced by the temporary one, with a warning.
    """
    code, text = built.read_bytes(), source.encode()
    folder = cache_dir()
    try:
        return _store_in(folder, key, code, text)
    except OSError as error:
        reason = f"the cache folder {folder} cannot be written ({error.strerror or error})"
        return _store_in(fallback_dir(reason), key, code, text)


def _store_in(folder: Path, key: str, code: bytes, text: bytes) -> Path:
    library = folder / f"{key}.so"
    write_private(folder / f"{key}.cpp", text)
    write_private(library, code, mode=0o700)
    write_private(folder / f"{key}.sum", _sums(code, text))
    return library


def _sums(code: bytes, source: bytes) -> bytes:
    return f"{hashlib.sha256(code).hexdigest()} {hashlib.sha256(source).hexdigest()}\n".encode()


def read_private(path: Path) -> bytes | None:
    """Return the bytes of a plain file of ours to which only we can write, else None."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    found = os.fstat(handle)
    plain = stat.S_ISREG(found.st_mode) and not found.st_mode & 0o022
    if not plain or found.st_uid != os.geteuid():
        os.close(handle)  # a folder, which cannot become a file object, too
        return None
    with os.fdopen(handle, "rb") as file:
        try:
            return file.read()
        except OSError:
            return None


def write_private(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Put ``data`` at ``path`` in one move, so that a reader sees all of it or nothing."""
    handle, name = tempfile.mkstemp(prefix=_PARTIAL, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), mode)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def cache_info() -> CacheInfo:
    """Return the cache's folder, number of libraries and size."""
    folder = cache_dir()
    files = _own_files(folder)
    return CacheInfo(
        path=folder,
        entries=sum(path.suffix == ".so" for path, _ in files),
        n_bytes=sum(size for _, size in files),
    )


def clear_cache() -> int:
    """Remove what simgen put into the cache folder; return the number of libraries removed.

    Other files, and folders, are left alone. Libraries in use stay valid until they are closed.
    """
    removed = 0
    for path, _ in _own_files(cache_dir()):
        path.unlink(missing_ok=True)  # another process may be clearing too
        removed += path.suffix == ".so"
    return removed


def _own_files(folder: Path) -> list[tuple[Path, int]]:
    found: list[tuple[Path, int]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            stem, suffix = os.path.splitext(entry.name)
            is_key = len(stem) == 64 and set(stem) <= set("0123456789abcdef")
            named = entry.name.startswith(_PARTIAL) or (suffix in _SUFFIXES and is_key)
            if named and not entry.is_dir(follow_symlinks=False):
                try:
                    found.append((Path(entry.path), entry.stat(follow_symlinks=False).st_size))
                except OSError:
                    continue  # gone meanwhile
    return found
