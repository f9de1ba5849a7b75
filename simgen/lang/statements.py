"""Text of a reset, a pathway or other code to its assignments."""

from __future__ import annotations

import functools
import keyword
from collections.abc import Sequence
from dataclasses import dataclass, field

from simgen.errors import Origin, Problem, SourceText, raise_problems
from simgen.lang.definitions import UnitPart, read_unit_part
from simgen.lang.expressions import read_expression
from simgen.lang.grammar import bad_character
from simgen.lang.names import shorten, unusable_name
from simgen.lang.syntax import Node
from simgen.lang.tokens import (
    MAX_PROBLEMS,
    RefusedError,
    Token,
    bracket_change,
    refused,
    split_lines,
    tokenize,
)
from simgen.lang.unit_expressions import unit_dimension

ASSIGNMENT_OPERATORS = ("=", "+=", "-=", "*=", "/=", "**=", "//=", "%=")
_BIT_OPERATORS = ("&=", "|=", "^=", "<<=", ">>=", "@=")
_WORD_HINTS = {
    "if": "Use int(condition) as a factor.",
    "while": "Statements run once for each event.",
    "for": "Statements already run for every element.",
}


@dataclass(frozen=True, slots=True)
class Assignment:
    """``target op value : unit``; ``op`` is as written (``=``, ``+=``), ``unit`` may be None."""

    target: str
    op: str
    value: Node
    unit: Node | None
    origin: Origin = field(compare=False, repr=False)
    target_origin: Origin = field(compare=False, repr=False)


@functools.lru_cache(maxsize=1024)  # objects read their texts more than once
def parse_statements(source: SourceText) -> tuple[Assignment, ...]:
    """Return the assignments of ``source`` in their order; an empty text has none.

    One statement a line, or several separated by ``;``; a line continues inside brackets and after
    a backslash. Raises EquationError with all problems of the text.
    """
    problems: list[Problem] = []
    found: list[Assignment] = []
    try:
        pieces = split_lines(tokenize(source))
    except RefusedError as refusal:
        raise_problems([refusal.problem])
        return ()
    for piece in pieces:
        if len(problems) >= MAX_PROBLEMS:
            break
        try:
            found.append(_read_statement(source, piece, problems))
        except RefusedError as refusal:
            problems.append(refusal.problem)
    raise_problems(problems)
    return tuple(found)


def _read_statement(
    source: SourceText, tokens: Sequence[Token], problems: list[Problem]
) -> Assignment:
    first = tokens[0]
    place = _find_assignment(tokens)
    if first.kind == "name" and (place is None or place != 1):
        _refuse_word(source, first)
    if place is None:
        raise _no_assignment(source, tokens)
    target, operator, rest = tokens[:place], tokens[place], tokens[place + 1 :]
    _check_target(source, target, operator)
    if operator.text in _BIT_OPERATORS:
        raise refused(
            source,
            operator.start,
            operator.end,
            f"There is no assignment '{operator.text}'.",
            f"Use one of {' '.join(ASSIGNMENT_OPERATORS)}.",
        )
    if not rest:
        raise refused(
            source, operator.start, operator.end, f"A value is expected after '{operator.text}'."
        )
    body, unit = _split_unit(source, rest, problems)
    again = _find_assignment(body)
    if again is not None:
        second = body[again]
        raise refused(
            source,
            second.start,
            second.end,
            "A statement has one assignment.",
            "Write one statement for each variable, or '==' to compare.",
        )
    start = body[0].start if body else operator.end
    value = read_expression(source, body, start, body[-1].end if body else operator.end)
    return Assignment(
        first.text,
        operator.text,
        value,
        None if unit is None else unit.node,
        Origin(source, first.start, tokens[-1].end),
        Origin(source, first.start, first.end),
    )


def _find_assignment(tokens: Sequence[Token]) -> int | None:
    """Return the position of the first assignment operator outside brackets, or None."""
    depth = 0
    for position, token in enumerate(tokens):
        depth += bracket_change(token)
        if depth == 0 and token.is_op(*ASSIGNMENT_OPERATORS, *_BIT_OPERATORS):
            return position
    return None


def _refuse_word(source: SourceText, token: Token) -> None:
    word = token.text
    if keyword.iskeyword(word) and word not in ("not", "True", "False"):
        raise refused(
            source,
            token.start,
            token.end,
            f"A statement cannot begin with '{word}'; only assignments are possible.",
            _WORD_HINTS.get(word, ""),
        )


def _no_assignment(source: SourceText, tokens: Sequence[Token]) -> RefusedError:
    first, last = tokens[0], tokens[-1]
    for token in tokens:
        if token.is_op("=="):
            return refused(
                source,
                token.start,
                token.end,
                "This compares and changes nothing.",
                "Did you mean '='?",
            )
        if token.is_op(":="):
            return refused(
                source, token.start, token.end, "There is no assignment ':='.", "Use '='."
            )
    message = "An assignment such as 'x = expression' is expected."
    return bad_character(source, tokens) or refused(source, first.start, last.end, message)


def _check_target(source: SourceText, target: Sequence[Token], operator: Token) -> None:
    """Return if ``target`` is one name that can be assigned."""
    if not target:
        raise refused(
            source,
            operator.start,
            operator.end,
            f"The name of a variable is expected before '{operator.text}'.",
        )
    first, last = target[0], target[-1]
    if len(target) == 1 and first.kind == "name":
        reason = unusable_name(first.text)
        if reason is not None:
            raise refused(source, first.start, first.end, *reason)
        return
    hint = ""
    if any(token.is_op(",") for token in target):
        hint = "Write one statement for each variable."
    elif any(token.is_op("[") for token in target):
        hint = "The statement already runs for each element; leave the index out."
    elif any(token.is_op("/") for token in target):
        hint = "Differential equations belong into the equations of the model."
    text = shorten(source.text[first.start : last.end])
    message = f"'{text}' is not a variable that can be assigned."
    raise bad_character(source, target) or refused(source, first.start, last.end, message, hint)


def _split_unit(
    source: SourceText, tokens: Sequence[Token], problems: list[Problem]
) -> tuple[Sequence[Token], UnitPart | None]:
    """Return the tokens before a ``: unit (constant)``, and that part."""
    for position, token in enumerate(tokens):
        if token.is_op(":"):
            part = read_unit_part(source, tokens[position + 1 :], token)
            for flag, origin in part.flags:
                if flag != "constant":
                    problems.append(Problem(f"A statement has no flag '{flag}'.", origin))
            unit_dimension(part.node, problems)
            return tokens[:position], part
    return tokens, None
