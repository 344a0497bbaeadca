"""Row 10: clocks that jump."""

import os
import random
import time

import pytest

from tests.faults.commit_watch import CommitWatch
from tests.faults.fleet import Fleet
from tests.faults.site import PARTITIONS, Effort, Site
from tests.faults.snapshot_files import snapshot_files
from tests.faults.trickle import Trickle
from tests.faults.verdict import Verdict
from tests.fixtures.consumer_process import wait_until

DAY_SECONDS = 86_400.0
EVENTS_PER_SECOND = 600
TURN_SECONDS = 1.0


@pytest.mark.whole
def test_clocks_that_jump(storing: Site, effort: Effort, verdict: Verdict) -> None:
    """The process's clock and the files' times jump by a day: nothing goes early, nothing fires."""
    draw = random.Random(storing.seed)
    clock = storing.config.with_name("clock")
    clock.write_text("0")
    plan = {"clock": str(clock)}
    servers = storing.topics.bootstrap_servers
    with Fleet(storing.config) as fleet, CommitWatch(storing.outcome) as watch:
        member = fleet.start("one", plan)
        with Trickle(servers, storing.events_topic, storing.seed, EVENTS_PER_SECOND):
            for _ in range(int(effort.of(3, 20))):
                before = len(watch.offsets) and watch.total()
                jump(clock, storing, draw)
                time.sleep(TURN_SECONDS)
                wait_until(lambda: watch.total() > before, "commits go on")  # noqa: B023
                assert member.get("/healthz")[0] == 200
                if draw.random() < 0.5:
                    named = {p for p, each in watch.checkpoints.items() if each.snapshots}
                    fleet.kill("one")
                    verdict.kills += 1
                    jump(clock, storing, draw)
                    member = fleet.start("one", plan)
                    member.wait_running(PARTITIONS)
                    assert not member.said("snapshot refused")
                    restored = {e["partition"]: e["start"] for e in member.said("restoring")}
                    assert all(restored[p] > 0 for p in named), "a kept snapshot was not used"
        fleet.wait_committed(storing.outcome)
        assert not member.said("transaction given up")
        fleet.stop_all()
    verdict.account(storing.outcome)


def jump(clock: "os.PathLike[str]", site: Site, draw: random.Random) -> None:
    """Set the process's clock, and the time of each kept file, a day off or right."""
    with open(clock, "w") as file:  # noqa: PTH123
        file.write(str(draw.choice((-DAY_SECONDS, 0.0, DAY_SECONDS))))
    for snapshot in snapshot_files(site.config):
        at = time.time() + draw.choice((-DAY_SECONDS, 0.0, DAY_SECONDS))
        try:
            os.utime(snapshot, (at, at))
        except FileNotFoundError:
            continue  # it was superseded meanwhile
