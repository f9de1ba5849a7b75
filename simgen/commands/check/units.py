"""The hand-written kernels alone, against numpy: equal bit by bit."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.commands.check.report import Values
from simgen.commands.check.setting import Setting, load_kernels, to_device, to_host
from simgen.errors import NumericalError
from simgen.numerics import distributions, portable
from simgen.numerics.philox import counters_at_elements, counters_at_synapses, philox
from simgen.targets.cuda.device import Device, Module

# In the order of the numbers in cuda_kernels/check/units.cuh.
FUNCTIONS = (
    *("exp", "expm1", "exprel", "recip_exprel", "log", "log1p", "log2", "log10", "sin", "cos"),
    *("tan", "sinh", "cosh", "tanh", "arctan", "arcsin", "arccos", "floor", "ceil", "sqrt"),
    *("sign", "pow", "divide"),
)
# Random123's kat_vectors for philox4x32 with ten rounds: counter, key, words.
KNOWN = (
    ((0, 0, 0, 0), 0, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        0x299F31D0_A4093822,
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
)
KEY, STEP, DRAW = 0x0123456789ABCDEF, 5 * 2**32 + 123, 7
BLOCK = 128


def run(setting: Setting) -> None:
    """Compile all kernels and compare what each computes."""
    device = setting.device()
    kernels = _Kernels(device, setting)
    if not setting.report.part("compile", kernels.load):
        return
    parts: dict[str, Callable[[], Values]] = {
        "philox": kernels.philox,
        "append": kernels.append,
        "scan": kernels.scan,
        "reduce": kernels.reduce,
        "search": kernels.search,
        "synaptic draws": kernels.synaptic_draws,
    }
    for real in (np.float64, np.float32):
        name = np.dtype(real).name
        parts[f"functions, {name}"] = partial(kernels.functions, real)
        parts[f"draws, {name}"] = partial(kernels.draws, real)
    for name, work in parts.items():
        setting.report.part(name, work)


def require_equal(what: str, found: NDArray[Any], expected: NDArray[Any]) -> None:
    """Raise unless two arrays are equal bit by bit; all values that are not a number are equal."""
    unlike = ~((found == expected) & (np.signbit(found) == np.signbit(expected)))
    if found.dtype.kind == "f":
        unlike &= ~(np.isnan(found) & np.isnan(expected))
    if unlike.any():
        place = int(np.flatnonzero(unlike.ravel())[0])
        raise NumericalError(
            f"{what} differs at {int(unlike.sum())} of {unlike.size} places; at {place} it is "
            f"{found.ravel()[place]!r} instead of {expected.ravel()[place]!r}"
        )


class _Kernels:
    """The compiled kernels, and a method for each comparison."""

    def __init__(self, device: Device, setting: Setting) -> None:
        self.device = device
        self.n = setting.size(1 << 18, 1 << 9)
        self.module: Module
        self.random = np.random.default_rng(7)

    def load(self) -> Values:
        """Compile."""
        self.module = load_kernels(self.device, "units")
        return {}

    def launch(self, name: str, n: int, *arguments: Any) -> None:
        """Run a kernel on some blocks, fewer than would give each thread one element."""
        values = tuple(getattr(argument, "address", argument) for argument in arguments)
        blocks = max(1, -(-n // (3 * BLOCK)))
        self.module.function(name).launch(blocks, BLOCK, values)
        self.device.synchronize()

    def functions(self, real: type) -> Values:
        """Compare the elementary functions."""
        suffix = "f" if real is np.float32 else ""
        x: NDArray[Any] = self.random.normal(0, 30, self.n).astype(real)
        special = np.array([0.0, -0.0, 1.0, np.inf, -np.inf, np.nan, 1e-310, 709.7, 88.7, 0.5])
        x[: special.size] = special.astype(real)
        x[self.n // 2 :] = self.random.uniform(-1, 1, self.n - self.n // 2)
        y: NDArray[Any] = self.random.uniform(-3, 3, self.n).astype(real)
        out = self.device.allocate(x.nbytes)
        for number, name in enumerate(FUNCTIONS):
            arguments = (to_device(self.device, x), to_device(self.device, y), out)
            self.launch(f"check_function{suffix}", self.n, number, *arguments, self.n)
            with np.errstate(all="ignore"):
                if name == "divide":
                    expected = x / y
                else:
                    inputs = (x, y) if name == "pow" else (x,)
                    expected = portable.FUNCTIONS[name](*inputs)
            require_equal(name, to_host(self.device, out, real), np.asarray(expected, real))
        return {"functions": len(FUNCTIONS), "values": self.n}

    def philox(self) -> Values:
        """Compare the generator with the published words, and with numpy's."""
        for counter, key, expected in KNOWN:
            words = self._philox(np.array([counter], np.uint32), key)
            require_equal("a published word", words[0], np.array(expected, np.uint32))
        counters = self.random.integers(0, 2**32, (self.n, 4), dtype=np.uint32)
        words = self._philox(counters, KEY)
        mirrored = philox(counters[:, 0], counters[:, 1], counters[:, 2], counters[:, 3], KEY)
        require_equal("philox", words, np.stack(mirrored, axis=1))
        return {"known answers": len(KNOWN), "values": self.n}

    def _philox(self, counters: NDArray[np.uint32], key: int) -> NDArray[Any]:
        out = self.device.allocate(counters.nbytes)
        signed = key - (1 << 64) if key >= 1 << 63 else key
        buffer = to_device(self.device, counters)
        self.launch("check_philox", len(counters), buffer, signed, out, len(counters))
        return to_host(self.device, out, np.uint32).reshape(-1, 4)

    def draws(self, real: type) -> Values:
        """Compare the distributions."""
        counters = counters_at_elements(np.arange(self.n), STEP, DRAW, real)
        self._draws("check_drawf" if real is np.float32 else "check_draw", counters, real)
        return {"values": self.n}

    def synaptic_draws(self) -> Values:
        """Compare the distributions at the counters of synapses."""
        i = np.arange(self.n, dtype=np.uint32)
        counters = counters_at_synapses(i, np.uint32(7) * i, i % np.uint32(5), STEP, DRAW)
        self._draws("check_draw_synapse", counters, np.float64)
        return {"values": self.n}

    def _draws(self, kernel: str, counters: Any, real: type) -> None:
        key = KEY
        expected = (
            distributions.draw_rand(key, counters, real),
            distributions.draw_randn(key, counters, real),
            distributions.draw_poisson(key, counters, 3.5, real),
            distributions.draw_poisson(key, counters, 40.0, real),
            distributions.draw_binomial(key, counters, 50, 0.25, real),
            distributions.draw_truncated_normal(key, counters, 1.0, 2.0, 0.0, 9.0, real),
        )
        out = self.device.allocate(self.n * np.dtype(real).itemsize)
        for number, values in enumerate(expected):
            self.launch(kernel, self.n, number, key, STEP, DRAW, out, self.n)
            found = to_host(self.device, out, real)
            require_equal(f"distribution {number}", found, np.asarray(values, real))

    def append(self) -> Values:
        """Compare lists of events: ascending, whatever warps found them."""
        n, start = self.n, 37
        for share in (0.0, 0.01, 0.5, 1.0):
            v = np.where(self.random.random(n) < share, 2.0, 0.0)
            stage, pieces = (self.device.allocate(4 * n) for _ in range(2))
            ids, count = self.device.allocate(4 * n), self.device.allocate(8)
            ticket = to_device(self.device, np.zeros(1, np.uint32))
            lists = (stage, pieces, ticket, ids, count)
            self.launch("check_append", n, to_device(self.device, v), 1, start, n, *lists)
            used = int(to_host(self.device, count, np.int64)[0])
            expected = (start + np.flatnonzero(v[start:] > 1.0)).astype(np.uint32)
            if used != expected.size:
                raise NumericalError(f"{used} events were listed instead of {expected.size}")
            require_equal("a list", to_host(self.device, ids, np.uint32)[:used], expected)
        return {"elements": n}

    def scan(self) -> Values:
        """Compare the sums within warps."""
        blocks = max(1, -(-self.n // (3 * BLOCK)))
        x = self.random.integers(-(2**40), 2**40, blocks * BLOCK)
        out = self.device.allocate(x.nbytes)
        self.launch("check_scan", self.n, to_device(self.device, x), out)
        expected = np.cumsum(x.reshape(-1, 32), axis=1).ravel()
        require_equal("a sum", to_host(self.device, out, np.int64), expected)
        return {"elements": x.size}

    def reduce(self) -> Values:
        """Compare atomic sums and products, which are exact in any order."""
        x = self.random.integers(-50, 50, self.n)
        kinds = (np.float64, np.float32, np.int64, np.int32)
        buffers = [to_device(self.device, np.array([0, 1], kind)) for kind in kinds]
        self.launch("check_reduce", self.n, to_device(self.device, x), self.n, *buffers)
        odd = np.multiply.reduce((2 * x + 1).astype(np.uint64)).astype(np.int64)
        remainders = np.fmod(x, 8).sum()  # as C has it
        sums = (x.sum(), remainders, x.sum(), x.sum())
        products = (_sign(x), _sign(x), odd, odd)
        for kind, buffer, total, product in zip(kinds, buffers, sums, products):
            expected = np.array([total, product]).astype(kind)
            name = np.dtype(kind).name
            require_equal(
                f"a sum or product of {name}", to_host(self.device, buffer, kind), expected
            )
        return {"elements": self.n}

    def search(self) -> Values:
        """Compare binary searches."""
        values = np.sort(self.random.integers(0, self.n, self.n))
        wanted = np.arange(-1, self.n + 2)
        out = self.device.allocate(wanted.nbytes)
        lists = to_device(self.device, values), self.n, to_device(self.device, wanted), out
        self.launch("check_search", wanted.size, *lists, wanted.size)
        found = to_host(self.device, out, np.int64)
        require_equal("a place", found, np.searchsorted(values, wanted))
        return {"elements": self.n}


def _sign(x: NDArray[np.int64]) -> int:
    """Return the product of -1 for each multiple of three."""
    return 1 - 2 * int(np.count_nonzero(x % 3 == 0) % 2)
