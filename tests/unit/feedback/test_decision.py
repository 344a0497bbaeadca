"""The policy's aim within the guard rails."""

import msgspec
import numpy as np
import pytest

from floodline.feedback.decision import Decider, Decision, GuardRails, Standing
from floodline.feedback.evidence import Answers, Chosen, Epoch, Evidence
from floodline.feedback.policies import Fixed, PrecisionTarget
from floodline.feedback.review_sampling import Sampling

RAILS = GuardRails(
    min_labels=30,
    largest_step=0.5,
    smallest_step=0.02,
    cool_down=1.0,
    analyst_step=4.0,
    floor=0.0,
    ceiling=1.0,
)
DECIDER = Decider(policy=PrecisionTarget(at_least=0.8), rails=RAILS, confidence=0.9)
ANALYSTS = 5


def standing(
    threshold: float, day_ago: float | None = None, moved: float | None = None
) -> Standing:
    """The threshold as it stands."""
    return Standing(threshold=threshold, a_day_ago=day_ago, moved=moved)


def evidence(
    seed: int,
    *,
    liar: int | None = None,
    count: int = 4_000,
    threshold: float = 0.5,
    analysts: int = ANALYSTS,
    hours: float = 72.0,
) -> Evidence:
    """Events with P(real | s) = s, all above .5 alerted; half of them have an answer."""
    draw = np.random.default_rng(seed)
    scores = draw.uniform(0.3, 1, count)
    alerted = scores >= threshold
    kept = alerted | (draw.random(count) < 0.2)
    scores, offsets = scores[kept], np.flatnonzero(kept)
    ages = hours * (1 - offsets / count)
    items = np.flatnonzero(draw.random(scores.size) < 0.5)
    real = draw.random(items.size) < scores[items]
    who = draw.integers(analysts, size=items.size)
    if liar is not None:
        lies = (who == liar) & (ages[items] <= 24)
        real = real ^ lies
    size = scores.size
    return Evidence(
        chosen=Chosen(
            scores=scores,
            thresholds=np.full(size, threshold),
            releases=np.zeros(size, np.int64),
            places=np.zeros(size, np.int64),
            offsets=offsets,
            ages=ages,
        ),
        answers=Answers.open(items=items, analysts=who, real=real, ages=ages[items]),
        epochs=(Epoch(release=0, threshold=threshold, sampling=Sampling.even(0.2)),),
    )


def decide(found: Evidence, at: Standing, **rails: float) -> Decision:
    """The decision under guard rails that differ so."""
    changed = msgspec.structs.replace(RAILS, **rails)
    return msgspec.structs.replace(DECIDER, rails=changed).decide(found, at)


def test_the_same_evidence_gives_the_same_decision() -> None:
    """Nothing but the arguments counts."""
    one, other = (decide(evidence(1), standing(0.5)) for _ in range(2))
    assert one == other
    assert one.outcome == "moved"
    assert one.threshold_after is not None
    assert one.threshold_after > 0.5
    assert one.kept


def test_the_way_there_does_not_matter() -> None:
    """From above and from below, steps lead to the same threshold."""
    ends = []
    for start in (0.5, 0.75):
        at = start
        for _ in range(12):
            after = decide(evidence(2), standing(at, day_ago=start), smallest_step=0.001)
            assert after.threshold_after is not None
            at = after.threshold_after
        ends.append(at)
    assert ends[0] == pytest.approx(ends[1], abs=0.02)


def test_too_few_labels_and_too_soon_move_nothing() -> None:
    """The reason says what is missing."""
    found = evidence(3)
    few = msgspec.structs.replace(
        found, answers=found.answers.where(np.arange(found.answers.items.size) < 20)
    )
    held = decide(few, standing(0.5))
    assert (held.outcome, held.rails) == ("held", ("min_labels",))
    assert "20 labels so far; a move needs 30" in held.reason
    anew = msgspec.structs.replace(standing(0.5), retrained=7)
    told = "20 labels since release 7 retrained the model; a move needs 30"
    assert told in decide(few, anew).reason
    soon = decide(found, standing(0.5, moved=0.5))
    assert (soon.outcome, soon.rails) == ("held", ("cool_down",))
    assert "30 min ago" in soon.reason


def test_one_step_takes_at_most_its_share_of_the_gap() -> None:
    """And says that a guard rail kept it from the aim."""
    moved = decide(evidence(4), standing(0.5), largest_step=0.1)
    assert moved.threshold_after == pytest.approx(0.55)
    assert moved.rails == ("largest_step",)
    assert "no higher than 0.5500 in one move (threshold.largest_step)" in moved.reason


def test_a_small_difference_is_not_worth_a_move() -> None:
    """The hysteresis: the threshold does not tremble with each label."""
    found = evidence(5)
    there = decide(found, standing(0.5)).aim
    assert there is not None
    held = decide(found, standing(there + 0.001))
    assert (held.outcome, held.rails) == ("held", ("smallest_step",))


def test_floor_and_ceiling_hold() -> None:
    """Whatever the labels say."""
    assert decide(evidence(6), standing(0.5), ceiling=0.52).threshold_after == 0.52
    assert decide(evidence(6), standing(0.95), floor=0.94).threshold_after == 0.94


@pytest.mark.parametrize("seed", range(8))
def test_one_of_five_who_answers_the_opposite_for_a_day_is_bounded(seed: int) -> None:
    """The gap differs from the one without the liar by at most the stated factor, or is held."""
    honest, lied = evidence(seed), evidence(seed, liar=2)
    at = standing(0.5, day_ago=0.5)
    step = 1.25
    without = decide(lied.without(2, 24.0), at, analyst_step=1e9, largest_step=0.99)
    outcome = decide(lied, at, analyst_step=step, largest_step=0.99)
    assert without.threshold_after is not None
    assert outcome.threshold_after is not None
    factor = (1 - outcome.threshold_after) / (1 - without.threshold_after)
    assert outcome.outcome == "held" or 1 / step - 1e-9 <= factor <= step + 1e-9
    assert honest.answers.items.size == lied.answers.items.size


def test_a_lone_analyst_is_bounded_by_the_threshold_of_a_day_ago() -> None:
    """Without anybody else's labels, the day's moves stay within the factor of where it was."""
    found = evidence(7, analysts=1, hours=20.0)
    moved = decide(found, standing(0.5, day_ago=0.5), analyst_step=1.2)
    assert moved.rails == ("analyst_step",)
    assert moved.threshold_after == pytest.approx(1 - 0.5 / 1.2)


def moves(found: Evidence, start: float, day_ago: float | None, **rails: float) -> list[float]:
    """Every threshold that the same evidence leads to, look by look."""
    path = [start]
    for _ in range(30):
        decision = decide(found, standing(path[-1], day_ago=day_ago), **rails)
        if decision.outcome == "held" or decision.threshold_after is None:
            break
        path.append(decision.threshold_after)
    return path


def called_false(seed: int) -> Evidence:
    """Forty honest answers of yesterday; and one account calls all the others false today."""
    draw = np.random.default_rng(seed)
    count = 400
    scores, real = draw.uniform(0.5, 1, count), draw.random(count) < 0.8
    honest = draw.choice(count, 40, replace=False)
    others = np.setdiff1d(np.arange(count), honest)
    return Evidence(
        chosen=Chosen(
            scores=scores,
            thresholds=np.full(count, 0.5),
            releases=np.zeros(count, np.int64),
            places=np.zeros(count, np.int64),
            offsets=np.arange(count) * 10,
            ages=draw.uniform(25, 48, count),
        ),
        answers=Answers.open(
            items=np.concatenate([others, honest]),
            analysts=np.repeat([0, 1], [others.size, honest.size]),
            real=np.concatenate([scores[others] > 0.99, real[honest]]),
            ages=np.repeat([1.0, 24.5], [others.size, honest.size]),
        ),
        epochs=(Epoch(release=0, threshold=0.5, sampling=Sampling.even(0.01)),),
    )


@pytest.mark.parametrize("seed", range(12))
def test_an_analysts_bound_does_not_follow_the_moves_it_allowed(seed: int) -> None:
    """Look by look one account comes no further than in one, and the threshold comes to rest."""
    found = called_false(seed)
    path = moves(found, 0.5, 0.5)
    alone = decide(found.without(0, 24.0), standing(0.5), largest_step=0.99, analyst_step=1e9)
    assert alone.threshold_after is not None
    assert len(path) < 20
    assert (1 - alone.threshold_after) / (1 - path[-1]) <= RAILS.analyst_step * (1 + 1e-9)


def test_on_the_first_day_a_lone_analyst_is_bounded_by_where_it_began() -> None:
    """No threshold of a day ago is known yet: the oldest alerts tell what it was."""
    found = evidence(7, analysts=1, hours=20.0)
    assert moves(found, 0.5, None, analyst_step=1.1)[-1] == pytest.approx(1 - 0.5 / 1.1)


@pytest.mark.parametrize(
    ("start", "changes", "after"),
    [
        (0.99, {"ceiling": 0.55}, 0.98),
        (0.1, {"floor": 0.9}, 0.55),
        (1.0, {"ceiling": 0.55}, 0.55),
    ],
)
def test_a_bound_that_lies_beyond_is_reached_by_steps(
    start: float, changes: dict[str, float], after: float
) -> None:
    """One move takes half of the gap, or gives back as much; from 1 a ceiling alone leads away."""
    moved = decide(evidence(1), standing(start, day_ago=start), analyst_step=1e9, **changes)
    assert moved.outcome == "moved"
    assert moved.threshold_after == pytest.approx(after)
    assert "floor and ceiling" in moved.rails
    assert "a threshold of 1" not in moved.reason


def test_under_a_rarity_rule_the_newest_thresholds_stand_in() -> None:
    """There is no score in force; the alerts' own thresholds say where to start."""
    moved = decide(evidence(8), Standing(threshold=None, a_day_ago=None, moved=None))
    assert moved.threshold_before == 0.5


def test_a_fixed_policy_is_not_moved() -> None:
    """Labels count, the threshold stays."""
    fixed = msgspec.structs.replace(DECIDER, policy=Fixed())
    held = fixed.decide(evidence(9), standing(0.5))
    assert held.outcome == "held"
    assert "labels move nothing" in held.reason


def test_nothing_at_all_is_held() -> None:
    """No event yet: no threshold stands in for the rarity, and nothing moves."""
    empty = evidence(10).under(1)
    held = decide(empty, Standing(threshold=None, a_day_ago=None, moved=None))
    assert (held.outcome, held.threshold_before, held.before) == ("held", None, None)


def test_at_one_there_is_no_move_to_one() -> None:
    """Without a gap to take a share of, the threshold is held, not moved in place."""
    found = decide(evidence(1), standing(1.0), smallest_step=0.0)
    assert (found.outcome, found.threshold_after) == ("held", 1.0)
    assert found.rails == ("largest_step",)
    assert decide(evidence(1), standing(1.0)).outcome == "held"
