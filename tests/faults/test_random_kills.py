"""Row 1: members that are killed at random moments."""

import random
import time
from dataclasses import dataclass, field

import pytest

from tests.faults.commit_watch import CommitWatch
from tests.faults.fleet import Fleet
from tests.faults.site import KILL_PARTS, PARTITIONS, Effort, Site
from tests.faults.trickle import Trickle
from tests.faults.verdict import Verdict
from tests.fixtures.consumer_process import wait_until

NAMES = ("one", "two")
EVENTS_PER_SECOND = 200
GRACE_SECONDS = 2.0
BESIDE_SECONDS = 6.0
SETTLE_SECONDS = 0.3
PATIENCE_SECONDS = 60.0


@dataclass
class KillRun:
    """One long run: who is killed when, and how long the others needed."""

    site: Site
    fleet: Fleet
    watch: CommitWatch
    verdict: Verdict
    draw: random.Random
    grace: float
    late: list[str] = field(default_factory=list)

    def rest(self) -> None:
        """Wait until the group is at rest: each member scores its half."""
        for member in self.fleet.running.values():
            member.wait_running(PARTITIONS // len(NAMES))

    def kill(self, *, undisturbed: bool) -> None:
        """Kill a member; it is started again at once, or the other takes over first.

        `undisturbed`: the group is at rest before, and gets the time to recover.
        """
        if undisturbed:
            self.rest()
            time.sleep(self.draw.uniform(0.0, 0.5))
        victim = self.draw.choice(sorted(self.fleet.running))
        begun = time.monotonic()
        orphans = self.fleet.kill(victim)
        self.verdict.kills += 1
        # A commit that was on its way to the broker is seen until then.
        time.sleep(SETTLE_SECONDS)
        base = dict(self.watch.offsets)
        section = self.site.outcome.configuration.consumer
        limit = section.session_timeout_ms / 1000 + self.grace
        way = "restart"
        if self.draw.random() < 0.5 or not self.fleet.running:
            self.fleet.start(victim)
        else:
            way = "takeover"
            limit += section.transaction_timeout_ms / 1000
        if undisturbed and orphans:
            took = self.watch.seconds_until_beyond(base, orphans, PATIENCE_SECONDS, begun)
            assert took is not None, f"no commit of {sorted(orphans)} within {PATIENCE_SECONDS} s"
            self.verdict.recovered(way, took)
            still = self.watch.stood_still(begun)
            if took > limit + still:
                said = f"{way}: {took:.1f} s, at most {limit:g} s were promised"
                story = self.fleet.story(took)
                self.late.append(f"{said}; the machine stood still for {still:.1f} s\n{story}")
        if victim not in self.fleet.running:
            self.fleet.start(victim)


@pytest.mark.timeout(5_400)
@pytest.mark.parametrize(
    "part", [0, *(pytest.param(each, marks=pytest.mark.whole) for each in range(1, KILL_PARTS))]
)
def test_sigkill_at_random_moments(site: Site, effort: Effort, verdict: Verdict, part: int) -> None:
    """Killed again and again at random moments, two members lose, repeat and change nothing.

    One kill takes about 10 s, most of it Kafka's session timeout: 50 take about 9 minutes. Two of
    three come while the group is at rest, the third while it may still recover. From rest a member
    restarted under its own name goes on within the session timeout plus 2 s, a survivor within
    session and transaction timeout plus 2 s, both besides the time in which the whole machine
    stood still. The short form, with other tests beside it, grants 6 s more.
    """
    draw = random.Random(site.seed + part)
    servers, topic = site.topics.bootstrap_servers, site.events_topic
    with Fleet(site.config) as fleet, CommitWatch(site.outcome) as watch:
        for name in NAMES:
            fleet.start(name)
        with Trickle(servers, topic, site.seed, EVENTS_PER_SECOND):
            wait_until(lambda: len(watch.offsets) == PARTITIONS, "every partition commits")
            grace = GRACE_SECONDS + effort.of(BESIDE_SECONDS, 0.0)
            run = KillRun(site, fleet, watch, verdict, draw, grace)
            for number in range(effort.kills):
                time.sleep(draw.uniform(0.0, 2.0))
                run.kill(undisturbed=number % 3 != 2)
        fleet.wait_committed(site.outcome, PATIENCE_SECONDS)
        fleet.stop_all()
    verdict.account(site.outcome)
    assert not run.late, "\n".join(run.late)
