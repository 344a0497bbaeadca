"""Every reason that a decision can give is a plain, true sentence about that decision."""

import msgspec
import numpy as np
import pytest

from floodline.feedback.decision import Decider, Decision, GuardRails, Standing
from floodline.feedback.evidence import Evidence
from floodline.feedback.policies import AlertBudget, Fixed, LeastCost, Policy, PrecisionTarget
from tests.unit.feedback.evidence_cases import Events
from tests.unit.feedback.evidence_cases import evidence as listed
from tests.unit.feedback.test_decision import evidence as mixed

TARGET = PrecisionTarget(at_least=0.8)
WIDE = GuardRails(
    min_labels=3,
    largest_step=0.9,
    smallest_step=0.02,
    cool_down=1.0,
    analyst_step=1000.0,
    floor=0.0,
    ceiling=1.0,
)


def decided(
    found: Evidence, policy: Policy, start: float = 0.5, moved: float | None = None, **rails: float
) -> Decision:
    """The decision under this policy, with guard rails that differ so."""
    changed = msgspec.structs.replace(WIDE, **rails)
    decider = Decider(policy=policy, rails=changed, confidence=0.9)
    return decider.decide(found, Standing(threshold=start, a_day_ago=start, moved=moved))


def alerts(real: int, false: int) -> Events:
    """Alerts with an answer each, the false ones lowest."""
    scores = np.linspace(0.55, 0.95, real + false)
    return [(float(score), index >= false) for index, score in enumerate(scores)]


@pytest.mark.parametrize(
    ("policy", "promise"),
    [
        (TARGET, "at least 80% of the alerts real"),
        (
            AlertBudget(per_hour=20, precision=0.6),
            "at most 20 alerts an hour, at least 60% of them real",
        ),
    ],
)
def test_a_promise_that_is_surely_kept_is_said_to_be(policy: Policy, promise: str) -> None:
    """Where it goes, and that it is the lowest one; held there, the same."""
    found = mixed(1)
    went = decided(found, policy)
    assert went.aim is not None
    assert went.reason == (
        f"raised from 0.5000 to {went.aim:.4f}: the lowest threshold that surely keeps {promise}"
    )
    stays = decided(found, policy, went.aim)
    assert stays.reason == (
        f"held at {went.aim:.4f}: the lowest threshold that surely keeps {promise}"
    )


def test_a_promise_that_is_nearly_kept_is_not_called_unreachable() -> None:
    """The threshold in force is left for a little doubt, though a higher one has less."""
    found = mixed(1)
    lowest = decided(found, TARGET).aim
    assert lowest is not None
    outcomes = [decided(found, TARGET, at) for at in np.arange(lowest - 0.03, lowest, 0.001)]
    nearly = [each.reason for each in outcomes if each.outcome == "held" and not each.kept]
    assert nearly
    assert nearly[0].endswith(
        ": it nearly surely keeps at least 80% of the alerts real; it is raised once the doubt "
        "passes 20%"
    )


def test_too_few_labels_for_a_promise_say_that_more_would_settle_it() -> None:
    """Four of four real may be 80 %, and are not surely."""
    found = decided(listed(alerts(4, 0)), TARGET)
    assert found.reason == (
        "held at 0.5000: it may keep at least 80% of the alerts real, and no threshold surely "
        "does; more labels can settle it"
    )


def test_where_nothing_keeps_the_promise_the_surest_is_named() -> None:
    """Of those from here up, and within the budget where there is one."""
    found = listed(alerts(6, 6))
    said = "yet, and this one has the largest sure share of real ones from here up; more labels"
    assert said in decided(found, PrecisionTarget(at_least=0.95)).reason
    budget = decided(found, AlertBudget(per_hour=0.7, precision=0.95)).reason
    assert (
        "no threshold surely keeps at most 0.7 alerts an hour, at least 95% of them real yet, and "
        "of those with few enough alerts, this one has the largest sure share"
    ) in budget


def test_where_the_labels_prove_nothing_real_no_threshold_is_offered() -> None:
    """It is said what is missing, for the share of real ones and for the budget."""
    found = listed(alerts(0, 6))
    assert decided(found, TARGET).reason == (
        "held: from here up the labels prove next to nothing real, so a higher threshold would "
        "not help; more labels, or a model that tells real from false, would"
    )
    budget = decided(found, AlertBudget(per_hour=100, precision=0.5)).reason
    assert budget.startswith("held: from here up the labels with few enough alerts prove")
    fewer = decided(found, AlertBudget(per_hour=0.5, precision=0.5))
    assert fewer.outcome == "moved"
    assert fewer.reason.endswith(
        ": no threshold surely keeps at most 0.5 alerts an hour, at least 50% of them real: the "
        "labels prove next to nothing real, and this is the lowest with few enough alerts; more "
        "labels, or a model that tells real from false, would tell what is real"
    )


def test_a_budget_that_even_the_highest_score_exceeds_says_so() -> None:
    """All alerts have the same score: none of the real ones is to blame."""
    found = listed([(0.9, True)] * 8)
    assert decided(found, AlertBudget(per_hour=0.5, precision=0.6)).reason == (
        "held: even the highest score that was seen gives more than 0.5 alerts an hour; a larger "
        "budget, or more time without alerts, would let labels move it; a person can set a "
        "higher one"
    )


def test_the_least_cost_is_told_in_figures_and_promises_nothing() -> None:
    """What it costs there and here; where nothing surely costs less, that."""
    found = mixed(1)
    went = decided(found, LeastCost(miss=1, false_alarm=10))
    assert went.aim is not None
    head, _, tail = went.reason.partition(": it costs about ")
    assert head == f"raised from 0.5000 to {went.aim:.4f}: the cheapest by the labels"
    there, _, rest = tail.partition(" an hour, not ")
    here, _, prices = rest.partition(", ")
    assert float(there) < float(here)
    assert prices == "at 1 a miss and 10 a false alarm"
    stays = decided(found, LeastCost(miss=1, false_alarm=1))
    assert stays.reason == (
        "held at 0.5000: no threshold surely costs less at 1 a miss and 1 a false alarm; more "
        "labels can show one that does"
    )


def test_a_guard_rail_says_what_it_allows_and_which_setting_it_is() -> None:
    """The threshold that is released is not called the one that keeps the promise."""
    found = mixed(4)
    asked = " (the lowest threshold that surely keeps at least 80% of the alerts real); "
    step = decided(found, TARGET, largest_step=0.1)
    assert step.reason == (
        f"raised from 0.5000 to 0.5500: the labels ask for {step.aim:.4f} (the lowest threshold "
        "that surely keeps at least 80% of the alerts real); no higher than 0.5500 in one move "
        "(threshold.largest_step)"
    )
    one = mixed(7, analysts=1, hours=20.0)
    lone = "no higher than 0.5455 by one analyst's labels of the last day"
    for reason, end in (
        (
            decided(one, TARGET, analyst_step=1.1).reason,
            f"{lone} (threshold.analyst_step)",
        ),
        (
            decided(found, TARGET, ceiling=0.52).reason,
            "labels move it no higher than 0.5200 (threshold.ceiling)",
        ),
        (
            decided(found, TARGET, 0.95, floor=0.94).reason,
            "labels move it no lower than 0.9400 (threshold.floor)",
        ),
        (
            decided(found, TARGET, 1.0).reason,
            "labels do not lower a threshold of 1; a person can",
        ),
    ):
        assert reason.partition(asked)[2] == end


def test_a_move_that_is_too_small_names_the_setting() -> None:
    """The hysteresis, with and without another guard rail."""
    found = mixed(5)
    there = decided(found, TARGET).aim
    assert there is not None
    near = decided(found, TARGET, there + 0.001)
    least = (1 - there - 0.001) * 0.02
    end = f"; a move of less than {least:.4f} is not made (threshold.smallest_step)"
    assert near.reason.startswith(f"held at {there + 0.001:.4f}: the labels ask for {there:.4f} (")
    assert near.reason.endswith(end)
    railed = decided(found, TARGET, ceiling=0.505)
    assert railed.rails == ("floor and ceiling",)
    assert railed.reason.endswith(
        "no higher than 0.5050 (threshold.ceiling); a move of less than 0.0100 is not made "
        "(threshold.smallest_step)"
    )


def test_analysts_who_pull_apart_hold_it() -> None:
    """Where the bounds of two leave no room, neither is followed."""
    found = mixed(3, analysts=2, hours=20.0)
    strict = found.chosen.scores[found.answers.items] > 0.8
    torn = msgspec.structs.replace(found.answers, real=strict | (found.answers.analysts == 0))
    stays = decided(msgspec.structs.replace(found, answers=torn), TARGET, analyst_step=1.0)
    assert stays.outcome == "held"
    assert "too far apart (threshold.analyst_step)" in stays.reason


def test_what_comes_too_early_says_what_is_missing() -> None:
    """Labels, or time."""
    few = "held: {} so far; a move needs 3 (threshold.min_labels)"
    assert decided(listed([(0.9, None)]), TARGET).reason == few.format("no label")
    assert decided(listed(alerts(1, 0)), TARGET).reason == few.format("1 label")
    assert decided(listed(alerts(2, 0)), TARGET).reason == few.format("2 labels")
    assert decided(mixed(3), TARGET, moved=0.5).reason == (
        "held: the last move was 30 min ago; the next one comes 60 min after it at the earliest "
        "(threshold.cool_down_minutes)"
    )


def test_a_fixed_policy_names_who_can_move_it() -> None:
    """Labels cannot."""
    assert decided(mixed(3), Fixed()).reason == (
        "held: the policy is fixed, so labels move nothing; a person can set another threshold"
    )
