"""What the guard lets through: right labels, wrong ones, coins, and one coin among five people."""

import numpy as np
import pytest
from numpy.typing import NDArray

from floodline.feedback.label_agreement import RECENT, Guard, came_as_foretold, guard

HEIGHT, TREES = 6, 20
PLACES = np.random.default_rng(5).integers(2**HEIGHT, size=(8, TREES))
"""Eight places; events of odd ones are real."""


def judged(
    labels: int, *, noise: float, seed: int = 0, coin: int | None = None, people: int = 5
) -> tuple[Guard, NDArray[np.int64]]:
    """Labels on events near eight places, a share of them wrong; one analyst may toss a coin."""
    random = np.random.default_rng(seed)
    place = random.integers(len(PLACES), size=labels)
    near = np.where(random.random((labels, TREES)) < 0.3, random.integers(2, size=(1, TREES)), 0)
    leaves = (PLACES[place] ^ near).astype(np.uint16)
    analysts = random.integers(people, size=labels)
    up = (place % 2 == 1) ^ (random.random(labels) < noise)
    if coin is not None:
        up = np.where(analysts == coin, random.random(labels) < 0.5, up)
    return guard(leaves, up, analysts, HEIGHT, 0.3), analysts


@pytest.mark.parametrize("labels", [0, 1, 5, 20, 100, 1_000])
def test_right_labels_pass(labels: int) -> None:
    """All of them, from the first on."""
    found, _ = judged(labels, noise=0.0)
    assert found.share == 1.0
    assert (found.by_label == 1.0).all()


@pytest.mark.parametrize("seed", range(5))
def test_a_fifth_of_wrong_labels_passes(seed: int) -> None:
    """Right neighbours outvote them."""
    assert judged(200, noise=0.2, seed=seed)[0].share == 1.0


def test_coins_are_rarely_let_in() -> None:
    """Over thirty teams of coins, a fifth passes on average at most."""
    assert np.mean([judged(150, noise=0.5, seed=seed)[0].share for seed in range(30)]) < 0.2


@pytest.mark.parametrize("seed", range(3))
def test_a_coin_among_five_is_left_out_alone(seed: int) -> None:
    """The others' steps are made."""
    found, analysts = judged(300, noise=0.0, seed=seed, coin=2)
    assert found.share == 1.0
    assert found.by_label[analysts == 2].max() < 0.6
    assert found.by_label[analysts != 2].min() > 0.9


def test_one_who_works_alone_is_judged_by_the_whole_only() -> None:
    """There is nobody to compare with."""
    found, _ = judged(100, noise=0.5, people=1)
    assert (found.by_label == 1.0).all()
    assert found.share < 0.5


def test_what_is_long_past_is_forgotten() -> None:
    """Right labels after coins pass again."""
    random, coins = np.random.default_rng(0), 2 * RECENT
    place = random.integers(len(PLACES), size=3 * coins)
    up = np.where(np.arange(place.size) < coins, random.random(place.size) < 0.5, place % 2 == 1)
    leaves = PLACES[place].astype(np.uint16)
    who = np.zeros(place.size, np.int64)
    assert guard(leaves[:coins], up[:coins], who[:coins], HEIGHT, 0.3).share < 0.3
    assert guard(leaves, up, who, HEIGHT, 0.3).share == 1.0


def test_what_came_as_foretold_is_counted() -> None:
    """A lesson of less than a bit foretells nothing."""
    foretold = np.array([0.0, 0.9, 2.0, -3.0, 1.5])
    assert came_as_foretold(foretold, np.array([True, False, True, True, True])) == (2 / 3, 3)
    assert came_as_foretold(foretold[:2], np.array([True, True])) == (None, 0)


def test_two_labels_that_differ_close_nothing() -> None:
    """So few may differ by chance; a dozen in one place that differ do not pass."""
    one = np.repeat(PLACES[:1], 12, axis=0).astype(np.uint16)
    up, who = np.arange(12) % 2 == 0, np.zeros(12, np.int64)
    assert guard(one[:2], up[:2], who[:2], HEIGHT, 0.3).share == 1.0
    assert guard(one, up, who, HEIGHT, 0.3).share == 0.0


def test_labels_that_are_nearly_all_up_say_nothing_by_that_alone() -> None:
    """Nine in ten are up wherever they lie: the lessons rank nothing, and do not pass."""
    random = np.random.default_rng(1)
    place = random.integers(len(PLACES), size=300)
    up, who = random.random(300) < 0.85, np.zeros(300, np.int64)
    leaves = PLACES[place].astype(np.uint16)
    assert guard(leaves, up, who, HEIGHT, 0.3).share < 0.3
    assert guard(leaves, ~up, who, HEIGHT, 0.3).share == 1.0
    assert guard(leaves, np.ones_like(up), who, HEIGHT, 0.3).share == 0.0


def test_lessons_that_brought_only_real_ones_pass_on() -> None:
    """Rejections of long ago still tell where not to look, however many labels are up since."""
    place = np.random.default_rng(2).integers(len(PLACES), size=100)
    place = np.concatenate([place, np.full(2_000, 1)])
    up, leaves = place % 2 == 1, PLACES[place].astype(np.uint16)
    assert guard(leaves, up, np.zeros(place.size, np.int64), HEIGHT, 0.3).share == 1.0
