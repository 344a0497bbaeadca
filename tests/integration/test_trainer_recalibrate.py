"""`recalibrate` against real Kafka and SQL."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from demo.local_kafka.ports import free_port
from floodline.errors import ConfigurationError, Conflict, DependencyDown
from floodline.events.messages import Release, decode
from floodline.storage import leases, outbox
from floodline.storage.engine import transaction
from floodline.storage.tables import AuditRow, MoveRow, RecalibrationRow
from tests.fixtures.kafka import Topics
from tests.integration.trainer_world import World, build, fill
from trainer import main as trainer
from trainer.adapters.kafka import KafkaReleases
from trainer.ports import Outgoing


def published(world: World) -> list[Release]:
    records = world.topics.read(world.configuration.topics.releases, at_least=1)
    assert all(record.partition == 0 for record in records)
    return [decode(record.value or b"", Release) for record in records]


def test_a_move_becomes_a_release_that_is_read_back_from_the_topic(
    topics: Topics, engine: Engine, tmp_path: Path
) -> None:
    """Labels say too many false alarms: threshold up, one release, one row each, one message."""
    world = build(topics, engine, tmp_path, threshold={"initial_score": 0.2})
    fill(world, 3000)
    done = trainer.recalibrate(world.configuration)
    assert done.decision.outcome == "moved"
    assert done.release == 1
    (release,) = published(world)
    assert release.number == 1
    assert release.kind == "recalibration"
    assert release.threshold.score == done.decision.threshold_after
    assert 0.2 < (release.threshold.score or 0) <= 0.6
    assert release.model is None
    assert release.reason == done.decision.reason
    headers = world.topics.read(world.configuration.topics.releases)[0].headers
    assert headers["ce_type"] == b"floodline.release.v1"
    with transaction(engine) as session:
        row = session.scalars(select(RecalibrationRow)).one()
        assert (row.outcome, row.release, row.labels) == ("moved", 1, done.decision.labels)
        assert done.before is not None
        assert row.figures["outlook_before"]["precision"]["value"] == done.before.precision.value
        assert row.figures["policy"] == {"type": "precision", "at_least": 0.8}
        audit = session.scalars(select(AuditRow)).one()
        assert (audit.action, audit.actor) == ("release", "command line")
        move = session.scalars(select(MoveRow)).one()
        assert (move.kind, move.state, move.release) == ("policy", "released", 1)
        assert (move.id, move.base_release) == (done.move, 0)
        assert move.rule == {"score": release.threshold.score, "rarity": None}
        assert outbox.waiting(session, "release", 10) == []


def test_the_same_labels_do_not_move_it_twice_and_a_repeat_is_noted_once(
    topics: Topics, sqlite_engine: Engine, tmp_path: Path
) -> None:
    """Held until the cool-down is over; the same answer is one row."""
    world = build(topics, sqlite_engine, tmp_path, threshold={"initial_score": 0.2})
    fill(world, 3000)
    outcomes = [trainer.recalibrate(world.configuration).decision.outcome for _ in range(3)]
    assert outcomes == ["moved", "held", "held"]
    assert len(published(world)) == 1
    with transaction(sqlite_engine) as session:
        rows = session.scalars(select(RecalibrationRow.outcome)).all()
    assert sorted(rows) == ["held", "moved"]


def test_a_dry_run_writes_and_publishes_nothing(
    topics: Topics, sqlite_engine: Engine, tmp_path: Path
) -> None:
    """It says what would be done."""
    world = build(topics, sqlite_engine, tmp_path, threshold={"initial_score": 0.2})
    fill(world, 3000)
    done = trainer.recalibrate(world.configuration, dry_run=True)
    assert (done.decision.outcome, done.release, done.dry_run) == ("moved", None, True)
    with transaction(sqlite_engine) as session:
        assert session.scalars(select(RecalibrationRow)).all() == []
        assert session.scalars(select(AuditRow)).all() == []
    again = trainer.recalibrate(world.configuration).decision
    assert (again.threshold_after, again.reason) == (
        done.decision.threshold_after,
        done.decision.reason,
    )


def test_a_second_trainer_is_told_to_leave_it(
    topics: Topics, sqlite_engine: Engine, tmp_path: Path
) -> None:
    """While one holds the lease, another stops with a clear error and writes nothing."""
    world = build(topics, sqlite_engine, tmp_path)
    name = f"recalibrate:{world.configuration.detector.name}"
    now = datetime.now(UTC)
    with transaction(sqlite_engine) as session:
        assert leases.acquire(session, name, "other", now, timedelta(minutes=1))
    with pytest.raises(Conflict, match="makes a release of"):
        trainer.recalibrate(world.configuration)
    with transaction(sqlite_engine) as session:
        leases.release(session, name, "other")
    assert trainer.recalibrate(world.configuration).decision.outcome == "held"


def test_a_release_that_kafka_did_not_take_is_published_by_the_next_run(
    topics: Topics, sqlite_engine: Engine, tmp_path: Path
) -> None:
    """Stored with its rows; it waits in the outbox, and the first run that can sends it."""
    world = build(topics, sqlite_engine, tmp_path, threshold={"initial_score": 0.2})
    fill(world, 3000)
    kafka = world.configuration.kafka.model_copy(
        update={"bootstrap_servers": f"127.0.0.1:{free_port()}"}
    )
    cut_off = world.configuration.model_copy(update={"kafka": kafka})
    with pytest.raises(DependencyDown, match=r"Kafka at 127\.0\.0\.1"):
        trainer.recalibrate(cut_off)
    assert trainer.recalibrate(world.configuration).decision.outcome == "held"
    assert [release.number for release in published(world)] == [1]


def test_a_missing_releases_topic_is_an_error_where_it_may_not_be_made(
    topics: Topics, sqlite_engine: Engine, tmp_path: Path
) -> None:
    """With kafka.create_topics false the operator is told what to create."""
    world = build(topics, sqlite_engine, tmp_path, kafka={"create_topics": False})
    channel = KafkaReleases(world.configuration)
    with pytest.raises(ConfigurationError, match="create it with one partition"):
        channel.publish([Outgoing(world.configuration.topics.releases, "1", b"{}")])
