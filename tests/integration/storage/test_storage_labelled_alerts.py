"""What a retrain reads of alerts and labels."""

import uuid
from datetime import timedelta

from sqlalchemy import Engine

from floodline.storage import alerts, labelled_alerts, labels
from floodline.storage.engine import transaction
from floodline.storage.labels import NewLabel
from tests.integration.storage.samples import (
    DETECTOR,
    NOW,
    TOPIC_ID,
    new_alert,
    store,
    store_user,
)


def label(engine: Engine, alert: str, who: str, verdict: str, at: int) -> None:
    with transaction(engine) as session:
        row = alerts.get_for_labelling(session, DETECTOR, alert)
        assert row is not None
        new = NewLabel(
            id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{alert}/{who}/{at}")),
            analyst_id=who,
            verdict=verdict,
            reason=None,
            note=None,
            created_at=NOW + timedelta(seconds=at),
        )
        labels.record(session, row, new)


def test_the_events_of_a_topic_carry_their_labels(engine: Engine) -> None:
    """By partition and offset; a topic that was made anew is another topic."""
    ids = store(
        engine,
        new_alert(7, partition=1),
        new_alert(3),
        new_alert(5, id="old", topic_id="another"),
    )
    label(engine, ids[1], store_user(engine, "ana"), "false_alarm", 1)
    with transaction(engine) as session:
        found = labelled_alerts.of_events(session, DETECTOR, TOPIC_ID)
    assert [(e.partition, e.offset, e.raised.anomaly) for e in found] == [(0, 3, 0.0), (1, 7, None)]


def test_the_snapshot_digest_names_the_current_labels(engine: Engine) -> None:
    """Equal labels, equal digest; a correction changes it."""
    ids = store(engine, new_alert(1))
    who = store_user(engine, "ana")
    label(engine, ids[0], who, "false_alarm", 10)
    with transaction(engine) as session:
        first = labelled_alerts.snapshot_digest(session, DETECTOR)
        assert labelled_alerts.snapshot_digest(session, DETECTOR) == first
        assert labelled_alerts.snapshot_digest(session, "other")[0] == 0
    label(engine, ids[0], who, "confirmed", 20)
    with transaction(engine) as session:
        second = labelled_alerts.snapshot_digest(session, DETECTOR)
    assert (first[0], second[0]) == (1, 1)
    assert first[1] != second[1]
