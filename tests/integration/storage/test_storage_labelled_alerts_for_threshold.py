"""What the threshold's policy and a retrain read of alerts and labels."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from floodline.feedback.estimates import RaisedAlert
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


def recent(engine: Engine, newest: int = 100) -> list[RaisedAlert]:
    with transaction(engine) as session:
        return labelled_alerts.recent(session, DETECTOR, newest)


def judged(engine: Engine, newest: int = 100) -> list[tuple[float, float]]:
    return [(a.score, a.anomaly) for a in recent(engine, newest) if a.anomaly is not None]


def test_labelled_alerts_come_in_the_order_of_their_arrival(engine: Engine) -> None:
    """Not in the order of their labels; scores, thresholds and releases as published."""
    ids = store(engine, new_alert(1, score=0.91), new_alert(2, score=0.92, release=3))
    who = store_user(engine, "ana")
    label(engine, ids[1], who, "confirmed", 10)
    label(engine, ids[0], who, "false_alarm", 20)
    assert recent(engine) == [
        RaisedAlert(score=0.91, threshold=0.9, release=0, anomaly=0.0),
        RaisedAlert(score=0.92, threshold=0.9, release=3, anomaly=1.0),
    ]


def test_a_correction_counts_in_place_of_what_it_corrects(engine: Engine) -> None:
    """One analyst, one current label."""
    ids = store(engine, new_alert(1, score=0.91))
    who = store_user(engine, "ana")
    label(engine, ids[0], who, "false_alarm", 10)
    label(engine, ids[0], who, "known_issue", 20)
    assert judged(engine) == [(0.91, 1.0)]


def test_several_analysts_average(engine: Engine) -> None:
    """Two of three call it real; who is unsure is left out."""
    ids = store(engine, new_alert(1, score=0.91))
    for name, verdict in (
        ("ana", "confirmed"),
        ("ben", "false_alarm"),
        ("cem", "confirmed"),
        ("dee", "unsure"),
    ):
        label(engine, ids[0], store_user(engine, name), verdict, 10)
    ((score, anomaly),) = judged(engine)
    assert score == 0.91
    assert anomaly == pytest.approx(2 / 3)


def test_what_counts_for_nothing_is_left_out_and_the_unlabelled_are_shown(engine: Engine) -> None:
    """Planned and unsure vanish; alerts without a label since the oldest labelled one stay."""
    ids = store(engine, *(new_alert(i, score=round(0.9 + i / 100, 2)) for i in range(1, 6)))
    who = store_user(engine, "ana")
    label(engine, ids[1], who, "confirmed", 10)
    label(engine, ids[2], who, "planned", 11)
    label(engine, ids[3], who, "unsure", 12)
    found = [(alert.score, alert.anomaly) for alert in recent(engine)]
    assert found == [(0.95, None), (0.92, 1.0)]


def test_only_the_newest_labelled_alerts_count(engine: Engine) -> None:
    """A late label on an old alert does not push a newer alert out."""
    ids = store(engine, *(new_alert(i, score=round(0.9 + i / 100, 2)) for i in range(1, 5)))
    who = store_user(engine, "ana")
    for at, id in enumerate((ids[3], ids[1], ids[0])):
        label(engine, id, who, "confirmed", at)
    assert judged(engine, 2) == [(0.92, 1.0), (0.94, 1.0)]
    assert next((a.score, a.anomaly) for a in recent(engine, 2)) == (0.93, None)


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
