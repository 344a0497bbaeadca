"""A dead member's open transaction is ended by whoever takes its partitions over."""

import signal
import time
from pathlib import Path

import pytest

from tests.faults.commit_watch import CommitWatch
from tests.faults.fleet import Fleet
from tests.faults.site import PARTITIONS, Site
from tests.faults.trickle import Trickle
from tests.faults.verdict import Verdict
from tests.fixtures.consumer_process import wait_until

EVENTS_PER_SECOND = 400
PATIENCE_SECONDS = 90.0
TRANSACTION_SECONDS = 45
SOON_SECONDS = 20.0


@pytest.mark.timeout(300)
def test_a_survivor_does_not_wait_for_a_dead_members_transaction(
    site: Site, verdict: Verdict
) -> None:
    """Killed between its offsets and its commit, a member is fenced by the one that takes over.

    Without that its partitions would stand still for the transaction's 45 s.
    """
    with_long_transactions(site.config)
    servers = site.topics.bootstrap_servers
    plan = {"point": "after_send_offsets", "passage": 30, "action": "kill"}
    with Fleet(site.config) as fleet, CommitWatch(site.outcome) as watch:
        survivor = fleet.start("other")
        with Trickle(servers, site.events_topic, site.seed, EVENTS_PER_SECOND):
            wait_until(lambda: len(watch.offsets) == PARTITIONS, "every partition commits")
            victim = fleet.start("victim", plan=plan)
            wait_until(lambda: victim.process.poll() is not None, "the victim dies")
            died = time.monotonic()
            assert victim.process.returncode == -signal.SIGKILL
            fleet.forget("victim")
            wait_until(lambda: bool(survivor.said("dead member fenced")), "the survivor fences it")
        fleet.wait_committed(site.outcome, PATIENCE_SECONDS)
        assert time.monotonic() - died < SOON_SECONDS
        fleet.stop_all()
    verdict.kills += 1
    verdict.account(site.outcome)


def with_long_transactions(config: Path) -> None:
    """Let a transaction stay open for 45 s before Kafka ends it."""
    text = config.read_text()
    old = "transaction_timeout_ms = 5000"
    assert old in text
    config.write_text(text.replace(old, f"transaction_timeout_ms = {TRANSACTION_SECONDS}000"))
