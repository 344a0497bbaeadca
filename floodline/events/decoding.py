"""From a record's bytes to features, or to the reason why not."""

import math
from typing import Any

import msgspec

from floodline.errors import InvalidEvent

LONGEST_ENTITY = 500
DEEPEST = 100
"""Levels of objects and lists; a bound of our own, since Python's differs by version and caller."""
_TOO_DEEP = f"the value is nested more than {DEEPEST} levels deep"
_decoder = msgspec.json.Decoder(dict[str, Any])


class Schema(msgspec.Struct, frozen=True, kw_only=True):
    """What an event of one detector looks like.

    Attributes:
        features: the numeric fields that the model sees; `a.b` is field b of object a.
        entity: the field that names whom the event is about, if there is one.
        missing: what to do where a feature is absent or null: `ignore` leaves it out, a number
            stands in for it; a feature that is not named here refuses the event.
    """

    features: tuple[str, ...]
    entity: str | None = None
    missing: dict[str, str | float] = {}


class Event(msgspec.Struct, frozen=True):
    """A decoded event: features that are finite floats, and the whole payload.

    A feature that is missing and may be is not among them.
    """

    features: dict[str, float]
    entity: str | None
    payload: dict[str, Any]


def decode_event(value: bytes | None, schema: Schema) -> Event:
    """The event in `value`, which must be one JSON object.

    Raises:
        InvalidEvent: with reason `empty`, `undecodable`, `missing_feature`,
            `invalid_feature` or `invalid_entity`.
    """
    payload = decode_payload(value)
    features = {}
    for name in schema.features:
        rule = schema.missing.get(name) if schema.missing else None
        if rule is None or field(payload, name) is not None:
            features[name] = number(payload, name)
        elif not isinstance(rule, str):
            features[name] = rule
    return Event(features, _entity(payload, schema.entity), payload)


def decode_payload(value: bytes | None) -> dict[str, Any]:
    """The JSON object in `value`.

    Raises:
        InvalidEvent: with reason `empty` or `undecodable`.
    """
    if not value:
        raise InvalidEvent("empty", "the record has no value")
    try:
        payload: dict[str, Any] = _decoder.decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidEvent("undecodable", f"the value is not a JSON object: {error}") from error
    except RecursionError as error:
        raise InvalidEvent("undecodable", _TOO_DEEP) from error
    if value.count(b"[") + value.count(b"{") > DEEPEST and _deeper(payload, DEEPEST):
        raise InvalidEvent("undecodable", _TOO_DEEP)
    return payload


def _deeper(value: Any, levels: int) -> bool:
    """True where objects and lists stand inside each other more than `levels` deep."""
    layer = [value]
    for _ in range(levels):
        parts = (each.values() if isinstance(each, dict) else each for each in layer)
        layer = [part for some in parts for part in some if isinstance(part, dict | list)]
    return bool(layer)


def number(payload: dict[str, Any], name: str) -> float:
    """The finite number that `payload` has for this feature; `a.b` is field b of object a.

    Raises:
        InvalidEvent: with reason `missing_feature` (absent or null) or `invalid_feature`.
    """
    value = field(payload, name)
    if value is None:
        raise InvalidEvent("missing_feature", f"feature {name!r} is missing or null", name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        kind = type(value).__name__
        raise InvalidEvent("invalid_feature", f"feature {name!r} is a {kind}, not a number", name)
    try:
        as_float = float(value)
    except OverflowError:
        as_float = math.inf
    if not math.isfinite(as_float):
        raise InvalidEvent("invalid_feature", f"feature {name!r} is not a finite number", name)
    return as_float


def field(payload: dict[str, Any], name: str) -> Any:
    """The value under `name`, or under its parts between dots; None where there is none."""
    if name in payload or "." not in name:
        return payload.get(name)
    value: Any = payload
    for part in name.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value


def _entity(payload: dict[str, Any], name: str | None) -> str | None:
    if name is None:
        return None
    value = field(payload, name)
    if value is None:
        return None
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    if len(text) > LONGEST_ENTITY:
        detail = f"entity {name!r} has {len(text)} characters; at most {LONGEST_ENTITY} are taken"
        raise InvalidEvent("invalid_entity", detail, name)
    return text
