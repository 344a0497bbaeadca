"""Thresholds by the tail: when they begin and end, and that no cut or restart changes them."""

import math
import random

import numpy as np
import pytest
from numpy.typing import NDArray

from floodline.detection.parameters import DefaultProfile
from floodline.detection.peaks import rare_score
from floodline.detection.rarity import ScoreWindow
from floodline.detection.scorer import Scorer
from floodline.detection.short_sample import soonest
from floodline.detection.threshold_rule import ThresholdRule

FOREST = DefaultProfile(trees=5, height=5, window=50, memory=90, warm_up=100)
NAMES = ("depth", "flow", "rain")


def rows(count: int) -> NDArray[np.float64]:
    """Seeded events, now and then one far out."""
    draw = np.random.default_rng(9)
    return np.asarray(draw.normal(size=(count, 3)) * draw.choice([1, 1, 1, 3], (count, 1)))


@pytest.mark.parametrize(
    ("rule", "count"), [(ThresholdRule(rarity=0.0008), 2_000), (ThresholdRule(rarity=4e-5), 13_500)]
)
def test_no_cut_restart_or_replay_changes_a_bit(rule: ThresholdRule, count: int) -> None:
    """In batches of any length, of alerts or all, restored at any place: the same thresholds."""
    events, draw = rows(count), random.Random(count)
    whole = Scorer.new(FOREST, NAMES).step_many(events, rule)
    told = np.isfinite(whole.threshold) & (np.arange(count) < 1 / (rule.rarity or 1))
    assert told.sum() > 200
    scorer, start = Scorer.new(FOREST, NAMES), 0
    while start < count:
        end = start + draw.choice((1, 7, 64, 500, 999))
        part = scorer.step_many(events[start:end], rule, rarities=draw.choice(("all", "alerts")))
        np.testing.assert_array_equal(part.threshold, whole.threshold[start:end])
        np.testing.assert_array_equal(part.is_alert, whole.is_alert[start:end])
        if draw.random() < 0.3:
            scorer = Scorer.from_state(scorer.to_state())
        start = end


def test_a_stream_whose_place_is_said_anew_is_told_as_after_a_restart() -> None:
    """A retrained model is put where another one was: its window then stands elsewhere."""
    events, rule = rows(12_000), ThresholdRule(rarity=4e-5)
    running = Scorer.new(FOREST, NAMES)
    running.step_many(events[:11_300], rule)
    running.events = 11_900
    restored = Scorer.from_state(running.to_state())
    for part in (events[11_300:11_301], events[11_301:]):
        found, again = running.step_many(part, rule), restored.step_many(part, rule)
        assert np.isfinite(found.threshold).all()
        np.testing.assert_array_equal(found.threshold, again.threshold)


def test_the_tail_is_asked_from_a_fifth_of_the_scores_on_until_they_can_be_counted() -> None:
    """Before, none is rare enough; then one above all and the tail's answer; then by count."""
    scores = 1 - np.exp2(-np.random.default_rng(1).exponential(0.5, 3_000))
    window, rule = ScoreWindow(10_000), 0.0005
    _, thresholds = window.step_many(scores, rule)
    assert soonest(10_000, rule) == 407
    assert np.isinf(thresholds[:407]).all()
    told = rare_score(scores[:407], rule)
    assert told is not None
    assert thresholds[407] == max(told, math.nextafter(scores[:407].max(), 2))
    counted = [math.nextafter(np.sort(scores[:each])[-1], 2) for each in range(2_100, 2_900, 100)]
    assert thresholds[2_100:2_900:100].tolist() == counted


def test_scores_without_a_tail_are_counted() -> None:
    """Where scores are but a few numbers, nothing alerts before counting can tell."""
    scores = np.random.default_rng(1).integers(0, 4, 1_100) / 4
    _, thresholds = ScoreWindow(10_000).step_many(scores, 0.001)
    assert np.isinf(thresholds[:999]).all()
    assert np.isfinite(thresholds[999:]).all()
