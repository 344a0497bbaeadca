"""Releases that teach: in force from an event on, restored, refused, and verified."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from floodline.configuration.sections import Configuration
from floodline.errors import ConfigurationError
from floodline.events.messages import Release
from floodline.storage import weight_tables
from floodline.storage.state_store import StateStore
from tests.fakes.kafka import FakeBroker
from tests.fakes.member import TOPIC_ID, Member, levels, run_to_end
from tests.fakes.published import Auditor
from tests.fixtures.scoring_reference import Expected, score_offline
from tests.unit.consumer.lesson_cases import COLD, EARLY, LATE, teaching, weights


def run_with(broker: FakeBroker, member: Member, at: dict[int, Sequence[Release]]) -> None:
    """Let the member run to the end, with releases published at some of its turns."""

    def publish() -> bool:
        broker.releases += at.get(member.turns, [])
        return broker.all_committed

    member.input.give(0)
    member.run(until=publish)


def assert_as_offline(broker: FakeBroker, folder: Path) -> int:
    """All that was published is what a scorer alone gives; how many alerts."""
    store = StateStore(folder)
    holds = {c.coordinates.offset: (c.release, None) for c in broker.changes(0)[1:]}
    pairs = [(record.offset, record.value) for record in broker.partitions[0]]
    expected = score_offline(EARLY, TOPIC_ID, 0, pairs, holds, store=store)
    assert [Expected.of(alert) for alert in broker.alerts()] == expected.alerts
    return len(expected.alerts)


@pytest.mark.parametrize("chosen", [EARLY, LATE], ids=["snapshot", "replay"])
def test_lessons_hold_from_an_event_on_and_over_restarts(
    tmp_path: Path, chosen: Configuration
) -> None:
    """Two lessons, a restart, none any more, a restart: all as a scorer alone gives, and equal."""
    broker = FakeBroker(chosen.topics)
    broker.append(0, levels(11, 400))
    taught = [weights(1), weights(2)]
    store = StateStore(tmp_path)
    for each in taught:
        weight_tables.write(store, each)
    first, second = (teaching(number, each) for number, each in enumerate(taught, start=1))
    run_with(broker, Member(broker, chosen, tmp_path), {4: [first], 9: [second]})
    broker.append(0, levels(12, 200))
    run_to_end(broker, chosen, tmp_path)
    broker.releases.append(teaching(3, None))
    broker.append(0, levels(13, 200))
    run_to_end(broker, chosen, tmp_path)
    begins = [change.coordinates.offset for change in broker.changes(0)]
    assert len(begins) == 4
    assert begins[0] == 0 < begins[1] < begins[2] < begins[3]
    assert assert_as_offline(broker, tmp_path) > 20
    lessons = [a.explanation.lesson for a in broker.alerts() if a.explanation is not None]
    assert any(lessons)
    assert not any(
        a.explanation.lesson for a in broker.alerts() if a.release in {0, 3} and a.explanation
    )
    auditor = Auditor(broker, chosen, tmp_path, TOPIC_ID)
    assert auditor.verify().difference is None
    assert auditor.verify(first=begins[2] + 1).difference is None


def test_a_new_partition_begins_with_what_was_taught(tmp_path: Path) -> None:
    """A partition without offsets is taught before its first event."""
    broker = FakeBroker(EARLY.topics)
    broker.append(0, levels(11, 300))
    taught = weights(1)
    weight_tables.write(StateStore(tmp_path), taught)
    broker.releases.append(teaching(7, taught))
    run_to_end(broker, EARLY, tmp_path)
    (change,) = broker.changes(0)
    assert (change.fresh, change.release.number) == (True, 7)
    assert any(a.explanation.lesson for a in broker.alerts() if a.explanation is not None)
    assert Auditor(broker, EARLY, tmp_path, TOPIC_ID).verify().difference is None


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("fault", ["missing", "of other trees"])
def test_lessons_that_cannot_be_had_are_refused(tmp_path: Path, fault: str, running: bool) -> None:
    """The release is left aside and scoring goes on, until a later one fits."""
    broker = FakeBroker(EARLY.topics)
    broker.append(0, levels(11, 300))
    store = StateStore(tmp_path)
    taught = weights(1, trees=6 if fault == "of other trees" else 5)
    if fault == "of other trees":
        weight_tables.write(store, taught)
    member = Member(broker, EARLY, tmp_path)
    if not running:
        broker.releases.append(teaching(1, taught))
    run_with(broker, member, {3: [teaching(1, taught)] if running else []})
    assert {change.release.number for change in broker.changes(0)} == {0}
    weight_tables.write(store, weights(2))
    broker.releases.append(teaching(2, weights(2)))
    broker.append(0, levels(12, 100))
    run_to_end(broker, EARLY, tmp_path)
    assert [change.release.number for change in broker.changes(0)] == [0, 2]
    assert_as_offline(broker, tmp_path)


def test_lessons_that_come_late_are_taken_up_then(tmp_path: Path) -> None:
    """A table that was not in the store is looked for again, without a restart."""
    broker = FakeBroker(EARLY.topics)
    broker.append(0, levels(11, 400))
    taught = weights(1)
    member = Member(broker, EARLY, tmp_path)
    broker.releases.append(teaching(1, taught))

    def written() -> bool:
        if member.turns == 8:
            weight_tables.write(member.store, taught)
        return member.turns > 130  # ten seconds are a hundred turns

    member.input.give(0)
    member.run(until=written)
    assert [change.release.number for change in broker.changes(0)] == [0, 1]


def test_without_their_table_a_restart_stops_and_verify_says_why(tmp_path: Path) -> None:
    """Nothing is scored as if nobody had taught; a cold start begins by the configuration."""
    broker = FakeBroker(EARLY.topics)
    broker.append(0, levels(11, 400))
    taught = weights(1)
    digest = weight_tables.write(StateStore(tmp_path), taught)
    run_with(broker, Member(broker, EARLY, tmp_path), {4: [teaching(1, taught)]})
    (tmp_path / "weights" / digest).unlink()
    broker.append(0, levels(12, 100))
    with pytest.raises(ConfigurationError, match="cold_start"):
        run_to_end(broker, EARLY, tmp_path)
    auditor = Auditor(broker, EARLY, tmp_path, TOPIC_ID)
    with pytest.raises(ConfigurationError, match="model or weights that cannot be had"):
        auditor.verify()
    run_to_end(broker, COLD, tmp_path)
    assert broker.changes(0)[-1].fresh
    assert broker.changes(0)[-1].release.number == 0
