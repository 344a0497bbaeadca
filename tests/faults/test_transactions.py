"""Rows 6 and 7: requests of a transaction that come late or never, and others' transactions."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer

from demo.local_kafka import LocalKafka
from demo.local_kafka.ports import free_port
from demo.local_kafka.properties import Detour
from tests.faults.commit_watch import CommitWatch
from tests.faults.fleet import Fleet
from tests.faults.site import PARTITIONS, Effort, Site
from tests.faults.trickle import Trickle
from tests.faults.verdict import Verdict
from tests.fixtures.consumer_process import Outcome, wait_until, write_configuration
from tests.fixtures.kafka import Topics
from tests.fixtures.kafka_proxy import Api, Cut, KafkaProxy, Trouble

EVENTS_PER_SECOND = 200
PATIENCE_SECONDS = 60.0
WORST = (
    Trouble(Api.END_TXN, seconds=13.0),  # beyond every time-out of ours: it comes back too late
    Trouble(Api.END_TXN, cut=Cut.AFTER),  # committed, and nobody is told
    Trouble(Api.TXN_OFFSET_COMMIT, seconds=7.0),  # beyond the transaction's time-out
)


@pytest.fixture
def detour() -> Detour:
    """Two ports: the broker's second door, and the proxy's."""
    return Detour(free_port(), free_port())


@pytest.fixture
def proxied(tmp_path: Path, detour: Detour, seed: int) -> Iterator[tuple[Site, KafkaProxy]]:
    """A detector whose members reach Kafka through a proxy; the tests reach it directly."""
    with (
        LocalKafka(tmp_path / "kafka", detour=detour) as kafka,
        KafkaProxy(detour.advertised, detour.port) as proxy,
    ):
        topics = Topics(kafka.bootstrap_servers, "proxied")
        topics.create(topics.name("events"), PARTITIONS)
        config, configuration = write_configuration(
            tmp_path, topics, kafka={"bootstrap_servers": proxy.address}
        )
        outcome = Outcome(topics, configuration)
        yield Site(config, outcome, seed), proxy
        outcome.close()


def troubles(seed: int, effort: Effort) -> Iterator[Trouble]:
    """The worst ones, and in the whole form forty more by the seed."""
    yield from WORST if effort.whole else WORST[:2]
    draw = random.Random(seed)
    for _ in range(int(effort.of(0, 40))):
        cut = draw.choice((None, Cut.BEFORE, Cut.AFTER))
        yield Trouble(draw.choice(list(Api)), seconds=draw.choice((0.0, 1.0, 6.0, 12.0)), cut=cut)


@pytest.mark.timeout(2_400)
def test_late_and_lost_requests_of_a_transaction(
    proxied: tuple[Site, KafkaProxy], effort: Effort, verdict: Verdict
) -> None:
    """Requests that end or fill a transaction come late, twice or never: none is torn.

    The case that Jepsen found: an EndTxn that arrives after its producer gave up must not end a
    later transaction. One trouble takes up to 15 s: 43 take about 8 minutes.
    """
    site, proxy = proxied
    with Fleet(site.config) as fleet, CommitWatch(site.outcome) as watch:
        fleet.start("one")
        fleet.start("two")
        servers = site.topics.bootstrap_servers
        with Trickle(servers, site.events_topic, site.seed, EVENTS_PER_SECOND):
            wait_until(lambda: len(watch.offsets) == PARTITIONS, "every partition commits")
            for trouble in troubles(site.seed, effort):
                proxy.arm(trouble)
                assert proxy.struck.wait(PATIENCE_SECONDS), trouble
                base, begun = dict(watch.offsets), time.monotonic()
                wait = PATIENCE_SECONDS + trouble.seconds
                took = watch.seconds_until_beyond(base, range(PARTITIONS), wait, begun)
                assert took is not None, f"no commits after {trouble}"
                assert proxy.passed.wait(PATIENCE_SECONDS), trouble
                verdict.recovered("request", took)
                fleet.check()
        fleet.wait_committed(site.outcome, PATIENCE_SECONDS)
        said = [
            line for each in fleet.running.values() for line in each.said("transaction given up")
        ]
        # A few troubles may all be such that the client mends them by itself.
        assert said or not effort.whole, "nothing happened to any transaction"
        fleet.stop_all()
    verdict.account(site.outcome)


@pytest.mark.whole
def test_a_hanging_transaction_of_somebody_else(site: Site, verdict: Verdict) -> None:
    """Somebody's transaction on the alerts topic that never ends holds nobody up but readers."""
    topics = site.outcome.configuration.topics
    foreign = Producer(
        {
            "bootstrap.servers": site.topics.bootstrap_servers,
            "transactional.id": f"{site.topics.prefix}.foreign",
            "transaction.timeout.ms": 300_000,
        }
    )
    with Fleet(site.config) as fleet, CommitWatch(site.outcome) as watch:
        fleet.start("one").wait_running(PARTITIONS)
        foreign.init_transactions(20)
        foreign.begin_transaction()
        for partition in site.topics.partitions(topics.alerts):
            foreign.produce(topics.alerts, b"this is no alert", partition=partition)
        foreign.flush(10)
        servers = site.topics.bootstrap_servers
        with Trickle(servers, site.events_topic, site.seed, 2_000):
            wait_until(lambda: watch.total() > 6_000, "scoring goes on")
        fleet.wait_committed(site.outcome)
        assert site.outcome.alerts() == [], "read_committed shows what lies after the hanging one"
        foreign.abort_transaction(20)
        assert site.outcome.alerts()
        fleet.stop_all()
    verdict.account(site.outcome)
