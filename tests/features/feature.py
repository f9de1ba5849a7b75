"""Features of the table: a script that uses each, where it is run, and what comes of it."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import simgen
import simgen.brian as brian
from simgen.api import brian_device
from simgen.api.component import Component

TARGETS = ("reference", "cpu", "cuda")
YES = "yes"
STEPS = 10  # of 0.1 ms, which a script without a run() of its own is run for


@dataclass(frozen=True)
class Feature:
    """``code`` uses the feature; ``check`` is true after a run, if code does not run by itself.

    ``code`` finds the names of Brian's star import, and ``target``, ``options`` (of set_device) and
    ``folder``, an empty one.
    """

    name: str
    code: str
    check: str = ""

    @property
    def runs(self) -> bool:
        """Whether the script has its own run()."""
        return bool(re.search(r"\brun\(", self.code))


@contextlib.contextmanager
def on_target(target: str) -> Iterator[dict[str, Any]]:
    """Choose a target in a fresh scope, and yield the names that scripts find."""
    options = {"emulate": True} if target == "cuda" else {}
    brian.set_device(target, **options)
    simgen.start_scope()
    brian.seed(1)
    simgen.defaultclock.dt = 0.1 * simgen.ms
    simgen.defaultclock._now = 0.0
    try:
        yield {"target": target, "options": options}
    finally:
        brian_device.prefs.reset_to_defaults()
        brian_device._chosen.preferred.clear()
        brian.set_device("auto")


class _Said(logging.Handler):
    """Keeps what is logged about things that have no effect."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def _names(chosen: dict[str, Any]) -> dict[str, Any]:
    return {**{name: getattr(brian, name) for name in brian.__all__}, **chosen}


def outcome(feature: Feature, chosen: dict[str, Any]) -> str:
    """Return "yes", or what the script raises or says; an assertion that fails goes through."""
    said, names = _Said(), _names(chosen)
    logger = logging.getLogger("simgen.brian")
    logger.addHandler(said)
    try:
        exec(compile(feature.code, feature.name, "exec"), names)
        if feature.check and not feature.runs:
            exec(f"run({STEPS}*defaultclock.dt, namespace={{}})", names)
        _check(feature, names)
    except AssertionError:
        raise
    except Exception as error:
        return f"{type(error).__name__}: {gist(str(error))}"
    finally:
        logger.removeHandler(said)
    return f"says: {said.lines[0]}" if said.lines else YES


def together(features: Sequence[Feature], chosen: dict[str, Any]) -> bool:
    """Run the scripts as one network; return False if that is not possible."""
    spaces = []
    for feature in features:
        names = _names(chosen)
        try:
            exec(compile(feature.code, feature.name, "exec"), names)
        except AssertionError:
            raise
        except Exception:
            return False
        spaces.append(names)
    objects = {id(x): x for names in spaces for x in names.values() if isinstance(x, Component)}
    try:
        simgen.Network(*objects.values()).run(STEPS * simgen.defaultclock.dt, namespace={})
    except Exception:
        return False
    for feature, names in zip(features, spaces):
        _check(feature, names)
    return True


def _check(feature: Feature, names: dict[str, Any]) -> None:
    if feature.check:
        found = eval(compile(feature.check, feature.name, "eval"), names)
        assert found, f"{feature.name}: not {feature.check}"


def gist(message: str) -> str:
    """Return the line of a message that says what is wrong, without the text that it shows."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    carets = [number for number, line in enumerate(lines[:-1]) if set(line) == {"^"}]
    lines = lines[carets[0] + 1 :] if carets else lines
    whole = lines[0].endswith((".", ")", "?"))
    return lines[0] if whole or len(lines) == 1 else f"{lines[0]}; {lines[1]}"
