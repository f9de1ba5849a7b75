"""Random texts and damaged equations: each makes a model or one of our errors, soon."""

from __future__ import annotations

import ast
import resource
import signal
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from types import FrameType
from typing import Any

from simgen.api.device import set_device
from simgen.api.magic import start_scope
from simgen.api.network import Network
from simgen.api.neuron_group import NeuronGroup
from simgen.api.synapses import Synapses
from simgen.commands.fuzz.models import make_model
from simgen.commands.fuzz.verdict import Verdict
from simgen.errors import InternalError, SimgenError
from simgen.units import STANDARD_UNITS

TEXTS = 100  # in one check
SECONDS = 2.0  # of the processor, for one text
GIVEN_UP = 20.0
BYTES = 500 * 2**20
MODEL = "dv/dt = (x - v)/(5*ms) : 1\nx : 1\nn : integer\nb : boolean\nu : volt"
_WORDS = r"""
+ - * / // % ** = += == != < <= > >= ( ) [ ] { } , : ; . @ & | ^ ~ ! ? # \ ' " ` $ %s /* //
and or not is in if else lambda import for while def None True False 1 0 1e400 0.1 1e-3 -1 9**9**9
1j 0x1f 1_000 007 .5 5. v x n b u i j N t dt xi lastspike rand() randn() sin( clip( int( exp(
sum_all( at_emission( poisson( timestep( v_post i_pre ms mV volt amp siemens meter second
(constant) (shared) (event-driven) (summed) (linked) dv/dt d/dt {{ """
_PIECES = (
    *_WORDS.split(),
    *("(unless refractory)", " : 1", " : volt", "# comment", "__import__('os')", "v.real"),
    *("\n", "\t", " ", "\0", "\r", "\ufeff", "\u2028", "µ", "é", "变量", "🧠", "\ud800", "\\\n"),
)


class _TooLongError(BaseException):
    """Ends what does not end by itself."""


def texts_of(random: Random) -> list[str]:
    """Return the texts of a random model: equations, conditions and code."""
    found: list[str] = []
    for line in make_model(random).lines:
        nodes = ast.walk(ast.parse(line))
        found += [
            n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)
        ]
    return [text for text in found if len(text) > 2] or ["v > 1"]


def damaged(random: Random, texts: list[str]) -> str:
    """Return one of the texts with a few changes."""
    text = random.choice(texts)
    for _ in range(random.choice((0, 1, 1, 2, 3, 8))):
        place = random.randrange(len(text) + 1)
        other = random.randrange(place, min(len(text), place + 12) + 1)
        match random.randrange(7):
            case 0:
                text = text[:place] + text[other:]
            case 1:
                text = text[:place] + random.choice(_PIECES) + text[place:]
            case 2:
                text = text[:place] + random.choice(_PIECES) + text[other:]
            case 3:
                piece = text[place:other] * random.choice((2, 3, 50))
                text = text[:place] + piece + text[other:]
            case 4:
                donor = random.choice(texts)
                start = random.randrange(len(donor))
                text = text[:place] + donor[start : start + 20] + text[other:]
            case 5:
                depth = random.choice((1, 5, 200, 2000))
                text = text[:place] + "(" * depth + text[place:other] + ")" * depth + text[other:]
            case _:
                text = text[:place] + chr(random.randrange(0x110000)) + text[other:]
    return text


def noise(random: Random) -> str:
    """Return a text of random pieces."""
    count = random.choice((0, 1, 2, 5, 20, 60))
    if random.random() < 0.3:
        return "".join(chr(random.randrange(0x250)) for _ in range(count))
    return random.choice(("", " ")).join(random.choice(_PIECES) for _ in range(count))


def _equations(text: str, random: Random) -> list[Any]:
    method = random.choice((None, None, "exact", "euler", "rk4", "exponential_euler", "heun"))
    return [NeuronGroup(2, text, method=method)]


def _code(text: str, random: Random) -> list[Any]:
    return [NeuronGroup(2, MODEL, threshold="v > 1", reset=text)]


def _condition(text: str, random: Random) -> list[Any]:
    return [NeuronGroup(2, MODEL, threshold=text, reset="")]


def _refractory(text: str, random: Random) -> list[Any]:
    return [NeuronGroup(2, MODEL, threshold="v > 1", refractory=text)]


def _synapses(text: str, random: Random) -> list[Any]:
    group = NeuronGroup(2, MODEL, threshold="v > 1", reset="")
    return [group, Synapses(group, group, text, on_pre="v_post += 1")]


def _pathway(text: str, random: Random) -> list[Any]:
    group = NeuronGroup(2, MODEL, threshold="v > 1", reset="")
    synapses = Synapses(group, group, "w : 1\nda/dt = -a/(5*ms) : 1 (event-driven)", on_pre=text)
    return [group, synapses]


def _connect(text: str, random: Random) -> list[Any]:
    group = NeuronGroup(3, MODEL, threshold="v > 1", reset="")
    synapses = Synapses(group, group, "w : 1")
    arguments: dict[str, Any] = {random.choice(("condition", "j", "i", "p", "n")): text}
    synapses.connect(**arguments)
    return [group, synapses]


def _value(text: str, random: Random) -> list[Any]:
    group = NeuronGroup(3, MODEL)
    setattr(group, random.choice(("v", "n", "b", "u")), text)
    return [group]


ENTRIES: tuple[Callable[[str, Random], list[Any]], ...] = (
    *(_equations, _equations, _code, _condition, _refractory),
    *(_synapses, _pathway, _connect, _value),
)


def read(entry: Callable[[str, Random], list[Any]], text: str, random: Random) -> str:
    """Give a text to one entry and run a step; return what is wrong, or nothing."""
    before, begin = _peak(), time.process_time()
    start_scope()
    wrong = ""
    try:
        with _limited(GIVEN_UP):
            objects = entry(text, random)
            for thing in objects:
                if isinstance(thing, Synapses) and not len(thing):
                    thing.connect()
            Network(*objects).run(1e-4 * STANDARD_UNITS["second"], namespace={})
    except _TooLongError:
        wrong = f"did not end in {GIVEN_UP:g} s"
    except InternalError as error:
        wrong = f"InternalError: {error}"
    except SimgenError:
        pass
    except Exception as error:
        wrong = f"{type(error).__name__}: {error}"
    seconds, size = time.process_time() - begin, _peak() - before
    if not wrong and seconds > SECONDS:
        wrong = f"took {seconds:.1f} s"
    if not wrong and size > BYTES:
        wrong = f"took {size:,} bytes"
    return wrong


def check_parser(seed: int) -> Verdict:
    """Read ``TEXTS`` texts; the verdict's script gives the first that went wrong, made shorter."""
    random = Random(seed)
    texts = texts_of(random)
    set_device("reference")
    try:
        return _check_texts(random, texts)
    finally:
        set_device("auto")


def _check_texts(random: Random, texts: list[str]) -> Verdict:
    for number in range(TEXTS):
        text = damaged(random, texts) if random.random() < 0.8 else noise(random)
        entry = random.choice(ENTRIES)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wrong = read(entry, text, Random(number))
            if wrong:
                text = _shorter(entry, text, number, wrong.partition(":")[0])
                wrong = f"{entry.__name__[1:]} of {text!r}: {wrong}"
                return Verdict(wrong, _script(entry, text, number), count=number + 1)
    return Verdict(count=TEXTS)


def _shorter(entry: Callable[[str, Random], list[Any]], text: str, number: int, kind: str) -> str:
    """Return the text without pieces that what went wrong does not need."""
    size = len(text) // 2
    while size > 0:
        place = 0
        while place < len(text):
            shorter = text[:place] + text[place + size :]
            if read(entry, shorter, Random(number)).partition(":")[0] == kind:
                text = shorter
            else:
                place += size
        size //= 2
    return text


def _script(entry: Callable[[str, Random], list[Any]], text: str, number: int) -> str:
    return (
        '"""Prints what is wrong with a text that was read; nothing is right."""\n\n'
        "from random import Random\n\nfrom simgen.commands.fuzz import parser\n\n"
        "parser.set_device('reference')\n"
        f"print(parser.read(parser.{entry.__name__}, {text!r}, Random({number})))\n"
    )


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raise _TooLongError once the process has worked for ``seconds``."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise _TooLongError

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _peak() -> int:
    """Return the most memory that this process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
