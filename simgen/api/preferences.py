"""Brian's tree of preferences: those with a meaning here act, others say that they do nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from simgen.errors import (
    ArgumentTypeError,
    UnknownAttributeError,
    UnknownNameError,
    UnsupportedFeatureError,
    suggest,
)

_log = logging.getLogger("simgen.brian")
Change = Callable[[str, Any], None]

_NO_FILES = "simgen writes no log files; messages go to Python's logger 'simgen'"
_COMPILES = "simgen chooses the flags; set_device('cpu', compiler_flags=[...]) adds others"
_CACHE = "'python -m simgen cache' manages the compiled programs; SIMGEN_CACHE_DIR moves them"
_IN_PROCESS = "networks run in the Python process when run() is called; nothing is built elsewhere"
_TEXTS = "code of implementations is a single text, which may use the functions of math.h"
_ALWAYS = "it is always done where it helps"
_SCHEDULE = ["start", "groups", "thresholds", "synapses", "resets", "end"]
_LEVELS = {
    **{"DIAGNOSTIC": 5, "DEBUG": logging.DEBUG, "INFO": logging.INFO},
    **{"WARNING": logging.WARNING, "ERROR": logging.ERROR, "CRITICAL": logging.CRITICAL},
}


@dataclass(frozen=True)
class _Preference:
    """A preference: ``idle`` says why it does nothing, None where it acts or has one value only.

    ``values`` are those that can be given; None for any of the kind of the default.
    """

    default: Any
    idle: str | None = None
    values: tuple[Any, ...] | None = None
    instead: str = ""


def _idle(reason: str, **defaults: Any) -> dict[str, _Preference]:
    return {name.replace("__", "."): _Preference(value, reason) for name, value in defaults.items()}


PREFERENCES: dict[str, _Preference] = {
    "core.default_float_dtype": _Preference(np.float64, values=(np.float64, np.float32)),
    "core.default_integer_dtype": _Preference(
        np.int32, values=(np.int32,), instead="Integer variables have 32 bits."
    ),
    "core.network.default_schedule": _Preference(
        _SCHEDULE, values=(_SCHEDULE,), instead="Use when= and order= of the objects."
    ),
    "legacy.refractory_timing": _Preference(
        False, values=(False,), instead="Refractoriness follows Brian 2's present rule."
    ),
    "codegen.target": _Preference("auto", values=("auto", "cython", "numpy")),
    "devices.cpp_standalone.openmp_threads": _Preference(0),
    "logging.console_log_level": _Preference("INFO", values=tuple(_LEVELS)),
    **_idle("Ctrl-C stops a run after the present step", core__stop_on_keyboard_interrupt=True),
    **_idle("there is no such dependency", core__outdated_dependency_error=True),
    **_idle("simgen has no GSL integrators", GSL__directory=None),
    **_idle(_ALWAYS, codegen__loop_invariant_optimisations=True),
    **_idle(
        "text values are evaluated by whatever is fastest",
        codegen__string_expression_target="numpy",
        codegen__runtime__numpy__discard_units=False,
    ),
    **_idle(
        _CACHE,
        codegen__max_cache_dir_size=1000,
        codegen__runtime__cython__cache_dir=None,
        codegen__runtime__cython__delete_source_files=True,
        codegen__runtime__cython__multiprocess_safe=True,
    ),
    **_idle(
        _COMPILES,
        codegen__cpp__compiler="",
        codegen__cpp__extra_compile_args=None,
        codegen__cpp__extra_compile_args_gcc=None,
        codegen__cpp__extra_compile_args_msvc=None,
        codegen__cpp__msvc_architecture="",
        codegen__cpp__msvc_vars_location="",
        codegen__generators__cpp__flush_denormals=False,
        codegen__generators__cpp__restrict_keyword="__restrict",
    ),
    **_idle(
        _TEXTS,
        codegen__cpp__define_macros=None,
        codegen__cpp__extra_link_args=None,
        codegen__cpp__headers=None,
        codegen__cpp__include_dirs=None,
        codegen__cpp__libraries=None,
        codegen__cpp__library_dirs=None,
        codegen__cpp__runtime_library_dirs=None,
    ),
    **_idle(
        _IN_PROCESS,
        devices__cpp_standalone__extra_make_args_unix=None,
        devices__cpp_standalone__extra_make_args_windows=None,
        devices__cpp_standalone__make_cmd_unix="make",
        devices__cpp_standalone__openmp_spatialneuron_strategy=None,
        devices__cpp_standalone__run_cmd_unix="./main",
        devices__cpp_standalone__run_environment_variables=None,
    ),
    **_idle(
        _NO_FILES,
        logging__delete_log_on_exit=True,
        logging__display_brian_error_message=True,
        logging__file_log=True,
        logging__file_log_level="DEBUG",
        logging__file_log_max_size=10_000_000,
        logging__save_script=True,
        logging__std_redirection=True,
        logging__std_redirection_to_file=True,
    ),
}


class Preferences:
    """A branch of the tree: ``prefs.codegen.target``, or ``prefs["codegen.target"]``.

    ``acting`` is called with the name and the value of each preference that has a meaning here.
    """

    __slots__ = ("_acting", "_prefix", "_values")

    def __init__(
        self, acting: Change, prefix: str = "", values: dict[str, Any] | None = None
    ) -> None:
        object.__setattr__(self, "_acting", acting)
        object.__setattr__(self, "_prefix", prefix)
        object.__setattr__(self, "_values", {} if values is None else values)

    _acting: Change
    _prefix: str
    _values: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        full = self._prefix + str(name)
        if full in PREFERENCES:
            return self._values.get(full, PREFERENCES[full].default)
        if any(known.startswith(f"{full}.") for known in PREFERENCES):
            return Preferences(self._acting, f"{full}.", self._values)
        raise UnknownNameError(_unknown(full))

    def __setitem__(self, name: str, value: Any) -> None:
        full = self._prefix + str(name)
        if full not in PREFERENCES:
            raise UnknownNameError(_unknown(full))
        known = PREFERENCES[full]
        if known.values is not None and value not in known.values:
            shown = ", ".join(map(repr, known.values))
            raise UnsupportedFeatureError(
                f"The preference '{full}' can only be {shown}, not {value!r}. "
                f"{known.instead}".strip()
            )
        if isinstance(known.default, bool) and not isinstance(value, bool | np.bool_):
            raise ArgumentTypeError(
                f"The preference '{full}' must be True or False, not {value!r}."
            )
        if known.idle is not None and value != known.default:
            _log.warning("The preference '%s' does nothing: %s.", full, known.idle)
        elif known.idle is None:
            self._acting(full, value)
        self._values[full] = value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except UnknownNameError as error:
            raise UnknownAttributeError(str(error)) from None

    def __setattr__(self, name: str, value: Any) -> None:
        try:
            self[name] = value
        except UnknownNameError as error:
            raise UnknownAttributeError(str(error)) from None

    def keys(self) -> list[str]:
        """Return the names below this branch."""
        return [name[len(self._prefix) :] for name in PREFERENCES if name.startswith(self._prefix)]

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def __contains__(self, name: object) -> bool:
        return f"{self._prefix}{name}" in PREFERENCES

    def items(self) -> list[tuple[str, Any]]:
        """Return names and values."""
        return [(name, self[name]) for name in self.keys()]

    def reset_to_defaults(self) -> None:
        """Give every preference below this branch the value it had at first."""
        for name in self.keys():
            if self._prefix + name in self._values:
                self[name] = PREFERENCES[self._prefix + name].default
                del self._values[self._prefix + name]

    def __dir__(self) -> list[str]:
        return sorted({name.partition(".")[0] for name in self.keys()} | {"keys", "items"})

    def __repr__(self) -> str:
        return "\n".join(f"{self._prefix}{name} = {value!r}" for name, value in self.items())


def level_of(name: str) -> int:
    """Return the number of a level of Brian's log."""
    return _LEVELS[name]


def _unknown(name: str) -> str:
    return f"There is no preference '{name}'. {suggest(name, tuple(PREFERENCES))}".strip()
