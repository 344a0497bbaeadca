"""From bytes to features: what is taken, what is refused and why."""

import json
import math
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from floodline.errors import InvalidEvent
from floodline.events.decoding import DEEPEST, LONGEST_ENTITY, Event, Schema, decode_event

SCHEMA = Schema(features=("x", "a.b"), entity="who")
FAULTS = {"empty", "undecodable", "missing_feature", "invalid_feature", "invalid_entity"}


def nested(levels: int, opening: bytes = b"[", closing: bytes = b"]") -> bytes:
    """An event with so many levels, its own object included."""
    inner = opening * (levels - 1) + (b"1" if opening != b"[" else b"") + closing * (levels - 1)
    return b'{"x":1,"a":{"b":2},"deep":' + inner + b"}"


REFUSED = {
    "tombstone": (None, "empty"),
    "empty": (b"", "empty"),
    "only spaces": (b"  ", "undecodable"),
    "bad JSON": (b'{"x": 1', "undecodable"),
    "trailing": (b'{"x": 1, "a.b": 2} x', "undecodable"),
    "two objects": (b'{"x": 1, "a.b": 2}{}', "undecodable"),
    "BOM": (b'\xef\xbb\xbf{"x": 1, "a.b": 2}', "undecodable"),
    "UTF-16": ('{"x": 1, "a.b": 2}'.encode("utf-16"), "undecodable"),
    "bad UTF-8 in a value": (b'{"x": 1, "a.b": 2, "t": "\xff"}', "undecodable"),
    "bad UTF-8 in a name": (b'{"x": 1, "a.b": 2, "\xff": 1}', "undecodable"),
    "lone surrogate": (b'{"x": 1, "a.b": 2, "t": "\\ud800"}', "undecodable"),
    "null": (b"null", "undecodable"),
    "a list": (b'[{"x": 1, "a.b": 2}]', "undecodable"),
    "a number": (b"5", "undecodable"),
    "100k nesting": (b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "undecodable"),
    "100k nesting of objects": (b'{"x":' * 100_000 + b"1" + b"}" * 100_000, "undecodable"),
    "one level too deep": (nested(DEEPEST + 1), "undecodable"),
    "5,000 digits": (b'{"x": ' + b"9" * 5_000 + b', "a.b": 2}', "undecodable"),
    "400 digits": (b'{"x": ' + b"9" * 400 + b', "a.b": 2}', "invalid_feature"),
    "NaN": (b'{"x": NaN, "a.b": 2}', "undecodable"),
    "Infinity": (b'{"x": -Infinity, "a.b": 2}', "undecodable"),
    "1e400": (b'{"x": 1e400, "a.b": 2}', "undecodable"),
    "bool": (b'{"x": true, "a.b": 2}', "invalid_feature"),
    "string": (b'{"x": "1", "a.b": 2}', "invalid_feature"),
    "list as value": (b'{"x": [1], "a.b": 2}', "invalid_feature"),
    "object as value": (b'{"x": {"y": 1}, "a.b": 2}', "invalid_feature"),
    "null value": (b'{"x": null, "a.b": 2}', "missing_feature"),
    "missing": (b'{"a.b": 2}', "missing_feature"),
    "empty object": (b"{}", "missing_feature"),
    "nested missing": (b'{"x": 1, "a": {"c": 2}}', "missing_feature"),
    "nested in no object": (b'{"x": 1, "a": 5}', "missing_feature"),
    "entity too long": (
        json.dumps({"x": 1, "a.b": 2, "who": "w" * (LONGEST_ENTITY + 1)}).encode(),
        "invalid_entity",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    """Each malformed record is refused with a stable reason and a sentence."""
    value, reason = REFUSED[name]
    with pytest.raises(InvalidEvent) as caught:
        decode_event(value, SCHEMA)
    assert caught.value.reason == reason
    assert 10 < len(caught.value.detail) < 500
    assert caught.value.detail.encode()
    if reason in ("missing_feature", "invalid_feature"):
        assert caught.value.field in SCHEMA.features
        assert repr(caught.value.field) in caught.value.detail


TAKEN: dict[str, tuple[bytes, dict[str, float]]] = {
    "integers": (b'{"x": 1, "a.b": 2}', {"x": 1.0, "a.b": 2.0}),
    "nested": (b'{"x": 1, "a": {"b": -2.5}}', {"x": 1.0, "a.b": -2.5}),
    "a dotted name before the path": (b'{"x":1,"a.b":2,"a":{"b":3}}', {"x": 1.0, "a.b": 2.0}),
    "duplicate keys: the last": (b'{"x":1,"x":3,"a.b":2}', {"x": 3.0, "a.b": 2.0}),
    "the largest float": (
        b'{"x":1.7976931348623157e308,"a.b":-0.0}',
        {"x": 1.7976931348623157e308, "a.b": -0.0},
    ),
    "a tiny float": (b'{"x":1e-400,"a.b":5e-324}', {"x": 0.0, "a.b": 5e-324}),
    "a large integer": (b'{"x":18446744073709551617,"a.b":0}', {"x": 2.0**64, "a.b": 0.0}),
    "spaces around": (b' \n{"x": 1, "a.b": 2}\t ', {"x": 1.0, "a.b": 2.0}),
    "the deepest that is taken": (nested(DEEPEST), {"x": 1.0, "a.b": 2.0}),
    "many brackets, not deep": (
        b'{"x":1,"a.b":2,"l":[' + b"[],{}," * 500 + b'"[[[["]}',
        {"x": 1.0, "a.b": 2.0},
    ),
}


@pytest.mark.parametrize("name", TAKEN)
def test_taken(name: str) -> None:
    """What is a finite number is a feature; nothing else of the event matters to the model."""
    value, features = TAKEN[name]
    event = decode_event(value, SCHEMA)
    assert event.features == features
    assert [math.copysign(1, each) for each in event.features.values()] == [
        math.copysign(1, each) for each in features.values()
    ]
    assert all(type(each) is float for each in event.features.values())
    assert list(event.features) == ["x", "a.b"]


@pytest.mark.parametrize(
    ("given_entity", "taken"),
    [
        ("Nord", "Nord"),
        ("", ""),
        (7, "7"),
        (True, "true"),
        (None, None),
        ({"id": 1}, '{"id":1}'),
        (10**300, "1" + "0" * 300),
    ],
)
def test_the_entity_is_text(given_entity: object, taken: str | None) -> None:
    """Whatever JSON value names the entity is shown as text; none is none."""
    value = json.dumps({"x": 1, "a.b": 2, "who": given_entity}).encode()
    assert decode_event(value, SCHEMA).entity == taken


def test_an_entity_may_be_absent_or_not_configured() -> None:
    """Without a configured entity, or without the field, there is none."""
    value = b'{"x": 1, "a.b": 2, "who": "Nord"}'
    assert decode_event(value, Schema(features=("x",))).entity is None
    assert decode_event(b'{"x": 1, "a.b": 2}', SCHEMA).entity is None


def decode(value: bytes | None) -> Event | None:
    """The event, or None where it is refused; anything else that is raised fails the test."""
    try:
        return decode_event(value, SCHEMA)
    except InvalidEvent as error:
        said = error
    assert said.reason in FAULTS
    assert said.detail.encode()
    return None


@settings(max_examples=300)
@given(st.one_of(st.none(), st.binary(max_size=200)))
def test_any_bytes_are_an_event_or_refused(value: bytes | None) -> None:
    """No bytes raise anything but InvalidEvent."""
    decode(value)


numbers = st.one_of(
    st.integers(), st.floats(allow_nan=True, allow_infinity=True), st.integers(10**18, 10**330)
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)
objects = st.fixed_dictionaries(
    {}, optional={"x": values, "a": values, "a.b": values, "who": values, "more": values}
)


@settings(max_examples=120, deadline=None)
@given(payload=st.one_of(objects, values), ascii_only=st.booleans())
def test_any_json_is_an_event_or_refused(payload: Any, ascii_only: bool) -> None:
    """Any JSON, NaN and lone surrogates included, is refused or gives finite features."""
    text = json.dumps(payload, ensure_ascii=ascii_only)
    event = decode(text.encode(errors="surrogatepass"))
    if event is not None:
        assert all(math.isfinite(each) for each in event.features.values())
        assert event.payload.keys() == payload.keys()


@settings(max_examples=100)
@given(cut=st.integers(0, 60), byte=st.integers(0, 255))
def test_a_damaged_event_is_an_event_or_refused(cut: int, byte: int) -> None:
    """A valid event with one byte changed raises nothing but InvalidEvent."""
    value = b'{"x": 1.25, "a": {"b": 2e3}, "who": "N\xc3\xb6rd", "t": [1, "\\u00fc"]}'
    decode(value[:cut] + bytes([byte]) + value[cut + 1 :])


def test_depth_does_not_hang_on_the_callers_stack() -> None:
    """The bound on nesting is the same however deep the caller stands."""

    def deeper(levels: int) -> Event | None:
        return decode(nested(DEEPEST)) if levels == 0 else deeper(levels - 1)

    assert deeper(sys.getrecursionlimit() // 2) is not None
    assert decode(nested(DEEPEST, b'{"d":', b"}")) is not None
    assert decode(nested(DEEPEST + 1, b'{"d":', b"}")) is None
