"""The trainer: wires teaching, recalibration and retraining to Kafka, SQL and MLflow."""

import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial

import structlog
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine

from floodline.configuration.sections import Configuration
from floodline.storage import releases, schema_revision
from floodline.storage.engine import open_engine, transaction
from floodline.storage.state_store import open_store
from floodline.storage.tables import ReleaseRow
from floodline.telemetry.endpoint import serve
from floodline.telemetry.metrics import TrainerMetrics
from trainer.adapters.kafka import KafkaEvents, KafkaReleases
from trainer.jobs import Jobs
from trainer.moves import Followed, follow_people
from trainer.observation import Observation
from trainer.recalibration import Recalibration, preview, recalibrate_once
from trainer.request import Request, Retrain, Services
from trainer.schedule import run_jobs
from trainer.teaching import TeachingRun, teach_once
from trainer.teaching import preview as preview_teaching

log = structlog.get_logger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def _database(configuration: Configuration) -> Iterator[Engine]:
    engine = open_engine(configuration.database.url.get_secret_value())
    try:
        schema_revision.require(engine)
        yield engine
    finally:
        engine.dispose()


def recalibrate(configuration: Configuration, *, dry_run: bool = False) -> Recalibration:
    """Look at the labels once; move the threshold and publish, or hold it.

    Raises:
        Conflict: another trainer does so now.
        DependencyDown: SQL or Kafka does not answer.
    """
    with _database(configuration) as engine:
        if dry_run:
            return preview(engine, configuration, _now)
        channel = KafkaReleases(configuration)
        return recalibrate_once(engine, configuration, channel, _now, "command line")


def teach(configuration: Configuration, *, dry_run: bool = False) -> TeachingRun:
    """Learn the labels once; release the leaf weights and publish, where they have changed.

    Raises:
        Conflict: another trainer makes a release now.
        ConfigurationError: the store cannot be written.
        DependencyDown: SQL, Kafka or the store does not answer.
    """
    with _database(configuration) as engine:
        store = open_store(configuration.store)
        if dry_run:
            return preview_teaching(engine, configuration, store, _now)
        channel = KafkaReleases(configuration)
        return teach_once(engine, configuration, channel, store, _now, "command line")


def follow(configuration: Configuration) -> Followed:
    """Release the approved moves once, and apply a policy that people changed.

    Raises:
        Conflict: another trainer does so now.
        DependencyDown: SQL or Kafka does not answer.
    """
    with _database(configuration) as engine:
        channel = KafkaReleases(configuration)
        return follow_people(engine, configuration, channel, _now, "command line")


def retrain(
    configuration: Configuration,
    *,
    starts: Mapping[int, int] | None = None,
    ends: Mapping[int, int] | None = None,
    publish: bool = True,
) -> Retrain:
    """Replay, train, judge, log and publish once; see `trainer.retraining.retrain_once`.

    Args:
        configuration: of the detector.
        starts: first offset by partition.
        ends: the offset after the last by partition; with neither, the newest of every partition.
        publish: False logs and registers only.

    Raises:
        Conflict: another trainer does so now.
        ConfigurationError: topic, range or store do not fit.
        DependencyDown: Kafka, SQL or MLflow does not answer; nothing is published.
    """
    request = Request(starts=starts or {}, ends=ends or {}, publish=publish)
    with _database(configuration) as engine:
        return _retrain(configuration, engine, request)


def list_releases(
    configuration: Configuration, limit: int, kind: str | None = None
) -> tuple[list[ReleaseRow], int]:
    """Up to `limit` releases, of one kind or of any, the newest first; and how many there are.

    Raises:
        DependencyDown: SQL does not answer.
    """
    with _database(configuration) as engine, transaction(engine) as session:
        detector = configuration.detector.name
        rows = releases.listed(session, detector, limit, kind)
        return rows, releases.count(session, detector, kind)


def _retrain(configuration: Configuration, engine: Engine, request: Request) -> Retrain:
    # MLflow, scikit-learn and matplotlib take seconds to import: only a retrain pays for them.
    from trainer.adapters.mlflow import MlflowTracking
    from trainer.retraining import retrain_once

    services = Services(
        engine=engine,
        events=KafkaEvents(configuration),
        channel=KafkaReleases(configuration),
        tracking=MlflowTracking(configuration),
        store=open_store(configuration.store),
        now=_now,
    )
    return retrain_once(configuration, services, request)


def train(configuration: Configuration) -> None:
    """Teach, recalibrate, retrain and follow people's moves on schedules until SIGTERM or SIGINT.

    A run that fails is logged and counted, and the next one is tried at its time.

    Raises:
        ConfigurationError: the port of /metrics is taken, or the database's URL is none.
        DependencyDown: SQL does not answer at the start.
    """
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    registry = CollectorRegistry()
    section = configuration.trainer
    with _database(configuration) as engine:
        observation = Observation(TrainerMetrics(registry), engine, configuration)
        endpoint = serve(
            section.metrics_host,
            section.metrics_port,
            registry,
            alive=observation.alive,
            ready=observation.ready,
        )
        log.info("metrics", port=endpoint.port)
        try:
            observation.refresh()
            jobs = Jobs(
                configuration, engine, observation, partial(_retrain, configuration, engine)
            )
            run_jobs(jobs.all(_now), stopping, time.monotonic)
        finally:
            endpoint.close()
    log.info("stopped")
