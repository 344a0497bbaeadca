"""Our topics while somebody's transaction is open in them, on a real Kafka."""

import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Producer

from consumer.adapters.kafka.topics import KafkaTopics
from consumer.adapters.log import KafkaLog
from consumer.adapters.published import KafkaPublished
from floodline.configuration.sections import Configuration
from floodline.detection.threshold_rule import ThresholdRule
from floodline.errors import DependencyDown
from floodline.events.messages import Change, Coordinates, Release, alert_id, encode
from tests.fixtures.consumer_process import COMMAND, write_configuration
from tests.fixtures.kafka import ANSWER_SECONDS, Topics

MINUTES_MS = 300_000


class Detector:
    """A detector with its topics and no consumer."""

    def __init__(self, folder: Path, topics: Topics) -> None:
        topics.create(topics.name("events"))
        short = {"transaction_timeout_ms": 1_000}
        self.config, self.configuration = write_configuration(folder, topics, consumer=short)
        self.topics = KafkaTopics(self.configuration)
        self.topic_id = self.topics.ensure()


@pytest.fixture
def detector(tmp_path: Path, topics: Topics) -> Detector:
    """A detector of this test's own."""
    return Detector(tmp_path, topics)


@contextmanager
def stranger(topics: Topics, topic: str) -> Iterator[Callable[[], None]]:
    """A transaction of somebody else, open on the topic's first partition; call to abort it."""
    producer = Producer(
        {
            "bootstrap.servers": topics.bootstrap_servers,
            "transactional.id": f"stranger-{uuid.uuid4().hex}",
            "transaction.timeout.ms": MINUTES_MS,
        }
    )
    producer.init_transactions(ANSWER_SECONDS)
    producer.begin_transaction()
    producer.produce(topic, b"{}", partition=0)
    assert producer.flush(ANSWER_SECONDS) == 0
    open_still = [True]

    def abort() -> None:
        if open_still:
            open_still.clear()
            producer.abort_transaction(ANSWER_SECONDS)

    try:
        yield abort
    finally:
        abort()


def hurried() -> Callable[[], float]:
    """A clock that moves by a second at each look."""
    seconds = iter(range(100_000))
    return lambda: float(next(seconds))


def meanwhile(do: Callable[[], None]) -> Callable[[], float]:
    """The clock, which at its tenth look does something."""
    looks = iter(range(100_000))

    def now() -> float:
        if next(looks) == 10:
            do()
        return time.monotonic()

    return now


def release(configuration: Configuration, number: int) -> Release:
    """A release of the detector."""
    return Release(
        number=number,
        detector=configuration.detector.name,
        kind="recalibration",
        threshold=ThresholdRule(score=0.5),
        reason="test",
        made_by="test",
        created_at="2026-01-01T00:00:00Z",
    )


def change(detector: Detector, number: int) -> Change:
    """A change of the first partition."""
    coordinates = Coordinates(
        topic=detector.configuration.topics.events,
        topic_id=detector.topic_id,
        partition=0,
        offset=number,
    )
    return Change(
        detector=detector.configuration.detector.name,
        coordinates=coordinates,
        fresh=number == 0,
        release=release(detector.configuration, number),
    )


def test_changes_behind_an_open_transaction_are_waited_for(
    detector: Detector, topics: Topics
) -> None:
    """Committed changes are never left out: they are read once it ends, else the read fails."""
    configuration, name = detector.configuration, detector.configuration.topics.changes
    kept = [change(detector, number) for number in (0, 1)]
    topics.produce(name, [encode(kept[0])], partition=0)
    with stranger(topics, name) as abort:
        topics.produce(name, [encode(kept[1])], partition=0)
        said = rf"{name}, partition 0: an open transaction .* offset 1 to 3"
        with pytest.raises(DependencyDown, match=said):
            KafkaLog(configuration, hurried()).changes(0)
        assert KafkaLog(configuration, meanwhile(abort)).changes(0) == kept
    # The end lies behind what was aborted, and behind its marker.
    with stranger(topics, name) as abort:
        abort()
    began = time.monotonic()
    assert KafkaLog(configuration, time.monotonic).changes(0) == kept
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("kind", ["alerts", "dead_letters"])
def test_messages_behind_an_open_transaction_are_waited_for(
    detector: Detector, topics: Topics, kind: str
) -> None:
    """What was published is read whole, or not at all."""
    name: str = getattr(detector.configuration.topics, kind)
    told: list[int] = []

    def collect(now: Callable[[], float]) -> None:
        published = KafkaPublished(detector.configuration, detector.topics, now)
        published.collect(detector.topic_id, {}, lambda partition: None, told.append)

    with stranger(topics, name) as abort:
        topics.produce(name, [b"{}", b"{}"], partition=0)
        said = rf"{name}, partition 0: an open transaction .* offset 0 to 3"
        with pytest.raises(DependencyDown, match=said):
            collect(hurried())
        assert told == []
        collect(meanwhile(abort))
    assert sum(told) == 2


def test_releases_behind_an_open_transaction_are_waited_for(
    detector: Detector, topics: Topics
) -> None:
    """An audit knows every release."""
    configuration, name = detector.configuration, detector.configuration.topics.releases
    made = release(configuration, 1)
    with stranger(topics, name) as abort:
        topics.produce(name, [encode(made)], partition=0)
        with pytest.raises(DependencyDown, match=f"{name}, partition 0: an open transaction"):
            KafkaPublished(configuration, detector.topics, hurried()).releases()
        published = KafkaPublished(configuration, detector.topics, meanwhile(abort))
        assert published.releases() == {1: made}


def verify(config: Path) -> "subprocess.CompletedProcess[str]":
    """`floodline verify` as its user runs it."""
    return subprocess.run(
        [*COMMAND[:-1], "verify", "--config", str(config)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_verify_says_neither_equal_nor_different_while_alerts_are_held_back(
    detector: Detector, topics: Topics
) -> None:
    """Exit code 4, and which partition is held back; once the transaction ended, its answer."""
    name = detector.configuration.topics.alerts
    with stranger(topics, name):
        ended = verify(detector.config)
        assert ended.returncode == 4, ended.stdout
        assert f"{name}, partition 0: an open transaction holds back" in ended.stderr
        assert "Traceback" not in ended.stderr
    assert verify(detector.config).returncode == 0


def test_verify_names_alerts_about_records_that_never_were(
    detector: Detector, topics: Topics
) -> None:
    """An unknown partition, and an offset behind the log's end: different."""
    name = detector.configuration.detector.name
    topics.produce(detector.configuration.topics.events, [b"{}"] * 3)
    for partition, offset in ((77, 3), (0, 3), (0, 2)):
        identity = alert_id(name, detector.topic_id, partition, offset)
        value = f'{{"id": "{identity}"}}'.encode()
        topics.produce(detector.configuration.topics.alerts, [value], partition=0)
    ended = verify(detector.config)
    assert ended.returncode == 1, ended.stderr
    assert "partition 77, offset 3, but the input has no such partition" in ended.stdout
    assert "partition 0, offset 3, but the input ends at 3 there" in ended.stdout
    assert ended.stdout.count("not ours: ") == 2
