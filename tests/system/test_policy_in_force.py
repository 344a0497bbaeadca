"""A policy that is set over the API, through trainer and Kafka, in the consumer: as processes."""

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.trickle import Trickle
from tests.fixtures.consumer_process import (
    COMMAND,
    ConsumerProcess,
    Outcome,
    wait_until,
    write_configuration,
)
from tests.fixtures.kafka import Topics

PROGRAM = COMMAND[:-1]
WITHIN_SECONDS = 5.0
EVENTS_PER_SECOND = 400
LABELS = 120


def floodline(config: Path, *arguments: str) -> str:
    """A command to its end; what it printed."""
    line = [*PROGRAM, *arguments, "--config", str(config)]
    ended = subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@contextmanager
def process(config: Path, name: str, *arguments: str) -> Iterator[Path]:
    """A long-running command; the file with its log lines."""
    log = config.parent / f"{name}.log"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FLOODLINE_")}
    with log.open("wb") as output:
        child = subprocess.Popen(
            [*PROGRAM, *arguments, "--config", str(config)],
            stdout=output,
            stderr=output,
            env=environment,
        )
    try:
        yield log
    finally:
        child.terminate()
        child.wait(30)


@pytest.fixture
def world(tmp_path: Path, topics: Topics) -> tuple[Path, Outcome]:
    """A detector without events, whose trainer looks at labels once in a quarter of an hour."""
    topics.create(topics.name("events"), 2)
    config, configuration = write_configuration(
        tmp_path,
        topics,
        threshold={"initial_score": 0.6, "initial_rarity": 0.01, "min_labels": 30},
        database={"url": f"sqlite:///{tmp_path / 'floodline.db'}"},
        trainer={"metrics_port": 0, "recalibrate_every_seconds": 900},
        mlflow={"tracking_uri": f"sqlite:///{tmp_path / 'mlflow.db'}"},
        api={"port": 0},
    )
    floodline(config, "db", "upgrade")
    return config, Outcome(topics, configuration)


def client(config: Path, log: Path) -> httpx.Client:
    """An engineer's client of the API that logs there."""
    key = json.loads(
        floodline(config, "keys", "create", "--name", "eva", "--role", "engineer", "--json")
    )["key"]
    wait_until(lambda: "listening" in log.read_text(), "the API listens")
    found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text())
    assert found, log.read_text()
    return httpx.Client(base_url=found[0], headers={"Authorization": f"Bearer {key}"}, timeout=30)


def label(api: httpx.Client) -> None:
    """Confirm what is far out, reject the rest: half by half, so that .9 is not met as it is."""
    seen: dict[str, dict[str, Any]] = {}

    def enough() -> bool:
        found = api.get("/api/v1/alerts", params={"limit": 200, "unlabelled": True})
        found.raise_for_status()
        seen.update({each["id"]: each for each in found.json()["items"]})
        return len(seen) >= LABELS

    wait_until(enough, "alerts arrive in SQL", 60)
    ranked = sorted(seen.values(), key=lambda each: -float(each["score"]))
    for place, alert in enumerate(ranked):
        verdict = "confirmed" if place < len(ranked) / 2 else "false_alarm"
        answer = api.post(f"/api/v1/alerts/{alert['id']}/labels", json={"verdict": verdict})
        assert answer.status_code in {200, 201}, answer.text


def applied(api: httpx.Client, consumer: ConsumerProcess, outcome: Outcome) -> float:
    """Label, set a stricter policy; seconds until both partitions are scored under it."""
    consumer.wait_running(2)
    label(api)
    asked = time.monotonic()
    policy = {"type": "precision", "at_least": 0.9}
    api.put("/api/v1/threshold/policy", json=policy).raise_for_status()

    def in_force() -> bool:
        changes = outcome.changes()
        return {c.coordinates.partition for c in changes if c.release.threshold.score != 0.6} == {
            0,
            1,
        }

    wait_until(in_force, "both partitions are scored under another threshold")
    return time.monotonic() - asked


@pytest.mark.timeout(300)
def test_a_policy_change_is_in_force_within_seconds(world: tuple[Path, Outcome]) -> None:
    """From PUT to the first event scored under the new threshold, and `verify` says equal."""
    config, outcome = world
    servers, events = outcome.topics.bootstrap_servers, outcome.configuration.topics.events
    with (
        process(config, "serve", "serve") as served,
        process(config, "train", "train"),
        ConsumerProcess(config, "one") as consumer,
        client(config, served) as api,
    ):
        with Trickle(servers, events, 7, EVENTS_PER_SECOND):
            took = applied(api, consumer, outcome)
        outcome.wait_committed()
    said = json.loads(floodline(config, "verify", "--json"))
    assert said["equal"] is True
    raised = outcome.changes()[-1].release.threshold.score
    assert raised is not None
    assert raised > 0.6
    assert took <= WITHIN_SECONDS, f"in force after {took:.1f} s"
