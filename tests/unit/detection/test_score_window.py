"""Rarity and thresholds against the plainest counting."""

import math
import random
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from floodline.detection.kernels import high_scores, score_window
from floodline.detection.rarity import ScoreWindow
from floodline.errors import StateRefused
from tests.fixtures.plain_window import PlainWindow

# Few distinct values make ties; the rest of [0, 1] makes the others.
score = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(0, 1))
history = st.lists(score, max_size=60)


@pytest.fixture(autouse=True, scope="module")
def compiled_kernels() -> None:
    """No test waits for the compiler within its deadline."""
    score_window.prepare()
    high_scores.prepare()


def filled(size: int, scores: list[float]) -> ScoreWindow:
    """A window that has learnt these."""
    window = ScoreWindow(size)
    for each in scores:
        window.learn(each)
    return window


def naive_rarity(size: int, scores: list[float], asked: float) -> float:
    """Count, one by one."""
    kept = scores[-size:]
    return (1 + sum(each >= asked for each in kept)) / (len(kept) + 1)


@given(size=st.integers(1, 30), scores=history, asked=score)
def test_rarity_is_counted(size: int, scores: list[float], asked: float) -> None:
    """The rarity of a score is the share of the last `size` that reached it, itself counted."""
    window = filled(size, scores)
    assert window.rarity(asked) == naive_rarity(size, scores, asked)
    assert len(window) == min(size, len(scores))


@given(
    size=st.integers(1, 120),
    scores=st.lists(score, max_size=120),
    rarity=st.floats(0.0001, 0.9999),
    asked=score,
)
@example(size=120, scores=[0.5] * 99, rarity=0.29, asked=0.6)
@example(size=120, scores=[n / 100 for n in range(99)], rarity=0.29, asked=0.71)
def test_a_threshold_is_what_its_rarity_says(
    size: int, scores: list[float], rarity: float, asked: float
) -> None:
    """A score reaches threshold(r) exactly when its rarity is at most r."""
    window = filled(size, scores)
    assert (asked >= window.threshold(rarity)) == (window.rarity(asked) <= rarity)


@given(size=st.integers(1, 120), scores=st.lists(score, max_size=120), rarity=score)
def test_no_lower_threshold_would_do(size: int, scores: list[float], rarity: float) -> None:
    """The threshold is the lowest such score: the float below it is not rare enough."""
    threshold = filled(size, scores).threshold(rarity)
    if 0 < threshold < math.inf:
        below = math.nextafter(threshold, -math.inf)
        assert naive_rarity(size, scores, below) > rarity


def test_too_few_scores_have_no_threshold() -> None:
    """With fewer than 1/r scores none can be that rare: nothing alerts."""
    window = filled(10_000, [0.5] * 998)
    assert window.threshold(0.001) == math.inf
    window.learn(0.5)
    assert window.threshold(0.001) == math.nextafter(0.5, 1)


def test_ties_are_never_split() -> None:
    """Equal scores alert together or not at all."""
    window = filled(100, [0.9] * 50 + [0.1] * 50)
    assert window.threshold(0.5) == math.nextafter(0.9, 1)
    assert window.threshold(0.51) == math.nextafter(0.1, 1)


@given(size=st.integers(1, 30), scores=history, more=history, asked=score)
def test_a_state_has_the_same_future(
    size: int, scores: list[float], more: list[float], asked: float
) -> None:
    """A window loaded from its state goes on as the first does."""
    window = filled(size, scores)
    again = ScoreWindow.from_state(size, window.to_state())
    for each in more:
        window.learn(each)
        again.learn(each)
    assert again.rarity(asked) == window.rarity(asked)
    assert again.to_state() == window.to_state()


def test_a_longer_state_keeps_the_newest() -> None:
    """In a smaller window the oldest scores go."""
    state = filled(5, [0.1, 0.2, 0.3, 0.4, 0.5]).to_state()
    assert ScoreWindow.from_state(2, state).to_state() == filled(2, [0.4, 0.5]).to_state()


@pytest.mark.parametrize("state", [b"1234567", b"\xff" * 8, filled(1, [math.inf]).to_state()])
def test_a_state_of_other_bytes_is_refused(state: bytes) -> None:
    """Bytes that are no finite float64 numbers are refused."""
    with pytest.raises(StateRefused):
        ScoreWindow.from_state(5, state)


def compare(size: int, batches: list[tuple[list[float], int]], rule: float | None) -> None:
    """Step through the batches; every rarity, threshold and kept score is the plain window's."""
    window, plain = ScoreWindow(size), PlainWindow(size)
    for scores, learn_from in batches:
        rarities, thresholds = window.step_many(np.asarray(scores), rule, learn_from)
        expected = [
            plain.step(score, rule, learn=index >= learn_from) for index, score in enumerate(scores)
        ]
        assert rarities.tolist() == [rarity for rarity, _ in expected]
        np.testing.assert_array_equal(thresholds, [threshold for _, threshold in expected])
        assert window.to_state() == np.asarray(plain.arrival, dtype="<f8").tobytes()
        assert len(window) == len(plain.arrival)


batch = st.tuples(st.lists(score, max_size=150), st.integers(0, 5))


@given(
    size=st.integers(1, 50),
    batches=st.lists(batch, max_size=8),
    rule=st.one_of(st.none(), st.floats(0.0001, 0.9999)),
)
@example(size=1, batches=[([0.5, 0.5, 0.1], 0), ([-0.0, 0.0, 0.5], 1)], rule=0.5)
def test_batches_are_stepped_as_single_scores(
    size: int, batches: list[tuple[list[float], int]], rule: float | None
) -> None:
    """However a stream is cut, `step_many` gives what one score after the other gives."""
    compare(size, batches, rule)


def walk(draw: random.Random) -> float:
    """Scores with ties, in which a level comes and goes."""
    level = draw.choice((0.2, 0.2, 0.9))
    return round(level + draw.random() / 10, draw.choice((1, 2, 17)))


SHAPES: dict[str, Callable[[int, random.Random], float]] = {
    "uniform": lambda index, draw: draw.random(),
    "ties": lambda index, draw: draw.randrange(5) / 4,
    "equal": lambda index, draw: 0.5,
    "rising": lambda index, draw: index / 6_000,
    "falling": lambda index, draw: 1 - index / 6_000,
    "saw": lambda index, draw: (index % 700) / 700,
    "walk": lambda index, draw: walk(draw),
    "thinning": lambda index, draw: draw.random() if index % 1_500 < 750 else 0.5 + index / 1e5,
    "infinite": lambda index, draw: draw.choice((math.inf, -math.inf, 0.0, draw.random())),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("size", "rule"), [(127, 0.5), (129, 0.01), (1_000, 0.001), (1_500, 0.9)])
def test_no_score_is_lost_or_doubled(shape: str, size: int, rule: float) -> None:
    """Over many turns of the window, in every order of arrival, each result is the plain one's."""
    draw = random.Random(size)
    scores = [float(SHAPES[shape](index, draw)) for index in range(6_000)]
    batches, start = [], 0
    while start < len(scores):
        end = start + draw.choice((1, 7, 64, 500, 1_999))
        batches.append((scores[start:end], draw.choice((0, 0, 3))))
        start = end
    compare(size, batches, rule)


def test_what_is_no_number_is_no_score() -> None:
    """NaN is refused, and nothing of its batch is kept."""
    window = filled(5, [0.5])
    with pytest.raises(ValueError, match="no number"):
        window.step_many(np.asarray([0.1, math.nan]), None)
    assert window.to_state() == filled(5, [0.5]).to_state()


def test_rows_that_may_not_be_written_are_read() -> None:
    """A read-only or strided row of scores is stepped like any other."""
    scores = np.linspace(0, 1, 20)[::2]
    scores.flags.writeable = False
    rarities, _ = ScoreWindow(5).step_many(scores, 0.5)
    assert rarities.tolist() == [1 / (1 + min(index, 5)) for index in range(10)]


def test_a_window_needs_a_size() -> None:
    """A window of no scores is a fault of the caller's."""
    with pytest.raises(ValueError, match="at least 1"):
        ScoreWindow(0)
