"""Brian's way of choosing devices, on simgen's: its names, ``device.build`` and ``prefs``."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any, NoReturn

from simgen.api import device as own
from simgen.api.built_runs import BuiltRuns
from simgen.api.noted_runs import NOTED
from simgen.api.preferences import Preferences, level_of
from simgen.errors import (
    ArgumentTypeError,
    DeviceError,
    ModelError,
    UnknownAttributeError,
    UnsupportedFeatureError,
)
from simgen.options import Options

_log = logging.getLogger("simgen.brian")
_NAMES = {"runtime": "auto", "cpp_standalone": "cpu", "cuda_standalone": "cuda"}
# what Brian's standalone devices take, and why nothing comes of it here
_BUILDING = {
    **dict.fromkeys(
        ("directory", "results_directory", "project_dir"),
        "programs are kept in a cache, and results in the process",
    ),
    **dict.fromkeys(
        ("debug", "clean", "with_output", "additional_source_files"), "nothing is built"
    ),
}
_ELSEWHERE = {
    "apply_run_args": "What is computed from run_args belongs into the code of the model, or give "
    "it as run_args, too.",
    "insert_code": "Write a network_operation, or code for run_regularly.",
    "code": "'python -m simgen show' prints the generated code.",
}


_OPTIONS = ("threads", "optimize", "compiler_flags", "emulate", "deterministic", "device")


@dataclass
class _Chosen:
    """What was asked for last: the name, the options, and those that preferences add."""

    name: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    preferred: dict[str, Any] = field(default_factory=dict)
    made: Options | None = None  # what came of it

    def apply(self) -> None:
        """Choose the device anew."""
        name = own.get_device() if self.name is None else self.name
        added = dict(self.preferred)
        if name not in ("cpu", "auto"):
            added.pop("threads", None)  # the preference is that of Brian's C++ device
        own.set_device(name, **{**added, **self.options})
        self.made = own.current_options()

    def prefer(self, option: str, value: Any) -> None:
        """Add an option; what :func:`simgen.set_device` was told in the meantime stays."""
        present = own.current_options()
        if present is not self.made:
            self.name, self.options, self.preferred = present.target, _as_given(present), {}
            self.options.pop(option, None)
        before = self.preferred
        self.preferred = {**before, option: value}
        try:
            self.apply()
        except BaseException:
            self.preferred = before
            raise


def _as_given(options: Options) -> dict[str, Any]:
    """Return the arguments of :func:`simgen.set_device` that stand for options."""
    plain = Options()
    attributes = {name: name for name in _OPTIONS} | {"dtype": "real"}
    return {
        name: getattr(options, attribute)
        for name, attribute in attributes.items()
        if getattr(options, attribute) != getattr(plain, attribute)
    }


_chosen = _Chosen()


def set_device(name: Any = None, /, *, build_on_run: bool = True, **options: Any) -> None:
    """Choose where networks run, by a name of simgen's or of Brian's.

    ``"runtime"`` is ``"auto"``, ``"cpp_standalone"`` is ``"cpu"`` and ``"cuda_standalone"`` is
    ``"cuda"``. With ``build_on_run=False`` runs are noted, and made by ``device.build()``, by
    ``device.run()``, or when their results are looked at. The other options are those of
    :func:`simgen.set_device`.

    Raises
    ------
    DeviceError
        There is no such device, or it cannot be used here.
    ArgumentTypeError
        An option has no meaning.

    """
    _checked_switch(build_on_run)
    if name == "genn":
        raise DeviceError("There is no device 'genn': 'cuda' runs networks on NVIDIA GPUs.")
    if isinstance(name, str) and name in _NAMES:
        name = _NAMES[name]
        for option in [option for option in options if option in _BUILDING]:
            _say_idle(f"set_device(..., {option}={options.pop(option)!r})", _BUILDING[option])
    if name is None:
        name = options.pop("device", "auto")
    before = _chosen.name, _chosen.options
    _chosen.name, _chosen.options = name, options
    try:
        _chosen.apply()
    except BaseException:
        _chosen.name, _chosen.options = before
        raise
    device.reinit()
    NOTED.begin(not build_on_run)


def _checked_switch(build_on_run: Any) -> bool:
    if not isinstance(build_on_run, bool):
        raise ArgumentTypeError(f"build_on_run must be True or False, not {build_on_run!r}.")
    return build_on_run


def _check_options(method: str, options: dict[str, Any]) -> None:
    unknown = [name for name in options if name not in _BUILDING and name != "direct_call"]
    if unknown:
        raise ArgumentTypeError(f"device.{method}() has no argument '{unknown[0]}'.")


def _nothing_noted() -> str:
    """Return why there is no run to build."""
    if not NOTED.noting:
        return (
            "runs are made when run() is called. To build them first, call "
            "set_device('cpp_standalone', build_on_run=False) before."
        )
    if NOTED.reason:
        return (
            f"the runs of this script were made already when {NOTED.reason}. Call device.build() "
            "before that."
        )
    return "no run() was called, or device.build() was not called after it."


def _say_idle(what: str, reason: str) -> None:
    _log.warning("%s does nothing: %s.", what, reason)


class Device:
    """What Brian calls the device; the one there is."""

    _built: BuiltRuns | None = None

    def build(
        self,
        directory: Any = None,
        *,
        compile: bool = True,
        run: bool = True,
        run_args: Any = None,
        **options: Any,
    ) -> None:
        """Make the runs that were noted, or with ``run=False`` be ready to.

        Runs are noted after ``set_device(..., build_on_run=False)``. What looks at their results
        before, or changes what they start from, has them made at once; then there is nothing to
        build. ``run_args`` are those of :meth:`run`.

        Raises
        ------
        UnsupportedFeatureError
            With ``compile=False``: only ``python -m simgen show`` makes code without compiling it.
        ModelError
            With ``run=False`` or ``run_args``: there is no run to be built.

        """
        if not compile:
            raise UnsupportedFeatureError(
                "device.build(compile=False) is not supported: nothing is written that could be "
                "compiled elsewhere. 'python -m simgen show' prints the code of a script."
            )
        _check_options("build", options)
        if not NOTED.runs:
            if run and run_args is None:
                return  # all runs were made already
            raise ModelError(f"device.build() has nothing to build: {_nothing_noted()}")
        self._built = BuiltRuns(NOTED.take())
        if run:
            self._built.run(run_args)

    def run(
        self,
        directory: Any = None,
        results_directory: Any = None,
        with_output: bool = True,
        run_args: Any = None,
    ) -> None:
        """Make the runs that were built, from the state that was built; nothing is compiled anew.

        Parameters
        ----------
        run_args
            Values instead of those of the script: a dict from variables (``group.v``,
            ``synapses.w``) and TimedArrays to numbers or arrays, or texts "group.v=0.5".
        directory, results_directory, with_output
            Without a meaning: results stay in the process, and are read before the next run.

        Raises
        ------
        ModelError
            Nothing was built, or the script has changed an object since.
        ArgumentTypeError, DimensionMismatchError
            ``run_args`` are no such values.

        """
        del directory, with_output
        if results_directory is not None:
            _say_idle(
                f"device.run(results_directory={results_directory!r})", _BUILDING["directory"]
            )
        if self._built is None:
            raise ModelError(f"device.run() has nothing to run: {_nothing_noted()}")
        self._built.run(run_args)

    def reinit(self) -> None:
        """Forget runs that were noted or built; objects that are not used go by themselves."""
        NOTED.begin(NOTED.noting)
        self._built = None

    def activate(self, build_on_run: bool = True, **options: Any) -> None:
        """Choose again the device that was chosen last."""
        for option in options:
            if option not in _BUILDING:
                raise ArgumentTypeError(f"device.activate() has no argument '{option}'.")
        _chosen.apply()
        NOTED.begin(not _checked_switch(build_on_run))

    def delete(self, *_what: Any, **_which: Any) -> None:
        """Do nothing: nothing was written that would have to be deleted."""

    def __getattr__(self, name: str) -> NoReturn:
        if name in _ELSEWHERE:
            raise UnsupportedFeatureError(f"device.{name} is not supported. {_ELSEWHERE[name]}")
        raise UnknownAttributeError(f"The device has no '{name}'.")

    def __str__(self) -> str:
        return own.get_device()

    def __repr__(self) -> str:
        return f"<device '{self}'>"


def _act(name: str, value: Any) -> None:
    """Do what a preference asks for."""
    if name == "logging.console_log_level":
        logging.getLogger("simgen").setLevel(level_of(value))
    elif name == "core.default_float_dtype":
        _chosen.prefer("dtype", value)
    elif name == "devices.cpp_standalone.openmp_threads":
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or value < 0:
            raise ArgumentTypeError(
                f"The preference '{name}' is a number of threads, not {value!r}."
            )
        _chosen.prefer("threads", max(1, value))
    elif name == "codegen.target" and value == "numpy":
        _log.warning(
            "The preference 'codegen.target' = 'numpy' does nothing: networks are compiled; "
            "set_device('reference') interprets them with numpy, slowly."
        )


class BrianLogger:
    """Brian's control of its messages, on the logger 'simgen'."""

    @staticmethod
    def log_level_diagnostic() -> None:
        """Show all messages."""
        _act("logging.console_log_level", "DIAGNOSTIC")

    @staticmethod
    def log_level_debug() -> None:
        """Show messages from DEBUG on."""
        _act("logging.console_log_level", "DEBUG")

    @staticmethod
    def log_level_info() -> None:
        """Show messages from INFO on."""
        _act("logging.console_log_level", "INFO")

    @staticmethod
    def log_level_warn() -> None:
        """Show warnings and errors."""
        _act("logging.console_log_level", "WARNING")

    @staticmethod
    def log_level_error() -> None:
        """Show errors only."""
        _act("logging.console_log_level", "ERROR")

    @staticmethod
    def suppress_hierarchy(name: str, filter_log_file: bool = False) -> None:
        """Do nothing: simgen has no messages under Brian's names."""

    @staticmethod
    def suppress_name(name: str, filter_log_file: bool = False) -> None:
        """Do nothing: simgen has no messages under Brian's names."""


device = Device()
prefs = Preferences(_act)


def get_device() -> Device:
    """Return the device; its text is the name."""
    return device
