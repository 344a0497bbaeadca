"""Leaf weights: what they do to scores, where they may go, and that they are data."""

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from floodline.detection.leaf_weights import LeafWeights
from floodline.detection.parameters import DefaultProfile, RiverProfile
from floodline.detection.remembering_forest import RememberingForest
from floodline.detection.scorer import Scorer
from floodline.detection.threshold_rule import ThresholdRule
from floodline.errors import StateRefused

NAMES = ("depth", "flow")
PARAMETERS = DefaultProfile(trees=6, height=4, window=50, warm_up=60)
SHAPE = (6, 16)
RULE = ThresholdRule(score=0.9)


def rows(count: int, seed: int = 1) -> Any:
    return np.random.default_rng(seed).normal(size=(count, 2))


def taught(table: Any, count: int = 500) -> RememberingForest:
    """A forest that has learnt and then is taught."""
    forest = RememberingForest(PARAMETERS, NAMES)
    forest.score_learn_many(rows(count))
    forest.teach(table)
    return forest


def test_weights_of_zero_change_no_bit() -> None:
    """A table of zeros gives the plain scores and, without a table again, so does any other."""
    plain, zeros, again = taught(None), taught(np.zeros(SHAPE)), taught(np.ones(SHAPE))
    again.teach(None)
    expected = plain.score_learn_many(rows(300, 2)).tolist()
    assert zeros.score_learn_many(rows(300, 2)).tolist() == expected
    assert again.score_learn_many(rows(300, 2)).tolist() == expected
    assert zeros.to_state() == again.to_state() == plain.to_state()


@settings(deadline=None)
@given(st.integers(0, 2**32), st.floats(0.01, 5.0))
def test_a_lesson_raises_or_lowers_to_the_ordinary_at_most(seed: int, size: float) -> None:
    """Published bits are plain bits plus the lesson, and never below a twentieth of the surprise.

    Events below the ordinary stay at least where they were.
    """
    table = np.random.default_rng(seed).normal(0, size, SHAPE)
    forest, events = taught(table), rows(200, seed + 1)
    plain, usual = forest.bits_many(events), forest.usual
    assert usual is not None
    lessons = np.array([table[np.arange(6), leaves].sum() for leaves in forest.leaves_many(events)])
    surprise = plain - usual
    expected = usual + np.maximum(surprise + lessons, np.minimum(surprise, surprise / 20))
    published = forest.score_many(events)
    assert published == pytest.approx(1.0 / (1.0 + np.exp2(-expected)), rel=1e-12)
    lowered = published < 1.0 / (1.0 + np.exp2(-plain)) * (1.0 - 1e-12)
    assert (plain[lowered] > usual).all()


def test_an_explanation_tells_the_lesson() -> None:
    """Plain total, ordinary bits and lesson make the published score; the total stays plain."""
    table = np.random.default_rng(3).uniform(0, 2.0, SHAPE)
    forest = taught(table)
    for event in np.split(rows(20, 4), 20):
        found = forest.explain(event)
        assert found.total == forest.bits_many(event)[0]
        assert found.usual == forest.usual
        published = 1.0 / (1.0 + np.exp2(-found.total - found.lesson))
        assert published == pytest.approx(forest.score_many(event)[0], rel=1e-12)
        leaves = np.frombuffer(found.leaves, "<u2")
        assert leaves.tolist() == forest.leaves_many(event)[0].tolist()


def test_queue_bits_order_rejected_events_too() -> None:
    """q is surprise plus lesson, without the floor, by the model that scored each event."""
    table = np.full(SHAPE, -3.0)
    forest, twin = taught(table, 480), taught(table, 480)
    scores, queue = forest.score_learn_taught(rows(20, 5))
    expected = [twin.bits_many(event)[0] for event in np.split(rows(20, 5), 20)]
    assert twin.usual is not None
    assert queue == pytest.approx(np.array(expected) - twin.usual - 18.0)
    assert scores.tolist() == twin.score_learn_many(rows(20, 5)).tolist()


def test_the_guard_lets_in_what_labels_call_usual() -> None:
    """A far mode that the guard holds back is learnt once its leaves were called usual."""
    parameters = DefaultProfile(trees=20, height=6, window=100, guard=0.05, warm_up=100)
    stream = rows(4_000, 6)
    stream[2_000:] += np.where(np.random.default_rng(7).random((2_000, 1)) < 0.4, 7.0, 0.0)

    def bits_of_the_mode(*, opened: bool) -> float:
        forest = RememberingForest(parameters, NAMES)
        forest.score_learn_many(stream[:2_000])
        if opened:
            table = np.zeros((20, 64))
            for leaves in forest.leaves_many(stream[2_000:2_200][stream[2_000:2_200, 0] > 4]):
                table[np.arange(20), leaves] = -20.0
            forest.teach(table)
        forest.score_learn_many(stream[2_000:2_800])
        return float(forest.bits_many(np.full((1, 2), 7.0))[0])

    assert bits_of_the_mode(opened=True) < bits_of_the_mode(opened=False) - 1.0


def test_weights_are_data() -> None:
    """Written and read they are the same, to the bit, as before they were written."""
    weights = LeafWeights(PARAMETERS, NAMES, np.random.default_rng(8).normal(size=SHAPE))
    again = LeafWeights.from_bytes(weights.to_bytes())
    assert (again.table == weights.table).all()
    assert again.to_bytes() == weights.to_bytes()
    assert again.fits(PARAMETERS, NAMES)


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 1},
        {"height": 5},
        {"trees": 7},
        {"widths": (2.0,)},
    ],
)
def test_weights_fit_the_same_trees_only(other: dict[str, Any]) -> None:
    """Other trees or features are refused; whatever else differs, leaves are the same regions."""
    weights = LeafWeights(PARAMETERS, NAMES, np.zeros(SHAPE))
    changed = msgspec.structs.replace(PARAMETERS, **other)
    assert not weights.fits(changed, NAMES)
    assert weights.fits(msgspec.structs.replace(PARAMETERS, memory=500, window=99), NAMES)
    with pytest.raises(StateRefused, match="the leaf weights are for trees"):
        Scorer.new(changed, NAMES).teach(weights)
    with pytest.raises(StateRefused, match="the leaf weights are for trees"):
        Scorer.new(PARAMETERS, ("depth", "rain")).teach(weights)


def test_only_the_default_profile_is_taught() -> None:
    """Another detector refuses weights, and takes their absence as it is."""
    scorer = Scorer.new(RiverProfile(), NAMES)
    scorer.teach(None)
    with pytest.raises(StateRefused, match="default profile"):
        scorer.teach(LeafWeights(PARAMETERS, NAMES, np.zeros(SHAPE)))


def test_a_scorer_follows_its_weights() -> None:
    """Raised leaves make alerts of the same events; a loaded state has to be taught again."""
    scorer = Scorer.new(PARAMETERS, NAMES)
    scorer.step_many(rows(500), RULE)
    scorer.teach(LeafWeights(PARAMETERS, NAMES, np.ones(SHAPE)))
    loaded = Scorer.from_state(scorer.to_state())
    assert scorer.step_many(rows(50, 9), RULE).is_alert.all()
    assert not loaded.step_many(rows(50, 9), RULE).is_alert.all()


@pytest.mark.parametrize("table", [np.zeros((6, 8)), np.full(SHAPE, np.inf), np.full(SHAPE, 1e39)])
def test_tables_that_are_none_are_refused(table: Any) -> None:
    """Another shape and numbers that are not finite, before float32 or in it, are refused."""
    with pytest.raises(ValueError, match="finite numbers of shape"):
        LeafWeights(PARAMETERS, NAMES, table)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 9},
        {"format": "x"},
        {"table": b"\0" * 4},
        {"table": np.full(SHAPE, np.nan, "<f4").tobytes()},
        {"features": []},
        {"more": 1},
    ],
)
def test_bytes_that_are_no_weights_are_refused(change: dict[str, Any]) -> None:
    """Whatever else lies in the store under that name is refused, never used."""
    weights = LeafWeights(PARAMETERS, NAMES, np.zeros(SHAPE))
    content = msgspec.msgpack.decode(weights.to_bytes()) | change
    with pytest.raises(StateRefused):
        LeafWeights.from_bytes(msgspec.msgpack.encode(content))
    with pytest.raises(StateRefused):
        LeafWeights.from_bytes(weights.to_bytes()[:-3])
