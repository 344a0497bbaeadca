"""The laws of every detector that explains; each case is `detector:law`."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from floodline.detection.explanation import Explains, Explanation
from floodline.detection.remembering_forest import RememberingForest
from floodline.detection.scorer import Scorer
from floodline.detection.threshold_rule import ThresholdRule
from tests.contracts.test_detector_laws import DETECTORS, NAMES, Kind, rows, stream, warm

EXPLAINING = {name: kind for name, kind in DETECTORS.items() if isinstance(kind.make(), Explains)}


def explaining(kind: Kind, count: int = 330) -> Any:
    """A detector that has learnt and explains."""
    return warm(kind, count)


def totals(detector: Any, events: NDArray[np.float64]) -> list[float]:
    """What an explanation explains, by the detector's own scoring."""
    bits = isinstance(detector, RememberingForest)
    found = detector.bits_many(events) if bits else detector.score_many(events)
    return [float(each) for each in found]


def without(event: NDArray[np.float64], feature: int) -> NDArray[np.float64]:
    """The event with one feature missing."""
    poorer = event.copy()
    poorer[0, feature] = np.nan
    return poorer


def contributions_are_score_differences(kind: Kind) -> None:
    """Each contribution equals, to the bit, the total minus the total without the feature."""
    for count in (0, 1, 20, 49, 50, 51, 237, 330):
        detector = explaining(kind, count)
        for event in np.split(rows(stream(12, 60)), 60):
            found = detector.explain(event)
            assert [found.total] == totals(detector, event)
            for each in found.contributions:
                poorer = without(event, NAMES.index(each.feature))
                assert each.contribution == found.total - totals(detector, poorer)[0]


def every_feature_is_named_once(kind: Kind) -> None:
    """Contributions name each feature once, the largest first, with the values of the event."""
    detector = explaining(kind)
    for event in np.split(rows(stream(13, 60)), 60):
        found = detector.explain(event).contributions
        assert {each.feature for each in found} == set(NAMES)
        sizes = [each.contribution for each in found]
        assert sizes == sorted(sizes, reverse=True)
        for each in found:
            value = event[0, NAMES.index(each.feature)]
            assert each.value == (None if np.isnan(value) else value)
            assert each.contribution == 0.0 or each.value is not None


def explaining_changes_nothing(kind: Kind) -> None:
    """However often an event is explained, state and future stay as they were, to the bit."""
    detector, other = explaining(kind), explaining(kind)
    before = detector.to_state()
    for event in np.split(rows(stream(14, 60)), 60):
        assert detector.explain(event) == detector.explain(event)
    assert detector.to_state() == before
    future = rows(stream(15, 150))
    assert (detector.score_learn_many(future) == other.score_learn_many(future)).all()
    assert detector.to_state() == other.to_state()


def batches_explain_as_single_events(kind: Kind) -> None:
    """Explained within batches of 1, 7, 100 or 5,000: as if each event was explained, then learnt.

    Scores and state are those of learning without explanations.
    """
    count = 500
    events = rows(stream(16, count))
    single, plain = kind.make(), kind.make()
    assert isinstance(single, Explains)
    expected: dict[int, Explanation] = {}
    scores = plain.score_learn_many(events)
    high = np.quantile(scores, 0.8)
    for at in range(count):
        event = events[at : at + 1]
        if single.score_many(event)[0] > high:
            expected[at] = single.explain(event)
        single.score_learn_many(event)
    assert len(expected) > 20
    for size in (1, 7, 100, 5_000):
        detector = kind.make()
        assert isinstance(detector, Explains)
        for start in range(0, count, size):
            batch = events[start : start + size]
            found, explanations = detector.score_learn_explaining(batch, lambda got: got > high)
            assert (found == scores[start : start + size]).all()
            assert explanations == {
                at - start: expected[at] for at in expected if start <= at < start + size
            }
        assert detector.to_state() == plain.to_state()


LAWS: list[Callable[[Kind], None]] = [
    contributions_are_score_differences,
    every_feature_is_named_once,
    explaining_changes_nothing,
    batches_explain_as_single_events,
]


def cases() -> list[Any]:
    """Each detector that explains with each law."""
    return [
        pytest.param(kind, law, id=f"{name}:{law.__name__}")
        for name, kind in EXPLAINING.items()
        for law in LAWS
    ]


@pytest.mark.parametrize(("kind", "law"), cases())
def test_law(kind: Kind, law: Callable[[Kind], None]) -> None:
    """Every detector that explains keeps every law."""
    law(kind)


def test_our_own_detectors_explain() -> None:
    """Both profiles explain; an estimator by name, whose rule for missing is its own, does not."""
    assert set(EXPLAINING) == {"default", "guarded", "river", "river_tall"}


@pytest.mark.parametrize("name", DETECTORS)
def test_a_scorer_explains_its_alerts(name: str) -> None:
    """A scorer that explains decides as one that does not, and explains the alerts, all or none."""
    events, rule = rows(stream(17, 700)), ThresholdRule(rarity=0.05)
    plain = Scorer(_parameters(name), DETECTORS[name].make())
    told = Scorer(_parameters(name), DETECTORS[name].make())
    for start in range(0, 700, 90):
        batch = events[start : start + 90]
        expected, found = plain.step_many(batch, rule), told.step_many(batch, rule, explain=True)
        for column in ("score", "rarity", "threshold", "is_alert", "warming_up"):
            assert (getattr(found, column) == getattr(expected, column)).all()
        alerts = np.flatnonzero(found.is_alert).tolist() if name in EXPLAINING else []
        assert sorted(found.explanations) == alerts
        assert [found[at].explanation is not None for at in alerts] == [True] * len(alerts)
    assert told.to_state() == plain.to_state()
    again = told.step_many(events[:50], ThresholdRule(score=0.0), learn=False, explain=True)
    assert len(again.explanations) == (50 if name in EXPLAINING else 0)


@pytest.mark.parametrize("name", DETECTORS)
@pytest.mark.parametrize(
    "rule", [ThresholdRule(rarity=0.05), ThresholdRule(rarity=0.3), ThresholdRule(score=0.6)]
)
def test_rarities_of_alerts_alone_change_nothing_else(name: str, rule: ThresholdRule) -> None:
    """Asked for rarities of alerts only, a scorer decides, explains and learns as ever."""
    events = rows(stream(18, 700))
    plain = Scorer(_parameters(name), DETECTORS[name].make())
    spare = Scorer(_parameters(name), DETECTORS[name].make())
    for start in range(0, 700, 90):
        batch, explain = events[start : start + 90], start % 180 == 0
        expected = plain.step_many(batch, rule, explain=explain)
        found = spare.step_many(batch, rule, explain=explain, rarities="alerts")
        for column in ("score", "threshold", "is_alert", "warming_up"):
            assert (getattr(found, column) == getattr(expected, column)).all()
        rarity = np.where(expected.is_alert, expected.rarity, np.nan)
        np.testing.assert_array_equal(found.rarity, rarity)
        assert found.explanations == expected.explanations
        assert spare.to_state() == plain.to_state()


def _parameters(name: str) -> Any:
    detector: Any = DETECTORS[name].make()
    return detector.parameters
