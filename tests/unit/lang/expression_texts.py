"""Shared by the tests of expressions: text to tree, and text to the message that refuses it."""

import pytest

from simgen.errors import EquationError, SourceText
from simgen.lang.expressions import parse_expression


def parse(text):
    return parse_expression(SourceText(text, "reset", "NeuronGroup 'exc'"))


def refusal(text):
    with pytest.raises(EquationError) as caught:
        parse(text)
    return str(caught.value)
