"""Controls, moves and the threshold's standing, on SQLite and on PostgreSQL."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from floodline.detection.threshold_rule import ThresholdRule
from floodline.errors import Conflict
from floodline.events.messages import Release
from floodline.feedback.decision import Standing
from floodline.feedback.policies import AlertBudget, Fixed
from floodline.storage import controls, moves, releases, threshold_state
from floodline.storage.controls import Controls
from floodline.storage.engine import transaction
from floodline.storage.moves import MoveKind, MoveState
from floodline.storage.tables import MoveRow
from tests.integration.storage.samples import DETECTOR, NOW

INITIAL = ThresholdRule(rarity=0.001)
LATER = NOW + timedelta(hours=2)


def released(
    engine: Engine, number: int, score: float, kind: str = "recalibration", at: datetime = NOW
) -> None:
    """A release with this threshold."""
    release = Release(
        number=number,
        detector=DETECTOR,
        kind=kind,
        threshold=ThresholdRule(score=score),
        reason="test",
        made_by="test",
        created_at=at.isoformat(),
    )
    with transaction(engine) as session:
        releases.insert(session, release, topic="shuttle.releases", figures={}, now=at)


def move(engine: Engine, id: str, state: str = MoveState.PROPOSED, minute: int = 0) -> None:
    """A move by hand."""
    row = MoveRow(
        id=id,
        detector=DETECTOR,
        created_at=NOW + timedelta(minutes=minute),
        kind=MoveKind.MANUAL,
        state=state,
        rule={"score": 0.7, "rarity": None},
        threshold_before=None,
        threshold_after=0.7,
        reason="too many",
        made_by="eva",
        base_release=0,
        figures={},
    )
    with transaction(engine) as session:
        moves.insert(session, row)


def test_nothing_is_set_until_somebody_sets_it(engine: Engine) -> None:
    """Policy and freeze come and go apart from each other."""
    budget = AlertBudget(per_hour=5, precision=0.5)
    with transaction(engine) as session:
        assert controls.get(session, DETECTOR) == Controls()
        controls.unfreeze(session, DETECTOR)
        assert controls.get(session, DETECTOR) == Controls()
        controls.set_policy(session, DETECTOR, budget, "eva", NOW)
        controls.freeze(session, DETECTOR, "ana", "a move of the plant", LATER)
    with transaction(engine) as session:
        found = controls.get(session, DETECTOR)
        assert found == Controls(
            policy=budget,
            policy_by="eva",
            policy_at=NOW,
            frozen_by="ana",
            frozen_at=LATER,
            frozen_reason="a move of the plant",
        )
        assert found.frozen
        controls.set_policy(session, DETECTOR, None, "ana", LATER)
        controls.unfreeze(session, DETECTOR)
        assert controls.get(session, "other") == Controls()
    with transaction(engine) as session:
        found = controls.get(session, DETECTOR)
        assert found == Controls(policy_by="ana", policy_at=LATER)
        assert not found.frozen
        controls.set_policy(session, DETECTOR, Fixed(), "ana", LATER)
        assert controls.get(session, DETECTOR).policy == Fixed()


def test_lessons_are_stopped_apart_from_the_threshold(engine: Engine) -> None:
    """Who stopped them, when and why; the freeze beside it stays as it is."""
    with transaction(engine) as session:
        controls.freeze(session, DETECTOR, "ana", "a move of the plant", NOW)
        controls.stop_teaching(session, DETECTOR, "eva", "labels of the drill", LATER)
    with transaction(engine) as session:
        found = controls.get(session, DETECTOR)
        assert found == Controls(
            frozen_by="ana",
            frozen_at=NOW,
            frozen_reason="a move of the plant",
            teaching_off_by="eva",
            teaching_off_at=LATER,
            teaching_off_reason="labels of the drill",
        )
        assert found.teaching_off
        controls.resume_teaching(session, DETECTOR)
    with transaction(engine) as session:
        found = controls.get(session, DETECTOR)
        assert not found.teaching_off
        assert found.frozen


def test_moves_are_listed_newest_first_and_wait_oldest_first(engine: Engine) -> None:
    """By state too; a move of another detector is not there."""
    for minute, id in enumerate("abc"):
        move(engine, id, MoveState.APPROVED if id != "b" else MoveState.PROPOSED, minute)
    with transaction(engine) as session:
        assert [row.id for row in moves.listed(session, DETECTOR, 2)] == ["c", "b"]
        assert [row.id for row in moves.listed(session, DETECTOR, 5, MoveState.PROPOSED)] == ["b"]
        assert [row.id for row in moves.waiting(session, DETECTOR)] == ["a", "c"]
        assert moves.listed(session, "other", 5) == []
        assert moves.get(session, "other", "a") is None
        found = moves.get(session, DETECTOR, "a")
        assert found is not None
        assert found.rule == {"score": 0.7, "rarity": None}


def test_one_decision_wins(engine: Engine) -> None:
    """Who comes second with what was read before is told so, and changes nothing."""
    move(engine, "a")
    with transaction(engine) as session:
        seen = moves.get(session, DETECTOR, "a")
        assert seen is not None
        session.expunge(seen)
    with transaction(engine) as session:
        row = moves.get(session, DETECTOR, "a")
        assert row is not None
        moves.decide(session, row, MoveState.APPROVED, "bob", LATER)
        assert (row.state, row.decided_by, row.decided_at) == ("approved", "bob", LATER)
    with pytest.raises(Conflict, match="at the same time"), transaction(engine) as session:
        moves.decide(session, seen, MoveState.WITHDRAWN, "eva", LATER)
    with transaction(engine) as session:
        row = moves.get(session, DETECTOR, "a")
        assert row is not None
        moves.decide(session, row, MoveState.RELEASED, "trainer", LATER, release=3)
        assert (row.state, row.release, row.note) == ("released", 3, None)


def test_the_threshold_in_force_and_the_one_before(engine: Engine) -> None:
    """Releases that only change what is drawn set no threshold."""
    with transaction(engine) as session:
        assert threshold_state.in_force(session, DETECTOR, INITIAL) == (INITIAL, 0)
        assert threshold_state.before(session, DETECTOR, 0, INITIAL) == INITIAL
    released(engine, 1, 0.8)
    released(engine, 2, 0.8, "sampling")
    released(engine, 3, 0.6, "manual")
    released(engine, 4, 0.6, "sampling")
    with transaction(engine) as session:
        assert threshold_state.in_force(session, DETECTOR, INITIAL) == (
            ThresholdRule(score=0.6),
            3,
        )
        back = threshold_state.before(session, DETECTOR, 3, INITIAL)
        assert back == ThresholdRule(score=0.8)
        assert threshold_state.before(session, DETECTOR, 1, INITIAL) == INITIAL


def test_a_first_sampling_release_fixes_the_rule_but_sets_no_threshold(engine: Engine) -> None:
    """The consumer follows the release's rule, whatever the configuration says since."""
    released(engine, 1, 0.8, "sampling")
    with transaction(engine) as session:
        assert threshold_state.in_force(session, DETECTOR, INITIAL) == (
            ThresholdRule(score=0.8),
            0,
        )
        assert threshold_state.standing(session, DETECTOR, LATER, INITIAL).threshold == 0.8


def test_the_standing_looks_a_day_back(engine: Engine) -> None:
    """To the score in force then, on the scale of the model in force."""

    def standing(now: datetime) -> Standing:
        with transaction(engine) as session:
            return threshold_state.standing(session, DETECTOR, now, ThresholdRule(score=0.5))

    assert standing(NOW) == Standing(threshold=0.5, a_day_ago=0.5, moved=None)
    released(engine, 1, 0.7)
    released(engine, 2, 0.8, at=LATER)
    released(engine, 3, 0.8, "sampling", at=LATER)
    assert standing(LATER) == Standing(threshold=0.8, a_day_ago=0.5, moved=0.0)
    day = timedelta(hours=24)
    assert standing(NOW + day) == Standing(threshold=0.8, a_day_ago=0.7, moved=22.0)
    assert standing(LATER + day) == Standing(threshold=0.8, a_day_ago=0.8, moved=24.0)
    released(engine, 4, 0.3, "retrain", at=LATER + day)
    released(engine, 5, 0.4, at=LATER + day)
    anew = Standing(threshold=0.4, a_day_ago=0.3, moved=0.0, retrained=4)
    assert standing(LATER + day) == anew
