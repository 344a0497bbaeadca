"""How a partition begins: anew, by snapshot and replay, or not at all."""

import shutil
from pathlib import Path

import msgspec
import pytest

from consumer.ports import Checkpoint, Position
from floodline.detection.parameters import RiverProfile
from floodline.detection.scorer import Scorer
from floodline.detection.threshold_rule import ThresholdRule
from floodline.errors import ConfigurationError
from floodline.events.decoding import decode_event
from floodline.events.messages import ModelRef, Release
from tests.fakes.kafka import FakeBroker
from tests.fakes.member import TOPIC_ID, Member, configure, levels, run_to_end
from tests.fixtures.scoring_reference import Expected, score_offline

EARLY = configure(consumer={"snapshot_every_events": 100})
LATE = configure(consumer={"snapshot_every_events": 100_000})
COLD = configure(consumer={"on_lost_state": "cold_start", "snapshot_every_events": 100})


def committed_broker(tmp_path: Path, count: int = 400) -> FakeBroker:
    """A broker with one partition that a member with snapshots has committed."""
    broker = FakeBroker(EARLY.topics)
    broker.append(0, levels(11, count))
    run_to_end(broker, EARLY, tmp_path)
    return broker


def snapshots_of(tmp_path: Path, partition: int = 0) -> Path:
    """The folder with a partition's snapshots."""
    return tmp_path / "snapshots" / f"{TOPIC_ID}-{partition}"


def checkpoint_of(broker: FakeBroker) -> Checkpoint:
    """The committed checkpoint of partition 0."""
    checkpoint = broker.positions[0].checkpoint
    assert checkpoint is not None
    return checkpoint


def with_checkpoint(broker: FakeBroker, checkpoint: Checkpoint | None) -> None:
    """Let partition 0 be committed with this checkpoint in place of its own."""
    broker.positions[0] = Position(0, broker.positions[0].offset, checkpoint)


def assert_goes_on(broker: FakeBroker, tmp_path: Path) -> Member:
    """A new member restores the model exactly: its alerts are those of one undisturbed run."""
    broker.append(0, levels(12, 200))
    member = run_to_end(broker, EARLY, tmp_path)
    pairs = [(record.offset, record.value) for record in broker.partitions[0]]
    expected = score_offline(EARLY, TOPIC_ID, 0, pairs)
    assert [Expected.of(alert) for alert in broker.alerts()] == expected.alerts
    return member


def test_a_snapshot_shortens_the_replay(tmp_path: Path) -> None:
    """A restart replays from the snapshot that the commit names, not from the beginning."""
    broker = committed_broker(tmp_path)
    newest = checkpoint_of(broker)
    _, offset = newest.snapshots[0]
    broker.trim(0, offset)
    member = Member(broker, EARLY, tmp_path)
    member.input.give(0)
    broker.append(0, levels(12, 10))
    member.run()
    assert checkpoint_of(broker).events > newest.events


def test_the_last_three_snapshots_are_kept(tmp_path: Path) -> None:
    """Older snapshots are deleted once a commit names a newer one, but the first of an hour."""
    broker = committed_broker(tmp_path, count=1_200)
    first = broker.marks(0)[0].snapshot
    named = {digest for digest, _ in checkpoint_of(broker).snapshots}
    assert len(named) == 3
    assert {file.name for file in snapshots_of(tmp_path).iterdir()} == named | {first}
    assert (snapshots_of(tmp_path) / checkpoint_of(broker).snapshots[0][0]).exists()


def test_snapshots_of_earlier_members_are_swept(tmp_path: Path) -> None:
    """However often members come and go, few snapshots stay; models of releases all stay."""
    broker = committed_broker(tmp_path, count=700)
    model = Member(broker, EARLY, tmp_path).store.write(b"a release's model")
    for seed in range(6):
        broker.append(0, levels(seed, 400))
        run_to_end(broker, EARLY, tmp_path)
    assert len(list(snapshots_of(tmp_path).iterdir())) <= 6
    assert (tmp_path / model).exists()


@pytest.mark.parametrize("damage", ["missing", "truncated", "another"])
def test_a_damaged_snapshot_means_replay_from_the_origin(tmp_path: Path, damage: str) -> None:
    """A snapshot that cannot be read is passed over: the whole log gives the same model."""
    broker = committed_broker(tmp_path)
    file = snapshots_of(tmp_path) / checkpoint_of(broker).snapshots[0][0]
    if damage == "missing":
        file.unlink()
    else:
        data = file.read_bytes()
        file.write_bytes(data[: len(data) // 2] if damage == "truncated" else data[::-1])
    assert_goes_on(broker, tmp_path)


def test_a_snapshot_of_another_partition_is_passed_over(tmp_path: Path) -> None:
    """A snapshot in the store that belongs to another partition is not loaded."""
    broker = FakeBroker(EARLY.topics)
    broker.append(0, levels(11, 400))
    broker.append(1, levels(12, 400))
    run_to_end(broker, EARLY, tmp_path)
    other = broker.positions[1].checkpoint
    assert other is not None
    with_checkpoint(
        broker, msgspec.structs.replace(checkpoint_of(broker), snapshots=other.snapshots)
    )
    foreign = snapshots_of(tmp_path, 1) / other.snapshots[0][0]
    shutil.copy(foreign, snapshots_of(tmp_path))
    del broker.partitions[1], broker.positions[1]
    broker.messages = [
        message
        for message in broker.messages
        if f"-{TOPIC_ID}-1-".encode() not in (dict(message.headers).get("ce_id") or b"")
    ]
    assert_goes_on(broker, tmp_path)


def test_without_snapshots_the_log_is_enough(tmp_path: Path) -> None:
    """Before the first snapshot a restart replays the partition from where its model began."""
    broker = FakeBroker(LATE.topics)
    broker.append(0, levels(11, 400))
    run_to_end(broker, LATE, tmp_path)
    assert checkpoint_of(broker).snapshots == ()
    assert_goes_on(broker, tmp_path)


LOST = {
    "recreated topic": "deleted and made anew",
    "log start beyond committed": "the log has 500 to",
    "log end before committed": "the log has 0 to 300",
    "no checkpoint": "not written by this floodline",
    "other model": r"\[model\] or detector.features differ",
    "nothing to replay": "too late to replay",
    "no changes": "too late to replay",
    "counts differ": "gave events",
    "no committed offset": "the group's committed offset is gone",
}


def lose(broker: FakeBroker, tmp_path: Path, how: str) -> None:
    """Make the committed position of partition 0 one that cannot be restored."""
    checkpoint = checkpoint_of(broker)
    replace = msgspec.structs.replace
    if how == "recreated topic":
        with_checkpoint(broker, replace(checkpoint, topic_id="another"))
    elif how == "log start beyond committed":
        broker.append(0, levels(3, 200))
        broker.trim(0, 500)
    elif how == "log end before committed":
        del broker.partitions[0][300:]
    elif how == "no checkpoint":
        with_checkpoint(broker, None)
    elif how == "other model":
        with_checkpoint(broker, replace(checkpoint, model="another"))
    elif how == "nothing to replay":
        with_checkpoint(broker, replace(checkpoint, snapshots=()))
        broker.trim(0, 50)
    elif how == "no changes":
        shutil.rmtree(snapshots_of(tmp_path))
        broker.messages = [m for m in broker.messages if m.topic != broker.topics.changes]
    elif how == "no committed offset":
        del broker.positions[0]
    elif how == "counts differ":
        with_checkpoint(broker, replace(checkpoint, events=checkpoint.events + 1))


@pytest.mark.parametrize("how", LOST)
def test_lost_state_stops_with_what_to_do(tmp_path: Path, how: str) -> None:
    """A position that cannot be restored stops the consumer, says why, and commits nothing."""
    broker = committed_broker(tmp_path)
    lose(broker, tmp_path, how)
    before, transactions = dict(broker.positions), broker.transactions
    member = Member(broker, EARLY, tmp_path)
    member.input.give(0)
    with pytest.raises(ConfigurationError, match=LOST[how]) as caught:
        member.run(until=lambda: False)
    assert "levels, partition 0" in str(caught.value)
    assert "consumer.on_lost_state = 'cold_start'" in str(caught.value)
    assert caught.value.exit_code == 3
    assert (broker.positions, broker.transactions) == (before, transactions)


@pytest.mark.parametrize(
    ("how", "begins"),
    [
        ("recreated topic", 0),
        ("log start beyond committed", 500),
        ("log end before committed", 300),
        ("no checkpoint", 400),
        ("other model", 400),
        ("nothing to replay", 400),
        ("no changes", 400),
        ("counts differ", 400),
        ("no committed offset", 0),
    ],
)
def test_cold_start_begins_anew_and_says_so(tmp_path: Path, how: str, begins: int) -> None:
    """With cold_start the model begins empty, at a stated offset, and can be restored again."""
    broker = committed_broker(tmp_path)
    lose(broker, tmp_path, how)
    member = Member(broker, COLD, tmp_path)
    member.input.give(0)
    member.run(until=lambda: member.turns > 20)
    change = broker.changes(0)[-1]
    assert (change.fresh, change.coordinates.offset) == (True, begins)
    broker.append(0, levels(13, 200))
    run_to_end(broker, EARLY, tmp_path)
    pairs = [(r.offset, r.value) for r in broker.partitions[0] if r.offset >= begins]
    expected = score_offline(EARLY, TOPIC_ID, 0, pairs)
    anew = [Expected.of(alert) for alert in broker.alerts()]
    assert anew[-len(expected.alerts) :] == expected.alerts


def test_a_changed_model_section_is_lost_state(tmp_path: Path) -> None:
    """Other parameters in [model] are not mixed with a model that was made with the old ones."""
    broker = committed_broker(tmp_path)
    other = configure(model={"trees": 4})
    member = Member(broker, other, tmp_path)
    member.input.give(0)
    with pytest.raises(ConfigurationError, match=r"\[model\]"):
        member.run(until=lambda: False)


def test_a_group_without_offsets_may_begin_at_the_end(tmp_path: Path) -> None:
    """With start = latest the events before the group's first start are left out."""
    broker = FakeBroker(EARLY.topics)
    broker.append(0, levels(1, 100))
    member = Member(broker, configure(consumer={"start": "latest"}), tmp_path)
    member.input.give(0)
    member.run()
    assert broker.committed() == {0: 100}
    assert checkpoint_of(broker).events == 0


def retrained(tmp_path: Path, number: int, features: tuple[str, ...] = ("x", "y")) -> Release:
    """A release with a model of its own, its state in the store."""
    member = Member(FakeBroker(EARLY.topics), EARLY, tmp_path)
    parameters = RiverProfile(trees=5, height=4, window=25, seed=number)
    scorer = Scorer.new(parameters, features)
    for value in levels(77, 200, malformed=0):
        event = decode_event(value, EARLY.schema_of_events)
        known = dict(zip(features, event.features.values(), strict=True))
        scorer.step(known, ThresholdRule(rarity=0.05))
    digest = member.store.write(scorer.to_state())
    return Release(
        number=number,
        detector="gauge",
        kind="retrain",
        threshold=ThresholdRule(rarity=0.1),
        reason="test",
        made_by="test",
        created_at="2026-01-01T00:00:00Z",
        model=ModelRef(parameters=parameters, state_sha256=digest),
    )


def test_a_retrained_model_is_installed_and_restored(tmp_path: Path) -> None:
    """A release's model takes over at the offset that `changes` says, also in a replay."""
    broker = FakeBroker(EARLY.topics)
    broker.append(0, levels(11, 400))
    release = retrained(tmp_path, 1)
    member = Member(broker, LATE, tmp_path)
    member.input.give(0)

    def publish() -> bool:
        if member.turns == 6:
            broker.releases.append(release)
        return broker.all_committed

    member.run(until=publish)
    broker.append(0, levels(12, 200))
    run_to_end(broker, LATE, tmp_path)
    first, second = broker.changes(0)
    assert (first.fresh, second.fresh) == (True, False)
    at = second.coordinates.offset
    assert 0 < at < 400
    assert release.model is not None
    store = Member(broker, LATE, tmp_path).store
    model = Scorer.from_state(store.read(release.model.state_sha256))
    pairs = [(record.offset, record.value) for record in broker.partitions[0]]
    expected = score_offline(LATE, TOPIC_ID, 0, pairs, {at: (release, model)})
    assert [Expected.of(alert) for alert in broker.alerts()] == expected.alerts
    assert checkpoint_of(broker).events == expected.scored


def followed(release: Release, number: int, threshold: float) -> Release:
    """A later move of the threshold, meant for the same model."""
    rule = ThresholdRule(score=threshold)
    return msgspec.structs.replace(release, number=number, kind="recalibration", threshold=rule)


@pytest.mark.parametrize("together", [True, False])
def test_a_moved_threshold_brings_its_model_once(tmp_path: Path, together: bool) -> None:
    """A consumer that hears of a retrain and of the move after it at once gets the model too; one
    that runs the model already goes on learning with it.
    """
    broker = FakeBroker(EARLY.topics)
    broker.append(0, levels(11, 600))
    retrain = retrained(tmp_path, 1)
    move = followed(retrain, 2, 0.6)
    member = Member(broker, EARLY, tmp_path)
    member.input.give(0)
    at = {6: [retrain, move] if together else [retrain], 12: [] if together else [move]}

    def publish() -> bool:
        broker.releases += at.get(member.turns, [])
        return broker.all_committed

    member.run(until=publish)
    broker.append(0, levels(12, 200))
    run_to_end(broker, EARLY, tmp_path)
    _, *taken = broker.changes(0)
    assert [change.release.number for change in taken] == ([2] if together else [1, 2])
    assert retrain.model is not None
    model = Scorer.from_state(member.store.read(retrain.model.state_sha256))
    holds = {
        change.coordinates.offset: (change.release, model if position == 0 else None)
        for position, change in enumerate(taken)
    }
    pairs = [(record.offset, record.value) for record in broker.partitions[0]]
    expected = score_offline(EARLY, TOPIC_ID, 0, pairs, holds)
    assert [Expected.of(alert) for alert in broker.alerts()] == expected.alerts
    assert {alert.release for alert in expected.alerts} >= {2}


def test_a_new_partition_begins_with_the_newest_release(tmp_path: Path) -> None:
    """A partition without offsets starts under the release in force, model included."""
    broker = FakeBroker(EARLY.topics)
    broker.append(0, levels(11, 400))
    broker.releases.append(retrained(tmp_path, 4))
    run_to_end(broker, EARLY, tmp_path)
    (change,) = broker.changes(0)
    assert change.fresh
    assert change.release.number == 4
    assert {alert.release for alert in broker.alerts()} == {4}


@pytest.mark.parametrize("fault", ["not in the store", "other features", "other parameters"])
@pytest.mark.parametrize("running", [True, False])
def test_a_release_that_cannot_be_installed_is_refused(
    tmp_path: Path, fault: str, running: bool
) -> None:
    """A release whose model is missing or does not fit is left aside; scoring goes on."""
    broker = FakeBroker(EARLY.topics)
    broker.append(0, levels(11, 200))
    features = ("x", "z") if fault == "other features" else ("x", "y")
    release = retrained(tmp_path, 1, features)
    model = release.model
    assert model is not None
    if fault == "not in the store":
        model = msgspec.structs.replace(model, state_sha256="0" * 64)
    if fault == "other parameters":
        parameters = msgspec.structs.replace(model.parameters, trees=9)
        model = msgspec.structs.replace(model, parameters=parameters)
    release = msgspec.structs.replace(release, model=model)
    member = Member(broker, EARLY, tmp_path)
    member.input.give(0)
    if not running:
        broker.releases.append(release)

    def publish() -> bool:
        if member.turns == 3 and running:
            broker.releases.append(release)
        return broker.all_committed

    member.run(until=publish)
    assert {change.release.number for change in broker.changes(0)} == {0}
    assert checkpoint_of(broker).release == 0
    # A later release that fits is taken up.
    broker.append(0, levels(12, 100))
    broker.releases.append(retrained(tmp_path, 2))
    run_to_end(broker, EARLY, tmp_path)
    assert checkpoint_of(broker).release == 2


def test_a_changed_initial_threshold_is_taken_up(tmp_path: Path) -> None:
    """Before any release, another [threshold] in the configuration holds from the restart on."""
    broker = committed_broker(tmp_path)
    fixed = configure(threshold={"initial_score": 0.5})
    broker.append(0, levels(12, 50))
    run_to_end(broker, fixed, tmp_path)
    _, second = broker.changes(0)
    assert second.release.threshold == ThresholdRule(score=0.5)
    assert second.coordinates.offset == 400


def assert_model_from(broker: FakeBroker, tmp_path: Path, at: int, begins: int = 0) -> None:
    """Restart, go on, and find the alerts of a model of release 1 that holds from `at` on."""
    broker.append(0, levels(12, 200))
    run_to_end(broker, COLD, tmp_path)
    release = broker.changes(0)[-1].release
    assert release.model is not None
    model = Scorer.from_state(Member(broker, COLD, tmp_path).store.read(release.model.state_sha256))
    pairs = [(r.offset, r.value) for r in broker.partitions[0] if r.offset >= begins]
    expected = score_offline(COLD, TOPIC_ID, 0, pairs, {at: (release, model)})
    found = [Expected.of(alert) for alert in broker.alerts()]
    assert found[-len(expected.alerts) :] == expected.alerts


def test_a_release_at_a_snapshots_offset_is_applied(tmp_path: Path) -> None:
    """A release that took effect right behind a snapshot, before any event, is not forgotten."""
    eager = configure(consumer={"batch_size": 100, "snapshot_every_events": 100})
    broker = FakeBroker(eager.topics)
    broker.append(0, levels(11, 300))
    run_to_end(broker, eager, tmp_path)
    assert checkpoint_of(broker).snapshots[0][1] == 300
    broker.releases.append(retrained(tmp_path, 1))
    idle = Member(broker, eager, tmp_path)
    idle.input.give(0)
    idle.run(until=lambda: len(broker.changes(0)) == 2)
    assert broker.changes(0)[-1].coordinates.offset == 300
    assert_model_from(broker, tmp_path, at=300)


def test_changes_of_a_lost_past_are_not_applied(tmp_path: Path) -> None:
    """After a truncated log began anew, changes at offsets of the old log hold no more."""
    broker = FakeBroker(COLD.topics)
    broker.append(0, levels(11, 400))
    member = Member(broker, COLD, tmp_path)
    member.input.give(0)

    def publish() -> bool:
        if broker.committed().get(0, 0) > 350 and not broker.releases:
            broker.releases.append(retrained(tmp_path, 1))
        return broker.all_committed

    member.run(until=publish)
    assert broker.changes(0)[-1].coordinates.offset > 350
    del broker.partitions[0][200:]
    run_to_end(broker, COLD, tmp_path)
    begins = broker.changes(0)[-1].coordinates.offset
    assert broker.changes(0)[-1].fresh
    broker.append(0, levels(15, 110))
    run_to_end(broker, COLD, tmp_path)
    assert begins == 200 < checkpoint_of(broker).snapshots[0][1] < 350
    assert_model_from(broker, tmp_path, at=begins, begins=begins)


def test_releases_of_one_model_let_it_go_on_learning(tmp_path: Path) -> None:
    """A later release that names the model in force moves the threshold only, in replays too."""
    broker = FakeBroker(EARLY.topics)
    broker.append(0, levels(11, 600))
    first = retrained(tmp_path, 1)
    second = msgspec.structs.replace(first, number=2, threshold=ThresholdRule(rarity=0.2))
    due = {4: first, 10: second}
    member = Member(broker, LATE, tmp_path)
    member.input.give(0)

    def publish() -> bool:
        if member.turns in due:
            broker.releases.append(due[member.turns])
        return broker.all_committed

    member.run(until=publish)
    _, one, two = broker.changes(0)
    broker.append(0, levels(12, 200))
    run_to_end(broker, LATE, tmp_path)
    assert first.model is not None
    model = Scorer.from_state(member.store.read(first.model.state_sha256))
    pairs = [(record.offset, record.value) for record in broker.partitions[0]]
    holds = {
        one.coordinates.offset: (first, model),
        two.coordinates.offset: (second, None),
    }
    expected = score_offline(LATE, TOPIC_ID, 0, pairs, holds)
    assert [Expected.of(alert) for alert in broker.alerts()] == expected.alerts


def test_a_release_heard_without_the_one_before_installs_its_model(tmp_path: Path) -> None:
    """A consumer that was away while two releases came ends with the model of the newest."""
    broker = FakeBroker(EARLY.topics)
    broker.append(0, levels(11, 300))
    run_to_end(broker, EARLY, tmp_path)
    first = retrained(tmp_path, 1)
    broker.releases += [first, msgspec.structs.replace(first, number=2)]
    idle = Member(broker, EARLY, tmp_path)
    idle.input.give(0)
    idle.run(until=lambda: len(broker.changes(0)) == 2)
    assert_model_from(broker, tmp_path, at=300)


def test_a_topic_made_anew_while_it_is_read_stops_the_member(tmp_path: Path) -> None:
    """Records of a recreated topic are never committed under the old one's id."""
    broker = FakeBroker(EARLY.topics)
    broker.append(0, levels(11, 400))
    member = Member(broker, EARLY, tmp_path)
    member.input.give(0)

    def recreate() -> bool:
        if member.turns == 6:
            member.topic.current = "AnotherTopicOfTheSameName"
        return False

    with pytest.raises(ConfigurationError, match="made anew while it was read"):
        member.run(until=recreate)
    assert broker.committed()[0] < 400


def test_a_release_whose_model_comes_late_is_taken_up_then(tmp_path: Path) -> None:
    """A release that was refused for its missing model is tried again, without a restart."""
    broker = FakeBroker(EARLY.topics)
    broker.append(0, levels(11, 600))
    release = retrained(tmp_path, 1)
    assert release.model is not None
    file = tmp_path / release.model.state_sha256
    late = file.rename(tmp_path / "late")
    broker.releases.append(release)
    member = Member(broker, EARLY, tmp_path)
    member.input.give(0)

    def arrive() -> bool:
        if member.turns == 8:
            late.rename(file)
        return member.turns > 130  # ten seconds are a hundred turns

    member.run(until=arrive)
    assert [change.release.number for change in broker.changes(0)] == [0, 1]


def test_another_store_is_refused(tmp_path: Path) -> None:
    """A member whose store is not the one that the commits name stops and says what to do."""
    broker = committed_broker(tmp_path)
    gone = checkpoint_of(broker).store
    assert gone is not None
    broker.append(0, levels(12, 200))
    with pytest.raises(ConfigurationError, match=f'set store.replaces = "{gone}"'):
        run_to_end(broker, EARLY, tmp_path / "other")
    taking_over = configure(consumer={"snapshot_every_events": 100}, store={"replaces": gone})
    run_to_end(broker, taking_over, tmp_path / "other")
    assert checkpoint_of(broker).store != gone
    pairs = [(record.offset, record.value) for record in broker.partitions[0]]
    expected = score_offline(EARLY, TOPIC_ID, 0, pairs)
    assert [Expected.of(alert) for alert in broker.alerts()] == expected.alerts


def test_snapshots_are_tried_one_after_the_other(tmp_path: Path) -> None:
    """Where the newest snapshot is spoilt, the replay begins at the one before it."""
    broker = committed_broker(tmp_path, count=900)
    (newest, _), (_, before), *_ = checkpoint_of(broker).snapshots
    (snapshots_of(tmp_path) / newest).unlink()
    broker.trim(0, before)  # the beginning is no way out
    member = Member(broker, EARLY, tmp_path)
    member.input.give(0)
    broker.append(0, levels(12, 10))
    member.run()
    assert broker.all_committed


def test_a_replay_to_another_state_is_not_gone_on_with(tmp_path: Path) -> None:
    """A state hash that no way leads to stops the member: it never goes on from another state."""
    broker = committed_broker(tmp_path, count=900)
    checkpoint = checkpoint_of(broker)
    assert checkpoint.state is not None
    forged = (checkpoint.state[0], "0" * 64)
    with_checkpoint(broker, msgspec.structs.replace(checkpoint, state=forged))
    broker.append(0, levels(12, 10))
    with pytest.raises(ConfigurationError, match="gave a state with the hash"):
        run_to_end(broker, EARLY, tmp_path)
    assert broker.committed()[0] == 900
