"""What was chosen under several releases, weighed as one."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from floodline.feedback.evidence import Answers, Chosen, Epoch, Evidence
from floodline.feedback.review_sampling import Sampling, Stratum

NOBODY = Answers.open(
    items=np.zeros(0, np.int64),
    analysts=np.zeros(0, np.int64),
    real=np.zeros(0, np.bool_),
    ages=np.zeros(0),
)


def lived(
    random: np.random.Generator, epochs: list[tuple[Epoch, int]], partitions: int = 1
) -> tuple[Evidence, np.ndarray]:
    """Events with even scores, so many under each release; and the scores of all of them."""
    chosen, everything, offset = [], [], 0
    for epoch, count in epochs:
        scores = random.random(count)
        everything.append(scores)
        threshold = 1.1 if epoch.threshold is None else epoch.threshold
        rates = np.zeros(count)
        if epoch.sampling is not None:
            for stratum in epoch.sampling.strata:
                rates[scores >= stratum.floor] = stratum.rate
        taken = (scores >= threshold) | (random.random(count) < rates)
        places = np.flatnonzero(taken)
        chosen.append(
            (
                scores[taken],
                np.full(places.size, threshold),
                np.full(places.size, epoch.release),
                (offset + places) % partitions,
                (offset + places) // partitions,
            )
        )
        offset += count
    columns = [np.concatenate(each) for each in zip(*chosen, strict=True)]
    return Evidence(
        chosen=Chosen(
            scores=columns[0],
            thresholds=columns[1],
            releases=columns[2],
            places=columns[3],
            offsets=columns[4],
            ages=(offset - columns[4] * partitions) / 1_000.0,
        ),
        answers=NOBODY,
        epochs=tuple(epoch for epoch, _ in epochs),
    ), np.concatenate(everything)


def banded(release: int, threshold: float, *rates: tuple[float, float]) -> Epoch:
    """A release with a fixed threshold, and strata by (floor, rate)."""
    strata = tuple(Stratum(floor=floor, rate=rate) for floor, rate in rates)
    return Epoch(release=release, threshold=threshold, sampling=Sampling(strata=strata))


def test_one_release_weighs_alerts_once_and_samples_by_their_rate() -> None:
    """With a single release the weight is 1 / the probability."""
    found, _ = lived(np.random.default_rng(1), [(banded(0, 0.9, (0.0, 0.02), (0.8, 0.25)), 5_000)])
    reviewed = found.reviewed()
    alerts = reviewed.scores >= 0.9
    band = (reviewed.scores >= 0.8) & ~alerts
    assert reviewed.weights[alerts] == pytest.approx(1)
    assert reviewed.weights[band] == pytest.approx(4)
    assert reviewed.weights[~alerts & ~band] == pytest.approx(50)
    assert (reviewed.alerted == alerts).all()


@pytest.mark.parametrize("partitions", [1, 3])
def test_counts_are_without_bias_over_a_move(partitions: int) -> None:
    """Where the threshold moved, counts in any range of scores are right on average."""
    epochs = [
        (banded(0, 0.9, (0.0, 0.01)), 6_000),
        (banded(1, 0.7, (0.0, 0.01), (0.6, 0.1)), 3_000),
        (banded(2, 0.8, (0.0, 0.02)), 3_000),
    ]
    ranges = [(0.0, 0.6), (0.6, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 1.0)]
    ratios = []
    for seed in range(60):
        found, scores = lived(np.random.default_rng(seed), epochs, partitions)
        reviewed = found.reviewed()
        ratios.append(
            [
                reviewed.weights[(reviewed.scores >= low) & (reviewed.scores < high)].sum()
                / ((scores >= low) & (scores < high)).sum()
                for low, high in ranges
            ]
        )
    assert np.mean(ratios, axis=0) == pytest.approx(np.ones(len(ranges)), abs=0.03)


def test_what_lies_above_a_lowered_threshold_weighs_little() -> None:
    """A sample of an earlier, higher threshold weighs as its like, once that is alerted on."""
    epochs = [(banded(0, 0.9, (0.0, 0.01)), 5_000), (banded(1, 0.7, (0.0, 0.01)), 5_000)]
    reviewed = lived(np.random.default_rng(2), epochs)[0].reviewed()
    inside = (reviewed.scores >= 0.7) & (reviewed.scores < 0.9)
    assert reviewed.weights[inside].max() < 2.1


def test_a_rarity_rule_has_the_thresholds_of_its_events() -> None:
    """Under a rarity rule the threshold differs by event; the chance is what it let through."""
    scores = np.array([0.5, 0.7, 0.9, 0.95])
    chosen = Chosen(
        scores=scores,
        thresholds=np.array([0.6, 0.6, 0.8, 0.8]),
        releases=np.zeros(4, np.int64),
        places=np.zeros(4, np.int64),
        offsets=np.arange(4),
        ages=np.arange(4.0),
    )
    epoch = Epoch(release=0, threshold=None, sampling=Sampling.even(0.5))
    reviewed = Evidence(chosen=chosen, answers=NOBODY, epochs=(epoch,)).reviewed()
    assert reviewed.weights.tolist() == pytest.approx([2, 1 / 0.75, 1, 1])
    assert reviewed.alerted.tolist() == [False, True, True, True]


def test_old_events_count_less() -> None:
    """After one half-life an event counts half, and so do the hours it stands for."""
    epochs = [(banded(0, 0.5, (0.0, 0.5)), 4_000)]
    found, _ = lived(np.random.default_rng(3), epochs)
    aged = msgspec.structs.replace(found, half_life=1.0).reviewed()
    plain = found.reviewed()
    order = np.argsort(found.chosen.ages)
    share = aged.weights[order] / plain.weights[order]
    assert (np.diff(share) <= 1e-9).all()
    rate, aged_rate = plain.weights.sum() / plain.hours, aged.weights.sum() / aged.hours
    assert aged_rate == pytest.approx(rate, rel=0.05)


ANSWERS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 3), st.booleans(), st.floats(0, 48)), max_size=40
)


@settings(deadline=None)
@given(ANSWERS, st.integers(0, 3), st.floats(0, 48))
def test_without_an_analyst_is_as_if_they_had_said_nothing(
    said: list[tuple[int, int, bool, float]], analyst: int, hours: float
) -> None:
    """Leaving an analyst's last hours out gives the same as never having had these answers."""
    found, _ = lived(np.random.default_rng(4), [(banded(0, 0.5, (0.0, 0.5)), 40)])
    full, kept = (
        msgspec.structs.replace(found, answers=answers_of(each))
        for each in (said, [one for one in said if one[1] != analyst or one[3] > hours])
    )
    one, other = full.without(analyst, hours).reviewed(), kept.reviewed()
    np.testing.assert_array_equal(one.anomaly, other.anomaly)
    np.testing.assert_array_equal(one.trust, other.trust)
    again = full.without(analyst, hours).judged_in(full.reviewed())
    np.testing.assert_array_equal(again.anomaly, other.anomaly)


def answers_of(said: list[tuple[int, int, bool, float]]) -> Answers:
    """Answers from (item, analyst, real, age)."""
    return Answers.open(
        items=np.array([each[0] for each in said], np.int64),
        analysts=np.array([each[1] for each in said], np.int64),
        real=np.array([each[2] for each in said], np.bool_),
        ages=np.array([each[3] for each in said], np.float64),
    )


def test_disagreement_takes_trust_away() -> None:
    """Two of three count a third, half against half nothing."""
    found, _ = lived(np.random.default_rng(5), [(banded(0, 0.0, (0.0, 0.5)), 4)])
    said = [(0, 0, True, 1.0), (0, 1, True, 1.0), (0, 2, False, 1.0), (1, 0, True, 1.0)]
    said += [(1, 1, False, 1.0), (2, 0, False, 1.0)]
    reviewed = msgspec.structs.replace(found, answers=answers_of(said)).reviewed()
    assert reviewed.trust[:3].tolist() == pytest.approx([1 / 3, 0, 1])
    assert np.isnan(reviewed.anomaly[3])


def test_the_later_releases_alone() -> None:
    """`under` keeps their events with their answers."""
    epochs = [(banded(each, 0.0, (0.0, 0.5)), 1_500) for each in (0, 1)]
    found, _ = lived(np.random.default_rng(6), epochs)
    found = msgspec.structs.replace(
        found, answers=answers_of([(0, 0, True, 0), (2_999, 1, True, 0)])
    )
    young = found.under(1)
    assert young.chosen.scores.size == (found.chosen.releases >= 1).sum()
    assert young.answers.analysts.tolist() == [1]
    assert young.chosen.scores[young.answers.items[0]] == found.chosen.scores[2_999]
