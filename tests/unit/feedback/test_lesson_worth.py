"""What lessons are worth beside surprise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from floodline.feedback.lesson_worth import LEAST
from floodline.feedback.lesson_worth import lesson_worth as worth_of

Judged = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]


def judged(seed: int, count: int, of_surprise: float, of_lesson: float) -> Judged:
    """Events with z and g, and labels that follow them as far as told."""
    random = np.random.default_rng(seed)
    z, g = random.normal(4.0, 3.0, count), random.normal(0.0, 3.0, count)
    chances = 1.0 / (1.0 + np.exp(-(of_surprise * (z - 4.0) + of_lesson * g)))
    return z, g, random.random(count) < chances


def lesson_worth(z: NDArray[np.float64], g: NDArray[np.float64], up: NDArray[np.bool_]) -> float:
    """By all labels, each fully trusted."""
    return worth_of(z, g, up, np.ones(up.size), np.arange(up.size))


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 1_000), count=st.integers(0, 60), lesson=st.floats(-1.0, 1.0))
def test_it_is_a_part(seed: int, count: int, lesson: float) -> None:
    """Between nothing and all, whatever the labels say; all of it where they say nothing."""
    z, g, up = judged(seed, count, 0.5, lesson)
    found = lesson_worth(z, g, up)
    assert 0.0 <= found <= 1.0
    assert lesson_worth(z, g, np.ones(count, np.bool_)) == 1.0
    assert lesson_worth(z, np.zeros(count), up) == pytest.approx(1.0)


@pytest.mark.parametrize(("of_lesson", "low", "high"), [(0.6, 0.9, 1.0), (0.0, 0.0, 0.3)])
def test_lessons_that_foretell_pass_and_others_do_not(
    of_lesson: float, low: float, high: float
) -> None:
    """Where g says as much as z, all of it; where z alone says which are real, little."""
    found = [lesson_worth(*judged(seed, 200, 0.6, of_lesson)) for seed in range(10)]
    assert low <= np.median(found) <= high


def test_few_labels_of_a_kind_say_nothing() -> None:
    """Up to two of one kind among many of the other."""
    z, g = np.arange(50.0), -np.arange(50.0)
    for few in range(LEAST):
        assert lesson_worth(z, g, np.arange(50) >= 50 - few) == 1.0
    assert lesson_worth(z, g, np.arange(50) >= 50 - LEAST) < 1.0


def test_who_is_not_trusted_is_not_heard() -> None:
    """Labels without trust, and those that are not asked, change nothing."""
    z, g, up = judged(3, 200, 0.6, 0.2)
    wrong = np.concatenate([up, ~up])
    twice = np.concatenate([z, z]), np.concatenate([g, g])
    trust = np.repeat([1.0, 0.0], 200)
    alone = lesson_worth(z, g, up)
    assert worth_of(*twice, wrong, trust, np.arange(400)) == pytest.approx(alone, abs=0.05)
    assert worth_of(*twice, wrong, np.ones(400), np.arange(200)) == alone
