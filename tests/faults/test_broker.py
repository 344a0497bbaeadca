"""Rows 4 and 5: Kafka itself is killed, or stands still."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.local_kafka import LocalKafka
from demo.local_kafka.ports import free_port
from tests.faults.broker_process import broker_process
from tests.faults.commit_watch import CommitWatch
from tests.faults.fleet import Fleet
from tests.faults.site import PARTITIONS, Effort, Site
from tests.faults.trickle import Trickle
from tests.faults.verdict import Verdict
from tests.fixtures.consumer_process import Outcome, wait_until, write_configuration
from tests.fixtures.kafka import Topics

EVENTS_PER_SECOND = 400
PATIENCE_SECONDS = 120.0
SETTLE_SECONDS = 1.0


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[LocalKafka]:
    """A Kafka of this test's own, which keeps its data and port over restarts."""
    with LocalKafka(tmp_path / "kafka", port=free_port()) as running:
        yield running


@pytest.fixture
def breakable(tmp_path: Path, kafka: LocalKafka, seed: int) -> Iterator[Site]:
    """A detector on that Kafka."""
    topics = Topics(kafka.bootstrap_servers, "breakable")
    topics.create(topics.name("events"), PARTITIONS)
    config, configuration = write_configuration(tmp_path, topics)
    outcome = Outcome(topics, configuration)
    yield Site(config, outcome, seed)
    outcome.close()


def wait_going_on(watch: CommitWatch, verdict: Verdict, way: str) -> None:
    """Wait until every partition is committed beyond what it is now, and a second of that."""
    base, begun = dict(watch.offsets), time.monotonic()
    took = watch.seconds_until_beyond(base, range(PARTITIONS), PATIENCE_SECONDS, begun)
    assert took is not None, f"no commits within {PATIENCE_SECONDS:g} s of the broker's return"
    verdict.recovered(way, took)
    time.sleep(SETTLE_SECONDS)


@pytest.mark.timeout(1_200)
def test_a_broker_killed_under_load(
    tmp_path: Path, kafka: LocalKafka, breakable: Site, effort: Effort, verdict: Verdict
) -> None:
    """Kafka is killed and comes back, again and again: members rewind, go on and repeat nothing.

    One round takes about 15 s: 12 take 3 minutes.
    """
    draw = random.Random(breakable.seed)
    servers, topic = kafka.bootstrap_servers, breakable.events_topic
    with Fleet(breakable.config) as fleet, CommitWatch(breakable.outcome) as watch:
        fleet.start("one")
        fleet.start("two")
        with Trickle(servers, topic, breakable.seed, EVENTS_PER_SECOND):
            wait_until(lambda: len(watch.offsets) == PARTITIONS, "every partition commits")
            for _ in range(int(effort.of(1, 12))):
                time.sleep(draw.uniform(0.5, 2.0))
                broker_process(tmp_path).kill()
                verdict.kills += 1
                kafka.stop()
                time.sleep(draw.choice((0.0, 2.0, 8.0)))
                kafka.start()
                wait_going_on(watch, verdict, "broker")
                fleet.check()
        fleet.wait_committed(breakable.outcome, PATIENCE_SECONDS)
        given_up = [m.said("transaction given up") for m in fleet.running.values()]
        # A single kill may fall between two transactions.
        assert any(given_up) or not effort.whole, "no transaction noticed"
        fleet.stop_all()
    verdict.account(breakable.outcome)


@pytest.mark.whole
@pytest.mark.timeout(1_200)
def test_a_broker_that_stands_still(
    tmp_path: Path, kafka: LocalKafka, breakable: Site, effort: Effort, verdict: Verdict
) -> None:
    """Kafka stands still, shorter and longer than a transaction may last: nobody ends, all go on.

    One round takes 5 to 30 s: 10 take 3 minutes.
    """
    draw = random.Random(breakable.seed)
    servers, topic = kafka.bootstrap_servers, breakable.events_topic
    with Fleet(breakable.config) as fleet, CommitWatch(breakable.outcome) as watch:
        fleet.start("one")
        fleet.start("two")
        with Trickle(servers, topic, breakable.seed, EVENTS_PER_SECOND):
            wait_until(lambda: len(watch.offsets) == PARTITIONS, "every partition commits")
            pauses = [2.0, 12.0, *(draw.uniform(0.5, 20.0) for _ in range(int(effort.of(0, 8))))]
            for seconds in pauses:
                process = broker_process(tmp_path)
                process.suspend()
                time.sleep(seconds)
                process.resume()
                wait_going_on(watch, verdict, "broker")
                fleet.check()
        fleet.wait_committed(breakable.outcome, PATIENCE_SECONDS)
        fleet.stop_all()
    verdict.account(breakable.outcome)
