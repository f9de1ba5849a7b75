"""Hostile and random texts: each is an expression or an EquationError, and does nothing else."""

import os
import string
from pathlib import Path

from expression_texts import parse
from hypothesis import given, settings
from hypothesis import strategies as st

from simgen.errors import EquationError
from simgen.lang.syntax import Name, functions_in, walk

# -- hostile text ----------------------------------------------------------------------

_PAYLOADS = [
    "__import__('os').system('touch {c}')",
    "open('{c}', 'w')",
    'open("{c}", "w").close()',
    'eval(\'open("{c}", "w")\')',
    'exec(\'open("{c}", "w")\')',
    "().__class__.__bases__[0].__subclasses__()",
    "[x for x in (1, 2)]",
    "{{x: 1 for x in y}}",
    "(lambda: open('{c}', 'w'))()",
    "(lambda x: x)(1)",
    "getattr(x, 'y')",
    "x.__globals__",
    "globals()['__builtins__']",
    'print(f\'{{open("{c}", "w")}}\')',
    "`touch {c}`",
    "$(touch {c})",
    "#define x 1\n x",
    'x; system("touch {c}")',
    "x\n#include <stdlib.h>\nint y",
    'x */ system("touch {c}"); /*',
    "x // system('touch {c}')\n * 'a'",
    "??/\n x",
    "x \\\n#error",
    "{{{{ 7*7 }}}}",
    "{{% raw %}}",
    "x\0y",
    "x\u202ey",
    "import os",
    "from os import path",
    "del x",
    "raise x",
    "assert x",
    "yield x",
    "await x",
    "async def f(): 1",
    "class x: y",
    "def f(): 1",
    "global x",
    "*x",
    "**x",
    "x := 1",
    "(x := open('{c}', 'w'))",
    "x[0]",
    "x[open('{c}', 'w')]",
    "x.y",
    "1 .real",
    "1..real",
    "b'{c}'",
    "r'{c}'",
    "'''{c}'''",
    '"""{c}"""',
    "f'{c}'",
    "...",
    "None",
    "__name__",
    "_x",
    "_x__y",
    "0b11",
    "0o7",
    "1_000",
    "1e1_0",
    "١٢",
    "ａｂ",
    "𝐱",
    "9**9**9",
    "10**400",
    "2**(2**70)",
    "1 if open('{c}', 'w') else 2",
    "x or open('{c}', 'w')",
    "not open('{c}', 'w')",
    "f(open('{c}', 'w'))",
    "x @ y",
    "~x",
    "x | y",
    "x ^ y",
    "x >> y",
    "x is y",
    "x in y",
    "f(x for x in y)",
    "f(**x)",
    "f(*x)",
    "f(x=1)",
    "f()()",
    "(f)(1)",
    "f(1)[2]",
    "f(1).x",
    "1(2)",
    "'a' % x",
    "a b",
    "a'b'",
    '"',
    "'",
    "(((",
    ")))",
    "\\",
    "\\\\",
    "\x1b[31mred",
    "\ufeffx",
    "x\x85y",
    "x\u2028y$",
]
_FRAMES = ["{}", "v + ({})"]


def test_two_hundred_hostile_texts_are_refused_or_harmless(tmp_path: Path):
    canary = tmp_path / "canary"
    texts = [frame.format(p.format(c=canary)) for p in _PAYLOADS for frame in _FRAMES]
    assert len(set(texts)) >= 200
    before = set(os.listdir(tmp_path))
    for text in texts:
        try:
            read = parse(text)
        except EquationError:
            continue
        # what is left of a text whose hostile part was a comment
        assert {found.origin.text for found in walk(read) if isinstance(found, Name)} <= {"v", "x"}
        assert functions_in(read) == frozenset()
    assert set(os.listdir(tmp_path)) == before


# -- random text -----------------------------------------------------------------------

_WORDS = (
    "a v tau mV 1 2.5 1e3 + - * / // % ** ( ) , < <= == != and or not if else lambda in is "
    "f( rand() clip( . [ ] = += : ; # ' \" \n \\ \t _x é µ 9**9 True None 1j & ^ ~ @ \0"
)
_VALID = st.sampled_from(
    [
        "-(v - El)/tau + I*R",
        "gNa*m**3*h*(ENa - v)/C",
        "clip(w + Apre, 0*nS, wmax) * int(v > -50*mV and not_refractory)",
        "0.32*(mV**-1)*4*mV/exprel((13.*mV - v + VT)/(4*mV))/ms",
        "(a + b)*c - sin(2*pi*f*t)",
    ]
)


def accepts_or_refuses(text):
    try:
        node = parse(text)
    except EquationError:
        return
    for found in walk(node):
        assert found.origin.text.strip() == found.origin.text
        assert found.origin.text
        if isinstance(found, Name):
            assert found.origin.text == found.name


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(st.lists(st.sampled_from(_WORDS.split(" ")), max_size=25), st.sampled_from(["", " "]))
def test_random_tokens_give_a_node_or_an_equation_error(words, blank):
    accepts_or_refuses(blank.join(words))


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.text(max_size=60))
def test_random_text_gives_a_node_or_an_equation_error(text):
    accepts_or_refuses(text)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(
    _VALID,
    st.integers(0, 80),
    st.integers(0, 4),
    st.text(alphabet=string.printable + "éµ∂", max_size=3),
)
def test_damaged_equations_give_a_node_or_an_equation_error(text, place, drop, insert):
    accepts_or_refuses(text[:place] + insert + text[place + drop :])
