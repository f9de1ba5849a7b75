"""Text of equations to an :class:`EquationSet`."""

from __future__ import annotations

from collections.abc import Sequence

from simgen.errors import EquationError, Origin, Problem, SourceText, raise_problems, suggest
from simgen.lang.definitions import UnitPart, read_unit_part
from simgen.lang.equation_set import Equation, EquationSet, Kind, ValueType
from simgen.lang.expressions import read_expression
from simgen.lang.grammar import bad_character
from simgen.lang.names import undefinable_name
from simgen.lang.syntax import Name, Node
from simgen.lang.tokens import (
    MAX_PROBLEMS,
    RefusedError,
    Token,
    bracket_change,
    problem_at,
    refused,
    tokenize,
)
from simgen.lang.unit_expressions import unit_dimension

__all__ = ["FLAGS", "Equation", "EquationSet", "parse_equations"]

FLAGS: dict[Kind, tuple[str, ...]] = {
    "differential": (
        "unless refractory",
        "event-driven",
        "clock-driven",
        "point current",
    ),
    "subexpression": ("constant over dt", "shared", "summed", "point current"),
    "parameter": ("constant", "shared", "linked", "kernel", "point current"),
}
_EXCLUSIVE = (
    ("event-driven", "clock-driven"),
    ("constant over dt", "summed"),
    ("shared", "kernel"),
)
_EXPECTED = "Write 'dx/dt = ... : unit', 'x = ... : unit' or 'x : unit'."
_VALUE_TYPES: dict[str, ValueType] = {"boolean": "boolean", "integer": "integer"}


def parse_equations(source: SourceText) -> EquationSet:
    """Return the definitions of ``source``; an empty text has none.

    An expression continues over lines until its ``: unit``. Names, units and flags are checked.
    Raises EquationError (or the class of the first problem) with all problems of the text.
    """
    try:
        tokens = tokenize(source)
    except RefusedError as refusal:
        raise_problems([refusal.problem])
        raise EquationError(refusal.problem.message) from None  # not reached
    reader = _Reader(source, tokens)
    reader.read()
    raise_problems(reader.problems)
    found = EquationSet(source, reader.found)
    found.ordered_subexpressions()  # raises for a cycle
    return found


def parse_what_can_be(source: SourceText) -> tuple[EquationSet, frozenset[str]] | None:
    """Return those definitions of a wrong text that are right, and the names of the others.

    None where it cannot be told what a line defines, or where definitions go round in a circle.
    """
    try:
        reader = _Reader(source, tokenize(source))
        reader.read()
        if None in reader.lost:
            return None
        lost = frozenset(name for name in reader.lost if name is not None)
        found = {name: e for name, e in reader.found.items() if name not in lost}
        equations = EquationSet(source, found)
        equations.ordered_subexpressions()
    except (RefusedError, EquationError):
        return None
    return equations, lost


class _Reader:
    """Goes through the tokens, definition by definition, and collects problems."""

    def __init__(self, source: SourceText, tokens: Sequence[Token]) -> None:
        self.source = source
        self.tokens = tokens
        self.position = 0
        self.found: dict[str, Equation] = {}
        self.problems: list[Problem] = []
        self.lost: set[str | None] = set()  # names whose definitions are wrong; None: not known

    def read(self) -> None:
        while self.position < len(self.tokens) and len(self.problems) < MAX_PROBLEMS:
            if self.tokens[self.position].kind == "newline":
                self.position += 1
                continue
            head = self._head(self.position)
            if head is None:
                self._stray_line()
                continue
            kind, name, length = head
            start = self.position
            self.position += length
            try:
                if not self._definition(kind, name, start):
                    self.lost.add(name.text)
            except RefusedError as refusal:
                self.problems.append(refusal.problem)
                self.lost.add(name.text)

    def _texts(self, position: int, count: int) -> list[str]:
        return [token.text for token in self.tokens[position : position + count]]

    def _head(self, position: int) -> tuple[Kind, Token, int] | None:
        """Return the kind, the token of the name and the length of the head at ``position``."""
        token = self.tokens[position]
        if token.kind != "name":
            return None
        following = self._texts(position + 1, 3)
        if following == ["/", "dt", "="] and token.text[0] == "d" and len(token.text) > 1:
            name = Token("name", token.text[1:], token.start + 1, token.end)
            return "differential", name, 4
        if following[:1] == ["="]:
            return "subexpression", token, 2
        return ("parameter", token, 1) if following[:1] == [":"] else None

    def _line_end(self, position: int) -> int:
        """Return the position of the line end at or after ``position``."""
        while position < len(self.tokens) and self.tokens[position].kind != "newline":
            position += 1
        return position

    def _stray_line(self) -> None:
        """Report a line that begins no definition; what continues it is skipped with it."""
        end = self._line_end(self.position)
        line = self.tokens[self.position : end]
        self.problems.append(_describe_stray(self.source, line))
        self.lost.add(None)
        self.position = end
        while self.position < len(self.tokens):
            if self.tokens[self.position].kind == "newline":
                self.position += 1
            elif self._head(self.position) is None and self._continues(line[-1]):
                self.position = self._line_end(self.position)
            else:
                break

    def _continues(self, last: Token) -> bool:
        """Return whether the line at the position goes on with what ended in ``last``."""
        token = self.tokens[self.position]
        operators = ("+", "-", "*", "/", "//", "%", "**", "(", ",")
        return last.is_op(*operators) or token.is_op(*operators, ")")

    def _definition(self, kind: Kind, name: Token, start: int) -> bool:
        """Read what follows a head; the position is then behind the definition.

        Returns whether the definition can be used, though its flags may be wrong.
        """
        body = self._body() if kind != "parameter" else []
        colon = self.tokens[self.position] if self.position < len(self.tokens) else None
        expression = None
        if kind != "parameter":
            equals = self.tokens[start + (3 if kind == "differential" else 1)]
            expression = self._expression(body, equals)
        if colon is None or not colon.is_op(":"):
            last = body[-1] if body else name
            raise refused(
                self.source,
                name.start,
                last.end,
                f"The definition of '{name.text}' has no unit.",
                "End it with ': unit', as in ': volt', or ': 1'.",
            )
        self.position += 1
        part = read_unit_part(self.source, self._unit_tokens(), colon)
        origin = Origin(self.source, self.tokens[start].start, self.tokens[self.position - 1].end)
        dtype = _value_type(part)
        flags = self._flags(kind, part)
        known = len(self.problems)
        self._check_unit(kind, part, dtype)
        if not self._usable(name, kind, flags, expression is not None or kind == "parameter"):
            return False
        self.found[name.text] = Equation(
            kind, name.text, expression, part.node, flags, origin, dtype
        )
        return len(self.problems) == known

    def _body(self) -> list[Token]:
        """Take the tokens up to the ``:``, or up to the next definition."""
        body: list[Token] = []
        depth = 0
        while self.position < len(self.tokens):
            token = self.tokens[self.position]
            if token.kind == "newline":
                if self._definition_follows(body, depth):
                    break
            elif token.is_op(":"):  # even where a bracket was not closed
                break
            else:
                depth += bracket_change(token)
                body.append(token)
            self.position += 1
        return body

    def _definition_follows(self, body: Sequence[Token], depth: int) -> bool:
        """Return whether the next line begins a definition rather than goes on with ``body``."""
        position = self.position + 1
        if position >= len(self.tokens) or self.tokens[position].kind == "newline":
            return False
        head = self._head(position)
        if head is None:
            return False
        if head[0] != "parameter":
            return True
        last = body[-1] if body else None  # "tau : volt" may be the end of "a /" on the line before
        complete = last is not None and (last.kind in ("name", "number") or last.is_op(")"))
        return (
            depth <= 0 and complete and last is not None and last.text not in ("and", "or", "not")
        )

    def _unit_tokens(self) -> list[Token]:
        """Take the tokens up to the end of the line, or of the bracket that is open there."""
        taken: list[Token] = []
        depth = 0
        while self.position < len(self.tokens):
            token = self.tokens[self.position]
            if token.kind == "newline":
                follows = self.position + 1
                if depth <= 0 or follows >= len(self.tokens) or self._head(follows) is not None:
                    break
            else:
                depth += bracket_change(token)
                taken.append(token)
            self.position += 1
        return taken

    def _expression(self, body: Sequence[Token], equals: Token) -> Node | None:
        if not body:
            self.problems.append(
                problem_at(
                    self.source, equals.start, equals.end, "An expression is expected after '='."
                )
            )
            return None
        try:
            return read_expression(self.source, body, body[0].start, body[-1].end)
        except RefusedError as refusal:
            self.problems.append(refusal.problem)
            return None

    def _flags(self, kind: Kind, part: UnitPart) -> tuple[str, ...]:
        """Return the flags of a definition after checking them against its kind."""
        seen: list[str] = []
        known = {flag for allowed in FLAGS.values() for flag in allowed}
        for flag, origin in part.flags:
            if flag not in known:
                hint = suggest(flag, sorted(known)) or f"Possible are: {', '.join(FLAGS[kind])}."
                self.problems.append(Problem(f"There is no flag '{flag}'.", origin, hint))
            elif flag not in FLAGS[kind]:
                message = f"A {_KIND_TEXT[kind]} cannot have the flag '{flag}'."
                hint = f"Possible are: {', '.join(FLAGS[kind])}."
                self.problems.append(Problem(message, origin, hint))
            elif flag in seen:
                self.problems.append(Problem(f"The flag '{flag}' is given twice.", origin))
            else:
                for pair in _EXCLUSIVE:
                    other = next((item for item in pair if item != flag and item in seen), None)
                    if flag in pair and other is not None:
                        message = f"The flags '{other}' and '{flag}' exclude each other."
                        self.problems.append(Problem(message, origin))
                seen.append(flag)
        return tuple(seen)

    def _check_unit(self, kind: Kind, part: UnitPart, dtype: ValueType) -> None:
        unit_dimension(part.node, self.problems)
        if kind == "differential" and dtype != "float":
            message = f"The variable of a differential equation cannot be of type {dtype}."
            self.problems.append(Problem(message, part.node.origin, "Use a unit, or 1."))

    def _usable(self, name: Token, kind: Kind, flags: tuple[str, ...], complete: bool) -> bool:
        """Return whether the definition can be kept; report a bad name or a second definition."""
        remote = kind == "subexpression" and "summed" in flags
        reason = undefinable_name(name.text, may_be_remote=remote)
        if reason is not None:
            self.problems.append(problem_at(self.source, name.start, name.end, *reason))
            return False
        text = name.text
        other = text[:-1] if text.endswith("_") else f"{text}_"
        if (earlier := self.found.get(text)) is not None:
            message = f"'{text}' is already defined in line {earlier.origin.line}."
        elif (earlier := self.found.get(other)) is not None:
            plain, whole = sorted((text, other), key=len, reverse=True)
            message = (
                f"'{text}' cannot be defined beside '{other}' of line {earlier.origin.line}: "
                f"'{plain}' stands for '{whole}' without its unit."
            )
        else:
            return complete
        self.problems.append(problem_at(self.source, name.start, name.end, message))
        return False


_KIND_TEXT: dict[Kind, str] = {
    "differential": "differential equation",
    "subexpression": "subexpression",
    "parameter": "parameter",
}


def _value_type(part: UnitPart) -> ValueType:
    name = part.node.name if isinstance(part.node, Name) else ""
    return _VALUE_TYPES.get(name, "float")


def _describe_stray(source: SourceText, line: Sequence[Token]) -> Problem:
    """Return the problem of a line that begins no definition, with the likeliest reason."""
    bad = bad_character(source, line)
    if bad is not None:
        return bad.problem
    first, last = line[0], line[-1]
    texts = [token.text for token in line]
    if texts[1:2] == ["/"] and texts[3:4] == ["="] and first.text.startswith("d"):
        derivative = line[2]
        return problem_at(
            source,
            derivative.start,
            derivative.end,
            f"Only derivatives by time are possible, not by '{derivative.text}'.",
            "Write 'dx/dt = ... : unit'.",
        )
    if texts[1:2] == [","] and ":" in texts:
        return problem_at(
            source, first.start, last.end, "One line defines one variable.", "Use a line for each."
        )
    if texts[1:2] == ["'"] or (texts[1:2] and texts[1].startswith("'")):
        return problem_at(
            source, first.start, last.end, "There is no derivative by an apostrophe.", _EXPECTED
        )
    if len(line) > 1 and line[1].is_op("+=", "-=", "*=", "/="):
        return problem_at(
            source,
            line[1].start,
            line[1].end,
            f"'{line[1].text}' belongs into a reset or another code, not into equations.",
            _EXPECTED,
        )
    return problem_at(source, first.start, last.end, "This is not a definition.", _EXPECTED)
