"""A threshold is carried over to a new model's scores by how often it alerts."""

import numpy as np
import pytest

from floodline.detection.threshold_rule import ThresholdRule
from floodline.storage.labelled_alerts import EventLabel, RaisedAlert
from trainer.fit import Fit, fitted_rule
from trainer.training import Sample, Trained

EVENTS = 1000


def old_score(index: int) -> float:
    """Scores of the model in force: spread over 0 to 1, in no order."""
    return (index * 617 % EVENTS) / EVENTS


def new_score(score: float) -> float:
    """The new model says the same with lower numbers."""
    return 0.2 + score / 2


SAMPLES = [Sample((i % 2, i // 2), i, {}) for i in range(EVENTS)]
TRAINED = Trained(
    b"",
    np.array([new_score(old_score(i)) for i in range(EVENTS)]),
    np.ones(EVENTS, dtype=bool),
    700,
)


def alerts(thresholds: list[tuple[int, float]], real_from: float | None = None) -> list[EventLabel]:
    """What the model in force alerted on: each (first event, threshold) holds until the next."""
    found = []
    for index in range(EVENTS):
        threshold = next(each for first, each in reversed(thresholds) if index >= first)
        score = old_score(index)
        if score < threshold:
            continue
        anomaly = None if real_from is None else float(score >= real_from)
        raised = RaisedAlert(score=score, threshold=threshold, release=0, anomaly=anomaly)
        partition, offset = SAMPLES[index].place
        found.append(
            EventLabel(alert_id=str(index), partition=partition, offset=offset, raised=raised)
        )
    return found


def fitted(rule: ThresholdRule, labels: list[EventLabel]) -> Fit:
    return fitted_rule(rule, SAMPLES, TRAINED, labels)


def score_of(rule: ThresholdRule | None) -> float:
    assert rule is not None
    assert rule.score is not None
    return rule.score


def test_without_labels_the_new_threshold_alerts_as_often() -> None:
    """0.8 of the old scores is 0.6 of the new ones; the reason says so."""
    fit = fitted(ThresholdRule(score=0.8), alerts([(0, 0.8)]))
    assert score_of(fit.rule) == pytest.approx(new_score(0.8), abs=0.01)
    assert fit.reason.startswith("0.8000 of the model in force is 0.6")


def test_events_that_were_not_watched_at_the_threshold_do_not_count() -> None:
    """Lowered late: the comparison is made where every event at the level was an alert."""
    late = fitted(ThresholdRule(score=0.8), alerts([(0, 0.9), (800, 0.8)]))
    assert score_of(late.rule) == pytest.approx(new_score(0.8), abs=0.02)
    too_late = fitted(ThresholdRule(score=0.8), alerts([(0, 0.9), (990, 0.8)]))
    gap = (1 - new_score(0.9)) / (1 - 0.9) * (1 - 0.8)
    assert score_of(too_late.rule) == pytest.approx(max(0.0, 1 - gap), abs=0.02)


def test_labels_do_not_move_it() -> None:
    """Few real ones among the old alerts: the recalibrations look at the new ones first."""
    fit = fitted(ThresholdRule(score=0.8), alerts([(0, 0.8)], real_from=0.9))
    assert fit.rule == fitted(ThresholdRule(score=0.8), alerts([(0, 0.8)])).rule


def test_a_rarity_rule_carries_over_and_too_few_alerts_carry_nothing() -> None:
    """A rarity means the same under each model; a score without alerts says nothing."""
    rarity = ThresholdRule(rarity=0.01)
    assert fitted(rarity, []).rule == rarity
    fit = fitted(ThresholdRule(score=0.8), alerts([(0, 0.99)]))
    assert fit.rule is None
    assert "cannot be carried over" in fit.reason


def test_a_threshold_that_moved_meanwhile_is_carried_over_in_its_turn() -> None:
    """A recalibration during the training does not get lost."""
    fit = fitted(ThresholdRule(score=0.8), alerts([(0, 0.8)]))
    assert fit.following(ThresholdRule(score=0.8)) == fit.rule
    assert score_of(fit.following(ThresholdRule(score=0.9))) == pytest.approx(0.8, abs=0.01)
    assert fit.following(ThresholdRule(rarity=0.01)) == ThresholdRule(rarity=0.01)
    nothing = Fit(before=ThresholdRule(score=0.8), rule=None, scale=None, reason="")
    assert nothing.following(ThresholdRule(score=0.9)) is None
