"""`floodline consume` on a real Kafka, as its user runs it."""

import json
import random
import socket
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from confluent_kafka import Producer
from prometheus_client.parser import text_string_to_metric_families

from consumer import snapshot as snapshots
from floodline.configuration.sections import Configuration
from floodline.detection.parameters import RiverProfile
from floodline.detection.scorer import Scorer
from floodline.detection.threshold_rule import ThresholdRule
from floodline.events.decoding import decode_event
from floodline.events.messages import Change, ModelRef, Release, decode, encode
from floodline.storage.state_store import StateStore
from tests.fixtures.accounting import assert_every_record_once
from tests.fixtures.consumer_process import (
    COMMAND,
    ConsumerProcess,
    Outcome,
    wait_until,
    write_configuration,
)
from tests.fixtures.kafka import Topics
from tests.fixtures.scoring_reference import Expected, score_offline

MALFORMED = {
    b"": b"empty",
    b"{": b"undecodable",
    b'{"x": NaN, "y": 1, "z": 1}': b"undecodable",
    b"\xef\xbb\xbf{}": b"undecodable",
    b"[" * 100_000: b"undecodable",
    b'{"x": 1, "y": 2}': b"missing_feature",
    b'{"x": 1, "y": 2, "z": true}': b"invalid_feature",
}


class Site:
    """One detector of one test: its configuration, its topics, what it left."""

    def __init__(self, folder: Path, topics: Topics, partitions: int = 1) -> None:
        self.topics = topics
        topics.create(topics.name("events"), partitions)
        self.config, self.configuration = write_configuration(folder, topics)
        self.outcome = Outcome(topics, self.configuration)

    def consumer(self, instance: str = "one") -> ConsumerProcess:
        """A member of the group, to be used in a with statement."""
        return ConsumerProcess(self.config, instance)

    def send(self, values: Sequence[bytes | None]) -> None:
        """Events, spread over the partitions."""
        keys = [str(number % 31).encode() for number in range(len(values))]
        self.topics.produce(self.configuration.topics.events, values, keys=keys)

    def release(self, release: Release) -> None:
        """Publish a release, as the trainer does."""
        self.topics.produce(self.configuration.topics.releases, [encode(release)])


@pytest.fixture
def site(tmp_path: Path, topics: Topics) -> Iterator[Site]:
    """A detector on an input topic with one partition."""
    made = Site(tmp_path, topics)
    yield made
    made.outcome.close()


@pytest.fixture
def wide_site(tmp_path: Path, topics: Topics) -> Iterator[Site]:
    """A detector on an input topic with two partitions."""
    made = Site(tmp_path, topics, partitions=2)
    yield made
    made.outcome.close()


def events(seed: int, count: int) -> list[bytes | None]:
    """Seeded events around a middle, 2 % far out."""
    draw = random.Random(seed)
    spreads = (30.0 if draw.random() < 0.02 else 1.0 for _ in range(count))
    return [
        json.dumps({name: draw.gauss(5, spread) for name in "xyz"}).encode() for spread in spreads
    ]


def make_release(configuration: Configuration, number: int, score: float) -> Release:
    """A release with a fixed threshold."""
    return Release(
        number=number,
        detector=configuration.detector.name,
        kind="recalibration",
        threshold=ThresholdRule(score=score),
        reason="test",
        made_by="test",
        created_at="2026-01-01T00:00:00Z",
    )


def sample(text: str, name: str, **labels: str) -> float:
    """The sum of a metric's samples with these labels in a scrape."""
    return sum(
        each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
        if each.name == name and labels.items() <= each.labels.items()
    )


def test_alerts_dead_letters_and_metrics_are_those_of_the_log(wide_site: Site) -> None:
    """Alerts equal the offline scorer's bit for bit; counts on /metrics equal the log's."""
    values = [*events(1, 1_500), *MALFORMED, None, *events(2, 500)]
    with wide_site.consumer() as member:
        member.wait_running(2)
        wide_site.send(values)
        wide_site.outcome.wait_committed()
        wait_until(
            lambda: sample(member.get("/metrics")[1], "floodline_events_scored_total") == 2_000,
            "2,000 scored events on /metrics",
        )
        text = member.get("/metrics")[1]
        assert member.get("/healthz")[0] == member.get("/readyz")[0] == 200
        assert member.get("/elsewhere")[0] == 404
        assert member.stop() == 0
    assert_every_record_once(wide_site.outcome)
    alerts, letters = wide_site.outcome.alerts(), wide_site.outcome.dead_letters()
    assert len(alerts) >= 5
    assert sample(text, "floodline_alerts_total") == len(alerts)
    assert sample(text, "floodline_dead_letters_total") == len(letters) == len(MALFORMED) + 1
    assert sample(text, "floodline_dead_letters_total", reason="undecodable") == 4
    assert sample(text, "floodline_lag_events") == 0
    assert sample(text, "floodline_event_to_alert_seconds_count") == len(alerts)
    assert sample(text, "floodline_last_commit_timestamp_seconds") > 1.7e9


def test_dead_letters_keep_bytes_headers_and_reason(site: Site) -> None:
    """A malformed record is on the dead-letter topic as it came, with reason and coordinates."""
    site.topics.produce(
        site.configuration.topics.events,
        [*MALFORMED, None],
        keys=[b"k"] * (len(MALFORMED) + 1),
        headers={"trace": b"\x00\xff"},
    )
    with site.consumer() as member:
        site.outcome.wait_committed()
        assert member.stop() == 0
    letters = site.outcome.dead_letters()
    by_offset = sorted(letters, key=lambda each: int(each.headers["__connect.errors.offset"]))
    assert [each.value for each in by_offset] == [*MALFORMED, None]
    assert [each.headers["floodline.reason"] for each in by_offset] == [
        *MALFORMED.values(),
        b"empty",
    ]
    for offset, letter in enumerate(by_offset):
        assert letter.key == b"k"
        assert letter.headers["trace"] == b"\x00\xff"
        assert letter.headers["__connect.errors.topic"] == site.configuration.topics.events.encode()
        assert letter.headers["__connect.errors.partition"] == b"0"
        assert letter.headers["__connect.errors.offset"] == str(offset).encode()
        assert letter.headers["floodline.topic_id"] == site.outcome.topic_id.encode()
        assert letter.headers["__connect.errors.exception.message"]


def test_a_large_record_is_dead_lettered_as_its_digest(site: Site) -> None:
    """A malformed record that is too large to copy, many headers included, stops nothing."""
    large = b"{" + b" " * 950_000
    topic = site.configuration.topics.events
    site.topics.produce(topic, [large], partition=0)
    site.topics.produce(topic, [b"{"], partition=0, headers={f"{n:x}": b"" for n in range(90_000)})
    with site.consumer() as member:
        site.outcome.wait_committed()
        assert member.stop() == 0
    letters = site.outcome.dead_letters()
    assert [letter.value for letter in letters] == [None, None]
    assert all(len(letter.headers["floodline.sha256"]) == 64 for letter in letters)


def test_a_release_is_taken_up_while_running(site: Site) -> None:
    """A release on its topic holds without a restart; alerts and `changes` say from where."""
    names = site.configuration.topics
    with site.consumer() as member:
        member.wait_running(1)
        site.send(events(1, 800))
        site.outcome.wait_committed()
        site.release(make_release(site.configuration, 1, 0.6))
        wait_until(
            lambda: sample(member.get("/metrics")[1], "floodline_release_number") == 1,
            "release 1 in force",
        )
        site.send(events(2, 400))
        site.outcome.wait_committed()
        # One of another detector, an unreadable one and an older one change nothing.
        site.topics.produce(names.releases, [b"{", b"\xff", None])
        site.release(make_release(site.configuration, 0, 0.1))
        other = make_release(site.configuration, 9, 0.1)
        site.topics.produce(names.releases, [encode(other).replace(b'"t', b'"u', 1)])
        site.send(events(3, 200))
        site.outcome.wait_committed()
        assert member.stop() == 0
        assert [line["release"] for line in member.said("release in force")] == [1]
    first, second = site.outcome.changes()
    assert (first.fresh, first.release.number) == (True, 0)
    assert (second.fresh, second.release.number, second.coordinates.offset) == (False, 1, 800)
    records = site.outcome.events()[0]
    expected = score_offline(
        site.configuration, site.outcome.topic_id, 0, records, {800: (second.release, None)}
    )
    assert [Expected.of(alert) for alert in site.outcome.alerts()] == expected.alerts
    assert {alert.release for alert in site.outcome.alerts()} == {0, 1}


def test_a_restart_goes_on_where_it_was(site: Site) -> None:
    """Stopped and started again, over a snapshot, the run equals an undisturbed one to the bit."""
    for part in (1, 2, 3):
        with site.consumer(f"run{part}") as member:
            site.send(events(part, 1_600))
            site.outcome.wait_committed()
            assert member.stop() == 0
            assert not member.said("model begins anew") or part == 1
            restored = member.said("restoring")
            assert [line["end"] for line in restored] == ([] if part == 1 else [1_600 * (part - 1)])
    assert_every_record_once(site.outcome)
    # The newest snapshot is the offline scorer's state at its offset.
    _, checkpoint = site.outcome.committed()[0]
    ((digest, _), *_) = checkpoint.snapshots
    store = StateStore(Path(site.configuration.store.folder))
    data = snapshots.store_of(store, site.outcome.topic_id, 0).read(digest)
    snapshot, scorer = snapshots.read(
        data,
        detector=site.configuration.detector.name,
        topic_id=site.outcome.topic_id,
        partition=0,
    )
    assert restored[0]["start"] > 0, "the replay began at a snapshot"
    before = [pair for pair in site.outcome.events()[0] if pair[0] < snapshot.offset]
    offline = score_offline(site.configuration, site.outcome.topic_id, 0, before)
    assert scorer.state_hash() == offline.scorer.state_hash()


def test_a_retrained_model_is_installed(site: Site) -> None:
    """A release with a model in the store scores with it from its offset on, restarts included."""
    parameters = RiverProfile(trees=8, height=5, window=100, seed=5)
    model = Scorer.new(parameters, site.configuration.detector.features)
    for value in events(50, 500):
        model.step(
            decode_event(value, site.configuration.schema_of_events).features,
            ThresholdRule(score=1.0),
        )
    state = model.to_state()
    digest = StateStore(Path(site.configuration.store.folder)).write(state)
    release = Release(
        number=3,
        detector=site.configuration.detector.name,
        kind="retrain",
        threshold=ThresholdRule(score=0.7),
        reason="test",
        made_by="test",
        created_at="2026-01-01T00:00:00Z",
        model=ModelRef(parameters=parameters, state_sha256=digest),
    )
    site.send(events(1, 400))
    with site.consumer("before") as member:
        site.outcome.wait_committed()
        site.release(release)
        wait_until(
            lambda: sample(member.get("/metrics")[1], "floodline_release_number") == 3,
            "release 3 in force",
        )
        site.send(events(2, 300))
        site.outcome.wait_committed()
        assert member.stop() == 0
    with site.consumer("after") as member:
        site.send(events(3, 300))
        site.outcome.wait_committed()
        assert member.stop() == 0
    holds = {400: (release, Scorer.from_state(state))}
    records = site.outcome.events()[0]
    expected = score_offline(site.configuration, site.outcome.topic_id, 0, records, holds)
    assert [Expected.of(alert) for alert in site.outcome.alerts()] == expected.alerts
    assert [alert.release for alert in site.outcome.alerts()][-1] == 3


def test_two_members_share_and_hand_over(wide_site: Site) -> None:
    """A second member takes a partition over; when one leaves, the other takes it back."""
    wide_site.send(events(1, 500))
    with wide_site.consumer("a") as first:
        first.wait_running(2)
        with wide_site.consumer("b") as second:
            second.wait_running(1)
            first.wait_running(1)
            wide_site.send(events(2, 500))
            wide_site.outcome.wait_committed()
            assert second.stop() == 0
        first.wait_running(2)
        wide_site.send(events(3, 500))
        wide_site.outcome.wait_committed()
        assert first.stop() == 0
    assert_every_record_once(wide_site.outcome)


def test_input_transactions_are_read_committed(site: Site) -> None:
    """Aborted input is never scored, and the gaps of control records lose nothing."""
    producer = Producer(
        {
            "bootstrap.servers": site.topics.bootstrap_servers,
            "transactional.id": f"{site.topics.prefix}-source",
        }
    )
    producer.init_transactions(20)
    kept = 0
    for number in range(8):
        producer.begin_transaction()
        for value in events(number, 100):
            producer.produce(site.configuration.topics.events, value, partition=0)
        if number % 3 == 1:
            producer.flush(20)
            producer.abort_transaction()
        else:
            producer.commit_transaction()
            kept += 100
    with site.consumer() as member:
        member.wait_running(1)
        wait_until(lambda: (site.outcome.committed().get(0) or (0,))[0] > 700, "the last event")
        assert member.stop() == 0
    _, checkpoint = site.outcome.committed()[0]
    assert checkpoint.events == kept
    with site.consumer("again") as member:
        site.send(events(99, 100))
        wait_until(lambda: site.outcome.committed()[0][1].events == kept + 100, "the new events")
        assert member.stop() == 0
    records = site.outcome.events()[0]
    expected = score_offline(site.configuration, site.outcome.topic_id, 0, records)
    assert [Expected.of(alert) for alert in site.outcome.alerts()] == expected.alerts


def run_once(config: Path) -> tuple[int, list[str]]:
    """Exit code and plain message lines of a consumer that cannot start."""
    done = subprocess.run(
        [*COMMAND, "--config", str(config)], capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" not in done.stderr
    return done.returncode, [li for li in done.stderr.splitlines() if li.startswith("floodline: ")]


def test_a_missing_topic_is_one_clear_message(tmp_path: Path, topics: Topics) -> None:
    """Without its input topic the consumer ends with exit code 3 and says what to do."""
    config, _ = write_configuration(tmp_path, topics)
    code, said = run_once(config)
    assert code == 3
    (line,) = said
    assert f"topic '{topics.name('events')}' is not on {topics.bootstrap_servers}" in line
    assert "create it, or correct detector.topic" in line


def test_missing_own_topics_are_named_where_they_may_not_be_made(
    tmp_path: Path, topics: Topics
) -> None:
    """With create_topics = false the missing topics are listed with the partitions they need."""
    topics.create(topics.name("events"), 3)
    servers = topics.bootstrap_servers
    config, _ = write_configuration(
        tmp_path, topics, kafka={"bootstrap_servers": servers, "create_topics": False}
    )
    code, (said,) = run_once(config)
    assert code == 3
    assert f"{topics.prefix}.changes with 3 partitions" in said


def test_a_broker_that_is_down_is_one_clear_message(tmp_path: Path, topics: Topics) -> None:
    """Without Kafka the consumer ends with exit code 4 and names address and way out."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        config, _ = write_configuration(tmp_path, topics, kafka={"bootstrap_servers": address})
        code, (said,) = run_once(config)
    assert code == 4
    assert said.startswith(f"floodline: Kafka at {address}: ")
    assert "floodline kafka up" in said


def test_a_port_in_use_is_one_clear_message(tmp_path: Path, topics: Topics) -> None:
    """A taken metrics port ends the consumer with exit code 3 and says which setting to change."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        config, _ = write_configuration(tmp_path, topics, consumer={"metrics_port": port})
        code, (said,) = run_once(config)
    assert code == 3
    assert f"127.0.0.1:{port}" in said
    assert "metrics_port" in said


def test_a_changed_model_stops_or_begins_anew(site: Site, tmp_path: Path) -> None:
    """Other parameters stop the restart with exit code 3; with cold_start the model begins anew."""
    site.send(events(1, 300))
    with site.consumer() as member:
        site.outcome.wait_committed()
        assert member.stop() == 0
    changed = {"trees": 7, "height": 5, "window": 100}
    config, _ = write_configuration(tmp_path, site.topics, model=changed)
    code, (said,) = run_once(config)
    assert code == 3
    assert "[model] or detector.features differ" in said
    assert "consumer.on_lost_state = 'cold_start'" in said
    cold = {"metrics_port": 0, "on_lost_state": "cold_start"}
    write_configuration(tmp_path, site.topics, model=changed, consumer=cold)
    site.send(events(2, 100))
    with site.consumer("cold") as member:
        site.outcome.wait_committed()
        assert member.stop() == 0
        assert member.said("cold start")
    records = site.topics.read(site.configuration.topics.changes)
    told = [decode(record.value or b"", Change) for record in records]
    assert [(each.fresh, each.coordinates.offset) for each in told] == [(True, 0), (True, 300)]
