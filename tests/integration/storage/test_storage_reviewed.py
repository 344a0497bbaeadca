"""Alerts and samples with their answers, as estimates take them."""

import math
from datetime import timedelta

import numpy as np
from sqlalchemy import Engine

from floodline.feedback.review_estimates import outlook
from floodline.storage import alerts, labels, reviewed
from floodline.storage.alerts import Kind, NewAlert
from floodline.storage.engine import transaction
from floodline.storage.labels import NewLabel
from tests.integration.storage.samples import DETECTOR, NOW, new_alert, store, store_user


def answer(engine: Engine, alert: NewAlert, verdict: str, who: str = "ana") -> None:
    """An analyst's label."""
    analyst = store_user(engine, who)
    with transaction(engine) as session:
        row = alerts.get_for_labelling(session, DETECTOR, alert.id)
        assert row is not None
        new = NewLabel(
            id=f"{alert.offset}-{who}",
            analyst_id=analyst,
            verdict=verdict,
            reason=None,
            note=None,
            created_at=NOW,
        )
        labels.record(session, row, new)


def sample(offset: int, score: float, probability: float) -> NewAlert:
    """An event below the threshold."""
    return new_alert(offset, score=score, kind=Kind.SAMPLE, probability=probability)


def test_each_counts_by_its_probability_and_its_agreement(engine: Engine) -> None:
    """Alerts and samples, answered or not, those that count for nothing left out."""
    real, split, planned, waiting = (new_alert(n, score=0.9 + n / 100) for n in range(4))
    missed, old = sample(10, 0.5, 0.02), sample(11, 0.4, 0.5)
    store(engine, real, split, planned, waiting, missed)
    store(engine, new_alert(20, detector="other"))
    answer(engine, real, "confirmed")
    answer(engine, split, "confirmed")
    answer(engine, split, "false_alarm", "bob")
    answer(engine, planned, "planned")
    answer(engine, missed, "known_issue")
    store(engine, old)
    with transaction(engine) as session:
        found = reviewed.recent(session, DETECTOR, 0)
        none = reviewed.recent(session, DETECTOR, 1)
    order = np.argsort(found.scores)
    assert found.scores[order].tolist() == [0.4, 0.5, 0.9, 0.91, 0.93]
    assert found.chances[order].tolist() == [0.5, 0.02, 1.0, 1.0, 1.0]
    assert np.array_equal(found.anomaly[order], [math.nan, 1, 1, 0.5, math.nan], equal_nan=True)
    assert found.trust[order].tolist() == [0, 1, 1, 0, 0]
    assert found.hours == timedelta(seconds=11) / timedelta(hours=1)
    assert (len(none.scores), math.isnan(none.hours)) == (0, True)


def test_a_find_below_the_threshold_shows_in_the_recall(engine: Engine) -> None:
    """One real sample at 1 in 50 stands for 50 missed events beside 10 found ones."""
    found = [new_alert(n) for n in range(10)]
    missed = [sample(100 + n, 0.5, 0.02) for n in range(5)]
    store(engine, *found, *missed)
    for each in found:
        answer(engine, each, "confirmed")
    with transaction(engine) as session:
        before = outlook(reviewed.recent(session, DETECTOR, 0), 0.9, 0.9)
    assert before.recall.value == 1.0
    for each in missed:
        answer(engine, each, "confirmed" if each.offset == 100 else "false_alarm")
    with transaction(engine) as session:
        after = outlook(reviewed.recent(session, DETECTOR, 0), 0.9, 0.9)
    assert after.answers == 15
    assert after.precision.value == 1.0
    assert after.recall.value is not None
    assert abs(after.recall.value - 10 / 60) < 1e-9
    assert after.recall.lower is not None
    assert after.recall.upper is not None
    assert after.recall.lower < 10 / 60 < after.recall.upper


def test_nothing_reviewed_is_nothing_known(engine: Engine) -> None:
    """No estimate, and no alert rate, out of nothing."""
    with transaction(engine) as session:
        found = outlook(reviewed.recent(session, DETECTOR, 0), 0.9, 0.9)
    assert (found.answers, found.precision.value, found.recall.value) == (0, None, None)
    assert found.alerts_per_hour.value is None
