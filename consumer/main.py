"""The scoring process: wires the loop to Kafka and runs it until it is told to stop."""

import gc
import signal
import threading
import time
import uuid

import structlog
from prometheus_client import CollectorRegistry

from consumer.adapters.client_settings import BEFORE_INSTANCE
from consumer.adapters.kafka.group_input import KafkaInput
from consumer.adapters.kafka.output import KafkaOutput
from consumer.adapters.kafka.topics import KafkaTopics
from consumer.adapters.log import KafkaLog, KafkaReleases
from consumer.history_check import check_history
from consumer.loop import ScoringLoop
from consumer.observation import Observation
from consumer.output_watch import OutputWatch
from consumer.ports import PublishFailed
from consumer.restoration import Restorer
from consumer.worker_thread import WorkerThread
from floodline.configuration.model_check import check_model
from floodline.configuration.sections import Configuration
from floodline.errors import ConfigurationError, DependencyDown
from floodline.events.preparation import prepare
from floodline.storage.state_store import open_store
from floodline.telemetry.endpoint import serve
from floodline.telemetry.metrics import ConsumerMetrics

log = structlog.get_logger(__name__)

_RARELY = 100_000
"""Objects made and not freed until Python looks for circles among them: more than the records held
at a time, which have none, and which it would else go through for every 700 that come."""


def consume(configuration: Configuration) -> None:
    """Score the input topic until SIGTERM or SIGINT.

    Raises:
        ConfigurationError: a setting, a topic or a kept state does not fit.
        DependencyDown: Kafka does not answer.
    """
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    # Before anything slow: what the operator must mend.
    if configuration.consumer.static_membership and configuration.consumer.instance is None:
        raise ConfigurationError(
            "consumer.static_membership needs the member's stable name: consumer.instance, or "
            "--instance"
        )
    check_history(configuration)
    check_model(configuration)
    # Before anything that waits for us: a first start compiles for half a minute.
    log.info("kernels ready", seconds=round(prepare(time.perf_counter), 1))
    registry = CollectorRegistry()
    observation = Observation(
        ConsumerMetrics(registry),
        configuration.detector.name,
        monotonic=time.monotonic,
        now=time.time,
    )
    section = configuration.consumer
    endpoint = serve(
        section.metrics_host,
        section.metrics_port,
        registry,
        alive=observation.alive,
        ready=observation.ready,
    )
    log.info("metrics", port=endpoint.port)
    gc.freeze()
    gc.set_threshold(_RARELY)
    try:
        _run(configuration, observation, stopping)
    finally:
        endpoint.close()
    log.info("stopped")


def _run(configuration: Configuration, observation: Observation, stopping: threading.Event) -> None:
    topic = KafkaTopics(configuration)
    topic_id = topic.ensure()
    instance = configuration.consumer.instance or uuid.uuid4().hex[:12]
    name = f"{configuration.group}{BEFORE_INSTANCE}{instance}"
    source = KafkaInput(configuration, name)
    output = KafkaOutput(configuration, source, name)
    _first_producer(output, configuration)
    store = open_store(configuration.store)
    releases = KafkaReleases(configuration, time.monotonic)
    topics = KafkaLog(configuration, time.monotonic)
    loop = ScoringLoop(
        configuration=configuration,
        topic_id=topic_id,
        topic=topic,
        source=source,
        output=output,
        releases=releases,
        restorer=Restorer(configuration, source, topics, store),
        store=store,
        observation=observation,
        monotonic=time.monotonic,
        keeper=WorkerThread("snapshots"),
    )
    watch = OutputWatch(topic.held_back, observation.held_back)
    try:
        loop.run(stopping.is_set)
    finally:
        watch.close()
        releases.close()


def _first_producer(output: KafkaOutput, configuration: Configuration) -> None:
    try:
        output.renew()
    except PublishFailed as error:
        raise DependencyDown(
            f"Kafka at {configuration.kafka.bootstrap_servers} gives no transactions: {error}"
        ) from error
