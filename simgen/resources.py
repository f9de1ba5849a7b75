"""Where the package data lies; the only code that knows."""

from __future__ import annotations

from pathlib import Path

from simgen.errors import InternalError

_HERE = Path(__file__).resolve().parent


def _folder(name: str) -> Path:
    for parent in (_HERE, _HERE.parent):  # an installed wheel first, then a source checkout
        if (parent / name).is_dir():
            return parent / name
    raise InternalError(f"folder '{name}' is missing from the simgen installation")


def template_dir() -> Path:
    """Return the folder of the jinja2 templates."""
    return _folder("templates")


def cuda_kernel_dir() -> Path:
    """Return the folder of the hand-written headers."""
    return _folder("cuda_kernels")
