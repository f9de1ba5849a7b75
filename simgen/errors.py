"""The exceptions users meet, and how a message shows the place in the user's text.

A message says what, where (with a caret), why, and what to do. Checkers collect
:class:`Problem` objects and raise once, so that a user sees all errors of an object at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")

MOST_SHOWN = 20  # problems of one object in a message


@dataclass(frozen=True, slots=True)
class SourceText:
    """A piece of text the user wrote: ``what`` names it ("reset"), ``owner`` its object."""

    text: str
    what: str = "expression"
    owner: str = ""

    def describe(self) -> str:
        """Return "reset of NeuronGroup 'exc'", or the part of it that is known."""
        return f"{self.what} of {self.owner}" if self.owner else self.what


@dataclass(frozen=True, slots=True)
class Origin:
    """The characters ``start`` to ``end`` of a source text (end excluded)."""

    source: SourceText
    start: int = 0
    end: int = 0

    @property
    def line(self) -> int:
        """The line number, counted from 1."""
        return self.source.text.count("\n", 0, self.start) + 1

    @property
    def text(self) -> str:
        """The characters themselves."""
        return self.source.text[self.start : self.end]

    def statement(self) -> str:
        """Return the user's whole line, stripped, for comments in generated code."""
        begin = self.source.text.rfind("\n", 0, self.start) + 1
        stop = self.source.text.find("\n", self.start)
        return self.source.text[begin : None if stop < 0 else stop].strip()

    def render(self) -> str:
        """Return "in reset of NeuronGroup 'exc', line 1", the line, and a caret under the place."""
        text = self.source.text
        begin = text.rfind("\n", 0, self.start) + 1
        stop = text.find("\n", self.start)
        line = text[begin : None if stop < 0 else stop]
        last = min(self.end, begin + len(line))
        column, width = self.start - begin, max(1, last - self.start)
        if len(line) > 200:  # show a window, so that a megabyte of text stays readable
            left = max(0, column - 80)
            line, column, width = line[left : left + 160], column - left, min(width, 60)
        shown = "".join(ch if ch.isprintable() else " " for ch in line)
        indent = len(shown) - len(shown.lstrip())
        shown, column = shown[indent:], max(0, column - indent)
        where = f"in {self.source.describe()}, line {self.line}"
        return f"{where}\n    {shown}\n    {' ' * column}{'^' * width}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: a sentence, where it is, and a hint."""

    message: str
    origin: Origin | None = None
    hint: str = ""
    error: type[SimgenError] = field(default_factory=lambda: EquationError)

    def render(self) -> str:
        """Return the problem as users read it."""
        parts = [self.origin.render()] if self.origin is not None else []
        parts.append(("  " if parts else "") + self.message)
        if self.hint:
            parts[-1] += f" {self.hint}"
        return "\n".join(parts)


class SimgenError(Exception):
    """Base of all errors that simgen raises on purpose; ``problems`` are those it shows."""

    problems: tuple[Problem, ...] = ()


class EquationError(SimgenError, ValueError):
    """Text that cannot be read, or says something that a model cannot mean."""


class DimensionMismatchError(SimgenError, ValueError):
    """Quantities of different dimensions were combined."""


class UnknownNameError(SimgenError, KeyError):
    """A name that stands for nothing in its place."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""  # KeyError would print the repr


class UnknownAttributeError(SimgenError, AttributeError):
    """An attribute that the object does not have."""


class ModelError(SimgenError, ValueError):
    """A model, size, index or value that makes no sense."""


class ArgumentTypeError(SimgenError, TypeError):
    """An argument of the wrong type."""


class IndexRangeError(SimgenError, IndexError):
    """An index outside its range."""


class MagicError(SimgenError, RuntimeError):
    """The implicit network cannot be determined."""


class UnsupportedFeatureError(SimgenError, NotImplementedError):
    """A feature that simgen (or the chosen target) does not have.

    A NotImplementedError, because that is what Brian raises, and its scripts catch, for such.
    """


class NumericalError(SimgenError, ArithmeticError):
    """The state holds values that are not finite."""


class StateFileError(SimgenError, OSError):
    """A file of stored states that cannot be read or written, or is none."""


class ReportError(SimgenError, OSError):
    """The report of a run cannot be written."""


class MemoryLimitError(SimgenError, MemoryError):
    """Something that would not fit into memory; refused before it was allocated."""


class CompileError(SimgenError, RuntimeError):
    """The system compiler is missing or refused generated code."""


class DeviceError(SimgenError, RuntimeError):
    """The chosen device cannot be used."""


class KernelError(SimgenError, RuntimeError):
    """A kernel did what none may: a race, an access out of bounds, a barrier that some miss."""


class InternalError(SimgenError, RuntimeError):
    """A fault of simgen itself; please report it."""

    def __init__(self, message: str) -> None:
        super().__init__(f"{message} (this is a fault of simgen, please report it)")


def raise_problems(problems: Iterable[Problem]) -> None:
    """Raise one error that shows all ``problems``; do nothing if there are none.

    The class is that of the first problem, so that ``except DimensionMismatchError`` works.
    """
    found: Sequence[Problem] = tuple(problems)
    if not found:
        return
    text = "\n".join(problem.render() for problem in found[:MOST_SHOWN])
    if len(found) > 1:
        more = f", of which {MOST_SHOWN} are shown" if len(found) > MOST_SHOWN else ""
        text = f"{len(found)} problems{more}\n{text}"
    error = found[0].error(text)
    error.problems = tuple(found)
    raise error


@contextmanager
def gathering(problems: list[Problem]) -> Iterator[None]:
    """Append the problems of an error to ``problems`` in place of raising it."""
    try:
        yield
    except InternalError:
        raise
    except SimgenError as error:
        problems.extend(error.problems or [Problem(str(error), error=type(error))])


@contextmanager
def joining(problems: list[Problem]) -> Iterator[None]:
    """Raise ``problems`` at the end; if there are any, with an error that comes before it."""
    try:
        yield
    except SimgenError as error:
        if isinstance(error, InternalError) or not problems:
            raise
        new = error.problems or (Problem(str(error), error=type(error)),)
        problems.extend(problem for problem in new if problem not in problems)
    raise_problems(problems)


def attempt(
    parse: Callable[[SourceText], T], text: SourceText, problems: list[Problem]
) -> T | None:
    """Return what ``parse`` makes of a text, None if it is wrong, which goes to ``problems``."""
    with gathering(problems):
        return parse(text)
    return None


def suggest(name: str, candidates: Iterable[str]) -> str:
    """Return "Did you mean 'v'?" for the nearest candidate, or an empty string."""
    import difflib  # only needed once something is wrong

    names = [other for other in candidates if other != name]
    near = [other for other in names if other.lower() == name.lower()]
    near = near or difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"Did you mean '{near[0]}'?" if near else ""
