"""The default profile: equal to its plain version, bounded by any single value, kept as data."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from demo import streams
from floodline.detection.detector import Rows, Scores
from floodline.detection.parameters import DefaultProfile
from floodline.detection.remembering_forest import RememberingForest
from tests.unit.detection.plain_forest import PlainForest

HOSTILE = (1e308, -1e308, math.inf, -math.inf, math.nan, 5e-324, -5e-324, 1e-300, -0.0, 1e17)
RELAXED = settings(
    max_examples=60, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
)


def names(count: int) -> tuple[str, ...]:
    return tuple(f"f{column:03}" for column in range(count))


def forest(features: int, **parameters: Any) -> RememberingForest:
    return RememberingForest(DefaultProfile(**parameters), names(features))


def bits(scores: Scores) -> NDArray[np.float64]:
    """What the scores say in bits."""
    return np.asarray(np.log2(scores / (1.0 - scores)))


@st.composite
def hard_streams(draw: st.DrawFn) -> Rows:
    """Events with missing and hostile values, constant, whole-numbered and late features."""
    features = draw(st.integers(1, 4))
    count = draw(st.integers(1, 260))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    rows = random.normal(size=(count, features)) * 10.0 ** random.integers(-3, 4, features)
    for column in range(features):
        kind = draw(st.sampled_from(("usual", "constant", "whole", "late", "vanishing", "never")))
        turn = draw(st.integers(0, count))
        if kind == "constant":
            rows[:, column] = 7.25
            rows[turn : turn + 2, column] = 8.0
        elif kind == "whole":
            rows[:, column] = random.integers(0, 3, count)
        elif kind == "late":
            rows[:turn, column] = math.nan
        elif kind == "vanishing":
            rows[turn : turn + 40, column] = math.nan
        elif kind == "never":
            rows[:, column] = math.nan
    for value in draw(st.lists(st.sampled_from(HOSTILE), max_size=20)):
        rows[random.integers(count), random.integers(features)] = value
    shift = draw(st.integers(0, count))
    rows[shift:] += draw(st.sampled_from((0.0, 0.0, 5.0)))
    return rows


PARAMETERS = st.builds(
    DefaultProfile,
    trees=st.integers(1, 4),
    height=st.integers(1, 7),
    window=st.integers(2, 60),
    memory=st.sampled_from((10, 19, 40, 150, 10_000)),
    widths=st.sampled_from(((1.5, 4.0), (0.7,), (1.0, 2.0, 5.0))),
    winsor=st.sampled_from((1.0, 2.5, 4.0)),
    tail=st.sampled_from((0.0, 0.25, 1.0)),
    tail_clip=st.sampled_from((1.0, 8.0)),
    start=st.sampled_from((2, 3, 16, 20)),
    guard=st.sampled_from((0.0, 0.0, 0.02, 0.1)),
    guard_patience=st.sampled_from((1, 20, 100)),
    seed=st.integers(0, 1_000),
)


@RELAXED
@given(PARAMETERS, hard_streams(), st.integers(1, 70))
def test_kernels_equal_the_plain_forest(parameters: DefaultProfile, rows: Rows, batch: int) -> None:
    """Every score has the bits that the plain forest gives, whatever the stream has in store."""
    plain = PlainForest(parameters, rows.shape[1])
    compiled = RememberingForest(parameters, names(rows.shape[1]))
    expected = [plain.score_learn_one(row) for row in rows.tolist()]
    found = [compiled.score_learn_many(rows[at : at + batch]) for at in range(0, len(rows), batch)]
    assert np.concatenate(found).tolist() == expected


@RELAXED
@given(PARAMETERS, hard_streams(), st.integers(1, 70), st.integers(0, 2**32))
def test_a_taught_forest_equals_the_plain_one(
    parameters: DefaultProfile, rows: Rows, batch: int, seed: int
) -> None:
    """With leaf weights, too, every score has the plain forest's bits, however it is cut."""
    shape = (parameters.trees, 2**parameters.height)
    weights = np.random.default_rng(seed).normal(0, 4.0 / parameters.trees, shape)
    plain = PlainForest(parameters, rows.shape[1], weights.tolist())
    compiled = RememberingForest(parameters, names(rows.shape[1]))
    compiled.teach(weights)
    expected = [plain.score_learn_one(row) for row in rows.tolist()]
    found = [compiled.score_learn_many(rows[at : at + batch]) for at in range(0, len(rows), batch)]
    assert np.concatenate(found).tolist() == expected
    assert compiled.usual == (None if plain.usual != plain.usual else plain.usual)


def families(kind: str, random: np.random.Generator, count: int, features: int) -> Rows:
    """Streams of several kinds, whole numbers and rare ones among them."""
    shape = (count, features)
    made: dict[str, Callable[[], Rows]] = {
        "normal": lambda: random.normal(size=shape),
        "skewed": lambda: np.exp(random.normal(size=shape)),
        "uniform": lambda: random.random(shape),
        "whole": lambda: random.integers(0, 5, shape).astype(np.float64),
        "heavy": lambda: random.standard_cauchy(shape),
        "modes": lambda: random.normal(0, 0.1, shape) + 5.0 * random.integers(0, 3, (count, 1)),
    }
    return made[kind]()


KINDS = st.sampled_from(("normal", "skewed", "uniform", "whole", "heavy", "modes"))


@settings(RELAXED, max_examples=80)
@given(
    KINDS,
    st.integers(0, 2**32),
    st.sampled_from((1, 3, 10)),
    st.sampled_from((3, 15, 40, 300, 1_000, 5_000)),
    st.sampled_from(HOSTILE),
)
def test_one_hostile_value_moves_later_scores_by_at_most_a_bound(
    kind: str, seed: int, features: int, at: int, hostile: float
) -> None:
    """Twin streams with and without it: 3 bits, and .5 once 1,000 events are remembered.

    With one feature alone, whose trees have leaves of a hundredth of a deviation: 8 and 4 bits.
    """
    random = np.random.default_rng(seed)
    rows = families(kind, random, at + 1_200, features)
    twin = rows.copy()
    twin[at, 0] = hostile
    later = max(at + 1, DefaultProfile().start)
    usual = bits(forest(features).score_learn_many(rows)[later:])
    moved = bits(forest(features).score_learn_many(twin)[later:])
    bound = {True: {True: 8.0, False: 4.0}, False: {True: 3.0, False: 0.5}}[features == 1]
    assert np.abs(moved - usual).max() <= bound[at < 1_000]


def test_a_constant_feature_is_not_blinded_by_one_value() -> None:
    """Scores of a stream with a constant feature, hostile once, return within a window's end."""
    rows = np.random.default_rng(1).normal(size=(3_000, 3))
    rows[:, 2] = 7.0
    twin = rows.copy()
    twin[1_000, 2] = 1e308
    usual, moved = (bits(forest(3).score_learn_many(x)[1_001:]) for x in (rows, twin))
    assert np.abs(usual - moved).max() < 0.2


def test_an_event_without_features_has_a_score() -> None:
    """It is taken at its most usual: as usual as the most usual events, before and after."""
    rows = np.random.default_rng(1).normal(size=(3_000, 3))
    known = forest(3)
    scores = known.score_learn_many(rows)
    assert 0.0 < known.score_one({}) <= np.quantile(scores[1_000:], 0.01)
    empty = np.full((50, 3), math.nan)
    assert np.isfinite(known.score_learn_many(empty)).all()
    fresh = forest(3)
    assert np.isfinite(fresh.score_learn_many(np.full((2_000, 3), math.nan))).all()


def test_features_that_appear_vanish_and_return() -> None:
    """A new feature raises scores by at most 1.5 bits, 2,000 events long; a returning one does not.

    While it is missing scores are lower, since it is taken at its most usual.
    """
    rows = np.random.default_rng(2).normal(size=(11_000, 4))
    rows[:3_000, 3] = math.nan
    rows[7_000:9_000, 0] = math.nan
    found = bits(forest(4).score_learn_many(rows)[16:])
    middle = {at: float(np.median(found[at : at + 500])) for at in range(500, 10_500, 500)}
    usual = middle[6_000]
    assert max(middle.values()) < usual + 1.5, middle
    assert all(abs(middle[at] - usual) < 0.6 for at in (5_000, 5_500, 9_000, 9_500, 10_000)), middle
    assert max(middle[at] for at in range(500, 2_500, 500)) < usual, middle
    assert max(middle[at] for at in range(7_000, 8_500, 500)) < usual, middle


def test_a_long_silence_teaches_nothing() -> None:
    """After 30,000 events without any feature scores are what they were before."""
    rows = np.random.default_rng(2).normal(size=(36_000, 4))
    rows[5_000:35_000] = math.nan
    found = bits(forest(4).score_learn_many(rows)[16:])
    assert abs(np.median(found[-900:]) - np.median(found[4_000:4_900])) < 0.1


def test_many_features_and_one() -> None:
    """An outlier in each feature stands out among 200 features; one feature is enough as well."""
    random = np.random.default_rng(5)
    for features in (1, 200):
        rows = random.normal(size=(2_000, features))
        rows[1_900] = 6.0
        scores = forest(features).score_learn_many(rows)
        assert scores[1_900] == scores[500:].max()


def test_http_a_is_found_without_labels() -> None:
    """Mean ROC-AUC over five seeds in the order of time: at least .94 (River's profile: .24)."""
    stream = streams.read("http_a")
    rows = np.array([[row[name] for name in stream.features] for row in stream.rows])
    found = [
        roc_auc_score(
            stream.truth,
            RememberingForest(DefaultProfile(seed=seed), stream.features).score_learn_many(rows),
        )
        for seed in range(5)
    ]
    assert np.mean(found) >= 0.94, found


def test_state_is_small() -> None:
    """100 trees of height 8 over 10 features: at most 300 kB, with a guard too."""
    rows = np.random.default_rng(0).normal(size=(20_000, 10))
    for guard in (0.0, 0.02):
        learnt = forest(10, trees=100, height=8, guard=guard)
        learnt.score_learn_many(rows)
        assert len(learnt.to_state()) <= 170_000


def test_rows_with_other_columns_are_refused() -> None:
    """Kernels index without bounds: what does not fit never gets to them."""
    forest = RememberingForest(DefaultProfile(trees=2), ("a", "b"))
    for columns in (1, 3):
        for call in (forest.score_learn_many, forest.score_many, forest.bits_many):
            with pytest.raises(ValueError, match="do not fit"):
                call(np.zeros((100, columns)))


def test_the_farthest_event_scores_one() -> None:
    """However many bits the tail adds, the score stays at its end of [0, 1]."""
    forest = RememberingForest(DefaultProfile(trees=2, tail=3000.0, tail_clip=1e6), ("a",))
    forest.score_learn_many(np.random.default_rng(1).normal(size=(500, 1)))
    assert forest.score_one({"a": 1e9}) == 1.0
