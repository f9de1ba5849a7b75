"""Names that Brian has and simgen has not: importing one says so, and what to use instead."""

from __future__ import annotations

from typing import Any, NoReturn

from simgen.errors import SimgenError, UnknownAttributeError, UnsupportedFeatureError, suggest

_COMPARTMENTS = "Neurons with several compartments (SpatialNeuron, Morphology) are not supported."
_INTERNALS = "Brian's own classes and tables have no counterpart: use the names simgen exports."
_ADVICE: dict[str, str] = {
    **dict.fromkeys(
        ("SpatialNeuron", "SpatialStateUpdater", "Morphology", "Soma", "Cylinder", "Section"),
        _COMPARTMENTS,
    ),
    "restore_initial_state": "Use store() before the first run, and restore() later.",
    **dict.fromkeys(
        ("get_states", "set_states"), "Objects and networks have them, as group.get_states()."
    ),
    **dict.fromkeys(
        ("prefs", "device", "build", "set_build_on_run", "BrianLogger"),
        "The target, precision and compiler flags are arguments of set_device().",
    ),
    **dict.fromkeys(
        (
            *("BrianObject", "CodeRunner", "CythonCodeObject", "NumpyCodeObject", "Expression"),
            *("Group", "ImportExport", "MagicNetwork", "Nameable", "SpikeSource", "Statements"),
            *("Trackable", "VariableOwner", "DEFAULT_CONSTANTS", "DEFAULT_FUNCTIONS"),
            *("DEFAULT_UNITS", "get_local_namespace", "get_or_create_dimension", "all_devices"),
            *("is_scalar_type", "std_silent", "check_cache"),
        ),
        _INTERNALS,
    ),
    **dict.fromkeys(
        ("brian_prefs", "BrianPreference"),
        "The target, precision and compiler flags are arguments of set_device().",
    ),
    "clear_cache": "Compiled programs are removed by 'python -m simgen cache --clear'.",
    "EventClock": "Clocks with irregular times are not supported.",
}


def missing_name(name: str, known: tuple[str, ...]) -> SimgenError:
    """Return the error for a name that simgen does not export, with what to use instead."""
    if name in _ADVICE:
        return UnsupportedFeatureError(f"simgen has no '{name}'. {_ADVICE[name]}")
    return UnknownAttributeError(
        f"module 'simgen' has no attribute '{name}'. "
        f"{'' if name.startswith('_') else suggest(name, known)}".rstrip()
    )


class MissingName:
    """What the star import for Brian's scripts gives for a name simgen has not: its use says so."""

    def __init__(self, name: str) -> None:
        self.__dict__["_name"] = name

    def _raise(self) -> NoReturn:
        raise missing_name(self._name, ())

    def __repr__(self) -> str:
        return f"<{self._name}: not supported by simgen>"

    def __mro_entries__(self, _bases: Any) -> NoReturn:
        self._raise()

    def __instancecheck__(self, _value: Any) -> NoReturn:
        self._raise()

    def __subclasscheck__(self, _cls: Any) -> NoReturn:
        self._raise()

    def __call__(self, *_args: Any, **_options: Any) -> NoReturn:
        """Refuse."""
        self._raise()

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        self._raise()

    def __setattr__(self, _name: str, _value: Any) -> NoReturn:
        self._raise()

    def __getitem__(self, _key: Any) -> NoReturn:
        self._raise()

    def __setitem__(self, _key: Any, _value: Any) -> NoReturn:
        self._raise()


def missing_names() -> dict[str, MissingName]:
    """Return the names of Brian's that raise when they are used."""
    return {name: MissingName(name) for name in _ADVICE}
