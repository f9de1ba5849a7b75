"""The order of tokens in an expression, checked before Python's own parser sees the text.

Two states alternate: a value is expected, or an operator is. Nearly everything a user can write
wrongly shows here, with a message that does not depend on the Python version.
"""

from __future__ import annotations

import keyword
import math
from collections.abc import Sequence

from simgen.errors import SourceText
from simgen.lang.names import KEYWORD_HINTS, MAX_NAME, shorten
from simgen.lang.tokens import RefusedError, Token, refused

MAX_CHARACTERS = 100_000
MAX_TOKENS = 10_000  # keeps Python's parser far from the end of the C stack
MAX_BRACKETS = 100  # nested; Python's tokenizer stops at 200

_WORD_OPERATORS = ("and", "or", "not")
_VALUES = ("True", "False")
_BINARY = ("+", "-", "*", "/", "//", "%", "**", "<", "<=", ">", ">=", "==", "!=")
_FORBIDDEN = {
    "^": ("There is no operator '^'.", "Use '**' for a power."),
    "&": ("There are no bit operators.", "Use 'and' to join conditions."),
    "&&": ("There is no operator '&&'.", "Use 'and'."),
    "|": ("There are no bit operators.", "Use 'or' to join conditions."),
    "||": ("There is no operator '||'.", "Use 'or'."),
    "~": ("There are no bit operators.", "Use 'not' to negate a condition."),
    "!": ("There is no operator '!'.", "Use 'not'."),
    "<<": ("There are no bit operators.", "Use '* 2**n' instead of a shift."),
    ">>": ("There are no bit operators.", "Use '// 2**n' instead of a shift."),
    "<>": ("There is no operator '<>'.", "Use '!='."),
    "@": ("There is no matrix product in an expression.", "Use '*'."),
    "?": ("There is no operator '?'.", "Use int(condition)*x to choose a value."),
    ".": ("Attributes are not part of the language.", "Give the value a name of its own."),
    "[": (
        "Subscripts and lists are not part of the language.",
        "Give the value a name of its own.",
    ),
    "]": ("There is no '[' that this ']' closes.", ""),
    "{": ("Braces are not part of the language.", "Use '(' and ')'."),
    "}": ("Braces are not part of the language.", "Use '(' and ')'."),
    ":=": ("An expression cannot assign.", "Write a statement of its own."),
    "->": ("There is no operator '->'.", ""),
    ";": ("One expression is expected, not several statements.", ""),
    ":": ("A ':' has no place in an expression.", ""),
    "$": ("The character '$' has no meaning here.", ""),
    "`": ("The character '`' has no meaning here.", ""),
    "\\": ("A '\\' may only stand at the end of a line.", ""),
}


def bad_character(source: SourceText, tokens: Sequence[Token]) -> RefusedError | None:
    """Return the refusal of the first character that belongs to no token, or None."""
    for token in tokens:
        if token.kind == "bad":
            return refused(source, token.start, token.end, *_describe_character(token.text))
    return None


def check_order(source: SourceText, tokens: Sequence[Token], start: int, end: int) -> None:
    """Return if ``tokens``, which lie in ``start`` to ``end``, are in a possible order.

    Raises :class:`RefusedError` with the first problem otherwise.
    """
    _check_size(source, tokens, start, end)
    _Order(source).check(tokens, end)


def _check_size(source: SourceText, tokens: Sequence[Token], start: int, end: int) -> None:
    if not tokens:
        raise refused(source, start, end, f"The {source.what} is empty; an expression is expected.")
    if tokens[-1].end - tokens[0].start > MAX_CHARACTERS:
        raise refused(
            source, start, start, f"The expression is longer than {MAX_CHARACTERS} characters."
        )
    if len(tokens) > MAX_TOKENS:
        raise refused(
            source, start, start, f"The expression has more than {MAX_TOKENS} names and operators."
        )


class _Order:
    """The state of the check: the open brackets, and whether a value is expected."""

    def __init__(self, source: SourceText) -> None:
        self.source = source
        self.open: list[tuple[Token, bool]] = []  # bracket, and whether it opens a call
        self.value_expected = True
        self.previous: Token | None = None

    def check(self, tokens: Sequence[Token], end: int) -> None:
        for position, token in enumerate(tokens):
            following = tokens[position + 1] if position + 1 < len(tokens) else None
            self._check_token(token, following)
            if self.value_expected:
                self._value(token)
            else:
                self._operator(token, following)
            self.previous = token
        if self.open:
            raise self._refuse(self.open[-1][0], "This '(' is never closed.")
        if self.value_expected:
            last = tokens[-1]
            raise self._refuse(last, f"A value is expected after '{last.text}'.")

    def _refuse(self, token: Token, message: str, hint: str = "") -> RefusedError:
        return refused(self.source, token.start, token.end, message, hint)

    def _check_token(self, token: Token, following: Token | None) -> None:
        if token.kind == "quote":
            raise self._refuse(token, "Text in quotes has no place in an expression.")
        if token.kind == "bad":
            raise self._refuse(token, *_describe_character(token.text))
        if token.kind == "name":
            self._check_name(token)
        elif token.kind == "number":
            self._check_number(token, following)
        elif token.text in _FORBIDDEN:
            raise self._refuse(token, *_FORBIDDEN[token.text])
        elif token.text.endswith("=") and token.text not in _BINARY:
            raise self._assignment(token, following)

    def _assignment(self, token: Token, following: Token | None) -> RefusedError:
        if token.text != "=":
            return self._refuse(token, f"An expression cannot assign with '{token.text}'.")
        if following is not None and following.is_op("<", ">") and following.start == token.end:
            return self._refuse(
                token, f"There is no operator '={following.text}'.", f"Use '{following.text}='."
            )
        if any(is_call for _, is_call in self.open):
            return self._refuse(
                token, "Arguments have no names here.", "Give the arguments in their order."
            )
        return self._refuse(token, "An expression cannot assign.", "Did you mean '=='?")

    def _check_name(self, token: Token) -> None:
        name = token.text
        if not name.isascii():
            raise self._refuse(token, "Names are made of the letters a to z, digits and '_'.")
        if len(name) > MAX_NAME:
            raise self._refuse(
                token, f"The name '{shorten(name)}' is longer than {MAX_NAME} characters."
            )
        if name.startswith("_"):
            raise self._refuse(token, f"The name '{name}' is reserved: it begins with '_'.")
        if keyword.iskeyword(name) and name not in (*_WORD_OPERATORS, *_VALUES):
            raise self._refuse(token, *KEYWORD_HINTS.get(name, _keyword_text(name)))

    def _check_number(self, token: Token, following: Token | None) -> None:
        if following is not None and following.kind == "name" and following.start == token.end:
            if following.text in ("j", "J"):
                raise self._refuse(token, "There are no complex numbers.")
            word = shorten(following.text)
            if keyword.iskeyword(word):
                hint = "Put a blank between them."
            elif token.text == "0" and word[0] in "xXbBoO":
                hint = "Write whole numbers in decimal digits."
            else:
                hint = f"Did you mean {token.text}*{word}?"
            message = f"The number {token.text} runs into '{word}'."
            raise refused(self.source, token.start, following.end, message, hint)
        text = token.text
        if text.isdigit():
            if text[0] == "0" and text.strip("0"):
                raise self._refuse(token, "A whole number must not begin with 0.")
            if len(text) > 19 or int(text) > 2**63 - 1:
                raise self._refuse(
                    token,
                    "The whole number does not fit into 64 bits.",
                    "Write it with a decimal point.",
                )
        elif math.isinf(float(text)):
            raise self._refuse(token, "The number is too large.", "Use 'inf' for infinity.")

    def _value(self, token: Token) -> None:
        """Check a token where a value is expected."""
        before = self.previous
        if token.kind == "number":
            self.value_expected = False
        elif token.kind == "name":
            if token.text in ("and", "or"):
                raise self._refuse(token, f"A value is expected before '{token.text}'.")
            if token.text == "not":
                fits = before is None or before.is_op("(", ",") or before.text in _WORD_OPERATORS
                if not fits:
                    raise self._refuse(token, "A 'not' needs brackets here.", "Write (not ...).")
            else:
                self.value_expected = False
        elif token.text == "(":
            self._enter(token, is_call=False)
        elif token.text == ")" and self.open and self.open[-1][1] and before and before.text == "(":
            self.open.pop()  # a call without arguments
            self.value_expected = False
        elif token.text not in ("+", "-"):
            raise self._refuse(token, f"A value is expected before '{token.text}'.")

    def _operator(self, token: Token, following: Token | None) -> None:
        """Check a token where an operator is expected."""
        before = self.previous
        if token.is_op(*_BINARY) or (token.kind == "name" and token.text in ("and", "or")):
            self.value_expected = True
        elif token.is_op("(") and before is not None:
            if before.kind != "name" or before.text in _VALUES:
                raise self._refuse(
                    token, "An operator is missing before '('.", "Use '*' for a product."
                )
            self._enter(token, is_call=True)
            self.value_expected = True
        elif token.is_op(")"):
            if not self.open:
                raise self._refuse(token, "There is no '(' that this ')' closes.")
            self.open.pop()
        elif token.is_op(","):
            if not (self.open and self.open[-1][1]):
                raise self._refuse(token, "One value is expected, not several.")
            self.value_expected = True
        elif token.text == "not" and following is not None and following.text == "in":
            raise self._refuse(following, *KEYWORD_HINTS["in"])
        else:
            raise self._refuse(token, f"An operator is missing before '{shorten(token.text)}'.")

    def _enter(self, token: Token, is_call: bool) -> None:
        self.open.append((token, is_call))
        if len(self.open) > MAX_BRACKETS:
            raise self._refuse(token, f"Brackets are nested more than {MAX_BRACKETS} deep.")


def _keyword_text(name: str) -> tuple[str, str]:
    return (f"'{name}' is a keyword of Python and cannot be a name.", f"Use '{name}_'.")


def _describe_character(character: str) -> tuple[str, str]:
    if not character.isascii() and character.isspace():
        return f"The blank U+{ord(character):04X} is not a plain space.", "Type it again."
    if not character.isprintable():
        return f"The character U+{ord(character):04X} has no meaning here.", ""
    hint = {"×": "Use '*'.", "·": "Use '*'.", "÷": "Use '/'.", "−": "Use '-'.", "≤": "Use '<='."}
    hint |= {"≥": "Use '>='.", "≠": "Use '!='.", "–": "Use '-'.", "√": "Use sqrt()."}
    return f"The character '{character}' has no meaning here.", hint.get(character, "")
