"""A River estimator as data: a table of its parts, no pickle, nothing that could run."""

import collections
import functools
import random
import types
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
import numpy as np

from floodline.detection.estimator_parts import (
    VectorDict,
    attribute_names,
    class_name,
    function_name,
    is_plain,
    method_of,
)
from floodline.detection.estimator_shape import Part, check_shape
from floodline.errors import StateRefused

Scalar = None | bool | int | float | str
Value = Scalar | tuple[int]
"""A scalar as itself, anything else as the number of its row in the table of parts."""

SHORT = 2**63
"""Whole numbers below it are kept as such; longer ones are parts, as text."""

RANDOM_WORDS = 625


class _Task(NamedTuple):
    """An object that waits for its row, and the attribute by which it was reached."""

    thing: object
    path: str


def encode(root: object) -> bytes:
    """The object with all that it refers to; shared references stay what they are.

    Raises:
        StateRefused: an attribute holds what is no data (the message names it), or the object
            holds itself in another way than by a bound method.
    """
    parts = _Encoder().table(root)
    try:
        check_shape(parts)
    except ValueError as error:
        raise StateRefused(f"estimator cannot be kept as data: {error}") from error
    return msgspec.msgpack.encode(parts)


class _Encoder:
    """Gives each object a row in the order in which it is first met."""

    def __init__(self) -> None:
        self._rows: dict[int, int] = {}
        self._tasks: list[_Task] = []

    def table(self, root: object) -> list[Part]:
        """All parts; the root's is the first."""
        self._value(root, "")
        parts: list[Part] = []
        while len(parts) < len(self._tasks):
            parts.append(self._part(*self._tasks[len(parts)]))
        return parts

    def _value(self, thing: object, path: str) -> Value:
        kind = type(thing)
        if thing is None or kind in (bool, float, str):
            return thing  # type: ignore[return-value]  # the line before says which it is
        if kind is int and -SHORT <= thing < SHORT:  # type: ignore[operator]
            return thing  # type: ignore[return-value]
        if id(thing) not in self._rows:
            self._rows[id(thing)] = len(self._tasks)
            self._tasks.append(_Task(thing, path))  # which also keeps it, so its id is not reused
        return (self._rows[id(thing)],)

    def _values(self, things: Iterable[object], path: str) -> tuple[Value, ...]:
        # The root's members, the steps of a pipeline, are called by their class.
        return tuple(
            self._value(each, f"{path}[{at}]" if path else type(each).__name__)
            for at, each in enumerate(things)
        )

    def _pairs(self, things: Any, path: str) -> tuple[Value, ...]:
        """Keys and values in turn."""
        values: list[Value] = []
        for key, value in things.items():
            values += [self._value(key, f"{path} key"), self._value(value, f"{path}[{key!r}]")]
        return tuple(values)

    def _part(self, thing: Any, path: str) -> Part:
        kind = type(thing)
        if kind is int:
            return Part("int", str(thing))
        if kind in (list, tuple):
            return Part(kind.__name__, None, self._values(thing, path))
        if kind in (set, frozenset):
            return Part(kind.__name__, None, self._values(_ordered(thing, path), path))
        if kind in (dict, collections.OrderedDict, collections.Counter):
            return Part(kind.__name__, None, self._pairs(thing, path))
        if kind is collections.defaultdict:
            factory = self._value(thing.default_factory, f"{path}.default_factory")
            return Part("defaultdict", factory, self._pairs(thing, path))
        if kind is collections.deque:
            return Part("deque", thing.maxlen, self._values(thing, path))
        if kind is VectorDict:
            content, factory, mask, _ = thing.__reduce__()[1]
            rest = self._values((factory, mask), path)
            return Part("vector", rest, self._pairs(content, path))
        if kind is functools.partial:
            return self._partial(thing, path)
        if kind is types.MethodType:
            return self._method(thing, path)
        return _leaf(thing) or self._object(thing, path)

    def _method(self, thing: Any, path: str) -> Part:
        owner, name = thing.__self__, thing.__func__.__name__
        if isinstance(owner, type) or method_of(owner, name) != thing:
            raise _refusal(thing, path)
        return Part("method", name, (self._value(owner, path),))

    def _partial(self, thing: Any, path: str) -> Part:
        if not isinstance(thing.func, type):
            raise _refusal(thing.func, path)
        given = (thing.func, thing.args, thing.keywords)
        return Part("partial", None, self._values(given, path))

    def _object(self, thing: Any, path: str) -> Part:
        kind = type(thing)
        name = class_name(kind)
        if name is None or not is_plain(kind):
            raise _refusal(thing, path)
        attributes = dict(getattr(thing, "__dict__", {}))
        for slot in attribute_names(kind):
            if hasattr(thing, slot):
                attributes[slot] = getattr(thing, slot)
        values: list[Value] = []
        for attribute, value in attributes.items():
            values += [attribute, self._value(value, f"{path}.{attribute}")]
        return Part("object", name, tuple(values))


def _leaf(thing: Any) -> Part | None:
    """What refers to nothing else: classes, functions, arrays, generators of random numbers."""
    if isinstance(thing, type):
        name = class_name(thing)
        return None if name is None else Part("class", name)
    name = function_name(thing)
    if name is not None:
        return Part("function", name)
    if type(thing) is random.Random:
        version, words, gauss = thing.getstate()
        data = np.asarray(words, dtype="<u4").tobytes()
        return Part("random", version, (data, gauss))
    if type(thing) is np.random.RandomState:
        state: Any = thing.get_state(legacy=False)
        words = state["state"]["key"].astype("<u4").tobytes()
        return Part("mersenne", state["state"]["pos"], (words, state["has_gauss"], state["gauss"]))
    if isinstance(thing, np.ndarray) and type(thing) is np.ndarray and thing.dtype.kind in "biuf":
        return Part("array", thing.dtype.str, (thing.tobytes(), *thing.shape))
    if isinstance(thing, np.generic) and thing.dtype.kind in "biuf":
        return Part("number", thing.dtype.str, (thing.tobytes(),))
    return None


def _ordered(things: Any, path: str) -> list[Any]:
    """A set's members in one order: its own depends on the process."""
    members = list(things)
    if not all(type(each) in (int, float, str) for each in members):
        raise StateRefused(f"attribute `{path}` is a set of more than numbers and text")
    return sorted(members, key=lambda each: (type(each).__name__, each))


def _refusal(thing: object, path: str) -> StateRefused:
    kind = thing if isinstance(thing, type) else type(thing)
    where = f"attribute `{path}`" if path else "the estimator"
    return StateRefused(
        f"{where} is a {kind.__module__}.{kind.__qualname__}, whose state is not data"
    )
