"""A random network stored anywhere between its runs goes on bit for bit in a fresh one."""

from __future__ import annotations

import re
from random import Random

import pytest

import simgen
from simgen import defaultclock, ms, set_device
from simgen.commands.fuzz.models import HEADER, Model, make_model
from simgen.commands.fuzz.variants import VARIANTS, Result, differences, observe

pytestmark = pytest.mark.compiler
PYTHON = re.compile(r"K\d+ = |.*\.active = |.*threads=")  # what is no state
DEVICES = ("reference", "cpu", "cpu 2 threads", "cuda")


def execute(lines, names):
    exec(compile("\n".join(lines), "<model>", "exec"), names)


def parts(model: Model) -> tuple[list[str], list[str]]:
    """Return the lines that make the objects, and those that run and change them."""
    lines = list(model.lines)
    made = next(k for k, line in enumerate(lines) if line.startswith("net = ")) + 1
    return lines[:made], lines[made:]


def fresh(making: list[str], seed: int) -> dict[str, object]:
    names: dict[str, object] = {"__name__": "model"}
    execute([*HEADER, f"seed({seed})", *making], names)
    return names


def whole_and_resumed(model: Model, cut: int, path: str) -> tuple[Result, Result] | None:
    """Return what a model leaves behind, and what one does that goes on from a file at a cut."""
    making, running = parts(model)
    names = fresh(making, 1)
    try:
        execute(running[:cut], names)
        names["net"].store("cut", path)
        execute(running[cut:], names)
    except (simgen.InternalError, simgen.CompileError, simgen.StateFileError):
        raise
    except simgen.SimgenError:
        return None  # the model cannot run
    whole = observe(names)
    defaultclock.dt = 0.1 * ms
    names = fresh(making, 2)
    execute([line for line in running[:cut] if PYTHON.match(line)], names)
    names["net"].restore("cut", path, restore_random_state=True)
    execute(running[cut:], names)
    return whole, observe(names)


@pytest.fixture(autouse=True)
def clean():
    yield
    set_device("auto", dtype="float64")
    defaultclock.dt = 0.1 * ms


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("device", DEVICES)
def test_a_random_network_goes_on_from_a_file(device, number, tmp_path):
    random = Random(number)
    model = make_model(random)
    cut = random.randrange(len(parts(model)[1]) + 1)
    set_device(**VARIANTS[device])
    found = whole_and_resumed(model, cut, str(tmp_path / "states"))
    if found is not None:
        assert differences(*found) == []
