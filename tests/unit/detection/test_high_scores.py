"""Rarities of alerts and thresholds from the highest scores alone, against the plainest window."""

import math
import random
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from floodline.detection.kernels import high_scores, score_window
from floodline.detection.rarity import ScoreWindow
from floodline.detection.threshold_rule import ThresholdRule
from tests.fixtures.plain_window import PlainWindow

score = st.one_of(st.sampled_from([-0.0, 0.0, 0.25, 0.5, 1.0]), st.floats(0, 1))
rule = st.one_of(
    st.builds(lambda rarity: ThresholdRule(rarity=rarity), st.floats(0.0001, 0.9999)),
    st.builds(lambda fixed: ThresholdRule(score=fixed), score),
)
ALERTS, ALL, LEARN, STATE = "alerts", "all", "learn", "state"
Batch = tuple[list[float], int, ThresholdRule, str]


@pytest.fixture(autouse=True, scope="module")
def compiled_kernels() -> None:
    """No test waits for the compiler within its deadline."""
    score_window.prepare()
    high_scores.prepare()


def check_batch(window: ScoreWindow, plain: PlainWindow, batch: Batch) -> None:
    """Step both by the batch; what the window says is what the plain one says."""
    scores, learn_from, asked, mode = batch
    position = plain.position
    expected = [
        plain.step(each, asked.rarity, learn=index >= learn_from)
        for index, each in enumerate(scores)
    ]
    rarities = np.array([rarity for rarity, _ in expected])
    thresholds = np.array([threshold for _, threshold in expected])
    row = np.asarray(scores, dtype=np.float64)
    if mode == ALL:
        found = window.step_many(row, asked.rarity, learn_from)
    elif mode == LEARN:
        window.stand_at(position + min(learn_from, row.size))
        for each in scores[learn_from:]:
            window.learn(each)
        return
    else:
        wanted = np.arange(row.size) % 3 == 0
        found = window.step_alerts(row, asked, learn_from, asked=wanted)
        thresholds = thresholds if asked.score is None else np.full(row.size, asked.score)
        rarities = np.where((row >= thresholds) | wanted, rarities, math.nan)
    np.testing.assert_array_equal(found[0], rarities)
    np.testing.assert_array_equal(found[1], thresholds)


def compare(size: int, batches: list[Batch]) -> None:
    """Step through the batches, each in its mode and by its rule; a state is the plain ring."""
    window, plain = ScoreWindow(size), PlainWindow(size)
    for batch in batches:
        check_batch(window, plain, batch)
        state = window.to_state()
        assert state == np.asarray(plain.arrival, dtype="<f8").tobytes()
        assert len(window) == len(plain.arrival)
        if batch[3] == STATE and np.isfinite(plain.arrival).all():
            window = ScoreWindow.from_state(size, state)
            window.stand_at(plain.position)  # as the scorer does, which knows it


@given(
    size=st.integers(1, 50),
    batches=st.lists(
        st.tuples(
            st.lists(score, max_size=150),
            st.integers(0, 5),
            rule,
            st.sampled_from([ALERTS, ALERTS, ALL, LEARN, STATE]),
        ),
        max_size=8,
    ),
)
@example(size=1, batches=[([-0.0, 0.0, 0.5, 0.5, 0.1], 1, ThresholdRule(rarity=0.5), ALERTS)])
def test_alerts_are_stepped_as_all(size: int, batches: list[Batch]) -> None:
    """Whatever rules, modes, cold scores and reloads come, in any cut, nothing differs."""
    compare(size, batches)


def shifting(index: int, draw: random.Random) -> float:
    """Levels that jump up and down, one of them constant, with ties."""
    level = (0.2, 0.8, 0.5, 0.1, 0.9)[index // 1_300 % 5]
    spread = (0.1, 0.05, 0.0, 0.1, 0.1)[index // 1_300 % 5]
    return round(level + spread * draw.random(), draw.choice((2, 17)))


SHAPES: dict[str, Callable[[int, random.Random], float]] = {
    "uniform": lambda index, draw: draw.random(),
    "ties": lambda index, draw: draw.randrange(5) / 4,
    "equal": lambda index, draw: 0.5,
    "rising": lambda index, draw: index / 6_000,
    "falling": lambda index, draw: 1 - index / 6_000,
    "drifting": lambda index, draw: 0.5 + math.sin(index / 700) / 4 + draw.random() / 4,
    "shifting": shifting,
    "infinite": lambda index, draw: draw.choice((math.inf, -math.inf, 0.0, draw.random())),
}
RULES = [ThresholdRule(rarity=each) for each in (0.001, 0.01, 0.05, 0.3)]
RULES += [ThresholdRule(score=each) for each in (0.0, 0.5, 0.9, 0.999, 1.0)]


def cut(scores: list[float], draw: random.Random, rules: list[ThresholdRule]) -> list[Batch]:
    """The scores in batches of all lengths, now and then by another rule or in another mode."""
    batches: list[Batch] = []
    asked, start = rules[0], 0
    while start < len(scores):
        end = start + draw.choice((1, 7, 64, 500, 1_999))
        asked = draw.choice(rules) if draw.random() < 0.2 else asked
        mode = draw.choice((ALL, STATE, LEARN)) if draw.random() < 0.2 else ALERTS
        batches.append((scores[start:end], draw.choice((0, 0, 3)), asked, mode))
        start = end
    return batches


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [100, 1_000])
def test_the_floor_follows_the_scores(shape: str, size: int) -> None:
    """However scores rise, fall, jump or tie, each answer is the plain window's."""
    draw = random.Random(size)
    scores = [float(SHAPES[shape](index, draw)) for index in range(6_000)]
    for rules in ([RULES[0]], [RULES[1]], [RULES[6]], RULES):
        compare(size, cut(scores, draw, rules))


@pytest.mark.parametrize("shape", ["falling", "drifting", "uniform", "shifting"])
def test_a_long_fall_is_survived(shape: str) -> None:
    """Over the turns of a large window, more and fewer of the highest are kept, with no effect.

    All scores in order are the oracle: they are quicker than the plainest window, and proven by it.
    """
    draw = random.Random(1)
    scores = np.array([SHAPES[shape](index % 25_000, draw) for index in range(60_000)])
    window, oracle, rule = ScoreWindow(10_000), ScoreWindow(10_000), ThresholdRule(rarity=0.001)
    for start in range(0, scores.size, 500):
        row = scores[start : start + 500]
        rarities, thresholds = oracle.step_many(row, rule.rarity)
        found = window.step_alerts(row, rule)
        np.testing.assert_array_equal(found[0], np.where(row >= thresholds, rarities, np.nan))
        np.testing.assert_array_equal(found[1], thresholds)
    assert window.to_state() == oracle.to_state()


def test_what_is_no_number_is_no_score() -> None:
    """NaN is refused, and nothing of its batch is kept."""
    window = ScoreWindow(5)
    with pytest.raises(ValueError, match="no number"):
        window.step_alerts(np.asarray([0.1, math.nan]), ThresholdRule(rarity=0.1))
    assert len(window) == 0


def test_answers_are_put_where_asked() -> None:
    """Arrays that are given take the answers."""
    into = np.zeros(3), np.zeros(3)
    window = ScoreWindow(5)
    assert window.step_alerts(np.ones(3), ThresholdRule(score=0.5), 0, into) is into
    assert into[0].tolist() == [1.0, 1.0, 1.0]
    assert into[1].tolist() == [0.5, 0.5, 0.5]
