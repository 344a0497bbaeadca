"""What `floodline verify` says: equal for what the consumer published, and else the difference."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.audit.derivation import Difference
from consumer.audit.verifier import Verified
from consumer.ports import Checkpoint, Message, Position
from floodline.detection.scorer import Scorer
from floodline.detection.threshold_rule import ThresholdRule
from floodline.errors import ConfigurationError, NotFound
from floodline.events.messages import (
    Alert,
    Change,
    Mark,
    ModelRef,
    Release,
    Sample,
    decode,
    encode,
    kind_of,
)
from floodline.feedback.review_sampling import Sampling, Stratum
from floodline.storage.state_store import StateStore
from tests.fakes.kafka import FakeBroker
from tests.fakes.member import TOPIC_ID, configure, levels, run_to_end
from tests.fakes.published import Auditor

PLAIN = configure(consumer={"snapshot_every_events": 100})
COLD = configure(consumer={"snapshot_every_events": 100, "on_lost_state": "cold_start"})


def release(number: int, score: float, model: ModelRef | None = None) -> Release:
    """A release with a fixed threshold."""
    return Release(
        number=number,
        detector="gauge",
        kind="retrain" if model else "recalibration",
        threshold=ThresholdRule(score=score),
        reason="test",
        made_by="test",
        created_at="2026-01-01T00:00:00Z",
        model=model,
        sampling=Sampling(strata=(Stratum(floor=0.0, rate=0.05), Stratum(floor=0.4, rate=0.3))),
    )


def retrained(folder: Path) -> ModelRef:
    """Another model in the store."""
    scorer = Scorer.new(PLAIN.model_parameters, PLAIN.detector.features)
    digest = StateStore(folder).write(scorer.to_state())
    return ModelRef(parameters=scorer.parameters, state_sha256=digest)


def history(folder: Path) -> FakeBroker:
    """Two partitions with gaps; two restarts, a new threshold, a retrained model."""
    broker = FakeBroker(PLAIN.topics)
    for step in range(3):
        broker.append(0, levels(10 + step, 250), gap=step)
        broker.append(1, levels(20 + step, 150))
        run_to_end(broker, PLAIN, folder)
        model = retrained(folder) if step else None
        broker.releases.append(release(step + 1, 0.6 - step / 50, model))
    return broker


def auditor(broker: FakeBroker, folder: Path) -> Auditor:
    """A verification of what is on the broker."""
    return Auditor(broker, PLAIN, folder, TOPIC_ID)


def assert_equal(verified: Verified) -> Verified:
    """No difference, and every record accounted for."""
    assert verified.difference is None
    assert verified.records == verified.scored + verified.dead_letters
    assert verified.records + verified.gaps == verified.end - verified.first
    return verified


def difference(verified: Verified) -> Difference:
    """The difference that must be there."""
    assert verified.difference is not None
    return verified.difference


def test_what_the_consumer_published_is_equal(tmp_path: Path) -> None:
    """Over restarts, releases, a retrained model, dead letters and gaps."""
    broker = history(tmp_path)
    audit = auditor(broker, tmp_path)
    found = [assert_equal(audit.verify(partition)) for partition in (0, 1)]
    assert [each.records for each in found] == [750, 450]
    assert found[0].gaps == 750
    assert sum(each.alerts for each in found) == len(broker.alerts()) > 20
    samples = broker.published(PLAIN.topics.samples)
    assert sum(each.samples for each in found) == len(samples) > 20
    letters = broker.published(PLAIN.topics.dead_letters)
    assert sum(each.dead_letters for each in found) == len(letters) > 20
    assert [each.marks for each in found] == [len(broker.marks(0)), len(broker.marks(1))]
    assert all(each.start is not None and each.start.snapshot is None for each in found)
    assert all(replay.closed for replay in audit.log.replays)


@pytest.mark.parametrize(("first", "end"), [(0, 1), (1, 300), (777, 778), (260, 1_400)])
def test_a_range_is_derived_from_the_nearest_kept_snapshot(
    tmp_path: Path, first: int, end: int
) -> None:
    """A range begins at the snapshot before it, or at the model's beginning: both are equal."""
    audit = auditor(history(tmp_path), tmp_path)
    kept = assert_equal(audit.verify(0, first, end))
    shutil.rmtree(tmp_path / "snapshots")
    anew = assert_equal(audit.verify(0, first, end))
    assert kept.start is not None
    assert anew.start is not None
    assert anew.start.snapshot is None
    assert kept.start.offset >= anew.start.offset
    assert (kept.records, kept.alerts) == (anew.records, anew.alerts)


def test_a_late_range_begins_at_a_snapshot(tmp_path: Path) -> None:
    """The replay of the last events does not take the whole log."""
    broker = history(tmp_path)
    newest = broker.marks(0)[-1]
    found = assert_equal(auditor(broker, tmp_path).verify(0, newest.coordinates.offset))
    assert found.start is not None
    assert (found.start.offset, found.start.snapshot) == (found.first, newest.snapshot)


def test_a_damaged_snapshot_is_passed_over(tmp_path: Path) -> None:
    """A replay begins at the snapshot before a damaged one."""
    broker = history(tmp_path)
    newest = broker.marks(0)[-1]
    folder = tmp_path / "snapshots" / f"{TOPIC_ID}-0"
    (folder / newest.snapshot).write_bytes(b"damaged")
    found = assert_equal(auditor(broker, tmp_path).verify(0, newest.coordinates.offset))
    assert found.start is not None
    assert found.start.offset < found.first


def test_a_log_that_lost_its_beginning_is_verified_from_a_snapshot(tmp_path: Path) -> None:
    """Without the model's beginning the range begins at the first snapshot that the log holds."""
    broker = history(tmp_path)
    newest = broker.marks(0)[-1].coordinates.offset
    broker.trim(0, newest - 10)
    audit = auditor(broker, tmp_path)
    assert assert_equal(audit.verify(0)).first == newest
    with pytest.raises(ConfigurationError, match=f"--from {newest}"):
        audit.verify(0, 5)
    with pytest.raises(ConfigurationError, match=f"--from {newest}"):
        audit.verify(0, newest - 5)


def edited(broker: FakeBroker, at: int, edit: str) -> None:
    """Alter, drop or double one published message."""
    message = broker.messages[at]
    if edit == "dropped":
        del broker.messages[at]
    elif edit == "doubled":
        broker.messages.insert(at, message)
    else:
        broker.messages[at] = altered(message, edit)


def altered(message: Message, edit: str) -> Message:
    """The same message with one thing changed."""
    if edit == "key":
        return msgspec.structs.replace(message, key=b"another")
    if edit == "reason":
        headers = [
            (name, b"whim" if name == "floodline.reason" else value)
            for name, value in message.headers
        ]
        return msgspec.structs.replace(message, headers=headers)
    if edit == "bytes":
        return msgspec.structs.replace(message, value=(message.value or b"") + b" ")
    said = Alert if message.topic == PLAIN.topics.alerts else Sample
    alert = decode(message.value or b"", said)
    changes = {
        "score": alert.score + 1e-16,
        "release": alert.release + 1,
        "event": None,
        "probability": 0.5,
    }
    other = msgspec.structs.replace(alert, **{edit: changes[edit]})
    if edit == "score" and other == alert:
        other = msgspec.structs.replace(alert, score=alert.score + 2e-16)
    return msgspec.structs.replace(message, value=encode(other))


SAMPLE_EDITS = ["dropped", "doubled", "score", "probability", "bytes"]
ALERT_EDITS = ["dropped", "doubled", "score", "release", "event", "bytes", "key"]
LETTER_EDITS = ["dropped", "doubled", "reason", "bytes", "key"]
KINDS = [
    ("alert", PLAIN.topics.alerts, ALERT_EDITS),
    ("sample", PLAIN.topics.samples, SAMPLE_EDITS),
    ("dead_letter", PLAIN.topics.dead_letters, LETTER_EDITS),
]
SAID = {"dropped": "missing", "doubled": "twice"}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[FakeBroker, Path]:
    """One history for many alterations."""
    folder = tmp_path_factory.mktemp("history")
    return history(folder), folder


def copy_of(broker: FakeBroker) -> FakeBroker:
    """The same broker, to be altered."""
    return FakeBroker(
        broker.topics,
        broker.partitions,
        broker.starts,
        dict(broker.positions),
        list(broker.messages),
        broker.releases,
    )


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_altered_dropped_or_doubled_message_is_named(
    kept: tuple[FakeBroker, Path], data: st.DataObject
) -> None:
    """Whatever happens to one alert, sample or dead letter: verify names event and field."""
    original, folder = kept
    broker = copy_of(original)
    kind, topic, edits = data.draw(st.sampled_from(KINDS))
    places = [at for at, message in enumerate(broker.messages) if message.topic == topic]
    at = data.draw(st.sampled_from(places))
    edit = data.draw(st.sampled_from(edits))
    message = broker.messages[at]
    partition, offset = place_of(message)
    edited(broker, at, edit)
    found = difference(auditor(broker, folder).verify(partition))
    assert (found.what, found.offset) == (kind, offset)
    assert found.problem == SAID.get(edit, "altered")
    if edit in ("score", "release", "event", "key", "probability"):
        assert found.field == edit
        assert found.expected != found.found
    assert auditor(broker, folder).verify(1 - partition).difference is None


def place_of(message: Message) -> tuple[int, int]:
    """Partition and offset of the event that a message is about."""
    if message.topic != PLAIN.topics.dead_letters:
        at = decode(message.value or b"", Alert).coordinates
        return at.partition, at.offset
    said = {name: value or b"" for name, value in message.headers}
    return (
        int(said["__connect.errors.partition"]),
        int(said["__connect.errors.offset"]),
    )


@pytest.mark.parametrize("offset", ["scored", "gap"])
def test_an_alert_that_the_log_does_not_give_is_named(
    kept: tuple[FakeBroker, Path], offset: str
) -> None:
    """An alert on a usual event, or on an offset without a record."""
    original, folder = kept
    broker = copy_of(original)
    records = {record.offset for record in broker.partitions[0]}
    taken = {place_of(m)[1] for m in broker.messages if m.topic != PLAIN.topics.changes}
    wanted = next(
        at for at in range(900) if at not in taken and (at in records) == (offset == "scored")
    )
    template = broker.published(PLAIN.topics.alerts)[0]
    alert = decode(template.value or b"", Alert)
    identity = f"gauge-{TOPIC_ID}-0-{wanted}"
    value = encode(msgspec.structs.replace(alert, id=identity))
    broker.messages.append(msgspec.structs.replace(template, value=value))
    found = difference(auditor(broker, folder).verify(0))
    assert (found.what, found.problem, found.offset) == ("alert", "not_derived", wanted)


MARK_EDITS: dict[str, Callable[[Mark], object]] = {
    "timestamp": lambda mark: mark.timestamp + 1,
    "events": lambda mark: mark.events - 1,
    "dead_letters": lambda mark: mark.dead_letters + 1,
    "state_sha256": lambda mark: mark.state_sha256[::-1],
    "snapshot": lambda mark: mark.snapshot[::-1],
    "coordinates": lambda mark: msgspec.structs.replace(
        mark.coordinates, offset=mark.coordinates.offset - 1
    ),
}


@pytest.mark.parametrize("field", MARK_EDITS)
def test_any_altered_mark_is_named(kept: tuple[FakeBroker, Path], field: str) -> None:
    """A mark that says another thing of the state than the log gives."""
    original, folder = kept
    for at, message in enumerate(original.messages):
        if message.partition != 0 or kind_of(message.headers) != "mark":
            continue
        mark = decode(message.value or b"", Mark)
        broker = copy_of(original)
        other = msgspec.structs.replace(mark, **{field: MARK_EDITS[field](mark)})
        broker.messages[at] = msgspec.structs.replace(message, value=encode(other))
        found = difference(auditor(broker, folder).verify(0))
        assert found.what == "mark"
        assert found.offset == other.coordinates.offset


def test_a_mark_where_the_replay_starts_is_checked(kept: tuple[FakeBroker, Path]) -> None:
    """A snapshot is the state that its mark says, not only its own digest's."""
    original, folder = kept
    broker = copy_of(original)
    said = enumerate(broker.messages)
    at = max(i for i, m in said if m.partition == 0 and kind_of(m.headers) == "mark")
    mark = decode(broker.messages[at].value or b"", Mark)
    other = msgspec.structs.replace(mark, state_sha256="0" * 64)
    broker.messages[at] = msgspec.structs.replace(broker.messages[at], value=encode(other))
    found = difference(auditor(broker, folder).verify(0, mark.coordinates.offset))
    assert (found.what, found.field) == ("mark", "state_sha256")


@pytest.mark.parametrize("known", [True, False])
def test_a_changed_release_is_named(kept: tuple[FakeBroker, Path], known: bool) -> None:
    """A change that names another threshold than its release, and, without it, by its alerts."""
    original, folder = kept
    changes = [
        (at, decode(message.value or b"", Change))
        for at, message in enumerate(original.messages)
        if message.partition == 0 and kind_of(message.headers) == "change"
    ]
    assert len(changes) == 3
    for at, change in changes[1:]:
        broker = copy_of(original)
        taken = change.release
        other = msgspec.structs.replace(taken, threshold=ThresholdRule(score=0.57))
        message = broker.messages[at]
        value = encode(msgspec.structs.replace(change, release=other))
        broker.messages[at] = msgspec.structs.replace(message, value=value)
        broker.releases = broker.releases if known else []
        found = difference(auditor(broker, folder).verify(0))
        assert found.offset >= change.coordinates.offset
        assert (
            (found.what, found.field) == ("release", "threshold")
            if known
            else found.what in ("alert", "sample")
        )


@pytest.mark.parametrize("field", ["events", "dead_letters", "release", "state"])
def test_a_checkpoint_that_says_another_thing_is_named(
    kept: tuple[FakeBroker, Path], field: str
) -> None:
    """The committed counts and the committed state's hash are compared."""
    original, folder = kept
    broker = copy_of(original)
    position = broker.positions[0]
    checkpoint = position.checkpoint
    assert checkpoint is not None
    value = (position.offset, "0" * 64) if field == "state" else getattr(checkpoint, field) + 1
    other = msgspec.structs.replace(checkpoint, **{field: value})
    broker.positions[0] = Position(0, position.offset, other)
    found = difference(auditor(broker, folder).verify(0))
    assert found.field == f"checkpoint.{field}"


def test_a_change_behind_what_was_read_as_committed_is_no_difference(tmp_path: Path) -> None:
    """The consumer runs on: a release, with its model, taken up at the committed offset itself."""
    broker = history(tmp_path)
    before = broker.positions[0]
    broker.releases.append(release(9, 0.4, retrained(tmp_path)))
    broker.append(1, levels(5, 10))
    run_to_end(broker, PLAIN, tmp_path)
    assert broker.changes(0)[-1].coordinates.offset == before.offset
    assert_equal(auditor(broker, tmp_path).verify(0))
    broker.positions[0] = before
    assert_equal(auditor(broker, tmp_path).verify(0))


def test_cold_starts_are_followed(tmp_path: Path) -> None:
    """Where a model began anew in the range, the derivation begins anew."""
    broker = FakeBroker(COLD.topics)
    broker.append(0, levels(1, 300))
    run_to_end(broker, COLD, tmp_path)
    position = broker.positions[0]
    assert position.checkpoint is not None
    lost = msgspec.structs.replace(position.checkpoint, model="another", snapshots=(("0" * 64, 5),))
    broker.positions[0] = Position(0, position.offset, lost)
    broker.append(0, levels(2, 300))
    run_to_end(broker, COLD, tmp_path)
    audit = Auditor(broker, COLD, tmp_path, TOPIC_ID)
    assert assert_equal(audit.verify()).first == 300
    whole = assert_equal(audit.verify(first=0))
    assert (whole.records, whole.alerts) == (600, len(broker.alerts()))


@pytest.mark.parametrize("edit", [None, "dropped", "score"])
def test_a_cold_start_at_events_that_were_scored_publishes_them_again(
    tmp_path: Path, edit: str | None
) -> None:
    """Where the group's offsets were gone, both lives' messages are told from altered ones."""
    broker = FakeBroker(COLD.topics)
    broker.append(0, levels(1, 300))
    run_to_end(broker, COLD, tmp_path)
    broker.releases.append(release(1, 0.7))
    broker.append(0, levels(2, 100))
    run_to_end(broker, COLD, tmp_path)
    before = len(broker.alerts())
    del broker.positions[0]
    run_to_end(broker, COLD, tmp_path)
    assert len(broker.alerts()) > before
    places = [at for at, m in enumerate(broker.messages) if m.topic == COLD.topics.alerts]
    if edit is not None:
        edited(broker, places[before + 3] if edit == "dropped" else places[3], edit)
    found = Auditor(broker, COLD, tmp_path, TOPIC_ID).verify()
    assert (found.difference is None) == (edit is None)


STEPS = st.lists(
    st.fixed_dictionaries(
        {
            "count": st.integers(1, 150),
            "gap": st.integers(0, 3),
            "plan": st.lists(st.sampled_from(["ok", "refused", "unknown", "renew"]), max_size=4),
            "then": st.sampled_from(["nothing", "release", "retrain", "other model", "no offset"]),
        }
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=30, deadline=None)
@given(steps=STEPS, data=st.data())
def test_whatever_happened_is_equal(
    tmp_path_factory: pytest.TempPathFactory, steps: list[dict[str, Any]], data: st.DataObject
) -> None:
    """Over failed transactions, releases, models, gaps and cold starts, whole and for ranges."""
    folder = tmp_path_factory.mktemp("history")
    broker = FakeBroker(COLD.topics)
    for number, step in enumerate(steps):
        broker.append(0, levels(number, step["count"]), gap=step["gap"])
        run_to_end(broker, COLD, folder, step["plan"])
        happens(broker, folder, number + 1, step["then"])
    broker.append(0, levels(9, 5))
    run_to_end(broker, COLD, folder)
    audit = Auditor(broker, COLD, folder, TOPIC_ID)
    assert_equal(audit.verify(0))
    assert_equal(audit.verify(0, 0))
    first = data.draw(st.integers(0, broker.end(0)))
    end = data.draw(st.integers(first, broker.end(0)))
    assert_equal(audit.verify(0, first, end))


def happens(broker: FakeBroker, folder: Path, number: int, what: str) -> None:
    """Something between two runs."""
    if what in ("release", "retrain"):
        model = retrained(folder) if what == "retrain" else None
        broker.releases.append(release(number, 0.6 - number / 50, model))
    elif what == "no offset":
        del broker.positions[0]
    elif what == "other model":
        position = broker.positions[0]
        assert position.checkpoint is not None
        lost = msgspec.structs.replace(position.checkpoint, model="another")
        broker.positions[0] = Position(0, position.offset, lost)


def test_ranges_that_cannot_be_derived_say_what_to_do(tmp_path: Path) -> None:
    """Each refusal names the partition and what would do."""
    broker = history(tmp_path)
    audit = auditor(broker, tmp_path)
    end = broker.positions[0].offset
    with pytest.raises(ConfigurationError, match="is beyond it"):
        audit.verify(0, 0, end + 1)
    with pytest.raises(ConfigurationError, match="not before"):
        audit.verify(0, end + 1)
    with pytest.raises(ConfigurationError, match="made anew"):
        Auditor(broker, PLAIN, tmp_path, "anotherTopicId").verify(0)
    other = configure(model={"trees": 5})
    with pytest.raises(ConfigurationError, match="differ from those"):
        Auditor(broker, other, tmp_path, TOPIC_ID).verify(0)
    broker.append(2, levels(1, 10))
    assert audit.verify(2).records == 0
    with pytest.raises(ConfigurationError, match="nothing is committed yet"):
        audit.derive(2, 3)
    model = broker.releases[-2].model
    assert model is not None
    (tmp_path / model.state_sha256).unlink()
    with pytest.raises(ConfigurationError, match="restore"):
        audit.verify(0, 0)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("no offset", "is gone"),
        ("no checkpoint", "not written by this floodline"),
        ("no changes", "where the model began"),
        ("log cut off", "the log ends at"),
    ],
)
def test_what_is_lost_is_said(tmp_path: Path, damage: str, said: str) -> None:
    """Without offsets, changes or records nothing is derived by guess."""
    broker = history(tmp_path)
    if damage == "no offset":
        del broker.positions[0]
    elif damage == "no checkpoint":
        broker.positions[0] = Position(0, broker.positions[0].offset, None)
    elif damage == "no changes":
        broker.messages = [m for m in broker.messages if m.topic != PLAIN.topics.changes]
    else:
        del broker.partitions[0][-5:]
        assert_equal(auditor(broker, tmp_path).verify(0, 0, broker.end(0)))
    with pytest.raises(ConfigurationError, match=said):
        auditor(broker, tmp_path).verify(0)


def test_one_event_is_derived_anew(tmp_path: Path) -> None:
    """Each alert and each dead letter comes out as it was published, with how it scored."""
    broker = history(tmp_path)
    audit = auditor(broker, tmp_path)
    alerts = [m for m in broker.published(PLAIN.topics.alerts) if place_of(m)[0] == 0]
    letters = [m for m in broker.published(PLAIN.topics.dead_letters) if place_of(m)[0] == 0]
    for message in [*alerts[::7], *letters[::9]]:
        assert audit.derive(*place_of(message)).message == message
    taken = {place_of(m) for m in [*alerts, *letters]}
    usual = next(r.offset for r in broker.partitions[0] if (0, r.offset) not in taken)
    derived = audit.derive(0, usual)
    assert derived.message is None
    assert derived.scored is not None
    with pytest.raises(NotFound):
        audit.derive(0, 252)


def test_checkpoints_without_a_state_are_verified_by_their_counts(tmp_path: Path) -> None:
    """A checkpoint need not carry a state's hash."""
    broker = history(tmp_path)
    position = broker.positions[0]
    checkpoint = position.checkpoint
    assert isinstance(checkpoint, Checkpoint)
    without = msgspec.structs.replace(checkpoint, state=None)
    broker.positions[0] = Position(0, position.offset, without)
    assert_equal(auditor(broker, tmp_path).verify(0))
