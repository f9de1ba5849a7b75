"""A wheel, an editable install and a plain checkout all find the templates and headers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CONTENTS = ("setup.py", "README.md", "LICENSE", "simgen", "templates", "cuda_kernels")
PROBE = """
import importlib.util, sys, types
found = importlib.util.find_spec("simgen")
package = sys.modules["simgen"] = types.ModuleType("simgen")  # its dependencies need not be there
package.__path__ = list(found.submodule_search_locations)
import simgen.resources as resources
for folder in (resources.template_dir(), resources.cuda_kernel_dir()):
    print(folder)
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".j2", ".h", ".cuh", ".cpp"):
            print(path.relative_to(folder).as_posix())
"""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def data_files(folder):
    """Return the package data of a folder, relative to it."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix in (".j2", ".h", ".cuh", ".cpp")
    )


def run(*arguments, cwd, python=sys.executable, **environment):
    """Run a Python (this one by default) in ``cwd`` and return what it printed."""
    done = subprocess.run(
        [str(python), *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pip(*arguments, cwd, **environment):
    return run("-m", "pip", "--disable-pip-version-check", *arguments, cwd=cwd, **environment)


def build_options():
    """Return the pip options that build without a network where this environment can."""
    version = metadata.version("setuptools").split(".")
    return ["--no-build-isolation"] if (int(version[0]), int(version[1])) >= (70, 1) else []


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Return a clean copy of what a build needs; builds leave files in the tree they start from."""
    folder = tmp_path_factory.mktemp("tree")
    for name in CONTENTS:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(
                source, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*")
            )
        else:
            shutil.copy2(source, folder / name)
    return folder


@pytest.fixture(scope="module")
def wheel(tree, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", *build_options(), "-w", folder, tree, cwd=folder)
    (found,) = folder.glob("simgen-*.whl")
    return found


def test_the_wheel_holds_every_module_template_and_header_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    packed = {name for name in names if ".dist-info/" not in name}
    modules = {p.relative_to(ROOT).as_posix() for p in (ROOT / "simgen").rglob("*.py")}
    data = {
        f"simgen/{name}/{path}"
        for name in ("templates", "cuda_kernels")
        for path in ("__init__.py", *data_files(ROOT / name))
    }
    assert packed == modules | data | {"simgen/py.typed"}
    assert any(name.endswith("LICENSE") for name in names)


def expected_probe(templates, headers):
    lines = [templates, *data_files(ROOT / "templates")]
    return [str(line) for line in (*lines, headers, *data_files(ROOT / "cuda_kernels"))]


def test_an_installed_wheel_finds_its_templates_and_headers(wheel, tmp_path):
    target = tmp_path / "site"
    pip("install", "--no-deps", "--no-index", "--target", target, wheel, cwd=tmp_path)
    printed = run("-c", PROBE, cwd=tmp_path, PYTHONPATH=str(target)).splitlines()
    package = target / "simgen"
    assert printed == expected_probe(package / "templates", package / "cuda_kernels")


def test_a_plain_checkout_finds_its_templates_and_headers(tree, tmp_path):
    printed = run("-c", PROBE, cwd=tmp_path, PYTHONPATH=str(tree)).splitlines()
    assert printed == expected_probe(tree / "templates", tree / "cuda_kernels")


def test_an_editable_install_finds_its_templates_and_headers(tree, tmp_path):
    run("-m", "venv", tmp_path / "venv", cwd=tmp_path)
    python = tmp_path / "venv" / "bin" / "python"
    outer = os.pathsep.join(path for path in sys.path if path.endswith("site-packages"))
    options = ["--no-deps", *build_options(), "-e"]
    pip("install", *options, tree, cwd=tmp_path, python=python, PYTHONPATH=outer)
    printed = run("-c", PROBE, cwd=tmp_path, python=python, PYTHONPATH="").splitlines()
    assert printed == expected_probe(tree / "templates", tree / "cuda_kernels")


def test_the_linter_looks_at_every_file_of_the_package() -> None:
    """A name that is excluded for the sake of one folder hides every folder of that name."""
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--show-files", "simgen"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    seen = {Path(line) for line in done.stdout.splitlines()}
    assert set((ROOT / "simgen").rglob("*.py")) <= seen
