"""Functions of the user's own for equations and statements."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.dtypes import DType
from simgen.errors import (
    ArgumentTypeError,
    ModelError,
    UnsupportedFeatureError,
    suggest,
)
from simgen.ir.functions import UserCode, UserFunction
from simgen.lang.names import unusable_name
from simgen.model.user_functions import (
    TYPES,
    call_with_units,
    declare_types,
    declared_types,
    highest,
    model_function,
)
from simgen.units import strip
from simgen.units.checks import UnitSignature, unit_signature

_LANGUAGES = ("cpp", "cuda", "numpy")
_FURTHER = ("sources", "headers", "include_dirs", "library_dirs", "libraries", "define_macros")


class Function:
    """A function that equations and statements can call by the name it has in the namespace.

    Parameters
    ----------
    pyfunc
        The Python function. It is called with arrays, one value an element, that have the units of
        its arguments; it runs on the target ``reference`` and where text is evaluated in Python.
    arg_units
        The unit of each argument (1 for none, ``bool``, the name of an argument of the same unit,
        None for any); by default what ``@check_units`` declares.
    arg_names
        The names of the arguments; by default those of ``pyfunc``.
    return_unit
        The unit of the result, or a function of the units of the arguments.
    arg_types, return_type
        "float", "integer", "boolean" or "any" (float); the result may be "highest", the type of its
        arguments. By default what ``@declare_types`` declares.
    stateless
        Whether the result depends on the arguments only. Each call of a function with a state is
        made once for each element, where the text has it, in statements, ``(constant over dt)``
        subexpressions and assigned text; the order of the elements is that of their indices on
        ``cpu`` and ``reference`` and none on ``cuda``. It needs a single thread. What it keeps is
        neither stored nor restored.
    name
        The name that code of other languages has for it; by default that of ``pyfunc``.

    Raises
    ------
    ArgumentTypeError, ModelError
        For what is no function, and for units that are not declared.

    """

    def __init__(
        self,
        pyfunc: Callable[..., Any],
        sympy_func: Any = None,
        arg_units: Sequence[Any] | None = None,
        arg_names: Sequence[str] | None = None,
        return_unit: Any = None,
        arg_types: Sequence[str] | None = None,
        return_type: str | None = None,
        stateless: bool = True,
        auto_vectorise: bool = False,
        name: str | None = None,
    ) -> None:
        if not callable(pyfunc):
            raise ArgumentTypeError(f"Function() needs a Python function, not {pyfunc!r}.")
        self.name = _checked_name(getattr(pyfunc, "__name__", "function") if name is None else name)
        self.pyfunc = pyfunc
        given = {"sympy_func": sympy_func is not None, "auto_vectorise": auto_vectorise}
        for what, is_given in given.items():
            if is_given:
                raise UnsupportedFeatureError(
                    f"{what} of the function '{self.name}' is not supported: functions "
                    "take numbers and are not looked into."
                )
        self.signature = self._signature(arg_units, arg_names, return_unit)
        count = len(self.signature.arguments)
        types, result = declared_types(pyfunc, self.signature)
        if arg_types is not None:
            types = tuple(map(self._type, arg_types))
        if len(types) != count:
            raise ModelError(
                f"The function '{self.name}' has {count} arguments, but {len(types)} arg_types."
            )
        if return_type is not None:
            result = highest(types) if return_type == "highest" else self._type(return_type)
        self._discard_units = False
        self._function = UserFunction(
            self.name,
            self.signature.names,
            types,
            result,
            self._evaluate,
            {},
            bool(stateless),
        )
        self.simgen_function = model_function(self._function, self.signature)
        functools.update_wrapper(self, pyfunc)

    def _signature(self, units: Any, names: Any, result: Any) -> UnitSignature:
        declared = unit_signature(self.pyfunc)
        if units is None and result is None and declared is not None:
            if declared.result is None:
                raise ModelError(
                    f"The unit of what '{self.name}' returns is not known: add result=... to its "
                    "check_units()."
                )
            return declared
        if units is None or result is None:
            raise ModelError(
                f"The units of the function '{self.name}' are not known: decorate it with "
                "@check_units(x=volt, result=volt), or give arg_units=[...] and return_unit=...."
            )
        found = (
            tuple(names) if names is not None else tuple(inspect.signature(self.pyfunc).parameters)
        )
        if len(found) != len(units):
            raise ModelError(
                f"The function '{self.name}' has {len(found)} arguments, but {len(units)} "
                "arg_units."
            )
        return UnitSignature.of(self.name, found, units, result)

    def _type(self, kind: Any) -> DType:
        if kind not in TYPES:
            raise ModelError(
                f"{kind!r} is no type of the function '{self.name}': these are "
                f"{', '.join(map(repr, TYPES))}."
            )
        return TYPES[kind]

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """Call the Python function."""
        return self.pyfunc(*args, **keywords)

    def __repr__(self) -> str:
        return f"<Function '{self.name}' of {', '.join(self.signature.names)}>"

    def _evaluate(self, *values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the Python function of SI values, as SI values."""
        if self._discard_units:
            plain = getattr(self.pyfunc, "__wrapped__", self.pyfunc)
            return np.asarray(plain(*values))
        return call_with_units(self.pyfunc, self.name, self.signature, values)

    def add_implementation(
        self,
        target: str,
        code: Any = None,
        namespace: Mapping[str, Any] | None = None,
        dependencies: Mapping[str, Function] | None = None,
        discard_units: bool | None = None,
        **further: Any,
    ) -> None:
        """Add code for a target; see :func:`implementation`."""
        target = {"cython": "cython", "cpu": "cpp"}.get(target, target)
        owner = f"the implementation of '{self.name}' for {target!r}"
        if target == "cython":
            raise UnsupportedFeatureError(f"{owner.capitalize()}: there is no such target here.")
        if target not in _LANGUAGES:
            raise ModelError(f"There is no {owner}. {suggest(str(target), _LANGUAGES)}".rstrip())
        for option in further:
            if option not in _FURTHER:
                raise ArgumentTypeError(f"{owner} has no option '{option}'.")
            raise UnsupportedFeatureError(
                f"'{option}' of {owner} is not supported: its code is a single text, which may use "
                "the functions of math.h."
            )
        if target == "numpy":
            if code is not None:
                raise ArgumentTypeError(f"{owner} is the decorated function; it takes no code.")
            self._discard_units = bool(discard_units)
            return
        if not isinstance(code, str) or not re.search(rf"\b{re.escape(self.name)}\s*\(", code):
            raise ModelError(f"The code of {owner} must be text that defines '{self.name}'.")
        if re.search(r"^\s*#\s*include", code, re.MULTILINE):
            raise UnsupportedFeatureError(
                f"The code of {owner} cannot include files; the functions of math.h are known."
            )
        self._function.codes[target] = UserCode(
            code, _arrays(namespace or {}, owner), tuple(_needed(dependencies or {}, owner))
        )


def implementation(
    target: str,
    code: Any = None,
    namespace: Mapping[str, Any] | None = None,
    dependencies: Mapping[str, Function] | None = None,
    discard_units: bool | None = None,
    **further: Any,
) -> Callable[[Any], Function]:
    """Return a decorator that adds code for a target to a function of the user's own.

    Parameters
    ----------
    target
        "cpp" for the target ``cpu``, "cuda" for GPUs, "numpy" for the Python function itself.
    code
        The definition of a function of the name of the decorated one. It takes and returns numbers
        in SI units: double, or int64_t and bool where the function declares such types.
    namespace
        Arrays that the code uses: ``{"table": values}`` is there as ``_namespacetable``.
    dependencies
        Functions that the code calls, by their names.
    discard_units
        With "numpy": the function takes and returns plain arrays in SI units.

    The decorated function has its units from ``@check_units``, below this decorator.

    Raises
    ------
    ModelError, UnsupportedFeatureError
        For an unknown target, for code that does not define the function, and for what is not
        supported, naming it.

    """

    def decorate(function: Any) -> Function:
        made = function if isinstance(function, Function) else Function(function)
        made.add_implementation(target, code, namespace, dependencies, discard_units, **further)
        return made

    return decorate


def _checked_name(name: Any) -> str:
    if name == "<lambda>":
        return "function"
    if not isinstance(name, str) or not name.isidentifier() or unusable_name(name) is not None:
        raise ModelError(f"{name!r} cannot be the name of a function. Give another as name=....")
    return name


def _arrays(namespace: Mapping[str, Any], owner: str) -> dict[str, npt.NDArray[Any]]:
    found = {}
    for name, value in namespace.items():
        array = np.asarray(strip(value))
        if not name.isidentifier() or array.ndim != 1 or array.dtype.kind not in "biuf":
            raise ModelError(
                f"'{name}' in the namespace of {owner} must be an array of numbers with one "
                "dimension. Write single numbers into the code."
            )
        found[name] = array.copy()
    return found


def _needed(dependencies: Mapping[str, Any], owner: str) -> Iterable[UserFunction]:
    for name, function in dependencies.items():
        if not isinstance(function, Function) or function.name != name:
            raise ModelError(
                f"The dependency '{name}' of {owner} must be a Function of that name, not "
                f"{function!r}."
            )
        yield function._function


__all__ = ["Function", "declare_types", "implementation"]
