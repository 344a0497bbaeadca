"""Alerts and samples with their answers and releases, as estimates and decisions take them."""

import math
from datetime import timedelta
from typing import Any

import numpy as np
from sqlalchemy import Engine

from floodline.detection.threshold_rule import ThresholdRule
from floodline.events.messages import Release
from floodline.feedback.evidence import Epoch, Evidence
from floodline.feedback.review_estimates import outlook
from floodline.feedback.review_sampling import Sampling
from floodline.storage import alerts, evidence_rows, labels, releases
from floodline.storage.alerts import Kind, NewAlert
from floodline.storage.engine import transaction
from floodline.storage.evidence_rows import Gathered
from floodline.storage.labels import NewLabel
from tests.integration.storage.samples import DETECTOR, NOW, new_alert, store, store_user

AN_HOUR_LATER = NOW + timedelta(hours=1)


def answer(engine: Engine, alert: NewAlert, verdict: str, who: str = "ana") -> None:
    """An analyst's label."""
    analyst = store_user(engine, who)
    with transaction(engine) as session:
        row = alerts.get_for_labelling(session, DETECTOR, alert.id)
        assert row is not None
        new = NewLabel(
            id=f"{alert.offset}-{who}-{verdict}",
            analyst_id=analyst,
            verdict=verdict,
            reason=None,
            note=None,
            created_at=NOW + timedelta(minutes=30),
        )
        labels.record(session, row, new)


def sample(offset: int, score: float, probability: float, **given: Any) -> NewAlert:
    """An event below the threshold."""
    return new_alert(offset, score=score, kind=Kind.SAMPLE, probability=probability, **given)


def released(
    engine: Engine,
    number: int,
    rule: ThresholdRule,
    sampling: Sampling | None,
    kind: str = "recalibration",
) -> None:
    """A release."""
    release = Release(
        number=number,
        detector=DETECTOR,
        kind=kind,
        threshold=rule,
        reason="test",
        made_by="test",
        created_at=NOW.isoformat(),
        sampling=sampling,
    )
    with transaction(engine) as session:
        releases.insert(session, release, topic="shuttle.releases", figures={}, now=NOW)


def gathered(engine: Engine, **given: Any) -> Gathered:
    """The evidence an hour later."""
    settings: dict[str, Any] = {
        "now": AN_HOUR_LATER,
        "hours": 24,
        "since_release": 0,
        "initial_rule": ThresholdRule(score=0.9),
        "initial_sampling": Sampling.even(0.02),
    }
    with transaction(engine) as session:
        return evidence_rows.gathered(session, DETECTOR, **(settings | given))


def seen(engine: Engine, **given: Any) -> Evidence:
    """The same without ids."""
    return gathered(engine, **given).evidence


def test_alerts_and_samples_come_with_every_analysts_current_answer(engine: Engine) -> None:
    """Answered or not; a label that counts for nothing is no answer, and the newest one holds."""
    real, split, planned, waiting = (new_alert(n, score=0.9 + n / 100) for n in range(4))
    missed, old = sample(10, 0.5, 0.02), sample(11, 0.4, 0.02, partition=1)
    store(engine, real, split, planned, waiting, missed, old, new_alert(20, detector="other"))
    answer(engine, real, "false_alarm")
    answer(engine, real, "confirmed")
    answer(engine, split, "confirmed")
    answer(engine, split, "false_alarm", "bob")
    answer(engine, split, "unsure", "cem")
    answer(engine, planned, "planned")
    answer(engine, missed, "known_issue")
    found = gathered(engine)
    assert found.ids == tuple(each.id for each in (old, missed, waiting, planned, split, real))
    chosen, answers = found.evidence.chosen, found.evidence.answers
    assert chosen.scores.tolist() == [0.4, 0.5, 0.93, 0.92, 0.91, 0.9]
    assert chosen.places.tolist() == [0, 1, 1, 1, 1, 1]
    assert chosen.offsets.tolist() == [11, 10, 3, 2, 1, 0]
    assert chosen.ages[-1] == 1.0
    assert answers.ages.tolist() == [0.5] * 4
    said = zip(answers.items.tolist(), answers.analysts.tolist(), answers.real, strict=True)
    by_item = {(item, analyst): bool(real) for item, analyst, real in said}
    assert len(by_item) == 4
    assert len(set(answers.analysts.tolist())) == 2
    assert sorted((item, real) for (item, _), real in by_item.items()) == [
        (1, True),
        (4, False),
        (4, True),
        (5, True),
    ]
    reviewed = found.evidence.reviewed()
    assert np.array_equal(
        reviewed.anomaly, [math.nan, 1, math.nan, math.nan, 0.5, 1], equal_nan=True
    )
    assert reviewed.trust.tolist() == [0, 1, 0, 0, 0, 1]


def test_each_release_is_an_epoch_of_its_own(engine: Engine) -> None:
    """What it drew is what its message says; an unknown release tells nothing and is left out."""
    released(engine, 1, ThresholdRule(score=0.7), Sampling.even(0.5))
    released(engine, 2, ThresholdRule(rarity=0.01), None)
    first = new_alert(0, score=0.95, threshold=0.9)
    second = new_alert(1, score=0.75, threshold=0.7, release=1)
    third = new_alert(2, score=0.97, threshold=0.96, release=2)
    store(engine, first, second, third, new_alert(3, score=0.99, release=7))
    assert seen(engine).epochs == (
        Epoch(release=0, threshold=0.9, sampling=Sampling.even(0.02)),
        Epoch(release=1, threshold=0.7, sampling=Sampling.even(0.5)),
        Epoch(release=2, threshold=None, sampling=None),
    )
    assert gathered(engine, since_release=1).ids == (third.id, second.id)


def test_before_any_release_the_rows_say_what_held(engine: Engine) -> None:
    """Where the configuration was changed since, its new numbers are not taken for the old ones."""
    store(engine, new_alert(0, score=0.95, threshold=0.8), sample(1, 0.5, 0.25))
    (epoch,) = seen(engine).epochs
    assert (epoch.threshold, epoch.sampling) == (None, Sampling.even(0.25))


def test_it_looks_back_so_far(engine: Engine) -> None:
    """What was taken in earlier is not read."""
    old, young = (new_alert(n, received_at=NOW - timedelta(hours=n)) for n in (3, 1))
    store(engine, old, young)
    assert gathered(engine, hours=2.5).ids == (young.id,)
    assert gathered(engine, hours=4.5).ids == (young.id, old.id)
    assert seen(engine, half_life=5.0).half_life == 5.0


def test_a_find_below_the_threshold_shows_in_the_recall(engine: Engine) -> None:
    """One real sample at 1 in 50 stands for 50 missed events beside 10 found ones."""
    found = [new_alert(n) for n in range(10)]
    missed = [sample(100 + n, 0.5, 0.02) for n in range(5)]
    store(engine, *found, *missed)
    for each in found:
        answer(engine, each, "confirmed")
    assert outlook(seen(engine).reviewed(), 0.9, 0.9).recall.value == 1.0
    for each in missed:
        answer(engine, each, "confirmed" if each.offset == 100 else "false_alarm")
    after = outlook(seen(engine).reviewed(), 0.9, 0.9)
    assert after.answers == 15
    assert after.precision.value == 1.0
    assert after.recall.value is not None
    assert abs(after.recall.value - 10 / 60) < 1e-9
    assert after.recall.lower is not None
    assert after.recall.upper is not None
    assert after.recall.lower < 10 / 60 < after.recall.upper


def test_nothing_reviewed_is_nothing_known(engine: Engine) -> None:
    """No estimate, and no alert rate, out of nothing."""
    found = outlook(seen(engine).reviewed(), 0.9, 0.9)
    assert (found.answers, found.precision.value, found.recall.value) == (0, None, None)
    assert found.alerts_per_hour.value is None


def test_releases_that_teach_go_on_with_the_epoch_they_find(engine: Engine) -> None:
    """Thousands of them are one epoch, and set no threshold."""
    rule = ThresholdRule(score=0.7)
    released(engine, 1, rule, Sampling.even(0.5))
    for number in range(2, 6):
        released(engine, number, rule, Sampling.even(0.5), "teaching")
    released(engine, 6, rule, Sampling.even(0.25), "sampling")
    released(engine, 7, rule, Sampling.even(0.25), "teaching")
    store(engine, *(new_alert(n, score=0.75, threshold=0.7, release=n) for n in range(8)))
    found = seen(engine)
    assert [epoch.release for epoch in found.epochs] == [0, 1, 6]
    assert sorted(found.chosen.releases.tolist()) == [0, 1, 1, 1, 1, 1, 6, 6]
    assert gathered(engine, since_release=3).evidence.epochs == (
        Epoch(release=3, threshold=0.7, sampling=Sampling.even(0.5)),
        Epoch(release=6, threshold=0.7, sampling=Sampling.even(0.25)),
    )
    with transaction(engine) as session:
        assert releases.threshold_number(session, DETECTOR) == 1
