"""How many events came, told by the few that were chosen."""

import numpy as np

from floodline.feedback.evidence import Chosen, events_per_hour


def chosen(places: list[int], offsets: list[int], ages: list[float]) -> Chosen:
    """Events at these places."""
    return Chosen(
        scores=np.zeros(len(places)),
        thresholds=np.ones(len(places)),
        releases=np.zeros(len(places), np.int64),
        places=np.array(places, np.int64),
        offsets=np.array(offsets, np.int64),
        ages=np.array(ages, np.float64),
    )


def test_it_is_without_bias_at_small_counts() -> None:
    """Two partitions of 1,000 events an hour over ten hours, of which a handful were chosen."""
    draw, found = np.random.default_rng(1), []
    for _ in range(2_000):
        places = draw.integers(0, 2, 12)
        offsets = draw.integers(0, 10_000, 12)
        estimate = events_per_hour(
            chosen(places.tolist(), offsets.tolist(), (10 - offsets / 1_000).tolist())
        )
        if estimate is not None:
            found.append(estimate)
    assert abs(float(np.mean(found)) / 2_000 - 1) < 0.06


def test_no_stretch_and_no_pair_tell_nothing() -> None:
    """One event, events at one moment, or one of each partition."""
    assert events_per_hour(chosen([], [], [])) is None
    assert events_per_hour(chosen([0], [5], [1.0])) is None
    assert events_per_hour(chosen([0, 0], [5, 9], [1.0, 1.0])) is None
    assert events_per_hour(chosen([0, 1], [5, 9], [1.0, 2.0])) is None


def test_a_partition_with_one_event_counts_like_the_others() -> None:
    """Three chosen of the first, one of the second: twice the first's."""
    alone = events_per_hour(chosen([0, 0, 0], [0, 50, 100], [2.0, 1.5, 1.0]))
    beside = events_per_hour(chosen([0, 0, 0, 1], [0, 50, 100, 7], [2.0, 1.5, 1.0, 1.2]))
    assert alone is not None
    assert beside is not None
    assert abs(beside / alone - 2 * (4 / 2) / (5 / 3)) < 1e-9
