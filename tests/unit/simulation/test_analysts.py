"""Wrong answers, late answers."""

import numpy as np
import pytest

from floodline.simulation.analysts import Analysts

TRUTH = np.arange(20_000) % 10 == 0
ALL = np.arange(TRUTH.size)


@pytest.mark.parametrize("noise", [0.0, 0.05, 0.5, 1.0])
def test_noise_is_the_share_of_wrong_answers(noise: float) -> None:
    """Of real ones and of others alike."""
    analysts = Analysts(TRUTH, noise=noise, delay=0, people=5, seed=1)
    analysts.review(ALL, 0)
    wrong = analysts.told(0).real != TRUTH
    assert wrong[TRUTH].mean() == pytest.approx(noise, abs=0.04)
    assert wrong[~TRUTH].mean() == pytest.approx(noise, abs=0.02)


def test_the_same_seed_says_the_same_in_any_order() -> None:
    """What is said of an event does not depend on what else was asked, nor when."""
    first = Analysts(TRUTH, noise=0.3, delay=0, people=5, seed=1)
    second = Analysts(TRUTH, noise=0.3, delay=2, people=5, seed=1)
    first.review(ALL, 0)
    second.review(ALL[::-1], 3)
    one, other = first.told(0), second.told(5)
    assert (one.real == other.real[::-1]).all()
    assert (one.analysts == other.analysts[::-1]).all()
    assert set(one.analysts.tolist()) == set(range(5))
    third = Analysts(TRUTH, noise=0.3, delay=0, people=5, seed=2)
    third.review(ALL, 0)
    assert (third.told(0).real != one.real).any()


def test_labels_are_known_after_the_delay_and_once() -> None:
    """Reviews of window 1 with a delay of 2 are known after window 3, not before, not again."""
    analysts = Analysts(TRUTH, noise=0.0, delay=2, people=1, seed=1)
    analysts.review(np.array([7, 10]), 1)
    assert [analysts.told(window).events.tolist() for window in range(5)] == [
        [], [], [], [7, 10], [],
    ]  # fmt: skip
