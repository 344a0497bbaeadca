"""From the bytes of an alert message to what SQL can keep."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from floodline.errors import InvalidEvent
from floodline.events.messages import Alert, Sample, alert_id, decode
from floodline.storage.alerts import Kind, NewAlert

_ID_CHARACTERS = 300
_TOPIC_CHARACTERS = 249
_TOPIC_ID_CHARACTERS = 36
# An index entry of PostgreSQL holds 2.7 kB, and a character up to 4 bytes.
ENTITY_CHARACTERS = 300
DEEPEST = 50
_INT32 = 2**31
_INT64 = 2**63
_RAREST = 1e-12
"""No sample is drawn with less: one answer on such an event would outweigh all others."""


def read_alert(
    value: bytes | None, detector: str, received_at: datetime, kind: Kind = Kind.ALERT
) -> NewAlert:
    """The alert or sample in a message, as SQL can keep it.

    What the databases cannot hold is made fit, not refused: U+0000 becomes U+2400, an entity is cut
    at `ENTITY_CHARACTERS`, parts of the event below `DEEPEST` levels are left out with a word in
    their place. The event as it was lies in Kafka, at the alert's coordinates.

    Raises:
        InvalidEvent: no alert message, another detector's, or one whose id is not that of its
            coordinates.
    """
    if value is None:
        raise InvalidEvent("empty", "a record without a value")
    try:
        alert = decode(value, Alert if kind is Kind.ALERT else Sample)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise InvalidEvent("undecodable", str(error)) from error
    _check(alert, detector)
    place = alert.coordinates
    return NewAlert(
        id=alert.id,
        detector=alert.detector,
        topic=place.topic,
        topic_id=place.topic_id,
        partition=place.partition,
        offset=place.offset,
        event_at=_time(alert.timestamp),
        key=_text(alert.key),
        entity=_cut(_text(alert.entity)),
        score=alert.score,
        rarity=alert.rarity,
        threshold=alert.threshold,
        release=alert.release,
        features=_fit(alert.features, 0),
        event=_fit(alert.event, 0),
        received_at=received_at,
        explanation=_fit(msgspec.to_builtins(alert.explanation), 0),
        kind=kind,
        probability=alert.probability if isinstance(alert, Sample) else 1.0,
    )


def _check(alert: Alert, detector: str) -> None:
    place = alert.coordinates
    if alert.detector != detector:
        raise InvalidEvent("foreign", f"an alert of detector {alert.detector[:63]!r}")
    if alert.id != alert_id(detector, place.topic_id, place.partition, place.offset):
        raise InvalidEvent("wrong_id", "the alert's id is not that of its coordinates")
    fits = (
        len(alert.id) <= _ID_CHARACTERS
        and len(place.topic) <= _TOPIC_CHARACTERS
        and len(place.topic_id) <= _TOPIC_ID_CHARACTERS
        and 0 <= place.partition < _INT32
        and 0 <= place.offset < _INT64
        and 0 <= alert.release < _INT32
        and all(0 <= part <= 1 for part in (alert.score, alert.threshold, alert.rarity))
        and (not isinstance(alert, Sample) or _RAREST <= alert.probability <= 1)
        and "\x00" not in alert.id + place.topic
    )
    if not fits:
        raise InvalidEvent("out_of_range", "a name is too long, or a number out of its range")


def _time(milliseconds: int) -> datetime | None:
    if milliseconds < 0:
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _text(text: str | None) -> str | None:
    return None if text is None else text.replace("\x00", "\N{SYMBOL FOR NULL}")


def _cut(text: str | None) -> str | None:
    if text is None or len(text) <= ENTITY_CHARACTERS:
        return text
    return f"{text[: ENTITY_CHARACTERS - 1]}…"


def _fit(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return _text(value)
    if not isinstance(value, dict | list | tuple):
        return value
    if depth >= DEEPEST:
        return f"(left out: nested below {DEEPEST} levels)"
    if isinstance(value, list | tuple):
        return [_fit(each, depth + 1) for each in value]
    return {_text(name): _fit(each, depth + 1) for name, each in value.items()}
