"""The scorer: decide by the rule in force, then learn; the state carries it all."""

import math
import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from floodline.detection.parameters import RiverProfile
from floodline.detection.river_profile import RiverProfileForest
from floodline.detection.scorer import Scored, Scorer
from floodline.detection.threshold_rule import ThresholdRule
from floodline.errors import StateRefused

PARAMETERS = RiverProfile(trees=3, height=3, window=10, seed=1)
RARE = ThresholdRule(rarity=0.1)

unit = st.floats(0, 1)
streams = st.lists(st.fixed_dictionaries({"a": unit, "b": unit}), max_size=50)
rules = st.one_of(
    st.floats(0, 1).map(lambda score: ThresholdRule(score=score)),
    st.floats(0.01, 0.99).map(lambda rarity: ThresholdRule(rarity=rarity)),
)


def run(scorer: Scorer, stream: list[dict[str, float]], rule: ThresholdRule) -> list[Scored]:
    """Step through the events."""
    return [scorer.step(features, rule) for features in stream]


def plain_stream(count: int, seed: int = 1) -> list[dict[str, float]]:
    """Seeded events."""
    draw = random.Random(seed)
    return [{"a": draw.random(), "b": draw.random()} for _ in range(count)]


@settings(max_examples=50, deadline=None)
@given(stream=streams, rule=rules)
def test_an_alert_is_a_score_at_the_threshold(
    stream: list[dict[str, float]], rule: ThresholdRule
) -> None:
    """After the warm-up an event alerts exactly when its score reaches the threshold."""
    for index, scored in enumerate(run(Scorer.new(PARAMETERS, ("a", "b")), stream, rule)):
        assert scored.warming_up == (index < PARAMETERS.window)
        assert scored.is_alert == (not scored.warming_up and scored.score >= scored.threshold)
        assert 0 <= scored.score <= 1
        assert 0 < scored.rarity <= 1
        if rule.score is not None:
            assert scored.threshold == rule.score
        elif rule.rarity is not None and not scored.warming_up:
            assert scored.is_alert == (scored.rarity <= rule.rarity)


@settings(max_examples=50, deadline=None)
@given(stream=streams, more=streams, rule=rules)
def test_a_state_has_the_same_future(
    stream: list[dict[str, float]], more: list[dict[str, float]], rule: ThresholdRule
) -> None:
    """A scorer loaded from its state at any event decides on as the first does, to the bit."""
    scorer = Scorer.new(PARAMETERS, ("a", "b"))
    run(scorer, stream, rule)
    again = Scorer.from_state(scorer.to_state())
    assert again.state_hash() == scorer.state_hash()
    assert again.events == len(stream)
    assert run(again, more, rule) == run(scorer, more, rule)
    assert again.state_hash() == scorer.state_hash()


def test_scores_do_not_depend_on_the_rule() -> None:
    """The rule decides on alerts only: scores and states are the same under every rule."""
    stream = plain_stream(100)
    one, two = Scorer.new(PARAMETERS, ("a", "b")), Scorer.new(PARAMETERS, ("a", "b"))
    first, second = run(one, stream, RARE), run(two, stream, ThresholdRule(score=0.5))
    assert [each.score for each in first] == [each.score for each in second]
    assert one.state_hash() == two.state_hash()


def test_rarity_compares_with_earlier_events_only() -> None:
    """The first event after the warm-up has nothing to be compared with: its rarity is 1."""
    scored = run(Scorer.new(PARAMETERS, ("a", "b")), plain_stream(12), RARE)
    assert [each.rarity for each in scored[:11]] == [1.0] * 11
    assert scored[10].threshold == math.inf
    assert scored[11].rarity in (0.5, 1.0)


def test_scoring_without_learning_leaves_the_forest_alone() -> None:
    """With learn=False only the recent scores and the count go on."""
    scorer = Scorer.new(PARAMETERS, ("a", "b"))
    run(scorer, plain_stream(30), RARE)
    probe = {"a": 0.5, "b": 0.5}
    forest = scorer.detector.to_state()
    first = scorer.step(probe, RARE, learn=False)
    assert scorer.detector.to_state() == forest
    assert scorer.step(probe, RARE, learn=False).score == first.score
    assert scorer.events == 32


def test_what_it_was_made_with_can_be_asked() -> None:
    """Features and parameters tell whether a kept model fits a detector."""
    scorer = Scorer.new(PARAMETERS, ("a", "b"))
    assert (scorer.features, scorer.parameters) == (("a", "b"), PARAMETERS)
    assert Scorer.new(PARAMETERS, ("b", "a")).features == ("a", "b")


@pytest.mark.parametrize(
    "change",
    [
        {"version": 3},
        {"events": -1},
        {"scores": b"odd"},
        {"detector": b""},
        {"detector": RiverProfileForest(PARAMETERS, ("a", "b")).to_state()[:-1]},
        {"more": 1},
    ],
)
def test_a_state_that_no_scorer_wrote_is_refused(change: dict[str, object]) -> None:
    """A state of another version, or with parts that do not fit, is refused."""
    scorer = Scorer.new(PARAMETERS, ("a", "b"))
    run(scorer, plain_stream(30), RARE)
    content = msgspec.msgpack.decode(scorer.to_state()) | change
    with pytest.raises(StateRefused):
        Scorer.from_state(msgspec.msgpack.encode(content))


@given(st.binary(max_size=300))
def test_random_bytes_are_refused(data: bytes) -> None:
    """Any bytes that are no state raise StateRefused and nothing else."""
    with pytest.raises(StateRefused):
        Scorer.from_state(data)


@pytest.mark.parametrize("rule", [{}, {"score": 0.5, "rarity": 0.1}])
def test_a_rule_is_one_of_two(rule: dict[str, float]) -> None:
    """A threshold is either a score or a rarity, never both or neither."""
    with pytest.raises(ValueError, match="either a score or a rarity"):
        ThresholdRule(**rule)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(rule), type=ThresholdRule)


def test_a_score_at_the_threshold_is_an_alert() -> None:
    """The threshold itself alerts; the next float above it does not."""
    stream = plain_stream(40)
    last = run(Scorer.new(PARAMETERS, ("a", "b")), stream, RARE)[-1].score
    at = run(Scorer.new(PARAMETERS, ("a", "b")), stream, ThresholdRule(score=last))[-1]
    above = run(
        Scorer.new(PARAMETERS, ("a", "b")), stream, ThresholdRule(score=math.nextafter(last, 2))
    )[-1]
    assert (at.is_alert, above.is_alert) == (True, False)
