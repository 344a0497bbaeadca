"""What is committed, and when."""

from pathlib import Path

import pytest

from consumer.ports import PublishFailed
from floodline.errors import ConfigurationError, DependencyDown
from tests.fakes.kafka import FakeBroker
from tests.fakes.member import TOPIC_ID, Member, configure, level, levels, run_to_end
from tests.fixtures.scoring_reference import Expected, score_offline


def filled(*counts: int) -> FakeBroker:
    """A broker with a partition of so many seeded events for each count."""
    broker = FakeBroker(configure().topics)
    for partition, count in enumerate(counts):
        broker.append(partition, levels(partition, count))
    return broker


def assert_as_offline(broker: FakeBroker) -> None:
    """Alerts, dead letters and counts are the oracle's, each once."""
    configuration = configure()
    dead = broker.published(broker.topics.dead_letters)
    alerts = [Expected.of(alert) for alert in broker.alerts()]
    assert len({alert.id for alert in alerts}) == len(alerts)
    for partition, records in broker.partitions.items():
        pairs = [(record.offset, record.value) for record in records]
        expected = score_offline(configuration, TOPIC_ID, partition, pairs)
        ours = [a for a in alerts if a.id.startswith(f"gauge-{TOPIC_ID}-{partition}-")]
        assert ours == expected.alerts
        places = [dict(message.headers) for message in dead]
        offsets = [
            int(place["__connect.errors.offset"] or b"")
            for place in places
            if place["__connect.errors.partition"] == str(partition).encode()
        ]
        assert offsets == expected.dead_letters
        checkpoint = broker.positions[partition].checkpoint
        assert checkpoint is not None
        assert (checkpoint.events, checkpoint.dead_letters) == (
            expected.scored,
            len(expected.dead_letters),
        )


def test_every_record_is_scored_or_dead_lettered(tmp_path: Path) -> None:
    """Alerts, dead letters and counts of each partition equal the offline scorer's, bit for bit."""
    broker = filled(400, 250)
    run_to_end(broker, configure(), tmp_path)
    assert broker.alerts()
    assert_as_offline(broker)


def test_gaps_in_offsets_lose_nothing(tmp_path: Path) -> None:
    """Control records leave gaps in the offsets; positions and counts still fit."""
    broker = FakeBroker(configure().topics)
    broker.append(0, levels(1, 300), gap=1)
    run_to_end(broker, configure(), tmp_path)
    assert_as_offline(broker)
    again = Member(broker, configure(), tmp_path)
    again.input.give(0)
    broker.append(0, levels(2, 50), gap=1)
    again.run()
    assert_as_offline(broker)


def test_one_transaction_an_interval(tmp_path: Path) -> None:
    """Many polls within an interval make one transaction, not one each."""
    broker = filled(3_000)
    member = Member(broker, configure(), tmp_path, seconds_per_poll=0.01)
    member.input.give(0)
    member.run()
    assert member.turns > 95
    assert broker.transactions <= member.turns // 10 + 2


def test_an_idle_member_commits_nothing(tmp_path: Path) -> None:
    """Without records there are no transactions after the first, which says how all began."""
    broker = FakeBroker(configure().topics, partitions={0: []})
    member = Member(broker, configure(), tmp_path)
    member.input.give(0)
    member.run(until=lambda: member.turns > 50)
    assert broker.transactions == 1
    (change,) = broker.changes(0)
    assert change.fresh
    assert change.release.number == 0


def test_stopping_commits_what_is_done(tmp_path: Path) -> None:
    """A member that is told to stop commits what it scored since the last commit."""
    broker = filled(3_000)
    member = Member(broker, configure(), tmp_path, seconds_per_poll=0.001)
    member.input.give(0)
    member.run(until=lambda: member.turns > 20)
    assert broker.committed()[0] >= 15 * 30
    assert member.input.closed


def test_a_loop_that_breaks_off_commits_nothing_more(tmp_path: Path) -> None:
    """An error in the middle of a turn leaves the group without a commit: no half turn counts."""
    broker = filled(3_000)
    member = Member(broker, configure(), tmp_path, seconds_per_poll=0.001)
    member.input.give(0)

    def broken() -> bool:
        if member.turns == 20:
            raise ConfigurationError("broken off")
        return False

    with pytest.raises(ConfigurationError, match="broken off"):
        member.run(until=broken)
    assert broker.committed() == {}
    assert member.input.closed
    run_to_end(broker, configure(), tmp_path)
    assert_as_offline(broker)


def test_a_stale_record_is_not_scored_twice(tmp_path: Path) -> None:
    """A record from before the task's place, fetched ahead of a rewind, is passed over."""
    broker = filled(200)
    member = Member(broker, configure(), tmp_path)
    member.input.give(0)
    member.run(until=lambda: broker.committed().get(0, 0) >= 60)
    member = Member(broker, configure(), tmp_path)
    member.input.give(0)

    def with_stale() -> bool:
        member.input.stale = broker.read(0, 0, 5)
        return broker.all_committed

    member.run(until=with_stale)
    assert_as_offline(broker)


@pytest.mark.parametrize("word", ["refused", "unknown", "renew"])
def test_restarts_in_a_row_are_bounded(tmp_path: Path, word: str) -> None:
    """A Kafka that fails every transaction ends in DependencyDown with exit code 4."""
    broker = filled(100)
    member = Member(broker, configure(), tmp_path, plan=[word] * 100)
    member.input.give(0)
    if word == "unknown":
        # Each of these was committed all the same, so the member gets to the end.
        member.run()
        assert_as_offline(broker)
        return
    with pytest.raises(DependencyDown, match="failed 10 transactions in a row") as caught:
        member.run()
    assert caught.value.exit_code == 4
    assert broker.messages == []
    assert 20 < member.clock.seconds - 100 < 60, "the pauses between grow to 5 s"


def test_a_success_forgives_earlier_failures(tmp_path: Path) -> None:
    """Only failures in a row count: many single ones with successes between do not stop us."""
    broker = filled(600)
    member = run_to_end(broker, configure(), tmp_path, plan=["refused", "ok"] * 15)
    assert member.output.plan == []
    assert_as_offline(broker)
    restarts = member.value("floodline_producer_restarts_total", cause="planned_refused")
    assert restarts == 15


def test_a_failed_first_renewal_is_tried_again(tmp_path: Path) -> None:
    """A renewal that fails counts as a failure of its own and is followed by another."""
    broker = filled(200)
    member = run_to_end(broker, configure(), tmp_path, plan=["renew"])
    assert_as_offline(broker)
    assert member.value("floodline_producer_restarts_total", cause="renew") == 1


def test_a_failing_partition_state_is_seen_as_a_failure(tmp_path: Path) -> None:
    """Kafka that is away while a partition is restored leads to a retry, then goes on."""
    broker = filled(200)
    member = Member(broker, configure(), tmp_path)
    member.input.times_away = 3
    member.input.give(0)
    member.run()
    assert_as_offline(broker)
    assert member.value("floodline_producer_restarts_total", cause="restore") == 3


def test_dead_letters_beyond_the_bound_halt_the_partition(tmp_path: Path) -> None:
    """Too large a share of dead letters stops that partition at its place; others go on."""
    broker = filled(400, 0)
    broker.append(1, [level(1, 2)] * 50 + [b"{"] * 300)
    configuration = configure(consumer={"dead_letter_ratio": 0.6})
    member = Member(broker, configuration, tmp_path)
    member.input.give(0, 1)
    seen: list[tuple[bool, str]] = []

    def watched() -> bool:
        seen.append(member.observation.ready())
        return member.turns > 40

    member.run(until=watched)
    assert broker.committed() == {0: 400, 1: 126}, "76 of 126 are more than 60 %"
    assert seen[-1] == (False, "partitions not running: {1: 'halted'}")


def test_publish_failed_names_its_cause() -> None:
    """The cause is a stable word for counting, the text is for people."""
    failure = PublishFailed("commit_transaction:_TIMED_OUT", "commit_transaction: timed out")
    assert failure.cause == "commit_transaction:_TIMED_OUT"
    assert str(failure) == "commit_transaction: timed out"
