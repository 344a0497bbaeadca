"""GET /api/v1/scoring and the queue's notice, over what a real Kafka has committed."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import Consumer, TopicPartition

from consumer.ports import Checkpoint
from demo.local_kafka import LocalKafka
from demo.local_kafka.ports import free_port
from feedback_api.access.roles import Role
from feedback_api.adapters.kafka import KafkaScoringOffsets
from feedback_api.scoring.watch import ScoringWatch
from floodline.configuration.sections import KafkaSection
from floodline.errors import DependencyDown
from tests.fixtures.kafka import Topics
from tests.integration.api.application import Api
from tests.integration.intake.messages import eventually, working
from tests.integration.storage.samples import DETECTOR, new_alert, store

Commit = Callable[[int, int, str], None]


def _metadata(events: int, left: int) -> str:
    told = Checkpoint(
        topic_id="T", model="m", release=1, events=events, dead_letters=2, warm_up_left=left
    )
    return msgspec.json.encode(told).decode()


def _text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))


@pytest.fixture
def topic(topics: Topics) -> str:
    """The input topic, with four partitions."""
    return topics.create(topics.name("events"), partitions=4)


@pytest.fixture
def commit(topics: Topics, topic: str) -> Commit:
    """Commits for a partition of the group as the consumer would."""

    def committed(partition: int, offset: int, metadata: str) -> None:
        consumer = Consumer(
            {"bootstrap.servers": topics.bootstrap_servers, "group.id": topics.prefix}
        )
        place = TopicPartition(topic, partition, offset, metadata)
        consumer.commit(offsets=[place], asynchronous=False)
        consumer.close()

    return committed


@pytest.fixture
def watch(topics: Topics, topic: str, lite: Api) -> ScoringWatch:
    """The watch of the API's own Kafka."""
    kafka = KafkaSection(bootstrap_servers=topics.bootstrap_servers)
    return ScoringWatch(
        lambda: KafkaScoringOffsets(kafka, topics.prefix, topic),
        lite.services.scoring,
        clock=lite.clock,
    )


def test_it_says_what_the_group_committed(lite: Api, watch: ScoringWatch, commit: Commit) -> None:
    """Each committed partition is there with its warm-up; an unreadable one is left out."""
    commit(2, 300, _metadata(298, 0))
    commit(0, 62, _metadata(60, 190))
    commit(1, 5, "not of floodline")
    key = lite.key("alice", Role.VIEWER)
    with working(watch.attempt):
        eventually(lambda: not lite.get("/api/v1/scoring", key).json()["stale"], "it is heard")
    assert lite.get("/api/v1/scoring", key).json() == {
        "detector": DETECTOR,
        "heard_at": "2026-11-22T12:00:00Z",
        "stale": False,
        "warming_up": True,
        "partitions": [
            {
                "partition": 0,
                "offset": 62,
                "events": 60,
                "dead_letters": 2,
                "release": 1,
                "warming_up": True,
                "events_until_warm": 190,
            },
            {
                "partition": 2,
                "offset": 300,
                "events": 298,
                "dead_letters": 2,
                "release": 1,
                "warming_up": False,
                "events_until_warm": 0,
            },
        ],
    }


def test_a_commit_is_seen_while_it_watches(lite: Api, watch: ScoringWatch, commit: Commit) -> None:
    """Nothing scored, then warming up, then warm: the console's queue follows."""
    key = lite.key("alice")

    def says(words: str) -> bool:
        return words in _text(lite.get("/", key, headers={"Accept": "text/html"}).text)

    with working(watch.attempt) as worker:
        eventually(lambda: says("The consumer has not scored anything yet."), "it begins")
        commit(3, 1, _metadata(1, 1_249))
        worker.wake()
        eventually(lambda: says("1,249 more events on partition 3."), "it warms up")
        assert not says("has not scored anything")
        commit(3, 1_250, _metadata(1_250, 0))
        worker.wake()
        eventually(lambda: not says("still learning"), "it is warm")
        assert says("Nothing waits for a verdict.")
        store(lite.engine, new_alert(1))
        assert says("Queue 1")


def test_watching_does_not_join_the_group(topics: Topics, watch: ScoringWatch, lite: Api) -> None:
    """A consumer that joins while the group is watched gets every partition."""
    with working(watch.attempt):
        eventually(lambda: lite.services.scoring.get().nothing_scored, "it watches")
        consumer = Consumer(
            {"bootstrap.servers": topics.bootstrap_servers, "group.id": topics.prefix}
        )
        consumer.subscribe([topics.name("events")])
        consumer.poll(0)
        eventually(lambda: consumer.poll(0.1) is None and len(consumer.assignment()) == 4, "all")
        consumer.close()


def test_before_kafka_answers_it_is_stale(lite: Api) -> None:
    """Without an answer the time is null, nothing is listed, and the queue claims nothing."""
    key = lite.key("alice")
    assert lite.get("/api/v1/scoring", key).json() == {
        "detector": DETECTOR,
        "heard_at": None,
        "stale": True,
        "warming_up": False,
        "partitions": [],
    }
    assert "scored anything" not in lite.get("/", key, headers={"Accept": "text/html"}).text


def test_a_kafka_that_is_away_is_told(lite: Api) -> None:
    """Reading ends within its bound and says what is down."""
    kafka = KafkaSection(bootstrap_servers="127.0.0.1:1")
    with pytest.raises(DependencyDown, match=r"Kafka at 127\.0\.0\.1:1"):
        KafkaScoringOffsets(kafka, "g", "t").read()


ASKING = """
import sys, time
from feedback_api.adapters.kafka import KafkaScoringOffsets
from floodline.configuration.sections import KafkaSection
from floodline.errors import DependencyDown

offsets = KafkaScoringOffsets(KafkaSection(bootstrap_servers=sys.argv[1]), "group", "events")
until = time.monotonic() + 5
while time.monotonic() < until:
    try:
        offsets.read()
    except DependencyDown:
        pass
    time.sleep(0.02)
"""


def test_a_broker_that_coordinates_nothing_yet_ends_nobody(tmp_path: Path) -> None:
    """Asked from its first moment on, a new Kafka gives answers or errors: the process lives.

    An admin client's `list_consumer_group_offsets` died here of a segmentation fault, in about
    two of five processes.
    """
    with LocalKafka(tmp_path / "kafka", port=free_port()) as kafka:
        Topics(kafka.bootstrap_servers, "").create("events", 1)
        command = [sys.executable, "-c", ASKING, kafka.bootstrap_servers]
        asking = [subprocess.Popen(command) for _ in range(3)]
        assert [each.wait(60) for each in asking] == [0, 0, 0]
