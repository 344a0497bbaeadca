"""The process: its parts put together, started, and stopped in order."""

import signal
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import structlog
import uvicorn
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine

from feedback_api.access.loopback import is_loopback, require_loopback_without_keys
from feedback_api.adapters.kafka import KafkaAlertSource, KafkaLabelPublisher, KafkaScoringOffsets
from feedback_api.application import create_app
from feedback_api.housekeeping import Housekeeping
from feedback_api.intake.intake import Intake
from feedback_api.listening import listen, url_of
from feedback_api.relay import Relay
from feedback_api.scoring.last_heard import LastHeard
from feedback_api.scoring.watch import ScoringWatch
from feedback_api.services import Services
from feedback_api.worker import Worker
from floodline.configuration.sections import Configuration
from floodline.storage import schema_revision
from floodline.storage.alerts import Kind
from floodline.storage.engine import open_engine
from floodline.telemetry.metrics import FeedbackMetrics

_STOP_SECONDS = 20.0
# Idle connections count too; each open one costs a file.
MOST_CONNECTIONS = 200
_log = structlog.get_logger(__name__)


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def serve(configuration: Configuration) -> None:
    """Answer requests, take alerts in and publish labels until SIGTERM or SIGINT.

    Raises:
        ConfigurationError: a setting cannot be used, or the port is taken.
        DependencyDown: the database does not answer, or lacks its tables. Kafka may be down.
    """
    api = configuration.api
    require_loopback_without_keys(api.auth, api.host)
    if not api.secure_cookie and not is_loopback(api.host):
        _log.warning(
            "sessions are sent without `Secure`: serve over HTTPS and set api.secure_cookie"
        )
    engine = open_engine(configuration.database.url.get_secret_value())
    try:
        schema_revision.require(engine)
        with listen(api.host, api.port) as opened:
            app, workers = assemble(configuration, engine)
            with _working(workers):
                _log.info("listening", url=url_of(opened), detector=configuration.detector.name)
                _Server(server_settings(app)).run(sockets=[opened])
    finally:
        engine.dispose()
    _log.info("stopped")


def assemble(configuration: Configuration, engine: Engine) -> tuple[FastAPI, list[Worker]]:
    """The application and the workers beside it, not started yet."""
    registry = CollectorRegistry()
    metrics = FeedbackMetrics(registry)
    relay = _relay(configuration, engine)
    scoring = LastHeard()
    workers = [
        relay,
        _housekeeping(configuration, engine, metrics),
        _scoring_watch(configuration, scoring),
    ]
    if configuration.api.intake:
        workers += [_intake(configuration, engine, metrics, kind) for kind in Kind]
    services = Services(
        engine=engine,
        detector=configuration.detector.name,
        labels_topic=configuration.topics.labels,
        settings=configuration.api,
        clock=now,
        new_id=lambda: str(uuid.uuid4()),
        metrics=metrics,
        registry=registry,
        wake_relay=relay.wake,
        threshold=configuration.threshold,
        initial_rule=configuration.initial_rule,
        initial_sampling=configuration.review.initial_sampling,
        model=configuration.model_parameters,
        feedback=configuration.feedback,
        background=workers,
        scoring=scoring,
    )
    return create_app(services), workers


def _relay(configuration: Configuration, engine: Engine) -> Worker:
    topic = configuration.topics.labels
    shape = configuration.topics.shapes(1)[topic]
    relay = Relay(engine, lambda: KafkaLabelPublisher(configuration.kafka, topic, shape), clock=now)
    return Worker("relay", relay.attempt)


def _housekeeping(configuration: Configuration, engine: Engine, metrics: FeedbackMetrics) -> Worker:
    kept = Housekeeping(engine, detector=configuration.detector.name, clock=now, metrics=metrics)
    return Worker("housekeeping", kept.attempt)


def _scoring_watch(configuration: Configuration, heard: LastHeard) -> Worker:
    kafka, group, topic = configuration.kafka, configuration.group, configuration.topics.events
    watch = ScoringWatch(lambda: KafkaScoringOffsets(kafka, group, topic), heard, clock=now)
    return Worker("scoring_watch", watch.attempt)


def _intake(
    configuration: Configuration, engine: Engine, metrics: FeedbackMetrics, kind: Kind
) -> Worker:
    topics, group = configuration.topics, f"{configuration.group}-intake"
    topic = topics.alerts if kind is Kind.ALERT else topics.samples
    up = metrics.intake_up.labels(configuration.detector.name, kind)
    up.set(0)
    intake = Intake(
        engine,
        lambda: KafkaAlertSource(configuration.kafka, group, topic),
        topic=topic,
        kind=kind,
        detector=configuration.detector.name,
        model=configuration.model_parameters,
        clock=now,
        metrics=metrics,
    )
    name = "intake" if kind is Kind.ALERT else "intake_samples"
    return Worker(name, intake.attempt, lambda works: up.set(int(works)))


@contextmanager
def _working(workers: list[Worker]) -> Iterator[None]:
    """Workers run within the block; the relay ends last, so that late labels still go out."""
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        for worker in reversed(workers):
            if not worker.stop(_STOP_SECONDS):
                _log.warning("worker did not stop in time", worker=worker.name)


class _Server(uvicorn.Server):
    """Leaves signals to us: uvicorn would raise them again, and so end us before our own stop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        handled = (signal.SIGTERM, signal.SIGINT)
        before = {each: signal.signal(each, self.handle_exit) for each in handled}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


def server_settings(app: FastAPI) -> uvicorn.Config:
    """How the application is served."""
    return uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=int(_STOP_SECONDS),
    )
