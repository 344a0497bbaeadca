"""The threshold's policy: towards the target, within its guard rails."""

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from floodline.feedback.estimates import RaisedAlert
from floodline.feedback.threshold import Decision, PrecisionPolicy, recalibrated_threshold

POLICY = PrecisionPolicy(target_precision=0.8, confidence=0.8, min_labels=20, largest_step=0.5)


def raised(
    score: float, anomaly: float | None, threshold: float = 0.5, release: int = 1
) -> RaisedAlert:
    return RaisedAlert(score=score, threshold=threshold, release=release, anomaly=anomaly)


def spread(count: int, real_from: float, threshold: float = 0.5) -> list[RaisedAlert]:
    """`count` labelled alerts from the threshold up to 1; real at `real_from` and above."""
    scores = [threshold + (1 - threshold) * i / count for i in range(count)]
    return [raised(score, float(score >= real_from), threshold) for score in scores]


def alert_sets(threshold: float) -> st.SearchStrategy[list[RaisedAlert]]:
    """Labelled and unlabelled alerts of the release in force and of earlier ones."""
    one = st.builds(
        lambda part, lower, old, anomaly: raised(
            (lower if old else threshold) + (1 - (lower if old else threshold)) * part,
            anomaly,
            lower if old else threshold,
            0 if old else 1,
        ),
        st.floats(0, 1),
        st.floats(0, threshold),
        st.booleans(),
        st.sampled_from([None, 0.0, 1.0, 1.0, 2 / 3, 0.5]),
    )
    return st.lists(one, max_size=120)


THRESHOLDS = st.floats(0.05, 0.98)
CASES = THRESHOLDS.flatmap(lambda t: st.tuples(st.just(t), alert_sets(t)))


@given(CASES, st.floats(0.05, 0.95), st.floats(0.1, 0.9), st.integers(1, 40))
@settings(max_examples=300)
def test_a_move_stays_within_the_step_and_needs_its_labels(
    case: tuple[float, list[RaisedAlert]], target: float, step: float, needed: int
) -> None:
    """No move beyond the step, none without labels on the threshold and the release in force."""
    threshold, alerts = case
    policy = PrecisionPolicy(
        target_precision=target, confidence=0.8, min_labels=needed, largest_step=step
    )
    decision = recalibrated_threshold(alerts, threshold, 1, policy)
    after = decision.threshold_after
    assert after is not None
    assert 0 <= after <= 1
    assert (1 - after) >= (1 - threshold) * (1 - step) - 1e-12
    assert (1 - after) <= (1 - threshold) * (1 + step) + 1e-12
    if decision.outcome == "moved":
        labelled = [alert for alert in alerts if alert.anomaly is not None]
        assert after != threshold
        assert sum(1 for alert in labelled if alert.release == 1) >= needed
        assert decision.before.labels >= needed - 1e-9
    else:
        assert after == threshold
        assert decision.reason.startswith("held: ")


@given(CASES, st.floats(0.05, 0.9), st.floats(0.0, 1.0))
@settings(max_examples=300)
def test_a_higher_target_never_gives_a_lower_threshold(
    case: tuple[float, list[RaisedAlert]], target: float, more: float
) -> None:
    """The threshold after is monotone in the target."""
    threshold, alerts = case
    asked = msgspec.structs.replace(POLICY, target_precision=target, min_labels=5)
    stricter = msgspec.structs.replace(asked, target_precision=target + (0.95 - target) * more)
    first = recalibrated_threshold(alerts, threshold, 1, asked).threshold_after
    second = recalibrated_threshold(alerts, threshold, 1, stricter).threshold_after
    assert first is not None
    assert second is not None
    assert second >= first - 1e-12


@given(CASES, st.randoms(use_true_random=False))
def test_the_same_labels_give_the_same_decision(
    case: tuple[float, list[RaisedAlert]], chance: random.Random
) -> None:
    """Nothing but the labels decides: again, and in another order, the answer is the same."""
    threshold, alerts = case
    shuffled = list(alerts)
    chance.shuffle(shuffled)
    first = recalibrated_threshold(alerts, threshold, 1, POLICY)
    assert recalibrated_threshold(alerts, threshold, 1, POLICY) == first
    other = recalibrated_threshold(shuffled, threshold, 1, POLICY)
    assert other.threshold_after == pytest.approx(first.threshold_after, abs=1e-6)


def test_too_many_false_alarms_raise_it_to_the_lowest_that_meets_the_target() -> None:
    """Real ones lie above 0.7: one step of the gap goes past what is needed, so it stops there."""
    decision = recalibrated_threshold(spread(200, 0.7), 0.5, 1, POLICY)
    assert decision.outcome == "moved"
    assert decision.threshold_after is not None
    assert 0.6 < decision.threshold_after < 0.7
    assert decision.before.share == pytest.approx(0.6)
    assert decision.after.lower >= 0.8
    assert "raised from 0.5000" in decision.reason


def test_a_rise_is_bounded_by_the_step_and_says_where_it_is_going() -> None:
    """Half of the gap from 0.5 is 0.75, though the labels ask for 0.9."""
    decision = recalibrated_threshold(spread(300, 0.92), 0.5, 1, POLICY)
    assert decision.threshold_after == pytest.approx(0.75)
    assert "on the way to" in decision.reason


def test_room_lowers_it_the_further_the_more_room_there_is() -> None:
    """All real: lowered; with a higher target there is less room, and the step is smaller."""
    alerts = spread(60, 0.0, threshold=0.9)
    low = recalibrated_threshold(alerts, 0.9, 1, POLICY)
    strict = msgspec.structs.replace(POLICY, target_precision=0.95)
    lower = recalibrated_threshold(alerts, 0.9, 1, strict)
    assert low.threshold_after is not None
    assert lower.threshold_after is not None
    assert 0.85 <= low.threshold_after < lower.threshold_after < 0.9


def test_old_false_alarms_below_keep_it_from_going_there_again() -> None:
    """After a rise, the labels that asked for it stand against going back."""
    alerts = [*spread(200, 0.7, threshold=0.5)]
    old = [msgspec.structs.replace(alert, release=0) for alert in alerts]
    fresh = [raised(0.7 + i / 200, 1.0, 0.7) for i in range(40)]
    decision = recalibrated_threshold([*old, *fresh], 0.7, 1, POLICY)
    assert decision.threshold_after is not None
    assert decision.threshold_after > 0.6
    poor = [raised(0.69 + i / 20_000, 0.0, 0.55, release=0) for i in range(190)]
    held = recalibrated_threshold([*old, *poor, *fresh], 0.7, 1, POLICY)
    assert held.outcome == "held"
    assert "just below the threshold" in held.reason


def test_the_next_move_waits_for_labels_of_the_release_in_force() -> None:
    """The labels that moved it do not move it again."""
    alerts = spread(200, 0.9)
    first = recalibrated_threshold(alerts, 0.5, 1, POLICY)
    again = recalibrated_threshold(alerts, first.threshold_after, 2, POLICY)
    assert first.outcome == "moved"
    assert again.outcome == "held"
    assert "0 labels on alerts of release 2" in again.reason


def test_labels_of_the_top_alone_move_nothing() -> None:
    """Analysts who label the highest scores only do not lower the threshold for all."""
    alerts = [raised(0.5 + i / 1000, 1.0 if i >= 400 else None) for i in range(500)]
    decision = recalibrated_threshold(alerts, 0.5, 1, POLICY)
    assert decision.outcome == "held"
    assert "label some of the others too" in decision.reason


def test_it_holds_where_the_target_is_met_but_not_surely() -> None:
    """Between share and bound lies the hysteresis."""
    alerts = [raised(0.5 + i / 60, float(i % 6 != 0)) for i in range(30)]
    decision = recalibrated_threshold(alerts, 0.5, 1, POLICY)
    assert decision.outcome == "held"
    assert decision.before.lower < 0.8 < (decision.before.share or 0)


def test_it_holds_where_no_higher_threshold_does_better() -> None:
    """False alarms at the top: the policy says that the scores must improve."""
    alerts = [raised(0.5 + i / 200, float(i < 60)) for i in range(100)]
    decision = recalibrated_threshold(alerts, 0.5, 1, POLICY)
    assert decision.outcome == "held"
    assert "better scores are needed" in decision.reason


def test_under_a_rarity_rule_the_usual_recent_threshold_stands_in() -> None:
    """No score in force: the median of what the newest labelled alerts were compared with."""
    alerts = [raised(0.6 + i / 100, float(i >= 20), 0.5 + i / 1000) for i in range(40)]
    decision = recalibrated_threshold(alerts, None, 0, msgspec.structs.replace(POLICY))
    assert decision.threshold_before == pytest.approx(0.5295)


def test_without_any_alert_it_holds_and_says_why() -> None:
    """An empty queue is no reason to move."""
    decision: Decision = recalibrated_threshold([], None, 0, POLICY)
    assert decision.outcome == "held"
    assert decision.threshold_after is None
    assert "0 labels so far; a move needs 20" in decision.reason
