"""Rows that the storage and API tests start from."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from floodline.events.messages import alert_id
from floodline.storage import alerts, users
from floodline.storage.alerts import NewAlert
from floodline.storage.engine import transaction

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DETECTOR = "shuttle"
TOPIC_ID = "AAAAAAAAQACAAAAAAAAAAQ"


EXPLANATION = {
    "unit": "bits",
    "total": 9.25,
    "contributions": [
        {"feature": "a", "value": 4310.0, "low": 12.0, "high": 95.0, "contribution": 3.21},
        {"feature": "b", "value": -1.5, "low": -2.0, "high": 2.0, "contribution": -0.125},
    ],
    "leaves": "AAAB",
}


def new_alert(offset: int, **given: Any) -> NewAlert:
    """An alert at an offset; what is not given follows from the offset."""
    detector = given.get("detector", DETECTOR)
    values: dict[str, Any] = {
        "id": alert_id(detector, TOPIC_ID, 0, offset),
        "detector": detector,
        "topic": "shuttle.events",
        "topic_id": TOPIC_ID,
        "partition": 0,
        "offset": offset,
        "event_at": NOW - timedelta(seconds=60),
        "key": f"key-{offset}",
        "entity": f"unit-{offset % 3}",
        "score": 0.9 + offset / 10_000,
        "rarity": 1 / (1000 + offset),
        "threshold": 0.9,
        "release": 0,
        "features": {"a": float(offset), "b": -1.5},
        "event": {"a": offset, "b": -1.5, "note": "über"},
        "received_at": NOW + timedelta(seconds=offset),
    }
    return NewAlert(**(values | given))


def store(engine: Engine, *new: NewAlert) -> list[str]:
    """Store the alerts; their ids."""
    with transaction(engine) as session:
        alerts.insert_new(session, new)
    return [alert.id for alert in new]


def store_user(engine: Engine, name: str, role: str = "analyst") -> str:
    """Store a user; its id."""
    with transaction(engine) as session:
        return users.ensure(session, id=f"id-of-{name}", name=name, role=role, now=NOW).id
