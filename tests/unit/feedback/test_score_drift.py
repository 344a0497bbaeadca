"""Scores that move are noticed without labels, and false alarms are counted accordingly."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from floodline.feedback.evidence import Answers, Chosen, Epoch, Evidence
from floodline.feedback.review_estimates import ReviewEstimates
from floodline.feedback.review_sampling import Sampling
from floodline.feedback.score_drift import BEARABLE, LEAST, SHORTEST, score_drift

HOURS = 240.0
THRESHOLD = 2.0
RARE = 0.02


def stream(
    seed: int, moved: float, count: int = 40_000
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores, ages and which are real, of ordinary events that move up over the stretch."""
    random = np.random.default_rng(seed)
    ages = np.sort(random.uniform(0, HOURS, count))[::-1]
    real = random.random(count) < 0.01
    scores = random.normal(0, 1, count) + moved * (1 - ages / HOURS)
    scores[real] = random.normal(4, 0.5, int(real.sum()))
    return scores, ages, real


def drawn(seed: int, scores: np.ndarray, rates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which are alerts or samples, and what each stands for."""
    chances = np.where(scores >= THRESHOLD, 1.0, rates)
    chosen = np.random.default_rng(seed).random(scores.size) < chances
    return chosen, 1 / chances


def test_a_steady_stream_rarely_seems_to_drift() -> None:
    """One in twenty does, whatever was drawn when: here, ten times as many in the newer half."""
    told = []
    for seed in range(200):
        scores, ages, _ = stream(seed, 0.0, count=8_000)
        chosen, weights = drawn(seed + 1_000, scores, np.where(ages < HOURS / 2, 0.2, 0.02))
        told.append(score_drift(scores[chosen], ages[chosen], weights[chosen]))
    assert sum(each is not None for each in told) <= 20


@pytest.mark.parametrize("moved", [0.6, -0.6])
def test_a_drift_is_told_with_its_direction_and_speed(moved: float) -> None:
    """Six tenths of a deviation over ten days, by samples at 1 in 50."""
    scores, ages, _ = stream(3, moved)
    chosen, weights = drawn(4, scores, np.full(scores.size, RARE))
    found = score_drift(scores[chosen], ages[chosen], weights[chosen])
    assert found is not None
    # A mean rank moves by the deviation's share over 2 sqrt(pi), for scores that are normal.
    assert found.a_day == pytest.approx(moved / 10 / (2 * np.sqrt(np.pi)), rel=0.3)
    own, least = 24 * BEARABLE / abs(found.a_day), SHORTEST * np.ptp(ages[chosen])
    assert found.half_life == pytest.approx(max(own, least))


@given(st.integers(0, 10_000), st.floats(0.1, 10))
def test_only_the_order_of_scores_matters(seed: int, power: float) -> None:
    """Any scale on which scores are published tells the same."""
    random = np.random.default_rng(seed)
    scores, ages = random.uniform(0.1, 1, 300), random.uniform(0, 100, 300)
    scores += 0.002 * (100 - ages)
    assert score_drift(scores, ages, np.ones(300)) == score_drift(scores**power, ages, np.ones(300))


def test_little_tells_nothing_and_a_leap_leaves_enough() -> None:
    """Too few events, events of one moment, and a leap after which a fiftieth still counts."""
    random = np.random.default_rng(6)
    ages, scores = random.uniform(0, HOURS, 1_000), random.normal(0, 1, 1_000)
    few, plain = slice(LEAST - 1), np.ones(1_000)
    assert score_drift(scores[few] - ages[few], ages[few], plain[few]) is None
    assert score_drift(scores, np.full(1_000, 3.0), plain) is None
    leapt = score_drift(scores - 100 * ages, ages, plain)
    assert leapt is not None
    assert leapt.half_life == pytest.approx(SHORTEST * np.ptp(ages))
    assert str(leapt) == "scores drift up, so false alarms count half after 12 hours"


def evidence(seed: int, moved: float) -> tuple[Evidence, float, float]:
    """A stream of which a third of the alerts and all samples are answered, its precision at the
    end and its recall.
    """
    scores, ages, real = stream(seed, moved)
    chosen, _ = drawn(seed + 1, scores, np.full(scores.size, RARE))
    now = stream(seed + 2, moved, 400_000)
    late = (now[1] < 12) & (now[0] >= THRESHOLD)
    items = np.flatnonzero(chosen)
    told = np.random.default_rng(seed + 3).random(items.size) < 1 / 3
    told |= scores[items] < THRESHOLD
    places = np.zeros(items.size, np.int64)
    found = Evidence(
        chosen=Chosen(
            scores=scores[items],
            thresholds=np.full(items.size, THRESHOLD),
            releases=places,
            places=places,
            offsets=items.astype(np.int64),
            ages=ages[items],
        ),
        answers=Answers.open(
            items=np.flatnonzero(told).astype(np.int64),
            analysts=places[told],
            real=real[items][told],
            ages=ages[items][told],
        ),
        epochs=(Epoch(release=0, threshold=THRESHOLD, sampling=Sampling.even(RARE)),),
    )
    return found, float(now[2][late].mean()), float((scores[real] >= THRESHOLD).mean())


def test_precision_is_that_of_now_where_scores_drift() -> None:
    """Its interval holds the newest precision; by all of the stretch it is far too high."""
    held, plain = [], []
    for seed in range(0, 400, 10):
        found, precision, recall = evidence(seed, 0.6)
        reviewed, at = found.reviewed(), np.array([THRESHOLD])
        estimates = ReviewEstimates(reviewed, 0.9)
        told = estimates.precision(at)
        held.append(told.lower[0] <= precision <= told.upper[0])
        steady = msgspec.structs.replace(reviewed, recent=None)
        plain.append(ReviewEstimates(steady, 0.9).precision(at).lower[0] > precision)
        assert estimates.recall(at).value[0] == pytest.approx(recall, abs=0.05)
    assert np.mean(held) >= 0.8
    assert np.mean(plain) >= 0.8


def test_newer_events_stand_for_more_and_all_for_as_many() -> None:
    """The counts are of the same stretch."""
    sums = []
    for seed in range(0, 200, 10):
        reviewed = evidence(seed, 0.6)[0].reviewed()
        assert reviewed.recent is not None
        sums.append(reviewed.recent.sum() / reviewed.weights.sum())
    assert np.mean(sums) == pytest.approx(1, abs=0.1)
    found = evidence(1, 0.6)[0]
    reviewed = found.reviewed()
    assert reviewed.recent is not None
    newest = found.chosen.ages < 24
    assert reviewed.recent[newest].mean() > 2 * reviewed.weights[newest].mean()
    assert evidence(1, 0.0)[0].reviewed().recent is None
    shorter = msgspec.structs.replace(found, half_life=2.0).reviewed()
    assert shorter.recent is None
    assert shorter.drift is None


def test_where_nothing_is_drawn_below_the_threshold_no_drift_is_told() -> None:
    """A threshold that rises makes alerts score higher, whatever the stream does."""
    found = evidence(1, 0.6)[0]
    for sampling in (None, Sampling.even(0.0)):
        epochs = (msgspec.structs.replace(found.epochs[0], sampling=sampling),)
        alerts = found.chosen.scores >= THRESHOLD
        kept = {name: getattr(found.chosen, name)[alerts] for name in Chosen.__struct_fields__}
        blind = msgspec.structs.replace(
            found,
            chosen=Chosen(**kept),
            answers=found.answers.where(np.zeros(found.answers.items.size, np.bool_)),
            epochs=epochs,
        )
        assert blind.reviewed().drift is None


def test_a_day_and_its_night_are_no_drift() -> None:
    """Scores that rise and fall by the hour, over three days and a half, and over one."""
    told = {84.0: 0, 24.0: 0}
    for hours in told:
        for seed in range(100):
            random = np.random.default_rng(seed)
            ages = random.uniform(0, hours, 1_000)
            scores = random.normal(0, 1, 1_000) + 0.6 * np.sin(2 * np.pi * ages / 24 + seed)
            told[hours] += score_drift(scores, ages, np.ones(1_000)) is not None
    assert told[84.0] <= 12
    assert told[24.0] == 0


def test_a_release_that_drew_nothing_hides_no_drift() -> None:
    """Its alerts are left out; the others tell."""
    found = evidence(1, 0.6)[0]
    oldest = found.chosen.ages > 230
    releases = np.where(oldest, 1, 0)
    blind = Epoch(release=1, threshold=THRESHOLD, sampling=None)
    partly = msgspec.structs.replace(
        found,
        chosen=msgspec.structs.replace(found.chosen, releases=releases),
        epochs=(*found.epochs, blind),
    )
    assert partly.reviewed().drift is not None


def test_old_false_alarms_do_not_make_sure_that_there_are_none_now() -> None:
    """Where nothing alerted lately, a single alert of now would weigh heavily, and may be false."""
    random = np.random.default_rng(8)
    drawn_scores = np.sort(random.uniform(0, 1, 200)) + random.uniform(0, 0.1, 200)
    scores = np.concatenate((np.full(40, THRESHOLD + 1), drawn_scores))
    ages = np.concatenate((np.linspace(240, 120, 40), np.linspace(239, 0, 200)))
    items = np.arange(40)
    order = np.argsort(-ages, kind="stable")
    found = Evidence(
        chosen=Chosen(
            scores=scores,
            thresholds=np.full(240, THRESHOLD),
            releases=np.zeros(240, np.int64),
            places=np.zeros(240, np.int64),
            offsets=np.argsort(order).astype(np.int64) * 50,
            ages=ages,
        ),
        answers=Answers.open(
            items=items,
            analysts=np.zeros(40, np.int64),
            real=items % 8 < 5,
            ages=ages[:40],
        ),
        epochs=(Epoch(release=0, threshold=THRESHOLD, sampling=Sampling.even(RARE)),),
    ).reviewed()
    assert found.drift is not None
    precision = ReviewEstimates(found, 0.9).precision(np.array([THRESHOLD]))
    assert precision.lower[0] < 0.6 < precision.upper[0]
