"""Random code with sums and extremes, at once and in a network, against NumPy."""

from __future__ import annotations

import random

import numpy as np

import simgen
from simgen import Network, NeuronGroup, Synapses, ms, start_scope

COUNTS = {"reference": 40, "cpu": 6, "cuda": 3}
WHAT = ("sum", "mean", "min", "max")
FUNCTIONS = [f"{what}_{over}" for what in WHAT for over in ("all", "over_pre", "over_post")]


def expression(choose: random.Random, names: list[str], depth: int = 0) -> str:
    """Return a random expression of some names that does not grow."""
    kind = choose.random()
    if depth > 3 or kind < 0.3:
        return choose.choice([*names, "x_pre", "y_post", "i", "j", "0.5", "1.25"])
    inner = expression(choose, names, depth + 1)
    if kind < 0.6:
        return f"{choose.choice(FUNCTIONS)}({inner})"
    other = expression(choose, names, depth + 1)
    if kind < 0.7:
        return f"int({inner} > {other})"
    return f"(0.25*{inner} {choose.choice('+-')} 0.5*{other})"


def statements(choose: random.Random) -> list[tuple[str, str, str]]:
    """Return a few random assignments to variables and, used by the next one, local names."""
    found, names = [], ["a", "b", "c"]
    for number in range(choose.randint(2, 6)):
        if choose.random() < 0.25:
            local = f"local_{number}"
            found.append((local, "=", expression(choose, names)))
            target = choose.choice("abc")
            found.append((target, "=", f"{local} + {expression(choose, [*names, local])}"))
        else:
            operation = choose.choice(["=", "+=", "-="])
            found.append((choose.choice("abc"), operation, expression(choose, names)))
    return found


def expected(code: list[tuple[str, str, str]], values: dict, i: np.ndarray, j: np.ndarray) -> None:
    """Run the statements for all synapses, one after the other."""

    def over(ends: np.ndarray, what: str):
        def function(x):
            x = np.broadcast_to(np.asarray(x, float), i.shape)
            if what in ("min", "max"):
                found = np.full(ends.max() + 1, np.inf if what == "min" else -np.inf)
                (np.minimum if what == "min" else np.maximum).at(found, ends, x)
                return found[ends]
            total = np.bincount(ends, weights=x)
            return (total / np.maximum(np.bincount(ends), 1) if what == "mean" else total)[ends]

        return function

    functions = {"int": lambda x: np.asarray(x).astype(int)}
    for what in WHAT:
        functions[f"{what}_over_pre"] = over(i, what)
        functions[f"{what}_over_post"] = over(j, what)
        functions[f"{what}_all"] = over(np.zeros_like(i), what)
    for target, operation, text in code:
        value = eval(text, {}, {**functions, **values, "i": i, "j": j})
        old = values.get(target, 0)
        new = {"=": value, "+=": old + value, "-=": old - value}[operation]
        values[target] = np.array(np.broadcast_to(new, i.shape), float)


def test_random_code_with_sums(device: str) -> None:
    for number in range(COUNTS[device]):
        choose = random.Random(number)
        start_scope()
        simgen.seed(number)
        source, target = NeuronGroup(9, "x : 1"), NeuronGroup(13, "y : 1")
        source.x, target.y = "rand()", "rand() - 0.5"
        synapses = Synapses(source[2:], target[:11], "a : 1\nb : 1\nc : 1")
        synapses.connect(p=0.4)
        synapses.a, synapses.b = "rand()", "randn()"
        i, j = synapses.i[:], synapses.j[:]
        values = {name: np.array(getattr(synapses, name)) for name in "abc"}
        values |= {"x_pre": source.x[2:][i], "y_post": target.y[:11][j]}
        code = statements(choose)
        text = "\n".join(" ".join(statement) for statement in code)
        synapses.run_now(text)
        expected(code, values, i, j)
        for name in "abc":
            found = getattr(synapses, name)[:]
            np.testing.assert_allclose(found, values[name], 1e-9, 1e-9, err_msg=text)
        synapses.run_regularly(text)
        Network(source, target, synapses).run(0.1 * ms)
        expected(code, values, i, j)
        for name in "abc":
            found = getattr(synapses, name)[:]
            np.testing.assert_allclose(found, values[name], 1e-9, 1e-9, err_msg=text)
