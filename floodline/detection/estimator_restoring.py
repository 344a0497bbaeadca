"""From the table of parts back to an estimator: only known kinds, only River's classes."""

import collections
import functools
import random
from typing import Any

import numpy as np

from floodline.detection.estimator_parts import (
    FUNCTIONS,
    VectorDict,
    attribute_names,
    class_named,
    is_plain,
    method_of,
)
from floodline.detection.estimator_shape import Part, check_shape
from floodline.detection.estimator_state import RANDOM_WORDS
from floodline.detection.state_data import decoded
from floodline.errors import StateRefused

_NUMBERS = {
    np.dtype(code).str for code in ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8")
}
_FAULTS = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, MemoryError)


def decode(data: bytes) -> Any:
    """The object that `encode` described.

    Nothing of it runs: River's classes are made empty and given their attributes, and no name
    outside River's estimators is looked up.

    Raises:
        StateRefused: the bytes are no such table.
    """
    parts = decoded(data, list[Part], "table of parts")
    if not parts:
        raise StateRefused("the table of parts is empty")
    try:
        check_shape(parts)
    except (TypeError, ValueError) as error:
        raise StateRefused(f"no estimator can have written this state: {error}") from error
    return _Decoder(parts).root()


class _Decoder:
    """Makes what can be empty first, then what cannot, then fills the empty ones."""

    def __init__(self, parts: list[Part]) -> None:
        self._parts = parts
        self._made: dict[int, Any] = {}
        self._opened: set[int] = set()

    def root(self) -> Any:
        """The first part, with all that it refers to."""
        at = 0
        try:
            for at, part in enumerate(self._parts):
                if part.kind in _EMPTY:
                    self._made[at] = _EMPTY[part.kind](part)
            for at in range(len(self._parts)):
                self._thing(at)
            for at, part in enumerate(self._parts):
                if part.kind in _EMPTY:
                    self._fill(self._made[at], part)
        except RecursionError as error:
            raise StateRefused("the parts of this state are nested too deeply") from error
        except _FAULTS as error:
            raise StateRefused(f"part {at} of this state is damaged: {error}") from error
        return self._made[0]

    def _value(self, value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            (at,) = value
            return self._thing(at)
        if value is None or type(value) in (bool, int, float, str):
            return value
        raise ValueError(f"a value of type {type(value).__name__}")

    def _thing(self, at: int) -> Any:
        """The object of a row; what must be made whole is made with what it holds."""
        if type(at) is not int or not 0 <= at < len(self._parts):
            raise ValueError(f"there is no part {at!r}")
        if at not in self._made:
            if at in self._opened:
                raise ValueError(f"part {at} holds itself")
            self._opened.add(at)
            self._made[at] = self._whole(self._parts[at])
        return self._made[at]

    def _whole(self, part: Part) -> Any:
        if part.kind in ("tuple", "frozenset"):
            values = [self._value(each) for each in part.values]
            return tuple(values) if part.kind == "tuple" else frozenset(values)
        if part.kind == "partial":
            function, args, keywords = (self._value(each) for each in part.values)
            if not isinstance(function, type) or type(args) is not tuple or keywords:
                raise ValueError("a partial of more than a class and its arguments")
            return functools.partial(function, *args)
        if part.kind == "method":
            (owner,) = part.values
            return method_of(self._value(owner), part.label)
        if part.kind == "vector":
            return self._vector(part)
        return _leaf(part)

    def _vector(self, part: Part) -> Any:
        content, (factory, mask) = dict(self._pairs(part)), map(self._value, part.label)
        known = all(type(key) in (int, str, tuple) for key in content) and all(
            type(number) in (int, float) for number in content.values()
        )
        if not known or not isinstance(mask, set | None) or not callable(factory or float):
            raise ValueError("a vector of more than numbers by name")
        return VectorDict(content, factory, mask)

    def _pairs(self, part: Part) -> list[tuple[Any, Any]]:
        values = [self._value(each) for each in part.values]
        return list(zip(values[::2], values[1::2], strict=True))

    def _fill(self, thing: Any, part: Part) -> None:
        if part.kind == "object":
            slots = attribute_names(type(thing))
            for name, value in self._pairs(part):
                if name in slots:
                    object.__setattr__(thing, name, value)
                else:  # past properties and setters, which would run
                    thing.__dict__[str(name)] = value
        elif isinstance(thing, collections.Counter):
            for key, count in self._pairs(part):  # its `update` would count the pairs
                thing[key] = count
        elif isinstance(thing, dict):
            if isinstance(thing, collections.defaultdict):
                thing.default_factory = self._value(part.label)
            thing.update(self._pairs(part))
        elif isinstance(thing, set):
            thing.update(self._value(each) for each in part.values)
        else:
            thing.extend(self._value(each) for each in part.values)


def _empty_object(part: Part) -> Any:
    cls = class_named(part.label)
    if not is_plain(cls) or not cls.__module__.startswith("river."):
        raise ValueError(f"{part.label} is no class whose state is data")
    return object.__new__(cls)


_EMPTY: dict[str, Any] = {
    "object": _empty_object,
    "list": lambda _: [],
    "set": lambda _: set(),
    "dict": lambda _: {},
    "OrderedDict": lambda _: collections.OrderedDict(),
    "Counter": lambda _: collections.Counter(),
    "defaultdict": lambda _: collections.defaultdict(),
    "deque": lambda part: collections.deque(maxlen=part.label),
}


def _leaf(part: Part) -> Any:
    if part.kind == "int":
        return int(part.label)
    if part.kind == "class":
        return class_named(part.label)
    if part.kind == "function":
        return FUNCTIONS[part.label]
    if part.kind in ("array", "number"):
        return _array(part)
    if part.kind == "random":
        words, gauss = part.values
        if not isinstance(gauss, float | None):
            raise ValueError("a generator with a second draw that is no number")
        draw = random.Random(0)  # noqa: S311  # a model's generator, no secret
        draw.setstate((part.label, tuple(_words(words, RANDOM_WORDS)), gauss))
        return draw
    if part.kind == "mersenne":
        words, has_gauss, gauss = part.values
        key = np.asarray(_words(words, RANDOM_WORDS - 1), dtype=np.uint32)
        if not 0 <= part.label < RANDOM_WORDS:
            raise ValueError("a generator beyond its words")
        state = np.random.RandomState(0)
        state.set_state(("MT19937", key, part.label, has_gauss, gauss))
        return state
    raise ValueError(f"a part of the unknown kind {part.kind!r}")


def _words(data: bytes, count: int) -> list[int]:
    words: list[int] = np.frombuffer(data, dtype="<u4").tolist()
    if len(words) != count:
        raise ValueError(f"{len(words)} words of a generator that has {count}")
    return words


def _array(part: Part) -> Any:
    if part.label not in _NUMBERS:
        raise ValueError(f"an array of {part.label!r}")
    data, *shape = part.values
    numbers = np.frombuffer(data, dtype=part.label)
    if part.kind == "number":
        (number,) = numbers
        return number
    return numbers.reshape(tuple(shape)).copy()
