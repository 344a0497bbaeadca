"""Row 14: the log does not hold what it held."""

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from tests.faults.fleet import Fleet
from tests.faults.group_offsets import commit, committed
from tests.faults.verdict import Verdict
from tests.fixtures.consumer_process import Outcome, wait_until, write_configuration
from tests.fixtures.kafka import Topics
from tests.fixtures.scoring_reference import Expected, score_offline
from tests.fixtures.seeded_events import seeded_events

STOPPED = 3


class Remembering(Outcome):
    """What the group left, where the log forgets: values are those of the first look."""

    def __init__(self, before: Outcome) -> None:
        super().__init__(before.topics, before.configuration)
        self._seen: dict[int, list[tuple[int, bytes | None]]] = {}

    def events(self) -> dict[int, list[tuple[int, bytes | None]]]:
        """Offset and value of each record that was ever seen, by partition."""
        for partition, records in super().events().items():
            seen = dict(self._seen.get(partition, ())) | dict(records)
            self._seen[partition] = sorted(seen.items())
        return self._seen


@dataclass
class Forgetful:
    """A detector on one partition whose log the test makes shorter."""

    config: Path
    outcome: Remembering
    admin: AdminClient
    seed: int

    def __post_init__(self) -> None:
        self.topic = self.outcome.configuration.topics.events
        self._values = seeded_events(self.seed)

    def send(self, count: int) -> None:
        """Produce the next events."""
        self.outcome.topics.produce(self.topic, list(islice(self._values, count)))
        self.outcome.events()

    def forget_before(self, offset: int) -> None:
        """Delete the records before `offset`, as retention does."""
        place = TopicPartition(self.topic, 0, offset)
        self.admin.delete_records([place])[place].result(20)

    def offset(self) -> int:
        """The committed offset."""
        return self.outcome.committed()[0][0]

    def alerts(self) -> list[str]:
        """The ids of all committed alerts."""
        return [alert.id for alert in self.outcome.alerts()]


@pytest.fixture
def forgetful(tmp_path: Path, topics: Topics, seed: int) -> Iterator[Forgetful]:
    """One partition, a snapshot every 500 events."""
    topics.create(topics.name("events"), 1)
    often = {"snapshot_every_events": 500}
    config, configuration = write_configuration(tmp_path, topics, consumer=often)
    outcome = Outcome(topics, configuration)
    remembering = Remembering(outcome)
    outcome.close()
    admin = AdminClient({"bootstrap.servers": topics.bootstrap_servers, "log_level": 3})
    yield Forgetful(config, remembering, admin, seed)
    remembering.close()


def score(fleet: Fleet, forgetful: Forgetful, count: int) -> None:
    """Send so many events; a member scores them all and stops."""
    forgetful.send(count)
    fleet.start("one")
    fleet.wait_committed(forgetful.outcome)
    fleet.stop("one")


def stops(fleet: Fleet, name: str) -> str:
    """Start a member, which must stop with exit code 3; what it said last."""
    member = fleet.start(name)
    wait_until(lambda: member.process.poll() is not None, "it stops")
    assert member.process.returncode == STOPPED, member.log.read_text()
    fleet.forget(name)
    return member.log.read_text()[-2_000:]


@pytest.mark.whole
def test_retention_up_to_the_committed_offset(forgetful: Forgetful) -> None:
    """Without log between snapshot and committed offset the model cannot be had: a clear stop."""
    with Fleet(forgetful.config) as fleet:
        score(fleet, forgetful, 1_700)
        before = forgetful.alerts()
        for file in (forgetful.config.parent / "states" / "snapshots").rglob("*"):
            if file.is_file():
                file.unlink()
        forgetful.forget_before(1_700)
        forgetful.send(200)
        assert "on_lost_state" in stops(fleet, "one")
    assert forgetful.alerts() == before


def test_retention_past_the_committed_offset(forgetful: Forgetful) -> None:
    """Records that went before they were read are never jumped over in silence."""
    with Fleet(forgetful.config) as fleet:
        score(fleet, forgetful, 800)
        before = forgetful.alerts()
        forgetful.send(800)
        forgetful.forget_before(1_200)
        assert "the log has 1200 to 1600" in stops(fleet, "one")
    assert forgetful.alerts() == before


@pytest.mark.whole
def test_retention_past_a_running_member(forgetful: Forgetful) -> None:
    """A member under which the log goes away stops; it does not go on where the log begins."""
    with Fleet(forgetful.config) as fleet:
        member = fleet.start("one")
        member.wait_running(1)
        forgetful.send(600)
        fleet.wait_committed(forgetful.outcome)
        member.send(signal.SIGSTOP)
        forgetful.send(40_000)
        forgetful.forget_before(39_000)
        member.send(signal.SIGCONT)
        wait_until(
            lambda: member.process.poll() is not None or forgetful.outcome.is_committed(),
            "it stops, or had fetched all that went",
        )
        if member.process.poll() is not None:
            assert member.process.returncode == STOPPED, member.log.read_text()
            fleet.forget("one")
            gaps = forgetful.outcome.committed()[0]
            assert gaps[1].events + gaps[1].dead_letters == gaps[0], "it jumped"


@pytest.mark.whole
def test_retention_up_to_a_snapshot(forgetful: Forgetful, verdict: Verdict) -> None:
    """Where the log still reaches back to a snapshot, retention changes nothing."""
    with Fleet(forgetful.config) as fleet:
        score(fleet, forgetful, 1_700)
        member = fleet.start("one")
        member.wait_running(1)
        start = member.said("restoring")[0]["start"]
        assert start > 0
        fleet.stop("one")
        forgetful.forget_before(start)
        score(fleet, forgetful, 900)
    verdict.account(forgetful.outcome)


@pytest.mark.whole
def test_a_truncated_log(forgetful: Forgetful) -> None:
    """A log that ends before what is committed was another: a clear stop."""
    with Fleet(forgetful.config) as fleet:
        score(fleet, forgetful, 700)
        before = forgetful.alerts()
        offset, said = committed(forgetful.outcome, 0)
        commit(forgetful.outcome, 0, offset + 100, said)
        assert "the log has 0 to 700" in stops(fleet, "one")
    assert forgetful.alerts() == before


@pytest.mark.whole
def test_a_topic_made_anew_while_nobody_looked(forgetful: Forgetful) -> None:
    """A topic of the same name is another: scored from its beginning, under ids of its own."""
    with Fleet(forgetful.config) as fleet:
        score(fleet, forgetful, 700)
        before = forgetful.alerts()
        topics, name = forgetful.outcome.topics, forgetful.topic
        forgetful.admin.delete_topics([name])[name].result(10)
        wait_until(lambda: name not in forgetful.admin.list_topics(timeout=5).topics, "it is gone")
        topics.create(name, 1)
        anew = Outcome(topics, forgetful.outcome.configuration)
        topics.produce(name, list(islice(seeded_events(forgetful.seed + 1), 900)))
        fleet.start("one")
        fleet.wait_committed(anew)
        fleet.stop("one")
    assert anew.topic_id != forgetful.outcome.topic_id
    expected = score_offline(anew.configuration, anew.topic_id, 0, anew.events()[0])
    found = [Expected.of(alert) for alert in anew.alerts()]
    assert [alert for alert in found if alert.id not in before] == expected.alerts
    assert {alert.id for alert in found} == {*before, *(alert.id for alert in expected.alerts)}
    anew.close()
