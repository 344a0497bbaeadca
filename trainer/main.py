"""The trainer: wires recalibration and retraining to Kafka, SQL and MLflow."""

import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import structlog
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine

from floodline.configuration.sections import Configuration
from floodline.errors import Conflict, FloodlineError
from floodline.storage import labelled_alerts, releases, retrains, schema_revision
from floodline.storage.engine import open_engine, transaction
from floodline.storage.state_store import open_store
from floodline.storage.tables import ReleaseRow
from floodline.telemetry.endpoint import serve
from floodline.telemetry.metrics import TrainerMetrics
from trainer.adapters.kafka import KafkaEvents, KafkaReleases
from trainer.moves import Followed, follow_people
from trainer.observation import Observation
from trainer.recalibration import Recalibration, preview, recalibrate_once
from trainer.request import Request, Retrain, Services
from trainer.schedule import Job, run_jobs
from trainer.tenure import LeaseLost

log = structlog.get_logger(__name__)
_LOOK_SECONDS = 60.0
_MOVES_SECONDS = 1.0
"""A move or a policy of a person is in force in the consumer within 5 s."""


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


def list_releases(configuration: Configuration, limit: int) -> list[ReleaseRow]:
    """Up to `limit` releases, the newest first.

    Raises:
        DependencyDown: SQL does not answer.
    """
    with _database(configuration) as engine, transaction(engine) as session:
        return releases.listed(session, configuration.detector.name, limit)


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
    """Recalibrate, retrain and follow people's moves on their schedules until SIGTERM or SIGINT.

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
            run_jobs(_jobs(configuration, engine, observation), stopping, time.monotonic)
        finally:
            endpoint.close()
    log.info("stopped")


def _jobs(configuration: Configuration, engine: Engine, observation: Observation) -> list[Job]:
    section = configuration.trainer
    channel = KafkaReleases(configuration)

    def recalibrate_now() -> None:
        done = recalibrate_once(engine, configuration, channel, _now, "schedule")
        observation.recalibrated(done)
        _note(observation, "recalibrate")
        _tell(done)

    def follow_now() -> None:
        done = follow_people(engine, configuration, channel, _now, "schedule")
        observation.followed(done)
        for move in done.moves:
            log.info("move", id=move.id, state=move.state, release=move.release, note=move.note)
        if done.recalibration is not None:
            _tell(done.recalibration)
        observation.succeeded("moves")
        if done.moves or done.recalibration is not None:
            observation.refresh()

    def retrain_if_due() -> None:
        if _retrain_due(configuration, engine):
            request = Request(trigger="schedule", made_by="schedule")
            done = _retrain(configuration, engine, request)
            observation.retrained(done.outcome)
            log.info("retrained", outcome=done.outcome, release=done.release, reason=done.reason)
        _note(observation, "retrain")

    def failed(job: str, error: Exception) -> None:
        if isinstance(error, Conflict) and not isinstance(error, LeaseLost):
            log.info("left to another trainer", job=job, reason=str(error))
            return
        observation.failed(job, str(error))
        trace = None if isinstance(error, FloodlineError) else error
        log.error("job failed", job=job, error=str(error), exc_info=trace)

    looks = min(section.retrain_every_seconds / 10, _LOOK_SECONDS)
    every = section.recalibrate_every_seconds
    return [
        Job(name="recalibrate", every=every, run=recalibrate_now, failed=failed),
        Job(name="moves", every=_MOVES_SECONDS, run=follow_now, failed=failed),
        Job(name="retrain", every=looks, run=retrain_if_due, failed=failed),
    ]


def _tell(done: Recalibration) -> None:
    """Log what a recalibration changed."""
    if done.proposed:
        log.info("a move waits for a second person", move=done.move, reason=done.decision.reason)
    elif done.decision.outcome == "moved":
        log.info("threshold moved", release=done.release, reason=done.decision.reason)
    elif done.release is not None:
        log.info("other events are drawn for review", release=done.release)
    if done.watch is not None and done.watch.state == "broken":
        log.warning("promise broken", reason=done.watch.reason, move=done.remedy)


def _note(observation: Observation, job: str) -> None:
    observation.succeeded(job)
    observation.refresh()


def _retrain_due(configuration: Configuration, engine: Engine) -> bool:
    """Whether the last retrain, or before any the first alert, lies a full interval back.

    It comes from SQL, so that restarts neither hasten nor delay it.
    """
    detector, section = configuration.detector.name, configuration.trainer
    with transaction(engine) as session:
        last = retrains.last_finished(session, detector)
        since = last or labelled_alerts.first_received(session, detector)
        labels = labelled_alerts.count_current(session, detector)
    if since is None or labels < section.retrain_min_labels:
        return False
    return _now() - since >= timedelta(seconds=section.retrain_every_seconds)
