"""Moves that people ask for, policies that they set, freezes: against real Kafka and SQL."""

import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from floodline.detection.threshold_rule import ThresholdRule
from floodline.events.messages import Release, decode
from floodline.feedback.policies import Fixed, PrecisionTarget
from floodline.storage import controls, moves, releases
from floodline.storage.engine import transaction
from floodline.storage.moves import MoveKind, MoveState
from floodline.storage.tables import AuditRow, MoveRow, RecalibrationRow
from tests.fixtures.kafka import Topics
from tests.integration.trainer_world import World, build, fill
from trainer import main as trainer


@pytest.fixture
def world(topics: Topics, sqlite_engine: Engine, tmp_path: Path) -> World:
    """A detector at 0.5 without events."""
    return build(topics, sqlite_engine, tmp_path)


def asked(world: World, score: float, **given: Any) -> str:
    """A person's approved move; its id."""
    values: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "detector": world.configuration.detector.name,
        "created_at": datetime.now(UTC),
        "kind": MoveKind.MANUAL,
        "state": MoveState.APPROVED,
        "rule": {"score": score, "rarity": None},
        "threshold_before": 0.5,
        "threshold_after": score,
        "reason": "too many at night",
        "made_by": "eva",
        "base_release": 0,
        "figures": {"preview": 1},
    }
    with transaction(world.engine) as session:
        moves.insert(session, MoveRow(**(values | given)))
    return str((values | given)["id"])


def move(world: World, id: str) -> MoveRow:
    """The move as it is now."""
    with transaction(world.engine) as session:
        found = moves.get(session, world.configuration.detector.name, id)
    assert found is not None
    return found


def published(world: World, at_least: int = 1) -> list[Release]:
    """What the releases topic holds."""
    records = world.topics.read(world.configuration.topics.releases, at_least=at_least)
    return [decode(record.value or b"", Release) for record in records]


def frozen(world: World, reason: str | None) -> None:
    """Freeze, or with None unfreeze."""
    with transaction(world.engine) as session:
        if reason is None:
            controls.unfreeze(session, world.configuration.detector.name)
        else:
            now = datetime.now(UTC)
            controls.freeze(session, world.configuration.detector.name, "ana", reason, now)


def target(world: World, at_least: float | None) -> None:
    """Another policy; None: the configured one."""
    policy = None if at_least is None else PrecisionTarget(at_least=at_least)
    with transaction(world.engine) as session:
        name = world.configuration.detector.name
        controls.set_policy(session, name, policy, "ana", datetime.now(UTC))


@pytest.mark.parametrize("engine", ["sqlite_engine", "postgres_engine"], indirect=True)
def test_an_approved_move_becomes_a_release(topics: Topics, engine: Engine, tmp_path: Path) -> None:
    """With the person's name and reason, the figures of the move, and its audit row."""
    world = build(topics, engine, tmp_path)
    id = asked(world, 0.7)
    (done,) = trainer.follow(world.configuration).moves
    assert (done.id, done.state, done.release) == (id, "released", 1)
    (release,) = published(world)
    assert (release.kind, release.made_by) == ("manual", "eva")
    assert release.reason == "too many at night"
    assert release.threshold == ThresholdRule(score=0.7)
    assert release.sampling == world.configuration.review.initial_sampling
    row = move(world, id)
    assert (row.state, row.release, row.decided_by) == ("released", 1, "trainer")
    with transaction(engine) as session:
        audit = session.scalars(select(AuditRow)).one()
        assert (audit.actor, audit.action) == ("eva", "release")
        made = releases.get(session, world.configuration.detector.name, 1)
        assert made is not None
        assert made.figures == {"preview": 1, "move": id}
    assert trainer.follow(world.configuration).moves == ()
    assert len(published(world)) == 1


def test_an_undo_is_a_new_release_with_the_old_rule(world: World) -> None:
    """Back to the rule before, a rarity too."""
    asked(world, 0.7)
    trainer.follow(world.configuration)
    rule = {"score": None, "rarity": 0.01}
    given = {"kind": MoveKind.UNDO, "rule": rule, "base_release": 1, "decided_by": "bob"}
    asked(world, 0.0, threshold_after=None, **given)
    (done,) = trainer.follow(world.configuration).moves
    assert (done.state, done.release) == ("released", 2)
    undone = published(world, 2)[-1]
    assert (undone.kind, undone.threshold) == ("undo", ThresholdRule(rarity=0.01))
    assert undone.reason == "too many at night; approved by bob"


def test_a_move_against_an_older_threshold_goes_stale(world: World) -> None:
    """It was decided on what is no more; the reason says so, and nothing is released."""
    late = asked(world, 0.9, kind=MoveKind.POLICY, created_at=datetime.now(UTC))
    asked(world, 0.7, created_at=datetime.now(UTC) - timedelta(minutes=1))
    states = [each.state for each in trainer.follow(world.configuration).moves]
    assert states == ["released", "stale"]
    row = move(world, late)
    assert row.note == (
        "it was made against the threshold of release 0; that of release 1 is in force by now"
    )
    same = asked(world, 0.7, base_release=1)
    (done,) = trainer.follow(world.configuration).moves
    assert (done.id, done.note) == (same, "release 1 has this threshold already")
    assert len(published(world)) == 1
    with transaction(world.engine) as session:
        actions = session.scalars(select(AuditRow.action).order_by(AuditRow.id)).all()
    assert actions == ["release", "move_stale", "move_stale"]


def test_the_later_of_two_moves_of_people_holds(world: World) -> None:
    """Both within one look: two releases, in the order in which they were asked for."""
    now = datetime.now(UTC)
    second = asked(world, 0.8, created_at=now)
    first = asked(world, 0.7, created_at=now - timedelta(seconds=1))
    done = trainer.follow(world.configuration).moves
    assert [(each.id, each.release) for each in done] == [(first, 1), (second, 2)]
    assert [each.threshold.score for each in published(world, 2)] == [0.7, 0.8]


def test_a_frozen_threshold_moves_neither_by_hand_nor_by_labels(
    topics: Topics, sqlite_engine: Engine, tmp_path: Path
) -> None:
    """Approved moves wait; a recalibration says who froze it and why; after it all goes on."""
    world = build(topics, sqlite_engine, tmp_path, threshold={"initial_score": 0.2})
    fill(world, 3000)
    frozen(world, "the plant moves house")
    id = asked(world, 0.7)
    looked = trainer.follow(world.configuration)
    assert (looked.frozen, looked.moves) == (True, ())
    done = trainer.recalibrate(world.configuration)
    assert (done.decision.outcome, done.release, done.move) == ("held", None, None)
    assert done.decision.reason.startswith("held: frozen by ana since ")
    assert done.decision.reason.endswith(": the plant moves house")
    assert move(world, id).state == "approved"
    frozen(world, None)
    (released,) = trainer.follow(world.configuration).moves
    assert (released.id, released.release) == (id, 1)


def test_with_a_second_person_the_policy_only_proposes(
    topics: Topics, sqlite_engine: Engine, tmp_path: Path
) -> None:
    """One proposal at a time; consent makes it a release; what labels ask no more is closed."""
    settings: dict[str, object] = {"initial_score": 0.2, "second_person": True}
    world = build(topics, sqlite_engine, tmp_path, threshold=settings)
    fill(world, 3000)
    first = trainer.recalibrate(world.configuration)
    assert (first.decision.outcome, first.release) == ("moved", None)
    assert trainer.recalibrate(world.configuration).move == first.move
    target(world, 0.99)
    second = trainer.follow(world.configuration).recalibration
    assert second is not None
    assert second.release is None
    target(world, 0.01)
    third = trainer.recalibrate(world.configuration)
    assert (third.decision.outcome, third.move) == ("held", None)
    assert move(world, second.move or "").state == "stale"
    target(world, None)
    last = trainer.recalibrate(world.configuration)
    with transaction(world.engine) as session:
        row = session.get(MoveRow, last.move)
        assert row is not None
        assert row.state == "proposed"
        moves.decide(session, row, MoveState.APPROVED, "bob", datetime.now(UTC))
    (done,) = trainer.follow(world.configuration).moves
    assert (done.state, done.release) == ("released", 1)
    (release,) = published(world)
    assert release.kind == "recalibration"
    assert release.threshold.score == last.decision.threshold_after
    assert release.reason.endswith("; approved by bob")
    with transaction(world.engine) as session:
        states = session.scalars(select(MoveRow.state)).all()
        assert sorted(states)[0] == "released"
        assert set(states) == {"released", "stale"}


def test_a_changed_policy_is_applied_at_the_next_look_whatever_the_cool_down(
    topics: Topics, sqlite_engine: Engine, tmp_path: Path
) -> None:
    """Once: the look that applied it is noted, though it may hold."""
    world = build(topics, sqlite_engine, tmp_path, threshold={"initial_score": 0.2})
    fill(world, 3000)
    first = trainer.recalibrate(world.configuration)
    assert first.release == 1
    assert "cool_down" in trainer.recalibrate(world.configuration).decision.rails
    assert trainer.follow(world.configuration).recalibration is None
    target(world, 0.95)
    done = trainer.follow(world.configuration).recalibration
    assert done is not None
    assert (done.decision.outcome, done.release) == ("moved", 2)
    assert "at least 95% of the alerts real" in done.decision.reason
    assert trainer.follow(world.configuration).recalibration is None
    assert [release.number for release in published(world, 2)] == [1, 2]
    target(world, 0.95)
    again = trainer.follow(world.configuration).recalibration
    assert again is not None
    assert trainer.follow(world.configuration).recalibration is None
    with transaction(sqlite_engine) as session:
        assert len(session.scalars(select(RecalibrationRow.id)).all()) >= 3


def test_a_policy_that_was_changed_while_frozen_is_applied_once_it_may_move(
    topics: Topics, sqlite_engine: Engine, tmp_path: Path
) -> None:
    """At once, though the last move was moments ago; while frozen no look is wasted on it."""
    world = build(topics, sqlite_engine, tmp_path, threshold={"initial_score": 0.2})
    fill(world, 3000)
    assert trainer.recalibrate(world.configuration).release == 1
    frozen(world, "the plant moves house")
    target(world, 0.95)
    assert trainer.recalibrate(world.configuration).decision.rails == ("frozen",)
    assert trainer.follow(world.configuration).recalibration is None
    frozen(world, None)
    done = trainer.follow(world.configuration).recalibration
    assert done is not None
    assert (done.decision.outcome, done.release) == ("moved", 2)


def test_what_waits_for_a_threshold_or_policy_of_before_goes_stale(world: World) -> None:
    """A person's proposal, and a policy's move that was approved just before the change."""
    old = asked(world, 0.6, state=MoveState.PROPOSED)
    asked(world, 0.7)
    trainer.follow(world.configuration)
    trainer.recalibrate(world.configuration)
    row = move(world, old)
    assert (row.state, row.note) == ("stale", "release 1 set another threshold since")
    policy = {"kind": MoveKind.POLICY, "base_release": 1, "figures": {moves.POLICY_AT: None}}
    waiting = asked(world, 0.8, state=MoveState.PROPOSED, **policy)
    approved = asked(world, 0.9, decided_by="bob", **policy)
    with transaction(world.engine) as session:
        name = world.configuration.detector.name
        controls.set_policy(session, name, Fixed(), "ana", datetime.now(UTC))
    done = trainer.follow(world.configuration)
    assert [(each.id, each.state) for each in done.moves] == [(approved, "stale")]
    assert [move(world, each).note for each in (waiting, approved)] == [
        "the policy was changed since"
    ] * 2
    assert len(published(world)) == 1


def test_a_look_that_finds_nothing_is_quick_and_writes_nothing(world: World) -> None:
    """It is done every second."""
    began = time.monotonic()
    found = trainer.follow(world.configuration)
    assert (found.moves, found.recalibration, found.frozen) == ((), None, False)
    assert time.monotonic() - began < 2.0
    with transaction(world.engine) as session:
        assert session.scalars(select(RecalibrationRow)).all() == []
