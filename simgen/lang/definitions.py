"""The end of a definition, ``: unit (flag, flag)``, as equations and statements have it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simgen.errors import Origin, SourceText
from simgen.lang.expressions import read_expression
from simgen.lang.syntax import Node
from simgen.lang.tokens import Token, bracket_change, refused


@dataclass(frozen=True, slots=True)
class UnitPart:
    """A unit, not yet resolved, and the flags with their places."""

    node: Node
    flags: tuple[tuple[str, Origin], ...]


def read_unit_part(source: SourceText, tokens: Sequence[Token], colon: Token) -> UnitPart:
    """Return the unit and flags in ``tokens``, which follow ``colon``.

    Raises :class:`simgen.lang.tokens.RefusedError` where there is no unit, or more than flags.
    """
    opening = _flags_position(tokens)
    unit = tokens if opening is None else tokens[:opening]
    if not unit:
        raise refused(
            source,
            colon.start,
            colon.end,
            "A unit is expected after ':'.",
            "Use 1 for a number without dimension.",
        )
    node = read_expression(source, unit, unit[0].start, unit[-1].end)
    return UnitPart(node, () if opening is None else _read_flags(source, tokens[opening:]))


def _flags_position(tokens: Sequence[Token]) -> int | None:
    """Return where a bracket follows a complete unit, as in ``volt (constant)``."""
    depth = 0
    for position, token in enumerate(tokens):
        if depth == 0 and position > 0 and token.is_op("("):
            before = tokens[position - 1]
            if before.kind in ("name", "number") or before.is_op(")"):
                return position
        depth += bracket_change(token)
    return None


def _read_flags(source: SourceText, tokens: Sequence[Token]) -> tuple[tuple[str, Origin], ...]:
    opening = tokens[0]
    closing = next((n for n, token in enumerate(tokens) if token.is_op(")")), None)
    if closing is None:
        raise refused(source, opening.start, opening.end, "This '(' is never closed.")
    if closing + 1 < len(tokens):
        extra = tokens[closing + 1]
        raise refused(
            source, extra.start, tokens[-1].end, "Nothing may follow the flags of a definition."
        )
    flags: list[tuple[str, Origin]] = []
    current: list[Token] = []
    for token in tokens[1 : closing + 1]:
        if token.is_op(",", ")"):
            if not current:
                raise refused(
                    source, token.start, token.end, f"A flag is expected before '{token.text}'."
                )
            origin = Origin(source, current[0].start, current[-1].end)
            flags.append((" ".join(origin.text.split()), origin))
            current = []
        else:
            current.append(token)
    return tuple(flags)
