"""Failures, rewinds, rebalances and restarts change nothing of what is published or kept."""

import tempfile
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.ports import Position
from floodline.detection.threshold_rule import ThresholdRule
from floodline.events.messages import Release
from tests.fakes.kafka import FakeBroker
from tests.fakes.member import Member, configure, levels, run_to_end

SNAPSHOTS = configure(consumer={"batch_size": 30, "snapshot_every_events": 100})
words = st.sampled_from(["ok", "ok", "ok", "refused", "unknown", "renew"])
# A success after four at most: ten restarts in a row would end the member, as they should.
plans = st.lists(st.lists(words, max_size=4).map(lambda row: [*row, "ok"]), max_size=6).map(
    lambda rows: [word for row in rows for word in row]
)


def filled(seed: int, *counts: int) -> FakeBroker:
    """A broker with seeded events."""
    broker = FakeBroker(SNAPSHOTS.topics)
    for partition, count in enumerate(counts):
        broker.append(partition, levels(seed + partition, count))
    return broker


def release(number: int, score: float) -> Release:
    """A release that fixes the threshold."""
    return Release(
        number=number,
        detector="gauge",
        kind="recalibration",
        threshold=ThresholdRule(score=score),
        reason="test",
        made_by="test",
        created_at="2026-01-01T00:00:00Z",
    )


def without_snapshot(position: Position) -> Position:
    """The position without what depends on failures and folder: snapshots, hash and store."""
    assert position.checkpoint is not None
    checkpoint = msgspec.structs.replace(position.checkpoint, snapshots=(), state=None, store=None)
    return msgspec.structs.replace(position, checkpoint=checkpoint)


def outcome(broker: FakeBroker) -> tuple[object, ...]:
    """All that a run left behind: messages by topic and partition, positions."""
    topics = broker.topics
    return (
        sorted((m.value or b"", m.headers) for m in broker.published(topics.alerts)),
        sorted((m.headers, m.value or b"") for m in broker.published(topics.dead_letters)),
        [broker.changes(partition) for partition in broker.partitions],
        {p: without_snapshot(position) for p, position in broker.positions.items()},
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1_000), plan=plans)
def test_failed_transactions_change_nothing(seed: int, plan: list[str]) -> None:
    """Whatever transactions fail, refused or of unknown outcome, the run is the undisturbed one."""
    calm, stormy = filled(seed, 260, 140), filled(seed, 260, 140)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        run_to_end(calm, SNAPSHOTS, Path(one))
        run_to_end(stormy, SNAPSHOTS, Path(two), plan)
    assert outcome(stormy) == outcome(calm)


class Killed(Exception):  # noqa: N818
    """Stands for SIGKILL: nothing after it runs."""


moves = st.lists(
    st.tuples(
        st.sampled_from(["kill", "stop", "revoke", "lose", "both"]),
        st.integers(1, 12),
        st.sampled_from(["ok", "refused", "unknown"]),
    ),
    max_size=6,
)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1_000), story=moves)
def test_kills_and_rebalances_change_nothing(seed: int, story: list[tuple[str, int, str]]) -> None:
    """Members that are killed, stopped, or lose partitions leave what one calm member leaves."""
    calm, stormy = filled(seed, 300, 120), filled(seed, 300, 120)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        run_to_end(calm, SNAPSHOTS, Path(one))
        for what, turns, word in story:
            _live(Member(stormy, SNAPSHOTS, Path(two), plan=["ok", word]), what, turns)
        run_to_end(stormy, SNAPSHOTS, Path(two))
    assert outcome(stormy) == outcome(calm)


def _live(member: Member, what: str, turns: int) -> None:
    """A member's life of about so many turns."""
    member.input.give(0, 1)

    def ending() -> bool:
        if member.turns == turns and what == "revoke":
            member.input.revoke(1)
            member.input.give(1)
        if member.turns == turns and what == "lose":
            member.input.lose(0)
            member.input.give(0)
        if member.turns == turns and what == "both":
            member.input.lose(0, 1)
            member.input.give(1)
            member.input.give(0)
        if member.turns == turns and what == "kill":
            raise Killed
        return member.turns >= turns + 3

    try:
        member.run(until=ending)
    except Killed:
        assert what == "kill"


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 1_000),
    plan=plans,
    at=st.lists(st.integers(1, 14), min_size=1, max_size=3, unique=True),
)
def test_releases_hold_again_from_where_they_held(
    seed: int, plan: list[str], at: list[int]
) -> None:
    """After any failures a replay applies each release where `changes` says it took effect."""
    broker = filled(seed, 400)
    with tempfile.TemporaryDirectory() as folder:
        member = Member(broker, SNAPSHOTS, Path(folder), plan=plan)
        member.input.give(0)

        def publish() -> bool:
            if member.turns in at:
                number = len(broker.releases) + 1
                broker.releases.append(release(number, 0.5 + 0.1 * number))
            return broker.all_committed

        member.run(until=publish)
        restarted = Member(broker, SNAPSHOTS, Path(folder))
        broker.append(0, levels(seed + 99, 60))
        restarted.input.give(0)
        restarted.run()
    told = broker.changes(0)
    assert [change.release.number for change in told] == sorted({c.release.number for c in told})
    for alert in broker.alerts():
        before = [c for c in told if c.coordinates.offset <= alert.coordinates.offset]
        assert alert.release == before[-1].release.number
        fixed = before[-1].release.threshold.score
        assert fixed is None or alert.threshold == fixed


def test_revoked_partitions_commit_first(tmp_path: Path) -> None:
    """What was scored of a partition is committed before it goes to another member."""
    broker = filled(3, 3_000)
    member = Member(broker, SNAPSHOTS, tmp_path, seconds_per_poll=0.001)
    member.input.give(0)

    def story() -> bool:
        if member.turns == 20:
            member.input.revoke(0)
        return member.turns > 25

    member.run(until=story)
    assert broker.committed()[0] >= 15 * 30
    assert broker.transactions == 1


def test_lost_partitions_publish_nothing(tmp_path: Path) -> None:
    """What was scored of a partition that is another's already is forgotten."""
    broker = filled(3, 3_000)
    member = Member(broker, SNAPSHOTS, tmp_path, seconds_per_poll=0.001)
    member.input.give(0)

    def story() -> bool:
        if member.turns == 20:
            member.input.lose(0)
        return member.turns > 25

    member.run(until=story)
    assert broker.transactions == 0
    assert member.value("floodline_task_state", partition="0", state="running") is None


def test_a_partition_revoked_while_it_restores_commits_nothing(tmp_path: Path) -> None:
    """A restoration that is interrupted by a revoke lets go of the log and publishes nothing."""
    broker = filled(3, 3_000)
    run_to_end(broker, configure(consumer={"snapshot_every_events": 10_000}), tmp_path)
    committed, transactions = broker.committed(), broker.transactions
    member = Member(broker, SNAPSHOTS, tmp_path)
    member.input.give(0)

    def story() -> bool:
        if member.turns == 5:
            member.input.revoke(0)
        return member.turns > 10

    member.run(until=story)
    assert (broker.committed(), broker.transactions) == (committed, transactions)
    (replay,) = member.log.replays
    assert replay.closed


def test_stopping_while_a_partition_restores_lets_go_of_the_log_once(tmp_path: Path) -> None:
    """A stop in the middle of a replay closes it once and commits nothing."""
    broker = filled(3, 3_000)
    run_to_end(broker, configure(consumer={"snapshot_every_events": 10_000}), tmp_path)
    transactions = broker.transactions
    member = Member(broker, SNAPSHOTS, tmp_path)
    member.input.give(0)
    member.run(until=lambda: member.turns > 5)
    assert member.input.closed
    assert broker.transactions == transactions
    (replay,) = member.log.replays
    assert replay.closed


def test_a_partition_given_twice_begins_again(tmp_path: Path) -> None:
    """A partition that is assigned while it is held is restored anew, from what is committed."""
    calm, twice = filled(5, 900), filled(5, 900)
    long_replays = configure(consumer={"snapshot_every_events": 100_000})
    run_to_end(calm, long_replays, tmp_path / "calm")
    member = Member(twice, long_replays, tmp_path / "twice")
    member.input.give(0)

    def story() -> bool:
        if member.turns in (1, 4, 5, 12, 13, 14, 30, 32):
            member.input.give(0)
        return twice.all_committed

    member.run(until=story)
    assert outcome(twice) == outcome(calm)
