"""Labels become leaf weights, and a release of them, by SQL and the store of states."""

import hashlib
import uuid
from datetime import timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest
from sqlalchemy import Engine, select

from floodline.detection.scorer import Scorer
from floodline.detection.threshold_rule import ThresholdRule
from floodline.errors import Conflict
from floodline.events.messages import ModelRef
from floodline.feedback.review_sampling import Sampling
from floodline.storage import controls, leases, releases, weight_tables
from floodline.storage.engine import transaction
from floodline.storage.tables import AlertRow, AuditRow, ReleaseRow
from tests.fixtures.kafka import Topics
from tests.integration import trainer_world
from tests.integration.teaching_world import DETECTOR, TeachingWorld, build, configure
from trainer import main as trainer
from trainer.teaching import NOT_TEACHABLE, preview
from trainer.teaching_job import TeachingJob
from trainer.threshold_release import store_release


@pytest.fixture
def world(sqlite_engine: Engine, tmp_path: Path) -> TeachingWorld:
    """Thirty alerts without labels."""
    return build(sqlite_engine, tmp_path)


def test_labels_become_a_release_of_leaf_weights(engine: Engine, tmp_path: Path) -> None:
    """One release, with the table in the store before it; threshold and sampling are as before."""
    world = build(engine, tmp_path)
    assert world.teach().changed is False
    assert world.channel.releases == []
    world.label(0, "false_alarm")
    world.label(1, "confirmed")
    done = world.teach()
    assert (done.labels, done.share, done.changed, done.release) == (2, 1.0, True, 1)
    (release,) = world.channel.releases
    assert (release.number, release.kind) == (1, "teaching")
    assert release.threshold == ThresholdRule(score=0.5)
    assert release.sampling == world.configuration.review.initial_sampling
    assert release.weights is not None
    assert release.weights.labels == 2
    table = weight_tables.read(world.store, release.weights.sha256)
    assert table.fits(world.configuration.model_parameters, ("a", "b"))
    assert done.largest == pytest.approx(
        max(table.table.max(axis=1).sum(), -table.table.min(axis=1).sum()), rel=1e-6
    )
    with transaction(engine) as session:
        row = session.scalars(select(ReleaseRow)).one()
        assert row.figures["labels"] == 2
        assert row.figures["since"] == 0
        audit = session.scalars(select(AuditRow)).one()
        assert (audit.action, audit.detail["kind"]) == ("release", "teaching")


def test_the_same_labels_release_nothing_and_a_corrected_one_leaves_no_trace(
    world: TeachingWorld,
) -> None:
    """Equal tables are one release; a label that is taken back gives the table of before."""
    world.label(0, "false_alarm")
    assert world.teach().release == 1
    before = world.newest().weights
    again = world.teach()
    assert (again.release, again.changed) == (None, False)
    world.label(1, "confirmed")
    assert world.teach().release == 2
    assert world.newest().weights != before
    world.label(1, "planned")
    assert world.teach().release == 3
    assert world.newest().weights == before
    world.label(0, "planned")
    assert world.teach().release == 4
    assert world.newest().weights is None


def test_a_dry_run_writes_nothing(world: TeachingWorld) -> None:
    """It says what would be done."""
    world.label(0, "false_alarm")
    done = preview(world.engine, world.configuration, world.store, world.now)
    assert (done.labels, done.changed, done.release, done.dry_run) == (1, True, None, True)
    with transaction(world.engine) as session:
        assert releases.newest(session, DETECTOR) is None
    assert not (Path(world.configuration.store.folder) / "weights").exists()


def test_other_releases_carry_the_weights_along(world: TeachingWorld) -> None:
    """A moved threshold keeps what labels taught, and the next lesson keeps the threshold."""
    world.label(0, "false_alarm")
    world.teach()
    with transaction(world.engine) as session:
        store_release(
            session,
            world.configuration,
            kind="manual",
            rule=ThresholdRule(score=0.75),
            sampling=Sampling.even(0.25),
            reason="test",
            made_by="eva",
            figures={},
            now=world.now(),
        )
    moved = world.newest()
    assert moved.weights is not None
    assert moved.weights == world.channel.releases[0].weights
    assert world.teach().changed is False
    world.label(1, "confirmed")
    world.teach()
    newest = world.newest()
    assert (newest.number, newest.threshold.score) == (3, 0.75)
    assert newest.sampling == Sampling.even(0.25)
    assert [each.number for each in world.channel.releases] == [1, 2, 3]


def test_where_labels_may_not_teach_one_release_takes_the_weights_away(
    world: TeachingWorld,
) -> None:
    """By the configuration, or by a person; and they are back at once when they may again."""
    world.label(0, "false_alarm")
    world.teach()
    taught = world.newest().weights
    off = world.teach(feedback={"teach": False})
    assert (off.release, off.off) == (2, "feedback.teach is false")
    assert world.newest().weights is None
    assert world.teach(feedback={"teach": False}).release is None
    assert world.teach().release == 3
    assert world.newest().weights == taught
    with transaction(world.engine) as session:
        controls.stop_teaching(session, DETECTOR, "eva", "a new analyst learns", world.now())
    stopped = world.teach()
    assert (stopped.release, stopped.off) == (4, "stopped by eva: a new analyst learns")
    assert world.newest().weights is None
    with transaction(world.engine) as session:
        controls.resume_teaching(session, DETECTOR)
    assert world.teach().release == 5
    assert world.newest().weights == taught


def test_a_model_without_leaf_weights_is_not_taught(world: TeachingWorld) -> None:
    """The run says so and releases nothing."""
    world.label(0, "false_alarm")
    chosen = configure(world.configuration, model={"profile": "river", "trees": 3, "height": 3})
    done = preview(world.engine, chosen, world.store, world.now)
    assert (done.off, done.changed, done.labels) == (NOT_TEACHABLE, False, 0)


def test_a_retrained_model_with_the_same_trees_is_taught_the_same(world: TeachingWorld) -> None:
    """The retrain's release has no weights; the next lesson gives it those of before."""
    world.label(0, "false_alarm")
    world.teach()
    first = world.newest()
    retrained = msgspec.structs.replace(
        first,
        number=2,
        kind="retrain",
        weights=None,
        model=ModelRef(
            parameters=world.configuration.model_parameters,
            state_sha256=hashlib.sha256(b"a model").hexdigest(),
        ),
    )
    with transaction(world.engine) as session:
        releases.insert(session, retrained, topic="pump.releases", figures={}, now=world.now())
    assert world.teach().release == 3
    newest = world.newest()
    assert newest.model == retrained.model
    assert newest.weights == first.weights


def test_labels_are_routed_through_a_model_with_other_trees(world: TeachingWorld) -> None:
    """After a retrain with another seed the events of the labels reach leaves of its own."""
    world.label(0, "false_alarm")
    world.label(1, "confirmed")
    job = TeachingJob(world.engine, world.configuration, world.channel, world.store, world.now)
    job.run()
    chosen = configure(world.configuration, model={"seed": 7, "trees": 12})
    scorer = Scorer.new(chosen.model_parameters, ("a", "b"))
    draw = np.random.default_rng(6)
    scorer.step_many(draw.normal(0.0, 1.0, (600, 2)), ThresholdRule(score=0.9))
    retrained = msgspec.structs.replace(
        world.newest(),
        number=2,
        kind="retrain",
        weights=None,
        model=ModelRef(
            parameters=chosen.model_parameters, state_sha256=world.store.write(scorer.to_state())
        ),
    )
    with transaction(world.engine) as session:
        releases.insert(session, retrained, topic="pump.releases", figures={}, now=world.now())
    done = job.run()
    assert done is not None
    assert (done.labels, done.release) == (2, 3)
    weights = world.newest().weights
    assert weights is not None
    scorer.teach(weight_tables.read(world.store, weights.sha256))
    with transaction(world.engine) as session:
        rows = [row.features for row in session.scalars(select(AlertRow).order_by(AlertRow.offset))]
    rule = ThresholdRule(score=0.0)
    lessons = [scorer.step(row, rule, learn=False, explain=True).explanation for row in rows[:2]]
    assert [each is not None and each.lesson > 0 for each in lessons] == [False, True]
    assert [each is not None and each.lesson < 0 for each in lessons] == [True, False]


def test_the_job_runs_only_where_something_has_changed(world: TeachingWorld) -> None:
    """A new label, a stop, a switch; otherwise it asks a few rows and no more."""
    job = TeachingJob(world.engine, world.configuration, world.channel, world.store, world.now)
    first = job.run()
    assert first is not None
    assert first.labels == 0
    assert job.run() is None
    world.label(0, "false_alarm")
    done = job.run()
    assert done is not None
    assert (done.labels, done.release) == (1, 1)
    assert job.run() is None
    with transaction(world.engine) as session:
        controls.stop_teaching(session, DETECTOR, "eva", "test", world.now())
    off = job.run()
    assert off is not None
    assert off.release == 2
    assert job.run() is None


def test_old_labels_fade_where_a_half_life_is_set(world: TeachingWorld) -> None:
    """Time alone changes the table then, in steps of a fiftieth of the half-life."""
    chosen = configure(world.configuration, feedback={"half_life_hours": 50.0})
    world.label(0, "false_alarm")
    job = TeachingJob(world.engine, chosen, world.channel, world.store, world.now)
    job.run()
    assert job.run() is None
    world.at += timedelta(hours=1)
    done = job.run()
    assert done is not None
    assert done.release == 2


def test_a_second_trainer_waits_a_moment_and_leaves_it_then(world: TeachingWorld) -> None:
    """While one holds the lease nothing is written, and the next run makes the release."""
    world.label(0, "false_alarm")
    name, holder = f"recalibrate:{DETECTOR}", str(uuid.uuid4())
    with transaction(world.engine) as session:
        assert leases.acquire(session, name, holder, world.at, timedelta(days=1))
    with pytest.raises(Conflict, match="another trainer"):
        world.teach()
    with transaction(world.engine) as session:
        assert releases.newest(session, DETECTOR) is None
        leases.release(session, name, holder)
    assert world.teach().release == 1


def test_it_is_published_on_the_releases_topic(
    topics: Topics, sqlite_engine: Engine, tmp_path: Path
) -> None:
    """`floodline teach` on real Kafka: what alerts tell is what labels need."""
    world = trainer_world.build(topics, sqlite_engine, tmp_path)
    trainer_world.fill(world, 2000)
    dry = trainer.teach(world.configuration, dry_run=True)
    done = trainer.teach(world.configuration)
    assert done.labels == dry.labels > 5
    assert done.release == 1
    (record,) = topics.read(world.configuration.topics.releases, at_least=1)
    assert b'"kind":"teaching"' in (record.value or b"")
    assert trainer.teach(world.configuration).changed is False
