"""The input topic is changed under a running consumer, or its group's offsets are."""

import random
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, NewPartitions

from tests.fixtures.accounting import assert_every_record_once
from tests.fixtures.consumer_process import (
    ConsumerProcess,
    Outcome,
    wait_until,
    write_configuration,
)
from tests.fixtures.kafka import Topics

ADDED_SECONDS = 90.0


def values(seed: int, count: int) -> list[bytes | None]:
    """Seeded events, some far out."""
    draw = random.Random(seed)
    return [
        b'{"x": %f, "y": %f, "z": 5}' % (draw.gauss(5, 1), draw.gauss(5, draw.choice((1, 1, 9))))
        for _ in range(count)
    ]


@pytest.fixture
def admin(topics: Topics) -> AdminClient:
    """The broker's administration."""
    return AdminClient({"bootstrap.servers": topics.bootstrap_servers, "log_level": 3})


def test_a_topic_made_anew_stops_the_consumer(
    tmp_path: Path, topics: Topics, admin: AdminClient
) -> None:
    """Nothing of the new topic is scored under the old one's id: exit 3 with what to do."""
    name = topics.name("events")
    topics.create(name, 1)
    config, configuration = write_configuration(tmp_path, topics)
    outcome = Outcome(topics, configuration)
    topics.produce(name, values(1, 500))
    with ConsumerProcess(config, "one") as member:
        outcome.wait_committed()
        before = {alert.id for alert in outcome.alerts()}
        admin.delete_topics([name])[name].result(10)
        wait_until(lambda: name not in admin.list_topics(timeout=5).topics, "the topic gone")
        topics.create(name, 1)
        topics.produce(name, values(2, 900))
        wait_until(lambda: member.process.poll() is not None, "the consumer stopped")
        assert member.process.returncode == 3
    assert {alert.id for alert in outcome.alerts()} == before
    outcome.close()


def test_partitions_that_are_added_are_scored_too(
    tmp_path: Path, topics: Topics, admin: AdminClient
) -> None:
    """A running consumer takes added partitions up by itself and loses nothing."""
    name = topics.name("events")
    topics.create(name, 1)
    config, configuration = write_configuration(tmp_path, topics)
    topics.produce(name, values(1, 400))
    with ConsumerProcess(config, "one") as member:
        member.wait_running(1)
        admin.create_partitions([NewPartitions(name, 3)])[name].result(10)
        wait_until(lambda: len(topics.partitions(name)) == 3, "three partitions")
        keys = [str(number % 31).encode() for number in range(600)]
        topics.produce(name, values(2, 600), keys=keys)
        outcome = Outcome(topics, configuration)
        outcome.wait_committed(ADDED_SECONDS)
        assert member.stop() == 0
    assert_every_record_once(outcome)
    outcome.close()


def test_a_group_without_its_offsets_does_not_alert_twice(
    tmp_path: Path, topics: Topics, admin: AdminClient
) -> None:
    """Offsets that Kafka dropped stop the consumer: no record is scored again by itself."""
    name = topics.name("events")
    topics.create(name, 1)
    config, configuration = write_configuration(tmp_path, topics)
    outcome = Outcome(topics, configuration)
    topics.produce(name, values(1, 500))
    with ConsumerProcess(config, "one") as member:
        outcome.wait_committed()
        assert member.stop() == 0
    before = [alert.id for alert in outcome.alerts()]
    group = configuration.group
    admin.delete_consumer_groups([group])[group].result(10)
    with ConsumerProcess(config, "two") as member:
        wait_until(lambda: member.process.poll() is not None, "the consumer stopped")
        assert member.process.returncode == 3
    assert [alert.id for alert in outcome.alerts()] == before
    outcome.close()
