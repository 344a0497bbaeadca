"""`floodline verify` and `explain` on a real Kafka, on what a real consumer left there."""

import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from floodline.configuration.sections import Configuration
from floodline.detection.threshold_rule import ThresholdRule
from floodline.events.messages import Alert, Release, decode, encode
from floodline.feedback.review_sampling import Sampling, Stratum
from tests.fixtures.consumer_process import (
    COMMAND,
    ConsumerProcess,
    Outcome,
    wait_until,
    write_configuration,
)
from tests.fixtures.kafka import Topics


def floodline(config: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A command as its user runs it."""
    return subprocess.run(
        [*COMMAND[:-1], *arguments, "--config", str(config)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def verified(config: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    """What `floodline verify --json` says; the exit code is part of it."""
    ended = floodline(config, "verify", "--json", *arguments)
    assert ended.returncode == code, ended.stderr
    said: dict[str, Any] = json.loads(ended.stdout)
    assert said["equal"] is (code == 0)
    return said


def events(seed: int, count: int) -> list[bytes | None]:
    """Seeded events around a middle, 2 % far out, 1 % malformed."""
    draw = random.Random(seed)
    values: list[bytes | None] = []
    for _ in range(count):
        spread = 30.0 if draw.random() < 0.02 else 1.0
        event = json.dumps({name: draw.gauss(5, spread) for name in "xyz"}).encode()
        values.append(b"{" if draw.random() < 0.01 else event)
    return values


@pytest.fixture
def run(tmp_path: Path, topics: Topics) -> Iterator[tuple[Path, Outcome]]:
    """Two partitions, scored by two members one after the other, with a release in between.

    Events come in pieces: there are more snapshots than the last three.
    """
    topics.create(topics.name("events"), 2)
    often = {"snapshot_every_events": 100, "commit_interval_ms": 20}
    config, configuration = write_configuration(tmp_path, topics, consumer=often)
    outcome = Outcome(topics, configuration)
    for part in (0, 1):
        with ConsumerProcess(config, "one") as member:
            member.wait_running(2)
            for piece in range(5):
                keys = [str(number % 31).encode() for number in range(600)]
                values = events(10 * part + piece, 600)
                topics.produce(configuration.topics.events, values, keys=keys)
                outcome.wait_committed()
            if part == 0:
                release(topics, configuration)
                wait_until(lambda: bool(member.said("release in force")), "release 1")
            assert member.stop() == 0
    yield config, outcome
    outcome.close()


def release(topics: Topics, configuration: Configuration) -> None:
    """Publish a release with another threshold, as the trainer does."""
    made = Release(
        number=1,
        detector=configuration.detector.name,
        kind="recalibration",
        threshold=ThresholdRule(score=0.6),
        reason="test",
        made_by="test",
        created_at="2026-01-01T00:00:00Z",
        sampling=Sampling(strata=(Stratum(floor=0.0, rate=0.01), Stratum(floor=0.4, rate=0.2))),
    )
    topics.produce(configuration.topics.releases, [encode(made)])


def test_equal_until_an_alert_is_altered_by_hand(run: tuple[Path, Outcome], topics: Topics) -> None:
    """Over a restart and a release verify says equal, whole and for ranges; then names it."""
    config, outcome = run
    alerts = assert_whole_is_equal(config, outcome)
    assert_ranges_are_equal(config)
    explained = floodline(config, "explain", alerts[-1].id, "--replay", "--json")
    assert explained.returncode == 0, explained.stderr
    answer = json.loads(explained.stdout)
    assert answer["equal"] is True
    assert answer["derived"] == answer["published"][0]
    assert answer["derived"]["explanation"]["contributions"]
    assert_altered_alert_is_named(config, outcome, topics)
    assert_refusals_say_what_to_do(config)


def assert_whole_is_equal(config: Path, outcome: Outcome) -> list[Alert]:
    """The whole is equal, and the figures are those of the topics."""
    parts = verified(config)["partitions"]
    alerts = outcome.alerts()
    assert sum(each["alerts"] for each in parts) == len(alerts) > 20
    letters = sum(each["dead_letters"] for each in parts)
    assert letters == len(outcome.dead_letters()) > 20
    for each in parts:
        assert each["records"] == each["scored"] + each["dead_letters"] == each["to"]
        assert each["start"] == {"offset": 0, "snapshot": None}
        assert each["gaps"] == 0
        assert each["marks"] > 3
    assert sum(each["records"] for each in parts) == 6_000
    return alerts


def assert_ranges_are_equal(config: Path) -> None:
    """A range older than the last three snapshots, and one that begins at a late snapshot."""
    old = verified(config, "--from", "900", "--to", "1400")["partitions"]
    assert [each["records"] for each in old] == [500, 500]
    assert all(each["start"]["offset"] < 900 for each in old)
    late = floodline(config, "verify", "--partition", "1", "--from", "2800")
    assert late.returncode == 0, late.stderr
    first, last = late.stdout.splitlines()
    assert "from the snapshot at" in first
    assert last.startswith("equal: ")


def assert_altered_alert_is_named(config: Path, outcome: Outcome, topics: Topics) -> None:
    """Another message under an alert's id: verify and explain name its score."""
    name = outcome.configuration.topics.alerts
    record = topics.read(name)[7]
    alert = decode(record.value or b"", Alert)
    other = msgspec.structs.replace(alert, score=alert.score / 2)
    topics.produce(name, [encode(other)], keys=[record.key], partition=record.partition)
    parts = verified(config, code=1)["partitions"]
    (found,) = [each["difference"] for each in parts if each["difference"]]
    offset = alert.coordinates.offset
    assert (found["what"], found["problem"], found["offset"]) == ("alert", "twice", offset)
    said = (found["field"], found["expected"], found["found"])
    assert said == ("score", alert.score, other.score)
    assert found["where"].startswith(f"{name}, partition {record.partition}, offset")
    explained = floodline(config, "explain", alert.id, "--replay")
    assert explained.returncode == 1
    assert f"score: the log gives {alert.score}, published was {other.score}" in explained.stdout


def assert_refusals_say_what_to_do(config: Path) -> None:
    """Exit codes 2, 3 and 4."""
    refused = floodline(config, "verify", "--to", "999999")
    assert refused.returncode == 3
    assert "999999 is beyond it" in refused.stderr
    assert floodline(config, "verify", "--from", "9", "--to", "8").returncode == 2
    assert floodline(config, "explain", "nothing-like-it").returncode == 3
    down = floodline(config, "verify", "--bootstrap-servers", "127.0.0.1:9")
    assert down.returncode == 4
    assert "Traceback" not in down.stderr
