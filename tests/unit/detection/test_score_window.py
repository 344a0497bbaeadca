"""Rarity and thresholds against the plainest counting."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from floodline.detection.rarity import ScoreWindow
from floodline.errors import StateRefused

# Few distinct values make ties; the rest of [0, 1] makes the others.
score = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(0, 1))
history = st.lists(score, max_size=60)


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


def test_a_window_needs_a_size() -> None:
    """A window of no scores is a fault of the caller's."""
    with pytest.raises(ValueError, match="at least 1"):
        ScoreWindow(0)
