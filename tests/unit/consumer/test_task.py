"""A partition's task: its states, what it publishes, what it says of its place."""

import json

import msgspec
import pytest

from consumer.records import Batch, Record
from consumer.task import IllegalMove, State, Task, fingerprint
from floodline.configuration.sections import Configuration
from floodline.detection.scorer import Scorer
from floodline.detection.threshold_rule import ThresholdRule
from floodline.events.messages import Alert, Change, Release, Sample, WeightsRef, decode
from floodline.feedback.review_sampling import Sampling, Stratum
from tests.fakes.member import TOPIC_ID, configure, level

EVERYTHING = configure(
    detector={"name": "gauge", "topic": "levels", "features": ["x", "y"], "entity": "station"},
    threshold={"initial_score": 0.0},
)


def release(number: int = 1, score: float = 0.0) -> Release:
    """A release with a fixed threshold; every score reaches 0."""
    return Release(
        number=number,
        detector="gauge",
        kind="recalibration",
        threshold=ThresholdRule(score=score),
        reason="test",
        made_by="test",
        created_at="2026-01-01T00:00:00Z",
    )


def warm_task(configuration: Configuration = EVERYTHING, partition: int = 3) -> Task:
    """A task past its first window, with nothing waiting, at offset 20."""
    task = Task(partition, TOPIC_ID, configuration)
    scorer = Scorer.new(configuration.model_parameters, configuration.detector.features)
    for step in range(20):
        scorer.step({"x": float(step), "y": float(-step)}, ThresholdRule(score=1.0))
    task.load(scorer, release(), 20, 0)
    task.move(State.RESTORING)
    task.move(State.RUNNING)
    return task


def record(value: bytes | None, offset: int = 20, key: bytes | None = b"k", **more: int) -> Record:
    """An input record."""
    return Record(3, offset, more.get("timestamp", 1_700_000_000_000), key, value, [("h", b"1")])


def one(value: bytes | None, offset: int = 20, key: bytes | None = b"k", **more: int) -> Batch:
    """A batch of one such record."""
    return Batch.of([record(value, offset, key, **more)])


ALLOWED = {
    ("created", "restoring"),
    ("created", "closed"),
    ("restoring", "created"),
    ("restoring", "running"),
    ("restoring", "closed"),
    ("running", "created"),
    ("running", "halted"),
    ("running", "closing"),
    ("running", "closed"),
    ("halted", "created"),
    ("halted", "closing"),
    ("halted", "closed"),
    ("closing", "closed"),
}


@pytest.mark.parametrize("source", list(State))
@pytest.mark.parametrize("target", list(State))
def test_moves_between_states(source: State, target: State) -> None:
    """Only the drawn moves are possible; every other raises and leaves the state as it was."""
    task = Task(0, TOPIC_ID, EVERYTHING)
    task.state = source
    if (source, target) in ALLOWED:
        task.move(target)
        assert task.state is target
    else:
        with pytest.raises(IllegalMove, match=f"partition 0: {source} to {target}"):
            task.move(target)
        assert task.state is source


def test_an_alert_says_what_where_and_why() -> None:
    """An alert has id, place, score, threshold, release, features and the whole event."""
    task = warm_task()
    event = {"x": 1, "y": 2.5, "station": "Nord 7", "note": {"free": ["text", 1]}}
    task.take(one(json.dumps(event).encode(), offset=41))
    (message,) = task.pending
    alert = decode(message.value or b"", Alert)
    assert message.topic == "gauge.alerts"
    assert message.key == b"k"
    assert alert.id == f"gauge-{TOPIC_ID}-3-41"
    assert (alert.coordinates.topic, alert.coordinates.offset) == ("levels", 41)
    assert (alert.timestamp, alert.key, alert.entity) == (1_700_000_000_000, "k", "Nord 7")
    assert (alert.release, alert.threshold) == (1, 0.0)
    assert alert.features == {"x": 1.0, "y": 2.5}
    assert alert.event == event
    assert task.last is not None
    assert alert.score == task.last.score
    assert dict(message.headers) == {
        "ce_specversion": b"1.0",
        "ce_id": alert.id.encode(),
        "ce_type": b"floodline.alert.v1",
        "ce_source": b"floodline/gauge",
        "content-type": b"application/json",
    }
    assert task.offset == 42
    assert task.uncommitted


def test_a_keyless_event_gives_an_alert_with_its_id_as_key() -> None:
    """So alerts of keyless events spread over the partitions."""
    task = warm_task()
    task.take(one(level(1, 2), key=None))
    (message,) = task.pending
    assert decode(message.value or b"", Alert).key is None
    assert message.key == f"gauge-{TOPIC_ID}-3-20".encode()


def test_a_key_of_any_bytes_is_shown_as_text() -> None:
    """Bytes that are no UTF-8, and very long keys, do not keep an alert from being published."""
    task = warm_task()
    task.take(one(level(1, 2), key=b"\xff\xfe"))
    task.take(one(level(1, 2), offset=21, key=b"k" * 900_000))
    first, second = task.pending
    assert decode(first.value or b"", Alert).key == "\ufffd\ufffd"
    assert decode(second.value or b"", Alert).key == "k" * 1_000
    assert second.key == f"gauge-{TOPIC_ID}-3-21".encode()


def test_a_large_event_is_published_without_its_payload() -> None:
    """An alert that would pass 900 kB leaves the event out; everything else stays."""
    task = warm_task()
    event = {"x": 1, "y": 2, "text": "ü" * 500_000}
    task.take(one(json.dumps(event, ensure_ascii=False).encode()))
    (message,) = task.pending
    assert len(message.value or b"") < 1_000
    alert = decode(message.value or b"", Alert)
    assert alert.event is None
    assert alert.features == {"x": 1.0, "y": 2.0}


@pytest.mark.parametrize(
    "value",
    [
        b'{"x":1,"y":2,"big":' + b"9" * 4_000 + b"}",
        b'{"x":1,"y":2,"deep":' + b"[" * 99 + b"]" * 99 + b"}",
        b'{"x":1,"y":2,"text":"\\u0000\\ud83d\\ude00\\u202e"}',
        b'{"x":1,"y":2,"":{"":null}}',
        b'{"x":-0.0,"y":5e-324,"big":1.7976931348623157e308}',
    ],
)
def test_what_is_read_can_be_written(value: bytes) -> None:
    """No event that decodes is one that cannot be put into an alert."""
    task = warm_task()
    task.take(one(value))
    (message,) = task.pending
    assert decode(message.value or b"", Alert).event is not None


def test_a_malformed_record_waits_as_a_dead_letter() -> None:
    """A record that cannot be scored keeps bytes and headers, and gains reason and place."""
    task = warm_task()
    task.take(one(b'{"x": "1", "y": 2}'))
    (message,) = task.pending
    assert (message.topic, message.key, message.value) == (
        "gauge.deadletters",
        b"k",
        b'{"x": "1", "y": 2}',
    )
    headers = dict(message.headers)
    assert headers["h"] == b"1"
    assert headers["floodline.reason"] == b"invalid_feature"
    assert headers["__connect.errors.offset"] == b"20"
    assert task.tally.dead_letters == {"invalid_feature": 1}
    assert (task.offset, task.dead_letters, task.tally.scored) == (21, 1, 0)


def test_a_malformed_record_leaves_the_model_alone() -> None:
    """A dead letter changes neither the model nor the count of events."""
    task = warm_task()
    before = task.scorer.state_hash()
    for value in (None, b"", b"{", b'{"x": null, "y": 1}', b'{"x": 1, "y": NaN}'):
        task.take(one(value))
    assert task.scorer.state_hash() == before


def test_replay_is_process_without_output() -> None:
    """A replayed record leaves the same model and counts, and nothing to publish or commit."""
    live, again = warm_task(), warm_task()
    for step in range(50):
        each = one(b"{" if step % 7 == 0 else level(step, 1), offset=20 + step)
        live.take(each)
        again.replay(each)
    assert live.scorer.state_hash() == again.scorer.state_hash()
    assert live.checkpoint() == again.checkpoint()
    assert (live.offset, live.timestamp) == (again.offset, again.timestamp)
    assert (again.pending, again.uncommitted) == ([], False)


def test_a_change_says_from_where_a_release_holds() -> None:
    """An adopted release is told on the partition's own changes, with the next event's offset."""
    task = warm_task()
    task.adopt(release(5, 0.75), None)
    (message,) = task.pending
    change = decode(message.value or b"", Change)
    assert (message.topic, message.partition, message.key) == ("gauge.changes", 3, b"3")
    assert (change.coordinates.offset, change.fresh) == (20, False)
    assert change.release == release(5, 0.75)
    assert dict(message.headers)["ce_id"] == f"gauge-{TOPIC_ID}-3-20-release-5".encode()
    assert task.uncommitted
    task.take(one(level(0, 0)))
    assert task.last is not None
    assert task.last.threshold == 0.75


def test_an_installed_model_keeps_the_partitions_count() -> None:
    """A release's own model scores from then on, while the count of events goes on."""
    task = warm_task()
    model = Scorer.new(EVERYTHING.model_parameters, EVERYTHING.detector.features)
    task.adopt(release(5), model)
    task.take(one(level(0, 0)))
    assert task.scorer is model
    assert task.scorer.events == 21
    assert task.scorer.warming_up


def test_the_position_names_all_that_a_restart_needs() -> None:
    """The checkpoint has topic id, model, release, counts, snapshots and the state's hash."""
    task = warm_task()
    task.take(one(level(1, 1)))
    _, mark = task.snapshot()
    task.take_snapshot(mark)
    task.hash_state()
    hashed = task.scorer.state_hash()
    task.take(one(b"{", offset=21))
    sealed = task.seal()
    checkpoint = sealed.checkpoint
    assert sealed.position.checkpoint == checkpoint
    assert (sealed.position.partition, sealed.position.offset) == (3, 22)
    assert (checkpoint.topic_id, checkpoint.model) == (TOPIC_ID, fingerprint(EVERYTHING))
    assert (checkpoint.release, checkpoint.events, checkpoint.dead_letters) == (1, 21, 1)
    assert checkpoint.snapshots == ((mark.snapshot, 21),)
    assert checkpoint.state == (21, hashed) == (21, mark.state_sha256)
    assert not task.uncommitted


def test_a_checkpoint_fits_into_kafkas_metadata() -> None:
    """With everything in it, a checkpoint takes a fraction of the 4 KiB that Kafka allows."""
    task = warm_task()
    for offset in range(20, 27):
        task.take(one(level(1, 1), offset=offset))
        task.take_snapshot(task.snapshot()[1])
    task.hash_state()
    assert len(task.checkpoint().snapshots) == 3
    assert len(msgspec.json.encode(task.checkpoint())) < 1_000


def test_a_models_replacement_forgets_the_hash_of_the_other() -> None:
    """A hash says nothing of a model that took over at the same offset."""
    task = warm_task()
    task.hash_state()
    task.adopt(release(5), Scorer.new(EVERYTHING.model_parameters, EVERYTHING.detector.features))
    assert task.checkpoint().state is None


def test_discarded_outputs_are_gone() -> None:
    """After discard nothing waits, nothing is counted, nothing is uncommitted."""
    task = warm_task()
    task.take(one(level(1, 1)))
    task.take(one(b"{", offset=21))
    task.discard()
    assert (task.pending, task.uncommitted) == ([], False)
    assert (task.tally.scored, task.tally.alerts, task.tally.dead_letters) == (0, 0, {})


def dead_and_good(pattern: str, ratio: float) -> Task:
    """A task after records by pattern: d is dead, g is good."""
    configuration = configure(consumer={"dead_letter_ratio": ratio})
    task = warm_task(configuration)
    for offset, each in enumerate(pattern, start=20):
        task.take(one(b"{" if each == "d" else level(1, 1), offset=offset))
    return task


@pytest.mark.parametrize(
    ("pattern", "overrun"),
    [
        ("d" * 99, False),
        ("d" * 100, True),
        ("g" * 50 + "d" * 50, False),
        ("g" * 50 + "d" * 51, True),
        ("g" * 200 + "d" * 150 + "g" * 1_000, False),
        ("g" * 1_000 + "d" * 500, False),
        ("g" * 1_000 + "d" * 501, True),
    ],
)
def test_the_bound_on_dead_letters(pattern: str, overrun: bool) -> None:
    """More than the ratio among the last 1,000 records, at least 100, is too much."""
    assert dead_and_good(pattern, 0.5).overrun is overrun


def test_features_in_another_order_are_the_same_model() -> None:
    """The fingerprint tells parameters and features apart, not their order."""
    swapped = configure(detector={"name": "gauge", "topic": "levels", "features": ["y", "x"]})
    other = configure(detector={"name": "gauge", "topic": "levels", "features": ["x", "z"]})
    assert fingerprint(swapped) == fingerprint(configure())
    assert fingerprint(other) != fingerprint(configure())
    assert fingerprint(configure(model={"seed": 8})) != fingerprint(configure())


def test_a_drawn_event_is_published_as_a_sample() -> None:
    """Below the threshold, with its probability, explained, under the id that its alert had."""
    task = warm_task()
    sampling = Sampling(strata=(Stratum(floor=0.0, rate=1.0),))
    task.install(msgspec.structs.replace(release(5, 1.0), sampling=sampling), None)
    task.take(one(level(3.0, -3.0)))
    (message,) = task.pending
    assert message.topic == EVERYTHING.topics.samples
    assert dict(message.headers)["ce_type"] == b"floodline.sample.v1"
    sample = decode(message.value or b"", Sample)
    assert (sample.probability, sample.threshold, sample.release) == (1.0, 1.0, 5)
    assert sample.id == f"gauge-{TOPIC_ID}-3-20"
    assert sample.explanation is not None
    assert (task.tally.alerts, task.tally.samples, task.tally.scored) == (0, 1, 1)


def test_what_is_drawn_changes_no_score() -> None:
    """Two releases that differ in what they draw leave the same state and the same alerts."""
    states, alerts = [], []
    for rate in (0.0, 0.3):
        task = warm_task()
        sampling = Sampling(strata=(Stratum(floor=0.0, rate=rate),))
        task.install(msgspec.structs.replace(release(5, 0.7), sampling=sampling), None)
        for offset in range(20, 400):
            task.take(one(level(float(offset * 7919 % 101), float(offset % 13)), offset))
        published = [m for m in task.pending if m.topic == EVERYTHING.topics.alerts]
        assert len(published) == task.tally.alerts > 0
        assert (task.tally.samples > 50) == (rate > 0)
        states.append(task.scorer.state_hash())
        alerts.append(published)
    assert states[0] == states[1]
    assert alerts[0] == alerts[1]


def test_a_release_is_never_taken_up_without_what_it_names() -> None:
    """Weights that a release names and nobody gives are a fault of ours, not plain scores."""
    task = warm_task()
    named = WeightsRef(sha256="0" * 64, labels=1)
    with pytest.raises(ValueError, match="without the weights"):
        task.install(msgspec.structs.replace(release(2), weights=named), None)
    assert task.release.number == 1
