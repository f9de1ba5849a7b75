"""docs/features.md says of every feature on which target it runs, and what is raised otherwise."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import generated
import page
import pytest
from feature import TARGETS, Feature, on_target, outcome, together
from scripts import read_scripts

THEMES: dict[str, list[Feature]] = {
    "Neurons and inputs": read_scripts("neurons"),
    "Equations and code": read_scripts("equations"),
    "Methods of integration": [*generated.methods(), *read_scripts("methods")],
    "Functions": [*generated.functions(), *read_scripts("functions")],
    "Synapses": read_scripts("synapses"),
    "Connections, delays and values of synapses": read_scripts("connections"),
    "Recording and reading": read_scripts("recording"),
    "Running, storing, the schedule": read_scripts("running"),
    "Devices and their options": read_scripts("devices"),
    "Commands": read_scripts("commands"),
    "What is refused": [*generated.ported(), *read_scripts("refused")],
    "Brian's names that are missing": generated.missing(),
    "Brian's preferences": generated.preferences(),
}
COLUMNS = [
    pytest.param("reference", id="reference"),
    pytest.param("cpu", id="cpu", marks=[pytest.mark.compiler, pytest.mark.slow]),
    pytest.param("cuda", id="cuda", marks=[pytest.mark.compiler, pytest.mark.slow]),
]
pytestmark = pytest.mark.usefixtures("brians_logger")


@pytest.fixture
def brians_logger() -> Iterator[None]:
    """Keep what scripts set of the logger to themselves."""
    logger = logging.getLogger("simgen")
    level = logger.level
    yield
    logger.setLevel(level)


def found(feature: Feature, target: str, folder: Path) -> str:
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    with on_target(target) as chosen:
        return outcome(feature, {**chosen, "folder": str(folder)})


@pytest.fixture(scope="module")
def written(request: pytest.FixtureRequest) -> dict[tuple[str, str], str]:
    if request.config.getoption("--update-golden"):
        pytest.skip("the page is written anew")
    return page.rows(page.PAGE.read_text(encoding="utf-8"))


def test_the_page_has_a_line_for_each_feature(written):
    assert list(written) == [(t, f.name) for t, features in THEMES.items() for f in features]
    assert "| ?" not in page.PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("target", COLUMNS)
@pytest.mark.parametrize("theme", THEMES)
def test_the_page_is_right(theme, target, written, tmp_path):
    """What runs without further ado on a target runs there as one network, to be quick."""
    features = THEMES[theme]
    lines = {feature: written[theme, feature.name] for feature in features}
    alike = [f for f in features if f.check and not f.runs and page.is_yes(lines[f], target)]
    with on_target(target) as chosen:
        if together(alike, {**chosen, "folder": str(tmp_path)}):
            features = [f for f in features if f not in alike]
    wrong = {}
    for feature in features:
        got = found(feature, target, tmp_path / "files")
        if page.differs(lines[feature], target, got):
            wrong[feature.name] = got
    assert not wrong, f"if wanted, --update-golden writes {page.PAGE} anew"


def test_writing_the_page(tmp_path):
    """With --update-golden the page is written anew, each feature run by itself on each target."""
    cells = {
        (theme, feature.name): {t: found(feature, t, tmp_path / "files") for t in TARGETS}
        for theme, features in THEMES.items()
        for feature in features
    }
    page.PAGE.write_text(page.render(THEMES, cells), encoding="utf-8", newline="\n")
