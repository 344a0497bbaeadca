"""Rows 2 and 3: members that freeze, and a group that never rests."""

import random
import signal
import time
from itertools import islice

import pytest

from tests.faults.commit_watch import CommitWatch
from tests.faults.fleet import Fleet
from tests.faults.site import PARTITIONS, Effort, Site
from tests.faults.trickle import Trickle
from tests.faults.verdict import Verdict
from tests.fixtures.consumer_process import wait_until
from tests.fixtures.seeded_events import seeded_events

EVENTS_PER_SECOND = 200
PATIENCE_SECONDS = 60.0
BURST = 4_000
STORM = ("one", "two", "three")
TURN_SECONDS = 2.0


@pytest.mark.timeout(1_200)
def test_zombies(site: Site, effort: Effort, verdict: Verdict) -> None:
    """A member frozen past its session while another goes on is fenced, and repeats nothing.

    One round takes about 15 s: 15 take 4 minutes.
    """
    draw = random.Random(site.seed)
    section = site.outcome.configuration.consumer
    session = section.session_timeout_ms / 1000
    limit = session + section.transaction_timeout_ms / 1000 + 2.0
    with Fleet(site.config) as fleet, CommitWatch(site.outcome) as watch:
        members = [fleet.start(name) for name in ("one", "two")]
        servers = site.topics.bootstrap_servers
        with Trickle(servers, site.events_topic, site.seed, EVENTS_PER_SECOND):
            for _ in range(int(effort.of(1, 15))):
                for member in members:
                    member.wait_running(PARTITIONS // 2)
                wait_until(lambda: len(watch.offsets) == PARTITIONS, "every partition commits")
                time.sleep(draw.uniform(0.0, 1.0))
                zombie = draw.choice(members)
                orphans, begun = zombie.held, time.monotonic()
                losses = len(zombie.said("lost"))
                # Frozen with work in hand: so much is not committed at once.
                burst = list(islice(seeded_events(draw.randrange(10**6)), BURST))
                site.topics.produce(site.events_topic, burst)
                zombie.send(signal.SIGSTOP)
                time.sleep(0.3)
                base = dict(watch.offsets)
                took = watch.seconds_until_beyond(base, orphans, PATIENCE_SECONDS, begun)
                assert took is not None, "nobody took over from the zombie"
                still = watch.stood_still(begun)
                assert took <= limit + still, f"{took:.1f} s, at most {limit:g} s were promised"
                verdict.recovered("takeover", took)
                time.sleep(draw.uniform(0.0, 2.0))
                zombie.send(signal.SIGCONT)
                wait_until(lambda: len(zombie.said("lost")) > losses, "the zombie noticed")  # noqa: B023
        fleet.wait_committed(site.outcome, PATIENCE_SECONDS)
        fleet.stop_all()
    verdict.account(site.outcome)


@pytest.mark.whole
def test_a_freeze_shorter_than_the_session(site: Site, verdict: Verdict) -> None:
    """A member frozen for less than its session goes on with what it had in hand."""
    with Fleet(site.config) as fleet, CommitWatch(site.outcome) as watch:
        member = fleet.start("one")
        servers = site.topics.bootstrap_servers
        with Trickle(servers, site.events_topic, site.seed, EVENTS_PER_SECOND):
            wait_until(lambda: len(watch.offsets) == PARTITIONS, "every partition commits")
            member.send(signal.SIGSTOP)
            time.sleep(3.0)
            member.send(signal.SIGCONT)
        fleet.wait_committed(site.outcome, PATIENCE_SECONDS)
        fleet.stop_all()
    verdict.account(site.outcome)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "rebalancing",
    [
        "cooperative-sticky",
        pytest.param("range", marks=pytest.mark.whole),
        pytest.param("consumer", marks=pytest.mark.whole),
    ],
)
def test_a_rebalance_storm(site: Site, effort: Effort, verdict: Verdict, rebalancing: str) -> None:
    """Three members join, leave and die every two seconds: no record is lost or repeated.

    20 s in the short form, 3 minutes in the whole, for each way to share partitions.
    """
    draw = random.Random(site.seed)
    way = {"FLOODLINE_CONSUMER__REBALANCING": rebalancing}
    with Fleet(site.config, way) as fleet, CommitWatch(site.outcome):
        fleet.start("one")
        servers = site.topics.bootstrap_servers
        with Trickle(servers, site.events_topic, site.seed, EVENTS_PER_SECOND):
            end = time.monotonic() + effort.of(20.0, 180.0)
            while time.monotonic() < end:
                time.sleep(TURN_SECONDS)
                storm_turn(fleet, draw, verdict)
            if not fleet.running:
                fleet.start("one")
        fleet.wait_committed(site.outcome, PATIENCE_SECONDS)
        fleet.stop_all()
    verdict.account(site.outcome)


def storm_turn(fleet: Fleet, draw: random.Random, verdict: Verdict) -> None:
    """One of the three comes, leaves in order, or is killed."""
    fleet.check()
    name = draw.choice(STORM)
    if name not in fleet.running:
        fleet.start(name)
    elif draw.random() < 0.5:
        fleet.kill(name)
        verdict.kills += 1
    else:
        fleet.stop(name)
