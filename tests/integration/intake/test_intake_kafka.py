"""The intake and the relay over a real Kafka."""

from collections.abc import Callable

import pytest
import structlog
import structlog.testing
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine

from feedback_api.adapters.kafka import KafkaAlertSource, KafkaLabelPublisher
from feedback_api.intake.intake import Intake
from feedback_api.relay import Relay
from floodline.configuration.sections import KafkaSection
from floodline.detection.parameters import DefaultProfile
from floodline.events.messages import LabelMessage, decode, encode
from floodline.storage import alerts, outbox
from floodline.storage.alerts import AlertFilter, Kind
from floodline.storage.engine import transaction
from floodline.telemetry.metrics import FeedbackMetrics
from tests.fixtures.kafka import Topics
from tests.integration.intake.messages import DETECTOR, alert_message, eventually, working
from tests.integration.storage.samples import NOW


def _count(engine: Engine) -> int:
    with transaction(engine) as session:
        return alerts.count(session, AlertFilter(detector=DETECTOR))


@pytest.fixture
def kafka(bootstrap_servers: str) -> KafkaSection:
    """The settings of the test run's Kafka."""
    return KafkaSection(bootstrap_servers=bootstrap_servers)


SHAPE = (2, {"retention.ms": "-1"})
IntakeOf = Callable[[str], tuple[Intake, Callable[[str], float | None]]]


@pytest.fixture
def intake_of(kafka: KafkaSection, topics: Topics, sqlite_engine: Engine) -> IntakeOf:
    """A new intake of a topic, and its counts by outcome."""

    def make(topic: str) -> tuple[Intake, Callable[[str], float | None]]:
        registry = CollectorRegistry()
        intake = Intake(
            sqlite_engine,
            lambda: KafkaAlertSource(kafka, f"{topics.prefix}-intake", topic),
            topic=topic,
            kind=Kind.ALERT,
            detector=DETECTOR,
            model=DefaultProfile(),
            clock=lambda: NOW,
            metrics=FeedbackMetrics(registry),
        )

        def counted(outcome: str) -> float | None:
            labels = {"detector": DETECTOR, "outcome": outcome}
            return registry.get_sample_value("floodline_intake_alerts_total", labels)

        return intake, counted

    return make


def test_each_alert_is_stored_once_over_restarts(
    topics: Topics, sqlite_engine: Engine, intake_of: IntakeOf
) -> None:
    """Duplicates and garbage change nothing, and a restart reads only what is new."""
    topic = topics.create(topics.name("alerts"), partitions=3)
    first = [alert_message(n) for n in range(50)]
    topics.produce(topic, [*first, b"garbage", None, *first[:20]])
    intake, counted = intake_of(topic)
    with working(intake.attempt):
        eventually(lambda: counted("stored") == 50, "fifty are stored")
        eventually(lambda: (counted("known"), counted("refused")) == (20, 2), "all is read")
    topics.produce(topic, [alert_message(n) for n in range(50, 60)])
    intake, counted = intake_of(topic)
    with working(intake.attempt):
        eventually(lambda: counted("stored") == 10, "ten more are stored")
    assert (counted("known"), counted("refused")) == (0, 0)
    assert _count(sqlite_engine) == 60


def test_it_waits_for_its_topic(topics: Topics, sqlite_engine: Engine, intake_of: IntakeOf) -> None:
    """An alerts topic that is not there yet is waited for, not a crash."""
    topic = topics.name("alerts")
    intake, counted = intake_of(topic)
    with working(intake.attempt) as worker:
        eventually(lambda: worker.state == "down", "it waits")
        topics.create(topic)
        topics.produce(topic, [alert_message(1)])
        eventually(lambda: counted("stored") == 1, "the alert is stored")
        assert worker.state == "up"
    assert _count(sqlite_engine) == 1


def test_aborted_alerts_are_not_taken_in(
    topics: Topics, sqlite_engine: Engine, intake_of: IntakeOf
) -> None:
    """What a consumer's transaction gave up is never stored."""
    topic = topics.create(topics.name("alerts"))
    producer = Producer(
        {"bootstrap.servers": topics.bootstrap_servers, "transactional.id": topics.prefix}
    )
    producer.init_transactions(20)
    for offset, commit in ((1, True), (2, False), (3, True)):
        producer.begin_transaction()
        producer.produce(topic, alert_message(offset))
        producer.flush(20)
        if commit:
            producer.commit_transaction(20)
        else:
            producer.abort_transaction(20)
    intake, counted = intake_of(topic)
    with working(intake.attempt):
        eventually(lambda: counted("stored") == 2, "the committed ones are stored")
    assert _count(sqlite_engine) == 2


def test_a_lost_range_is_passed_over_and_said(topics: Topics, intake_of: IntakeOf) -> None:
    """Where retention took alerts before they were read, the intake goes on with what is left."""
    topic = topics.create(topics.name("alerts"))
    topics.produce(topic, [alert_message(n) for n in range(2)])
    intake, counted = intake_of(topic)
    with working(intake.attempt):
        eventually(lambda: counted("stored") == 2, "the first are stored")
    topics.produce(topic, [alert_message(n) for n in range(2, 8)])
    admin = AdminClient({"bootstrap.servers": topics.bootstrap_servers})
    for done in admin.delete_records([TopicPartition(topic, 0, 5)]).values():
        done.result(20)
    intake, counted = intake_of(topic)
    with structlog.testing.capture_logs() as said, working(intake.attempt):
        eventually(lambda: counted("stored") == 3, "what is left is stored")
    (lost,) = [line for line in said if line["event"].startswith("alerts are lost")]
    assert (lost["next_offset"], lost["first_held"]) == (2, 5)


def test_new_partitions_are_read_without_a_restart(topics: Topics, intake_of: IntakeOf) -> None:
    """Partitions that are added to the alerts topic are seen within seconds."""
    topic = topics.create(topics.name("alerts"))
    topics.produce(topic, [alert_message(0)])
    intake, counted = intake_of(topic)
    with working(intake.attempt):
        eventually(lambda: counted("stored") == 1, "the first is stored")
        admin = AdminClient({"bootstrap.servers": topics.bootstrap_servers})
        admin.create_partitions([NewPartitions(topic, 3)])[topic].result(20)
        eventually(lambda: topics.partitions(topic) == [0, 1, 2], "the partitions are there")
        topics.produce(topic, [alert_message(1)], partition=2)
        eventually(lambda: counted("stored") == 2, "the second is stored")


def _label(number: int) -> LabelMessage:
    return LabelMessage(
        id=f"label-{number}",
        alert_id=f"alert-{number % 2}",
        detector=DETECTOR,
        verdict="confirmed",
        reason=None,
        note="ü",
        analyst="alice",
        created_at="2026-11-22T12:00:00Z",
        supersedes=None,
        score=0.99,
        release=0,
    )


def _append(engine: Engine, topic: str, *numbers: int) -> None:
    with transaction(engine) as session:
        for number in numbers:
            label = _label(number)
            outbox.append(
                session,
                kind="label",
                topic=topic,
                key=label.alert_id,
                value=encode(label),
                now=NOW,
            )


def _waiting(engine: Engine) -> int:
    with transaction(engine) as session:
        return outbox.count_waiting(session, "label")


def test_labels_leave_the_outbox_in_order(
    topics: Topics, sqlite_engine: Engine, kafka: KafkaSection
) -> None:
    """Labels go out in order, keyed by alert, as CloudEvents; their topic is made as it should."""
    topic = topics.name("labels")
    _append(sqlite_engine, topic, 0, 1, 2)
    relay = Relay(
        sqlite_engine, lambda: KafkaLabelPublisher(kafka, topic, SHAPE), clock=lambda: NOW
    )
    with working(relay.attempt) as worker:
        eventually(lambda: _waiting(sqlite_engine) == 0, "three are published")
        _append(sqlite_engine, topic, 3)
        worker.wake()
        eventually(lambda: _waiting(sqlite_engine) == 0, "the fourth is published")
    assert topics.partitions(topic) == [0, 1]
    records = topics.read(topic, at_least=4)
    for alert in (0, 1):
        mine = [record for record in records if record.key == f"alert-{alert}".encode()]
        assert [decode(record.value or b"", LabelMessage) for record in mine] == [
            _label(n) for n in (alert, alert + 2)
        ]
    assert next(r for r in records if r.key == b"alert-0").headers == {
        "ce_specversion": b"1.0",
        "ce_id": b"label-0",
        "ce_type": b"floodline.label.v1",
        "ce_source": b"/floodline/shuttle/feedback",
        "content-type": b"application/json",
    }


def test_labels_wait_while_kafka_is_away(
    topics: Topics, sqlite_engine: Engine, kafka: KafkaSection
) -> None:
    """A Kafka that does not answer delays labels, and loses and marks none."""
    topic = topics.name("labels")
    _append(sqlite_engine, topic, 0)
    away = KafkaSection(bootstrap_servers="127.0.0.1:1")
    settings = [away, kafka]
    relay = Relay(
        sqlite_engine,
        lambda: KafkaLabelPublisher(settings.pop(0) if len(settings) > 1 else kafka, topic, SHAPE),
        clock=lambda: NOW,
    )
    with working(relay.attempt) as worker:
        eventually(lambda: worker.state == "down", "it is down")
        assert _waiting(sqlite_engine) == 1
        eventually(lambda: _waiting(sqlite_engine) == 0, "the label is published")
    assert len(topics.read(topic, at_least=1)) == 1


def test_a_label_without_a_topic_waits(
    topics: Topics, sqlite_engine: Engine, bootstrap_servers: str
) -> None:
    """Where topics may not be made and the labels topic is missing, labels wait for it."""
    topic = topics.name("labels")
    _append(sqlite_engine, topic, 0)
    kafka = KafkaSection(bootstrap_servers=bootstrap_servers, create_topics=False)
    relay = Relay(
        sqlite_engine, lambda: KafkaLabelPublisher(kafka, topic, SHAPE), clock=lambda: NOW
    )
    with working(relay.attempt) as worker:
        eventually(lambda: worker.state == "down", "it is down", 60)
        assert _waiting(sqlite_engine) == 1
        topics.create(topic)
        eventually(lambda: _waiting(sqlite_engine) == 0, "the label is published", 60)
