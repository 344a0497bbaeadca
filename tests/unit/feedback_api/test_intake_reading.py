"""From an alert message's bytes to what SQL can keep."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_api.intake.reading import DEEPEST, ENTITY_CHARACTERS, read_alert
from floodline.errors import InvalidEvent
from floodline.events.messages import Alert, Coordinates, alert_id, encode
from floodline.storage.alerts import Kind

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def _alert(**given: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "id": alert_id("d", "T-1_x", 3, 9),
        "detector": "d",
        "coordinates": {"topic": "e", "topic_id": "T-1_x", "partition": 3, "offset": 9},
        "timestamp": 1_700_000_000_123,
        "key": "k",
        "entity": "e",
        "score": 0.99,
        "rarity": 0.001,
        "threshold": 0.9,
        "release": 2,
        "features": {"a": 1.5},
        "event": {"a": 1.5},
    }
    return values | given


def _read(**given: Any) -> Any:
    return read_alert(json.dumps(_alert(**given)).encode(), "d", NOW)


def test_an_explanation_is_kept_as_json() -> None:
    """The explanation goes on as it is in the message; U+0000 is made fit; older ones have none."""
    told = {
        "unit": "bits",
        "total": 3.5,
        "contributions": [
            {"feature": "a\x00", "value": 1.5, "low": None, "high": 2.0, "contribution": 3.25}
        ],
        "leaves": "AQA=",
    }
    kept = _read(explanation=told).explanation
    assert kept["contributions"][0].pop("feature") == "a\N{SYMBOL FOR NULL}"
    assert kept.pop("leaves") == "AQA="
    assert (kept["unit"], kept["total"]) == ("bits", 3.5)
    assert _read().explanation is None


def test_a_sample_keeps_its_probability() -> None:
    """A sample says with which probability it was drawn; an alert is there for certain."""
    value = json.dumps(_alert(probability=0.25, threshold=0.999)).encode()
    sample = read_alert(value, "d", NOW, Kind.SAMPLE)
    assert (sample.kind, sample.probability, sample.threshold) == (Kind.SAMPLE, 0.25, 0.999)
    assert (_read().kind, _read().probability) == (Kind.ALERT, 1.0)


@pytest.mark.parametrize("probability", [None, 0.0, -0.1, 1.5, "1"])
def test_a_sample_without_a_possible_probability_is_refused(probability: object) -> None:
    """Nothing could be estimated from it."""
    given = {} if probability is None else {"probability": probability}
    with pytest.raises(InvalidEvent):
        read_alert(json.dumps(_alert(**given)).encode(), "d", NOW, Kind.SAMPLE)


def test_an_alert_is_read_as_it_was_written() -> None:
    """What `encode` writes is read back, with the event's time."""
    message = Alert(
        id=alert_id("d", "T", 0, 1),
        detector="d",
        coordinates=Coordinates(topic="e", topic_id="T", partition=0, offset=1),
        timestamp=1_700_000_000_123,
        key=None,
        entity=None,
        score=0.5,
        rarity=0.25,
        threshold=0.5,
        release=0,
        features={"a": 1.0},
        event={"a": 1, "b": [True, None, "x"]},
    )
    new = read_alert(encode(message), "d", NOW)
    assert (new.id, new.score, new.event) == (message.id, 0.5, message.event)
    assert new.event_at == datetime(2023, 11, 14, 22, 13, 20, 123_000, tzinfo=UTC)
    assert new.received_at == NOW


@pytest.mark.parametrize("timestamp", [-1, 10**18, -(10**18), 2**62])
def test_an_impossible_time_is_none(timestamp: int) -> None:
    """A timestamp outside the calendar leaves the time empty."""
    assert _read(timestamp=timestamp).event_at is None


def test_an_event_that_was_too_large_is_none() -> None:
    """An alert whose event did not fit into its message is kept without it."""
    assert _read(event=None).event is None


def test_nul_becomes_visible_everywhere() -> None:
    """U+0000, which PostgreSQL refuses, becomes U+2400 in texts, names and depths."""
    new = _read(key="a\0", entity="\0b", event={"a\0": ["x\0", {"y": "\0"}]}, features={"f\0": 1.0})
    assert (new.key, new.entity) == ("a␀", "␀b")
    assert new.event == {"a␀": ["x␀", {"y": "␀"}]}
    assert new.features == {"f␀": 1.0}


def test_a_long_entity_is_cut_to_fit_the_index() -> None:
    """An entity longer than an index entry is cut and marked."""
    new = _read(entity="ü" * 5000)
    assert len(new.entity) == ENTITY_CHARACTERS
    assert new.entity.endswith("…")
    assert _read(entity="ü" * ENTITY_CHARACTERS).entity == "ü" * ENTITY_CHARACTERS


def test_a_deep_event_is_kept_as_far_as_it_can_be() -> None:
    """Parts below the deepest level are left out with a word; nothing else is lost."""
    deep: Any = "bottom"
    for _ in range(DEEPEST + 20):
        deep = {"in": deep}
    new = _read(event={"deep": deep, "wide": 1})
    assert new.event["wide"] == 1
    assert "left out" in json.dumps(new.event["deep"])
    assert "bottom" not in json.dumps(new.event["deep"])


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "empty"),
        (b"", "undecodable"),
        (b"\xff", "undecodable"),
        (b"{}", "undecodable"),
        (b"[" * 100_000, "undecodable"),
        (json.dumps(_alert(event={"a": "x"})).encode().replace(b'"x"', b'"\xff"'), "undecodable"),
        (json.dumps(_alert(event={"a": "\ud800"})).encode(), "undecodable"),
        (json.dumps(_alert(score=float("nan"))).encode(), "undecodable"),
        (json.dumps(_alert(score=None)).encode(), "undecodable"),
        (json.dumps(_alert(detector="other")).encode(), "foreign"),
        (json.dumps(_alert(id="x")).encode(), "wrong_id"),
        (json.dumps(_alert(release=2**31)).encode(), "out_of_range"),
        (json.dumps(_alert(release=-1)).encode(), "out_of_range"),
        (
            json.dumps(
                _alert(
                    id=alert_id("d", "T" * 40, 3, 9),
                    coordinates={
                        "topic": "e",
                        "topic_id": "T" * 40,
                        "partition": 3,
                        "offset": 9,
                    },
                )
            ).encode(),
            "out_of_range",
        ),
    ],
)
def test_what_is_no_alert_of_ours_is_refused_with_a_reason(
    value: bytes | None, reason: str
) -> None:
    """Undecodable, foreign and impossible messages are told apart."""
    with pytest.raises(InvalidEvent) as caught:
        read_alert(value, "d", NOW)
    assert caught.value.reason == reason


@given(st.binary(max_size=300))
def test_any_bytes_are_an_alert_or_refused(value: bytes) -> None:
    """No bytes whatever raise anything but a refusal."""
    with pytest.raises(InvalidEvent):
        read_alert(value, "d", NOW)
