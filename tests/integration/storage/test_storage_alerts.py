"""Alerts in SQL."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from floodline.storage import alerts
from floodline.storage.alerts import AlertFilter, Order, Position
from floodline.storage.engine import transaction
from tests.integration.storage.samples import DETECTOR, NOW, new_alert, store

ALL = AlertFilter(detector=DETECTOR)


def test_a_known_alert_is_stored_once(engine: Engine) -> None:
    """Storing the same alerts again stores only the new ones and leaves the others as they are."""
    with transaction(engine) as session:
        assert len(alerts.insert_new(session, [new_alert(1), new_alert(2)])) == 2
    with transaction(engine) as session:
        again = alerts.insert_new(session, [new_alert(1, score=0.1), new_alert(3)])
    assert again == {new_alert(3).id}
    with transaction(engine) as session:
        assert alerts.count(session, ALL) == 3
        kept = alerts.get(session, DETECTOR, new_alert(1).id)
    assert kept is not None
    assert kept.score == new_alert(1).score


def test_the_same_alert_twice_in_a_batch_is_stored_once(engine: Engine) -> None:
    """A batch may name an alert twice."""
    with transaction(engine) as session:
        assert alerts.insert_new(session, [new_alert(1), new_alert(1)]) == {new_alert(1).id}


def test_values_come_back_as_they_went_in(engine: Engine) -> None:
    """Score, times, features and the event survive the database to the bit."""
    (wanted,) = store(engine, new_alert(7, score=0.1 + 0.2, event={"n": 10**30, "s": ["é", None]}))
    with transaction(engine) as session:
        row = alerts.get(session, DETECTOR, wanted)
    assert row is not None
    assert row.score == 0.1 + 0.2
    assert row.event == {"n": 10**30, "s": ["é", None]}
    assert row.received_at == NOW + timedelta(seconds=7)
    assert row.features == {"a": 7.0, "b": -1.5}


@pytest.mark.parametrize("order", list(Order))
def test_pages_show_every_alert_once(engine: Engine, order: Order) -> None:
    """Pages in both orders show each alert once, ties included."""
    new = [new_alert(n, score=0.9 if n % 2 else 0.95, received_at=NOW) for n in range(7)]
    store(engine, *new)
    seen: list[str] = []
    after: Position | None = None
    while True:
        with transaction(engine) as session:
            rows = alerts.page(session, ALL, order, after, 2)
        if not rows:
            break
        seen += [row.id for row in rows]
        after = alerts.position(rows[-1], order)
    assert sorted(seen) == sorted(alert.id for alert in new)
    assert len(seen) == len(new)


def test_filters_leave_what_they_say(engine: Engine) -> None:
    """Each filter leaves the alerts that it names, of this detector only."""
    store(engine, *(new_alert(n, release=n % 2) for n in range(6)))
    store(engine, new_alert(0, detector="other"))

    def found(chosen: AlertFilter) -> list[int]:
        with transaction(engine) as session:
            rows = alerts.page(session, chosen, Order.SCORE, None, 50)
            assert alerts.count(session, chosen) == len(rows)
        return [row.offset for row in rows]

    assert found(ALL) == [5, 4, 3, 2, 1, 0]
    assert found(AlertFilter(detector=DETECTOR, min_score=0.9004)) == [5, 4]
    assert found(AlertFilter(detector=DETECTOR, entity="unit-1")) == [4, 1]
    assert found(AlertFilter(detector=DETECTOR, release=1)) == [5, 3, 1]
    assert found(AlertFilter(detector=DETECTOR, since=NOW + timedelta(seconds=4))) == [5, 4]
    assert found(AlertFilter(detector=DETECTOR, verdict="confirmed")) == []
    assert found(AlertFilter(detector=DETECTOR, unlabelled=True)) == [5, 4, 3, 2, 1, 0]


def test_another_detectors_alert_is_not_there(engine: Engine) -> None:
    """An alert is found under its own detector only."""
    (theirs,) = store(engine, new_alert(0, detector="other"))
    with transaction(engine) as session:
        assert alerts.get(session, DETECTOR, theirs) is None
