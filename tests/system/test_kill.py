"""A consumer killed under load, and one that outlives a restart of Kafka; more in tests/faults."""

import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import pytest

from demo.local_kafka import LocalKafka
from demo.local_kafka.ports import free_port
from tests.fixtures.accounting import assert_every_record_once
from tests.fixtures.consumer_process import (
    ConsumerProcess,
    Outcome,
    wait_until,
    write_configuration,
)
from tests.fixtures.kafka import Topics
from tests.fixtures.seeded_events import seeded_events

PARTITIONS = 4


@pytest.fixture
def seed() -> int:
    """A seed of this run's own, printed where the test fails."""
    chosen = time.time_ns() % 1_000_000
    print(f"seed {chosen}")  # noqa: T201
    return chosen


@pytest.fixture
def outcome(tmp_path: Path, topics: Topics) -> Iterator[Outcome]:
    """A detector on an input topic with four partitions."""
    topics.create(topics.name("events"), PARTITIONS)
    _, configuration = write_configuration(tmp_path, topics)
    found = Outcome(topics, configuration)
    yield found
    found.close()


def produce(outcome: Outcome, seed: int, count: int, killed: threading.Event | None = None) -> None:
    """Spread seeded events over the partitions by key; the last third waits for `killed`.

    It comes 100 events at a time (about 5,000 a second) until then, so that whoever is killed
    meanwhile has work in hand and work before it, however fast it is.
    """
    keys = (str(number % 997).encode() for number in range(count))
    values: Iterator[bytes] = islice(seeded_events(seed), count)
    if killed is not None:
        values = held_back(values, count * 2 // 3, killed)
    sent = outcome.topics.produce(outcome.configuration.topics.events, values, keys=keys)
    assert sent == count


def held_back(values: Iterator[bytes], first: int, killed: threading.Event) -> Iterator[bytes]:
    """Give the first events at once and the others slowly, until somebody was killed."""
    for number, value in enumerate(values):
        if number > first and number % 100 == 0:
            killed.wait(0.02)
        yield value


def test_sigkill_halfway_loses_and_repeats_nothing(
    tmp_path: Path, outcome: Outcome, seed: int
) -> None:
    """50,000 events, two consumers, one killed halfway: every record is accounted for once."""
    config = tmp_path / "floodline.toml"
    count = 50_000
    with ConsumerProcess(config, "victim") as victim, ConsumerProcess(config, "heir") as heir:
        victim.wait_running(2)
        heir.wait_running(2)
        orphans = victim.held
        assert len(orphans) == 2
        killed = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            producing = pool.submit(produce, outcome, seed, count, killed)
            quarter = count // 4  # two of four partitions: half of the victim's part
            wait_until(lambda: outcome.total(orphans) >= quarter // 2, "the victim is under way")
            victim.send(signal.SIGKILL)
            assert victim.process.wait(10) == -signal.SIGKILL
            killed.set()
            producing.result()
        left = sum(outcome.ends()[partition] for partition in orphans) - outcome.total(orphans)
        assert left > 0, "the kill came too late to show anything"
        outcome.wait_committed()
        assert heir.stop() == 0
    expected = assert_every_record_once(outcome)
    assert sum(e.scored + len(e.dead_letters) for e in expected.values()) == count
    assert sum(len(e.alerts) for e in expected.values()) > 50
    assert sum(len(e.dead_letters) for e in expected.values()) > 300


def test_a_quiet_consumer_outlives_a_restart_of_kafka(tmp_path: Path, seed: int) -> None:
    """Kafka is stopped and started while nothing comes in: what comes then is scored, once."""
    with LocalKafka(tmp_path / "kafka", port=free_port()) as kafka:
        topics = Topics(kafka.bootstrap_servers, "quiet")
        topics.create(topics.name("events"), 2)
        config, configuration = write_configuration(tmp_path, topics)
        outcome = Outcome(topics, configuration)
        with ConsumerProcess(config, "one") as member:
            member.wait_running(2)
            produce(outcome, seed, 1_000)
            outcome.wait_committed()
            kafka.stop()
            kafka.start()
            produce(outcome, seed + 1, 500)
            outcome.wait_committed(120)
            assert member.stop() == 0
        assert_every_record_once(outcome)
        outcome.close()
