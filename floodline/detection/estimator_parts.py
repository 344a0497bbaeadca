"""Which classes and functions an estimator's state may name, and nothing else."""

import importlib
import re
import types
from collections.abc import Callable
from typing import Any

from river import utils
from river.utils.vectordict import VectorDict, euclidean_distance_dict, euclidean_distance_tuple

from floodline.errors import StateRefused

PACKAGES = (
    *("anomaly", "compose", "covariance", "feature_extraction", "linear_model", "neighbors"),
    *("optim", "preprocessing", "proba", "sketch", "stats", "tree", "utils"),
)
"""River's packages of estimators and of what they are made of: no data sets, no files, no net."""

BUILT_IN: dict[str, type] = {
    each.__name__: each for each in (bool, dict, float, int, list, set, str, tuple)
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "euclidean_distance": vars(utils.math)["_euclidean_distance"],
    "euclidean_distance_dict": euclidean_distance_dict,
    "euclidean_distance_tuple": euclidean_distance_tuple,
}
"""River's functions without state that estimators keep as attributes."""

_NAME = re.compile(r"river\.([a-z_]+)((?:\.[a-z_][a-z0-9_]*)*):([A-Za-z_][A-Za-z0-9_.]*)")


def function_name(function: object) -> str | None:
    """The name under which a state keeps a function; None where it cannot."""
    return next((name for name, each in FUNCTIONS.items() if each is function), None)


def class_name(cls: type) -> str | None:
    """The name under which a state keeps a class; None where it cannot."""
    if BUILT_IN.get(cls.__name__) is cls:
        return cls.__name__
    name = f"{cls.__module__}:{cls.__qualname__}"
    try:
        return name if class_named(name) is cls else None
    except StateRefused:
        return None


def class_named(name: str) -> type:
    """The class of that name.

    Raises:
        StateRefused: it is no class of River's estimators.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    match = _NAME.fullmatch(name)
    if match is None or match[1] not in PACKAGES:
        raise StateRefused(f"a state may not name {name!r}: it is no part of a River estimator")
    module, _, path = name.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in path.split("."):
            found = vars(found)[part]
    except (ImportError, KeyError, TypeError) as error:
        raise StateRefused(f"this River has no {name!r}") from error
    if not isinstance(found, type) or found.__module__ != module:
        raise StateRefused(f"a state may not name {name!r}: it is no class of that module")
    return found


def method_of(owner: object, name: str) -> types.MethodType:
    """The method of that name, bound to an object of one of River's classes.

    Raises:
        StateRefused: its class defines no such method in Python.
    """
    found = next((vars(each)[name] for each in type(owner).__mro__ if name in vars(each)), None)
    if class_name(type(owner)) in (None, *BUILT_IN) or not isinstance(found, types.FunctionType):
        raise StateRefused(f"{type(owner).__name__} has no method {name!r}")
    return types.MethodType(found, owner)


def is_plain(cls: type) -> bool:
    """True where the attributes of an instance are all that it holds: no C or Rust inside."""
    slots = sum(len(_slots(each)) for each in cls.__mro__)
    # CPython 3.11 and later lay a dictionary and weak references out before the object (offset
    # below 0) or as one word each in it.
    words = slots + (cls.__dictoffset__ > 0) + (cls.__weakrefoffset__ > 0)
    return cls.__basicsize__ == object.__basicsize__ + 8 * words and cls.__itemsize__ == 0


def attribute_names(cls: type) -> list[str]:
    """The slots of a class and its parents."""
    return [name for each in cls.__mro__ for name in _slots(each)]


def _slots(cls: type) -> list[str]:
    slots = cls.__dict__.get("__slots__", ())
    names = [slots] if isinstance(slots, str) else list(slots)
    return [name for name in names if name not in ("__dict__", "__weakref__")]


__all__ = ["FUNCTIONS", "VectorDict", "attribute_names", "class_name", "class_named", "is_plain"]
