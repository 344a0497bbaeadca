"""Labels in SQL: append-only, one current label for each analyst."""

import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from floodline.storage import alerts, labels
from floodline.storage.engine import transaction
from floodline.storage.labels import NewLabel
from tests.integration.storage.samples import DETECTOR, NOW, new_alert, store, store_user


@pytest.fixture
def alert_id(engine: Engine) -> str:
    """The id of a stored alert."""
    return store(engine, new_alert(1))[0]


def _label(
    engine: Engine,
    alert_id: str,
    id: str,
    analyst: str,
    verdict: str,
    at: datetime = NOW,
    **given: str,
) -> tuple[str, bool]:
    with transaction(engine) as session:
        alert = alerts.get_for_labelling(session, DETECTOR, alert_id)
        assert alert is not None
        new = NewLabel(
            id=id,
            analyst_id=analyst,
            verdict=verdict,
            reason=given.get("reason"),
            note=given.get("note"),
            created_at=at,
        )
        row, stored = labels.record(session, alert, new)
        return row.id, stored


def test_a_repeated_label_is_not_stored_twice(engine: Engine, alert_id: str) -> None:
    """The same verdict, reason and note of the same analyst gives back the first label."""
    alice = store_user(engine, "alice")
    assert _label(engine, alert_id, "l1", alice, "confirmed", note="n") == ("l1", True)
    assert _label(engine, alert_id, "l2", alice, "confirmed", note="n") == ("l1", False)
    with transaction(engine) as session:
        assert len(labels.history(session, alert_id)) == 1


def test_a_different_label_supersedes_and_keeps_the_older(engine: Engine, alert_id: str) -> None:
    """A correction is appended: the history keeps both, and only the later one is current."""
    alice = store_user(engine, "alice")
    _label(engine, alert_id, "l1", alice, "confirmed")
    _label(engine, alert_id, "l2", alice, "false_alarm", NOW + timedelta(seconds=1))
    _label(engine, alert_id, "l3", alice, "confirmed", NOW + timedelta(seconds=2))
    with transaction(engine) as session:
        signed = labels.history(session, alert_id)
        current = labels.current(session, alert_id, alice)
        alert = alerts.get(session, DETECTOR, alert_id)
    assert [(each.row.id, each.row.supersedes, each.current) for each in signed] == [
        ("l1", None, False),
        ("l2", "l1", False),
        ("l3", "l2", True),
    ]
    assert current is not None
    assert current.id == "l3"
    assert alert is not None
    assert (alert.verdict, alert.labelled_at) == ("confirmed", NOW + timedelta(seconds=2))


def test_analysts_disagree_side_by_side(engine: Engine, alert_id: str) -> None:
    """Two analysts have a current label each, and the alert shows the newest."""
    alice, bob = store_user(engine, "alice"), store_user(engine, "bob")
    _label(engine, alert_id, "l1", alice, "confirmed")
    _label(engine, alert_id, "l2", bob, "false_alarm", NOW + timedelta(seconds=1))
    with transaction(engine) as session:
        signed = labels.history(session, alert_id)
        alert = alerts.get(session, DETECTOR, alert_id)
    assert [(each.analyst, each.row.verdict, each.current) for each in signed] == [
        ("alice", "confirmed", True),
        ("bob", "false_alarm", True),
    ]
    assert alert is not None
    assert alert.verdict == "false_alarm"


def test_labels_are_found_by_id(engine: Engine, alert_id: str) -> None:
    """With their analyst, and whether a later one took their place; unknown ids are left out."""
    alice, bob = store_user(engine, "alice"), store_user(engine, "bob")
    _label(engine, alert_id, "l1", alice, "confirmed")
    _label(engine, alert_id, "l2", alice, "unsure", NOW + timedelta(seconds=1))
    _label(engine, alert_id, "l3", bob, "confirmed")
    with transaction(engine) as session:
        found = labels.with_ids(session, ["l1", "l3", "l9"])
        assert labels.with_ids(session, []) == {}
    told = {id: (each.row.verdict, each.analyst, each.current) for id, each in found.items()}
    assert told == {"l1": ("confirmed", "alice", False), "l3": ("confirmed", "bob", True)}


def test_two_labels_at_once_come_one_after_the_other(engine: Engine, alert_id: str) -> None:
    """Racing labels of one analyst form one chain, none lost and none doubled."""
    alice = store_user(engine, "alice")
    verdicts = ["confirmed", "false_alarm", "unsure", "planned"]
    threads = [
        threading.Thread(target=_label, args=(engine, alert_id, f"l{n}", alice, verdict))
        for n, verdict in enumerate(verdicts)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with transaction(engine) as session:
        signed = labels.history(session, alert_id)
    assert len(signed) == len(verdicts)
    assert sum(each.current for each in signed) == 1
    assert sum(each.row.supersedes is None for each in signed) == 1
