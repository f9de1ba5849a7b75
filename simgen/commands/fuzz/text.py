"""Random expressions and statements as text: typed, mostly bounded, with all functions."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

UNITS = {"1": "", "volt": "*mV", "second": "*ms", "amp": "*nA", "Hz": "*Hz"}
_BOUNDED = (
    "sin({})",
    "cos({})",
    "tanh({})",
    "arctan({})",
    "arcsin(clip({}, -1, 1))",
    "arccos(clip({}, -1.0, 1.0))",
    "exp(-abs({}))",
    "exp(clip({}, -3.0, 3.0))",
    "log(abs({}) + 0.1)",
    "log10(abs({}) + 1)",
    "log1p(abs({}))",
    "expm1(clip({}, -2, 2))",
    "exprel(clip({}, -4, 4))",
    "sqrt(abs({}))",
    "sign({})",
    "clip({}, -1.5, 2.5)",
    "abs({})**0.75",
    "(clip({}, -2, 2))**2",
    "(clip({}, -2, 2))**3",
    "2.0**clip({}, -4, 4)",
)
_WILD = (
    "tan({})",
    "sinh({})",
    "cosh({})",
    "exp({})",
    "log({})",
    "sqrt({})",
    "arcsin({})",
    "({})**2.5",
    "({})**-1",
    "({})**4",
    "ceil({})",
    "floor({})",
    "1e300*{}",
)
LITERALS = ("0.5", "2", "3", "0.25", "-1.5", "0.1", "1e-3", "7", "1.0", "0.3")


@dataclass
class Names:
    """What an expression may use: (name, unit) of real variables, names of the others."""

    reals: list[tuple[str, str]] = field(default_factory=list)
    integers: list[str] = field(default_factory=list)
    booleans: list[str] = field(default_factory=list)
    draws: bool = False
    constants: list[str] = field(default_factory=list)  # numbers that no object owns

    def with_draws(self, draws: bool = True) -> Names:
        """Return the same names, random functions allowed or not."""
        return Names(self.reals, self.integers, self.booleans, draws, self.constants)

    def __add__(self, other: Names) -> Names:
        return Names(
            self.reals + other.reals,
            self.integers + other.integers,
            self.booleans + other.booleans,
            self.draws,
            list(dict.fromkeys((*self.constants, *other.constants))),
        )

    def suffixed(self, ending: str) -> Names:
        """Return the variables of one end of synapses with its ending, as ``_pre``."""
        return Names(
            [(name + ending, unit) for name, unit in self.reals if name != "t"],
            [name + ending for name in self.integers if name != "i"],
            [name + ending for name in self.booleans],
            constants=self.constants,
        )


def pure(name: str, unit: str) -> str:
    """Return text without dimension for a variable."""
    return name if unit == "1" else f"({name}/({UNITS[unit][1:]}))"


def with_unit(text: str, unit: str) -> str:
    """Return text of a value with the unit."""
    return text if unit == "1" else f"({text}){UNITS[unit]}"


def real_text(random: Random, names: Names, depth: int = 2, wild: float = 0.1) -> str:
    """Return an expression for a real number without dimension."""
    if depth <= 0 or random.random() < 0.2:
        return _leaf(random, names)

    def inner() -> str:
        return real_text(random, names, depth - 1, wild)

    match random.randrange(12):
        case 0 | 1:
            return f"({inner()} + {inner()})"
        case 2:
            return f"({inner()} - {inner()})"
        case 3 | 4:
            return f"({inner()} * {inner()})"
        case 5:
            op = random.choice(("/", "//", "%"))
            below = inner() if random.random() < wild else f"(abs({inner()}) + 0.5)"
            if random.random() < 0.3:
                below = f"(-{below})"
            return f"({inner()} {op} {below})"
        case 6 | 7 | 8:
            return random.choice(_BOUNDED).format(inner())
        case 9:
            return f"int({boolean_text(random, names, depth - 1)})*{inner()}"
        case 10:
            if random.random() < wild:
                return random.choice(_WILD).format(inner())
            return f"(-{inner()})"
        case _:
            return f"(0.25*{integer_text(random, names, depth - 1)})"


def _leaf(random: Random, names: Names) -> str:
    options = [pure(name, unit) for name, unit in names.reals] * 2
    options += [*names.integers, *names.constants]
    options += [random.choice(LITERALS), random.choice(LITERALS)]
    if names.draws:
        options += ["rand()", "randn()", "poisson(1.5)", "truncated_normal(0, 1, -1.5, 2)"]
    return random.choice(options)


def integer_text(random: Random, names: Names, depth: int = 1) -> str:
    """Return an expression for an integer."""
    options = [*names.integers, str(random.randrange(-3, 6))]
    if depth <= 0:
        return random.choice(options)

    def inner() -> str:
        return integer_text(random, names, depth - 1)

    match random.randrange(8):
        case 0:
            return random.choice(options)
        case 1:
            return f"int({real_text(random, names, depth - 1, 0.0)})"
        case 2:
            return f"int({boolean_text(random, names, depth - 1)})"
        case 3:
            return f"({inner()} + {inner()})"
        case 4:
            return f"({inner()} * {inner()})"
        case 5:
            return f"(({inner()}) // {random.choice((-3, 2, 5))})"
        case 6:
            return f"timestep({real_text(random, names, depth - 1, 0.0)}*ms, 0.1*ms)"
        case _:
            return f"(({inner()}) % {random.choice((-3, 2, 7))})"


def boolean_text(random: Random, names: Names, depth: int = 1) -> str:
    """Return a condition."""
    match random.randrange(7) if depth > 0 else random.randrange(3):
        case 0 | 1:
            op = random.choice(("<", "<=", ">", ">=", "!=", "=="))
            left, right = (real_text(random, names, depth - 1, 0.0) for _ in range(2))
            return f"({left} {op} {right})"
        case 2:
            if names.booleans and random.random() < 0.7:
                return random.choice(names.booleans)
            op = random.choice(("<", "==", ">="))
            return f"({integer_text(random, names, 1)} {op} {random.randrange(-2, 4)})"
        case 3:
            return f"(not {boolean_text(random, names, depth - 1)})"
        case 4:
            op = random.choice(("==", "!="))
            if names.booleans:
                return f"({random.choice(names.booleans)} {op} {random.choice(names.booleans)})"
            return "True"
        case _:
            op = random.choice(("and", "or"))
            left, right = (boolean_text(random, names, depth - 1) for _ in range(2))
            return f"({left} {op} {right})"


def statement(
    random: Random, targets: Names, names: Names, depth: int = 2, ops: str = "= += -= *="
) -> str:
    """Return an assignment to one of ``targets``."""
    choices = [("real", *entry) for entry in targets.reals] * 2
    choices += [("integer", name, "1") for name in targets.integers]
    choices += [("boolean", name, "1") for name in targets.booleans]
    kind, name, unit = random.choice(choices)
    if kind == "boolean":
        return f"{name} = {boolean_text(random, names, depth)}"
    if kind == "integer":
        op = random.choice(("=", "+=", "-="))
        value = integer_text(random, names, depth)
        return f"{name} {op} ({value}) % 97" if op == "=" else f"{name} {op} {value}"
    op = random.choice(ops.split())
    if op in ("*=", "/="):
        return f"{name} {op} {random.choice(('0.5', '-1', '0.9', '2'))}"
    value = real_text(random, names, depth, 0.03)
    if op == "=" or random.random() < 0.5:
        value = f"clip({value}, -8, 8)"
    return f"{name} {op} {with_unit(value, unit)}"
