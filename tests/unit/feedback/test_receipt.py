"""What an answer changed."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings

from floodline.feedback.decision import Decider, GuardRails, Standing
from floodline.feedback.evidence import Answers
from floodline.feedback.policies import Fixed, Policy, PrecisionTarget
from floodline.feedback.receipt import receipt
from tests.unit.feedback.evidence_cases import EVENTS, Events, evidence

STANDING = Standing(threshold=0.5, a_day_ago=0.5, moved=None)
RAILS = GuardRails(
    min_labels=3,
    largest_step=0.5,
    smallest_step=0.02,
    cool_down=0.0,
    analyst_step=1000.0,
    floor=0.0,
    ceiling=1.0,
)


def decider(policy: Policy | None = None) -> Decider:
    return Decider(policy=policy or PrecisionTarget(at_least=0.5), rails=RAILS, confidence=0.9)


def test_the_answer_that_reaches_the_least_labels_brings_the_move() -> None:
    """Two labels move nothing; the third one does, and the receipt says so."""
    seen: Events = [(0.55, False), (0.6, False), (0.9, True), (0.95, None), (0.7, None)]
    found = receipt(evidence(seen), 2, STANDING, decider())
    assert (found.answers, found.without.outcome, found.now.outcome) == (1, "held", "moved")
    assert found.moves
    assert found.text.startswith("With this answer the precision at 0.5000 goes from 0.0% (0.0% to")
    move = f"; the threshold will be raised to {found.now.threshold_after:.4f}, not held at 0.5000."
    assert found.text.endswith(move)


def test_an_answer_below_the_threshold_tells_of_recall() -> None:
    """What a sample says is what is missed."""
    found = receipt(evidence([(0.9, True), (0.2, True)]), 1, STANDING, decider())
    assert found.text.startswith("With this answer the recall at 0.5000 goes from 100.0% (")
    assert found.text.endswith("; the threshold is held at 0.5000 as before.")


def test_an_event_without_an_answer_changes_nothing() -> None:
    """No answer, no difference."""
    found = receipt(evidence([(0.9, True), (0.2, None)]), 1, STANDING, decider())
    assert found.without is found.now
    assert (found.moves, found.text) == (
        False,
        "Nobody has answered this event, so it changes nothing.",
    )


def test_a_frozen_threshold_is_said_to_stay() -> None:
    """No move is announced that will not come."""
    seen: Events = [(0.55, False), (0.6, False), (0.9, True), (0.95, None), (0.7, None)]
    found = receipt(evidence(seen), 2, STANDING, decider(), frozen=True)
    assert found.text.endswith("the threshold is frozen and stays.")


def test_under_a_fixed_policy_only_estimates_change() -> None:
    """Labels still teach what the threshold gives."""
    found = receipt(evidence([(0.9, True), (0.8, False)]), 0, STANDING, decider(Fixed()))
    assert "goes from" in found.text
    assert not found.moves


def test_an_event_that_is_not_there_is_refused() -> None:
    """Neither beyond the end nor counted from it."""
    for item in (-1, 1):
        with pytest.raises(ValueError, match="not among"):
            receipt(evidence([(0.9, True)]), item, STANDING, decider())


@settings(deadline=None, max_examples=60)
@given(EVENTS.filter(bool))
def test_the_decision_without_is_the_one_as_if_nobody_had_answered(seen: Events) -> None:
    """Taking the answers away and never having had them come to the same."""
    blank = [(score, None if item == 0 else answer) for item, (score, answer) in enumerate(seen)]
    found = receipt(evidence(seen), 0, STANDING, decider())
    never = decider().decide(evidence(blank), STANDING)
    assert msgspec.json.encode(found.without) == msgspec.json.encode(never)
    assert found.text.count(".\n") == 0
    assert found.text.endswith(".")


def test_answers_of_all_analysts_on_the_event_are_taken_away() -> None:
    """Two analysts, one event: without it there are no labels."""
    given_evidence = evidence([(0.9, True)])
    twice = Answers.open(
        items=np.array([0, 0]),
        analysts=np.array([0, 1]),
        real=np.array([True, False]),
        ages=np.array([1.0, 2.0]),
    )
    found = receipt(msgspec.structs.replace(given_evidence, answers=twice), 0, STANDING, decider())
    assert (found.answers, found.without.labels, found.now.labels) == (2, 0, 1)
    assert found.text.startswith("With these 2 answers the precision at 0.5000 ")
