"""Objects as tables of parts and back."""

import collections
import functools
import random
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from river import stats, utils

from floodline.detection.estimator_restoring import decode
from floodline.detection.estimator_state import encode
from floodline.errors import StateRefused

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5)
)
keys = st.one_of(st.integers(), st.text(max_size=5), st.tuples(st.integers(), st.text(max_size=3)))
things = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(keys, inner, max_size=4),
        st.lists(inner, max_size=4).map(lambda each: collections.deque(each, maxlen=5)),
        st.sets(st.one_of(st.integers(), st.text(max_size=3)), max_size=4),
        st.dictionaries(keys, inner, max_size=3).map(
            lambda each: collections.defaultdict(list, each)
        ),
    ),
    max_leaves=12,
)


@given(thing=things)
def test_data_comes_back(thing: Any) -> None:
    """What was encoded comes back equal, in type and order, and encodes to the same bytes."""
    again = decode(encode([thing]))[0]
    assert repr(again) == repr(thing) or again == thing
    assert type(again) is type(thing)
    assert encode([again]) == encode([thing])


def test_shared_references_stay() -> None:
    """Two names of one object stay one object."""
    shared: list[Any] = [1]
    both: dict[str, Any] = {"shared": shared, "again": (shared, 2**70)}
    again = decode(encode([both]))[0]
    assert again["again"][0] is again["shared"]
    assert again["again"][1] == 2**70


def nested(count: int, times: int) -> list[Any]:
    """A list that holds `times` the same list, and so on, `count` times."""
    inner: list[Any] = []
    for _ in range(count):
        inner = [inner] * times
    return inner


def circle() -> list[Any]:
    """A list that holds itself."""
    inner: list[Any] = []
    inner.append(inner)
    return inner


@pytest.mark.parametrize("thing", [circle(), nested(250, 1), nested(40, 2)], ids=range(3))
def test_what_has_no_end_is_refused(thing: list[Any]) -> None:
    """A circle, a depth of 250 and 2^40 ways through 40 lists are refused, kept and loaded."""
    said = "holds itself|deeper|far too often"
    with pytest.raises(StateRefused, match=said):
        encode(thing)
    numbers: dict[int, int] = {}
    table: list[Any] = []
    waiting = [thing]
    while waiting:
        each = waiting.pop()
        numbers.setdefault(id(each), len(numbers))
        waiting += [inner for inner in each[:1] if id(inner) not in numbers]
        table.append(each)
    parts = [("list", None, [[numbers[id(inner)]] for inner in each]) for each in table]
    with pytest.raises(StateRefused, match=said):
        decode(msgspec.msgpack.encode(parts))


def test_generators_go_on() -> None:
    """Generators of random numbers draw on from where they were."""
    first, second = random.Random(3), np.random.RandomState(3)
    first.gauss(0, 1)
    second.normal(size=3)
    one, two = decode(encode([first, second]))
    assert [one.gauss(0, 1) for _ in range(700)] == [first.gauss(0, 1) for _ in range(700)]
    assert two.normal(size=700).tolist() == second.normal(size=700).tolist()


def test_arrays_partials_and_counters_come_back() -> None:
    """Arrays keep type and shape, partials their class and arguments, counters their counts."""
    array = np.arange(6, dtype="<i4").reshape(2, 3)
    partial = functools.partial(tuple, (0.0, 1.0))
    counter = collections.Counter("aab")
    ordered = collections.OrderedDict(b=1, a=2)
    again = decode(encode([array, np.float64(0.5), partial, counter, ordered, stats.Mean]))
    np.testing.assert_array_equal(again[0], array)
    assert again[0].dtype == array.dtype
    assert isinstance(again[1], np.float64)
    assert again[2]() == (0.0, 1.0)
    assert again[3] == counter
    assert again[4] == ordered
    assert again[5] is stats.Mean


def test_objects_with_slots_and_wrappers_come_back() -> None:
    """River's objects come back by class, with dictionary or slots."""
    rolling = utils.Rolling(stats.Mean, window_size=3)
    for each in (1.0, 2.0, 4.0, 8.0):
        rolling.update(each)
    again: Any = decode(encode([rolling]))[0]
    rolling.update(16.0)
    again.update(16.0)
    assert vars(again)["obj"].get() == vars(rolling)["obj"].get()


class Foreign:
    """A class that is none of River's."""


@pytest.mark.parametrize(
    ("thing", "said"),
    [
        (lambda: 0, "builtins.function"),
        (Foreign(), "Foreign"),
        (np.sum, "_ArrayFunctionDispatcher"),
        (np.add, "ufunc"),
        (np.array([object()]), "ndarray"),
        ({1: stats.Quantile(0.5)}, r"dict\[1\]._quantile.*RsQuantile"),
        ({(1, 2)}, "set of more than numbers and text"),
        (open, "builtin"),
    ],
)
def test_what_is_no_data_is_refused(thing: object, said: str) -> None:
    """The message names the attribute and its type."""
    with pytest.raises(StateRefused, match=said):
        encode([thing])
