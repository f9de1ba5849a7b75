"""What all tests share: a private cache of quickly compiled programs, and golden files.

Most of the tests' time goes into compiling small programs that run for milliseconds. They are made
with little optimisation, and one library serves one thread and many. With SIMGEN_TEST_AS_SHIPPED=1,
as in continuous integration, all are made just as users get them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import simgen
from simgen.api import integer_values
from simgen.targets.cpu import backend
from simgen.units import display, quantity

AS_SHIPPED = os.environ.get("SIMGEN_TEST_AS_SHIPPED", "") == "1"
GOLDEN = Path(__file__).with_name("golden")
MANY_FILES = 200  # are collected only where all are


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write the golden files anew instead of comparing with them",
    )


def slow_cases() -> list[tuple[str, re.Pattern[str]]]:
    """Return the lines of ``slow_cases.txt`` and what they match."""
    text = Path(__file__).with_name("slow_cases.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return [(line, re.compile(re.escape(line).replace(r"\*", ".*"))) for line in lines]


@pytest.hookimpl(tryfirst=True)  # before those are left out that -m does not choose
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what ``slow_cases.txt`` lists; with all tests collected, each line must name one."""
    cases = slow_cases()
    matched = set()
    root = Path(__file__).parent
    for item in items:
        place = f"{item.path.relative_to(root).as_posix()}::{item.nodeid.partition('::')[2]}"
        for line, pattern in cases:
            if pattern.fullmatch(place):
                item.add_marker(pytest.mark.slow)
                matched.add(line)
    missing = [line for line, _ in cases if line not in matched]
    if missing and len({item.path for item in items}) >= MANY_FILES:
        raise pytest.UsageError(f"slow_cases.txt names no test by: {', '.join(missing)}")


@pytest.fixture(autouse=True, scope="session")
def private_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the tests out of the user's cache, and the user's cache out of the tests.

    Test processes that run side by side share it: what one has compiled, the others find.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "programs"
    folder.mkdir(mode=0o700, exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "SIMGEN_CACHE_DIR", str(folder))
        yield folder


@pytest.fixture(autouse=True, scope="session")
def quickly_compiled() -> Iterator[None]:
    """Spare the compiler work on speed, and a second library for more threads than one."""
    with pytest.MonkeyPatch.context() as patch:
        if not AS_SHIPPED:
            patch.setattr(backend, "OPTIMIZE", "-O1")
            patch.setattr(backend, "THREADS_OF_OPENMP", 1)
        yield


def compare_golden(path: Path, text: str, update: bool) -> None:
    """Fail unless ``path`` holds ``text``; with ``update`` write it."""
    text = text.rstrip("\n") + "\n"
    if update:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        return
    if not path.is_file():
        pytest.fail(f"{path} is missing; make it with: pytest --update-golden", pytrace=False)
    expected = path.read_text(encoding="utf-8")
    assert text == expected, f"differs from {path}; if wanted: pytest --update-golden"


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[..., None]:
    """``golden(text)`` compares with ``golden/<module>/<test>.txt``; a second argument renames it.

    <module> is the test file without ``test_``. Line ends at the end of the text do not count.
    """
    module = request.node.path.stem.removeprefix("test_")
    test = re.sub(r"[^\w.-]+", "_", request.node.name.removeprefix("test_")).strip("_")
    update = bool(request.config.getoption("--update-golden"))

    def check(text: str, name: str = test) -> None:
        compare_golden(GOLDEN / module / f"{name}.txt", text, update)

    return check


@pytest.fixture(autouse=True)
def strict_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what simgen.brian allows refused, whoever has imported it before.

    float() of a quantity with a dimension, and fractions for integer variables.
    """
    monkeypatch.setattr(quantity._Floats, "give_si", False)
    monkeypatch.setattr(integer_values._Fractions, "are_cut", False)


@pytest.fixture(autouse=True)
def own_units(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the units that a test registers."""
    monkeypatch.setattr(display, "_UNITS", dict(display._UNITS))


@pytest.fixture(autouse=True)
def own_clock() -> Iterator[None]:
    """Leave the default clock to the next test as it is when simgen is imported.

    Its time is that of the network that ran last, and strings assigned before a run may read it.
    """
    yield
    simgen.defaultclock.dt = 1e-4 * simgen.second
    simgen.defaultclock._now = 0.0


@pytest.fixture(
    params=[
        pytest.param(("reference", {}), id="reference"),
        pytest.param(("cpu", {}), id="cpu-1", marks=pytest.mark.compiler),
        pytest.param(("cpu", {"threads": 3}), id="cpu-3", marks=pytest.mark.compiler),
        pytest.param(("cuda", {"emulate": True}), id="cuda", marks=pytest.mark.compiler),
    ]
)
def device(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run the test on the interpreter, on compiled programs of one and of three threads, and on an
    emulated GPU.

    Each starts in a fresh scope with seed 1; yields the name of the device.
    """
    name, options = request.param
    simgen.set_device(name, **options)
    simgen.start_scope()
    simgen.seed(1)
    yield name
    simgen.set_device("auto")
