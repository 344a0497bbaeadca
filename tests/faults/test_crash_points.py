"""Row 1, at named points: a member dies between two steps of its work."""

import random
import signal
import time

import pytest

from tests.faults.commit_watch import CommitWatch
from tests.faults.fleet import Fleet
from tests.faults.launcher import POINTS
from tests.faults.site import PARTITIONS, Effort, Site
from tests.faults.trickle import Trickle
from tests.faults.verdict import Verdict
from tests.fixtures.consumer_process import wait_until

EVENTS_PER_SECOND = 400
PATIENCE_SECONDS = 60.0
SETTLE_SECONDS = 3.0
LATEST = {
    "after_produce": 30,
    "snapshot_half_written": 6,
    "before_rename": 3,
    "after_rename": 3,
    "snapshot_deleted": 3,
}
USUAL = 40  # passages: the point is passed with every batch or transaction


def planned(seed: int, effort: Effort) -> list[tuple[str, int]]:
    """Points and passages: three by the seed in the short form, each five times in the whole."""
    draw = random.Random(seed)
    names = [name for name in POINTS for _ in range(5)] if effort.whole else draw.sample(POINTS, 3)
    draw.shuffle(names)
    return [(name, draw.randint(1, LATEST.get(name, USUAL))) for name in names]


@pytest.mark.timeout(2_400)
def test_sigkill_at_named_points(storing: Site, effort: Effort, verdict: Verdict) -> None:
    """Killed between any two steps of polling, publishing and keeping snapshots: nothing changes.

    One kill takes about 10 s: 11 points five times take 9 minutes.
    """
    servers = storing.topics.bootstrap_servers
    with Fleet(storing.config) as fleet, CommitWatch(storing.outcome) as watch:
        fleet.start("other")
        with Trickle(servers, storing.events_topic, storing.seed, EVENTS_PER_SECOND):
            wait_until(lambda: len(watch.offsets) == PARTITIONS, "every partition commits")
            for point, passage in planned(storing.seed, effort):
                plan = {"point": point, "passage": passage, "action": "kill"}
                victim = fleet.start("victim", plan=plan)
                wait_until(lambda: victim.process.poll() is not None, f"dies {plan}")  # noqa: B023
                assert victim.process.returncode == -signal.SIGKILL, victim.log.read_text()
                fleet.forget("victim")
                verdict.kills += 1
        fleet.wait_committed(storing.outcome, PATIENCE_SECONDS)
        fleet.stop_all()
    verdict.account(storing.outcome)


@pytest.mark.whole
def test_a_poll_that_comes_too_late(site: Site, verdict: Verdict) -> None:
    """A member that stands still between poll and commit while its heart beats on loses nothing."""
    servers = site.topics.bootstrap_servers
    plan = {
        "point": "after_poll",
        "passage": 20,
        "action": "stall",
        "seconds": 9.0,
        "settings": {"max.poll.interval.ms": 6_000},
    }
    with Fleet(site.config) as fleet, CommitWatch(site.outcome) as watch:
        slow = fleet.start("slow", plan=plan)
        fleet.start("other")
        with Trickle(servers, site.events_topic, site.seed, EVENTS_PER_SECOND):
            wait_until(lambda: len(watch.offsets) == PARTITIONS, "every partition commits")
            wait_until(lambda: bool(slow.said("lost")), "the group went on without it")
            time.sleep(SETTLE_SECONDS)
        fleet.wait_committed(site.outcome, PATIENCE_SECONDS)
        fleet.stop_all()
    verdict.account(site.outcome)
