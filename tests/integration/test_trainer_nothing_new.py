"""The schedule retrains where something came, and only there."""

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, select, update
from structlog.testing import capture_logs

from floodline.storage import retrains
from floodline.storage.engine import transaction
from floodline.storage.tables import AlertRow, RetrainRow
from floodline.telemetry.metrics import TrainerMetrics
from tests.fixtures.kafka import Topics
from tests.integration.trainer_world import World, build, fill, label
from trainer import main as trainer
from trainer.jobs import Jobs
from trainer.observation import Observation
from trainer.schedule import Job

EVENTS = 2000
SKIPPED = {
    "event": "retrain skipped",
    "log_level": "info",
    "reason": "no event and no label came since the last one",
}
# What MLflow does with SQLAlchemy and pandas is not ours to mend.
pytestmark = [pytest.mark.filterwarnings("ignore:::mlflow")]


@pytest.fixture
def world(topics: Topics, sqlite_engine: Engine, tmp_path: Path) -> World:
    """A detector with events, alerts and labels."""
    found = build(topics, sqlite_engine, tmp_path, threshold={"initial_score": 0.2})
    fill(found, EVENTS)
    return found


def scheduled(world: World) -> Job:
    """The trainer's job that retrains, on a clock by which a retrain is always due."""
    configuration = world.configuration
    observation = Observation(TrainerMetrics(CollectorRegistry()), world.engine, configuration)
    retrain = partial(trainer._retrain, configuration, world.engine)
    jobs = Jobs(configuration, world.engine, observation, retrain)
    later = timedelta(seconds=2 * configuration.trainer.retrain_every_seconds)
    (found,) = [
        each for each in jobs.all(lambda: datetime.now(UTC) + later) if each.name == "retrain"
    ]
    return found


def outcomes(world: World) -> list[str]:
    with transaction(world.engine) as session:
        return list(session.scalars(select(RetrainRow.outcome).order_by(RetrainRow.started_at)))


def test_a_retrain_on_nothing_new_is_skipped_until_something_comes(world: World) -> None:
    """No run, no release, one line in the log; a label or an event ends the wait."""
    job = scheduled(world)
    job.run()
    assert len(outcomes(world)) == 1
    with capture_logs() as logged:
        job.run()
        job.run()
    assert len(outcomes(world)) == 1
    assert [each for each in logged if each["event"] == "retrain skipped"] == [SKIPPED]
    with capture_logs() as logged:
        scheduled(world).run()  # a trainer that was started again knows it, too
    assert SKIPPED in logged

    with transaction(world.engine) as session:
        unlabelled = session.scalars(select(AlertRow.id).order_by(AlertRow.id)).all()[1]
    label(world, {unlabelled: True}, analyst="bob")
    job.run()
    assert len(outcomes(world)) == 2
    world.topics.produce(world.configuration.topics.events, [b"{}"])
    job.run()
    assert len(outcomes(world)) == 3
    with capture_logs() as logged:
        job.run()
    assert (len(outcomes(world)), SKIPPED in logged) == (3, True)


def test_what_another_retrain_was_asked_for_does_not_hold_up_the_schedule(world: World) -> None:
    """One of a part of the log, one that was not to be published, one that failed."""
    trainer.retrain(world.configuration, starts={0: 0, 1: 0})
    trainer.retrain(world.configuration, publish=False)
    job = scheduled(world)
    job.run()
    assert len(outcomes(world)) == 3
    with transaction(world.engine) as session:
        session.execute(update(RetrainRow).values(outcome="failed"))
        assert retrains.last_material(session, world.configuration.detector.name) is None
    job.run()
    assert len(outcomes(world)) == 4
