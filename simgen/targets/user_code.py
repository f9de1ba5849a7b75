"""Functions that users wrote for a target: their text, each in a namespace of its own.

before::

    double f(double x) { return _namespacetable[(int)x]; }

after::

    namespace sg_user_0123456789abcdef {
    static const double _namespacetable[] = {1.0, 2.0};
    double f(double x) { return _namespacetable[(int)x]; }
    }

So what it defines cannot meet names of the program, or those of another function.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from simgen.dtypes import FLOAT64, DType
from simgen.errors import UnsupportedFeatureError
from simgen.ir.functions import UserFunction
from simgen.targets.cstyle import c_type, literal


@dataclass(frozen=True, slots=True)
class Language:
    """The name of an implementation, its target, and how it declares data and functions.

    ``headers`` are what the user's text may use without including it.
    """

    name: str
    target: str
    data: str
    function: str
    headers: tuple[str, ...] = ()


NAMESPACE = "sg_user_"  # how the names of those namespaces begin
CPP = Language("cpp", "cpu", "static const", "", ("math.h",))


def add_function(function: UserFunction, language: Language, texts: dict[str, str]) -> str:
    """Add the text of a function and of those that it needs to ``texts``; return its full name.

    Raises UnsupportedFeatureError, saying what to write, if there is none for the language.
    """
    code = function.codes.get(language.name)
    if code is None:
        raise UnsupportedFeatureError(_missing(function, language))
    needed = [f"using {add_function(each, language, texts)};" for each in code.needed]
    arrays = [_array(name, value, language) for name, value in code.arrays.items()]
    text = "\n".join((*needed, *arrays, code.text.strip("\n")))
    digest = hashlib.sha256(f"{language.name}\n{text}".encode()).hexdigest()[:16]
    name = f"{NAMESPACE}{digest}"
    texts.setdefault(name, f"namespace {name} {{\n{text}\n}}")
    return f"{name}::{function.name}"


def _array(name: str, value: npt.NDArray[Any], language: Language) -> str:
    dtype = {"f": DType.F64, "b": DType.BOOL}.get(value.dtype.kind, DType.I64)
    entries = (literal(item, dtype, FLOAT64)[0] for item in value.tolist())
    kind = c_type(dtype, FLOAT64)
    return f"{language.data} {kind} _namespace{name}[] = {{{', '.join(entries)}}};"


def _missing(function: UserFunction, language: Language) -> str:
    arguments = ", ".join(
        f"{c_type(dtype, FLOAT64)} {name}"
        for name, dtype in zip(function.argument_names, function.arguments)
    )
    head = f"{language.function}{c_type(function.dtype, FLOAT64)} {function.name}({arguments})"
    return (
        f"The function '{function.name}' has no implementation for the target '{language.target}', "
        f"only its Python code. Write @implementation('{language.name}', "
        f'"{head} {{ return ...; }}") above it, or use set_device("reference").'
    )


__all__ = ["CPP", "NAMESPACE", "Language", "add_function"]
