"""Text to tokens, each with its place; comments, blanks and joined lines are gone.

The tokenizer never fails: what it does not know becomes a token of kind ``bad``, so that a
checker can collect the problems of all lines of a text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from simgen.errors import Origin, Problem, SimgenError, SourceText

MAX_PROBLEMS = 20  # that are collected of one text; more would hide the first
MAX_TEXT = 500_000  # characters of a whole text; the longest published model has some thousands

_PATTERN = re.compile(
    r"""
      (?P<blank>[ \t\f\v]+|\#[^\r\n]*|\\[ \t]*(?:\r?\n|\r))
    | (?P<newline>\r?\n|\r)
    | (?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<name>[^\W\d]\w*)
    | (?P<quote>"[^"\r\n]*"?|'[^'\r\n]*'?)
    | (?P<op>\*\*=|//=|<<=|>>=|\*\*|//|<<|>>|<=|>=|==|!=|<>|&&|\|\||\+=|-=|\*=|/=|%=|&=|\|=|\^=|@=
        |:=|->|[-+*/%<>=(),:;.\[\]{}@~&|^!?$`\\])
    | (?P<bad>.)
    """,
    re.VERBOSE | re.DOTALL,
)


class RefusedError(Exception):
    """Carries the problem for which a piece of text was refused."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Token:
    """Characters ``start`` to ``end``; ``kind`` is number, name, op, newline, quote or bad."""

    kind: str
    text: str
    start: int
    end: int

    def is_op(self, *texts: str) -> bool:
        """Return whether this is one of the operators or brackets ``texts``."""
        return self.kind == "op" and self.text in texts


def tokenize(source: SourceText, start: int = 0, end: int | None = None) -> list[Token]:
    """Return the tokens of ``source.text[start:end]`` with offsets into the whole text.

    Raises :class:`RefusedError` only for a text of more than ``MAX_TEXT`` characters.
    """
    stop = len(source.text) if end is None else end
    if stop - start > MAX_TEXT:
        raise refused(
            source,
            start,
            start,
            f"The text has {stop - start} characters; the limit is {MAX_TEXT}.",
        )
    return [
        Token(match.lastgroup or "bad", match.group(), match.start(), match.end())
        for match in _PATTERN.finditer(source.text, start, stop)
        if match.lastgroup != "blank"
    ]


def refused(
    source: SourceText,
    start: int,
    end: int,
    message: str,
    hint: str = "",
    error: type[SimgenError] | None = None,
) -> RefusedError:
    """Return the exception that refuses the characters ``start`` to ``end``."""
    return RefusedError(problem_at(source, start, end, message, hint, error))


def problem_at(
    source: SourceText,
    start: int,
    end: int,
    message: str,
    hint: str = "",
    error: type[SimgenError] | None = None,
) -> Problem:
    """Return a problem with the characters ``start`` to ``end``; an EquationError by default."""
    origin = Origin(source, start, end)
    if error is None:
        return Problem(message, origin, hint)
    return Problem(message, origin, hint, error)


def bracket_change(token: Token) -> int:
    """Return 1 for an opening bracket, -1 for a closing one, else 0."""
    if token.kind != "op":
        return 0
    return 1 if token.text in "([{" else -1 if token.text in ")]}" else 0


def split_lines(tokens: Sequence[Token]) -> list[list[Token]]:
    """Return the tokens of each statement: cut at ``;`` and at ends of lines outside brackets."""
    pieces: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth = max(0, depth + bracket_change(token))
        if token.is_op(";") or (token.kind == "newline" and depth == 0):
            pieces.append([])
            depth = 0
        elif token.kind != "newline":
            pieces[-1].append(token)
    return [piece for piece in pieces if piece]
