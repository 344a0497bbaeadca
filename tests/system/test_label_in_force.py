"""A label that is given over the API, through trainer and Kafka, in the scores: as processes."""

import json
import time
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.trickle import Trickle
from tests.fixtures.consumer_process import (
    ConsumerProcess,
    Outcome,
    wait_until,
    write_configuration,
)
from tests.fixtures.kafka import Topics
from tests.system.test_policy_in_force import client, floodline, process

WITHIN_SECONDS = 5.0
EVENTS_PER_SECOND = 400


@pytest.fixture
def world(tmp_path: Path, topics: Topics) -> tuple[Path, Outcome]:
    """A detector of floodline's own profile, without events."""
    topics.create(topics.name("events"), 2)
    config, configuration = write_configuration(
        tmp_path,
        topics,
        model={"profile": "default", "trees": 20, "height": 6, "window": 250},
        database={"url": f"sqlite:///{tmp_path / 'floodline.db'}"},
        trainer={"metrics_port": 0, "recalibrate_every_seconds": 900},
        mlflow={"tracking_uri": f"sqlite:///{tmp_path / 'mlflow.db'}"},
        api={"port": 0},
    )
    floodline(config, "db", "upgrade")
    return config, Outcome(topics, configuration)


def an_alert(api: httpx.Client) -> dict[str, Any]:
    """The first alert that can teach."""
    seen: list[dict[str, Any]] = []

    def raised() -> bool:
        found = api.get("/api/v1/alerts", params={"limit": 50, "unlabelled": True})
        found.raise_for_status()
        seen.extend(found.json()["items"])
        return bool(seen)

    wait_until(raised, "an alert arrives in SQL", 60)
    return seen[0]


def taught(api: httpx.Client, outcome: Outcome, alert: dict[str, Any], verdict: str) -> float:
    """Label it; seconds until both partitions are scored with what that taught."""
    before = {change.release.number for change in outcome.changes()}
    asked = time.monotonic()
    answer = api.post(f"/api/v1/alerts/{alert['id']}/labels", json={"verdict": verdict})
    answer.raise_for_status()

    def in_force() -> bool:
        news = [c for c in outcome.changes() if c.release.number not in before]
        return {c.coordinates.partition for c in news if c.release.kind == "teaching"} == {0, 1}

    wait_until(in_force, "both partitions are scored with the lesson")
    return time.monotonic() - asked


@pytest.mark.timeout(300)
def test_a_label_is_in_force_within_seconds(world: tuple[Path, Outcome]) -> None:
    """From POST to events scored with it, over a kill of the consumer, and `verify` says equal."""
    config, outcome = world
    servers, events = outcome.topics.bootstrap_servers, outcome.configuration.topics.events
    with (
        process(config, "serve", "serve") as served,
        process(config, "train", "train"),
        client(config, served) as api,
    ):
        with Trickle(servers, events, 7, EVENTS_PER_SECOND):
            with ConsumerProcess(config, "one") as consumer:
                consumer.wait_running(2)
                alert = an_alert(api)
                took = [taught(api, outcome, alert, "false_alarm")]
                took.append(taught(api, outcome, alert, "new_normal"))
                consumer.process.kill()
                consumer.process.wait()
            with ConsumerProcess(config, "two") as consumer:
                consumer.wait_running(2)
                reached = outcome.total() + 2 * EVENTS_PER_SECOND
                wait_until(lambda: outcome.total() > reached, "it goes on")
                took.append(taught(api, outcome, an_alert(api), "false_alarm"))
                before = outcome.total() + EVENTS_PER_SECOND
                wait_until(lambda: outcome.total() > before, "it goes on")
                assert consumer.stop() == 0
        with ConsumerProcess(config, "three"):
            outcome.wait_committed()
        assert_told(api, outcome)
    assert_as_taught(outcome)
    said = json.loads(floodline(config, "verify", "--json"))
    assert said["equal"] is True
    assert max(took) <= WITHIN_SECONDS, f"in force after {took}"


def assert_told(api: httpx.Client, outcome: Outcome) -> None:
    """The API names the labels whose effects add up to the lessons that were published."""
    taught = [a for a in outcome.alerts() if a.explanation and abs(a.explanation.lesson) > 0.1]
    for alert in taught[:: max(len(taught) // 5, 1)]:
        path = f"/api/v1/alerts/{alert.id}/lessons"
        wait_until(partial(_answers, api, path), "the alert is in SQL")
        told = api.get(path).json()
        effects = [each["effect"] for each in told["items"]] + [told["rest"]["effect"]]
        assert sum(effects) == pytest.approx(told["published"], abs=1e-4)
        assert told["items"][0]["text"].startswith(("raised by ", "lowered by "))


def _answers(api: httpx.Client, path: str) -> bool:
    return api.get(path).status_code == 200


def assert_as_taught(outcome: Outcome) -> None:
    """Each label is a release with weights of its own, and scores follow them."""
    releases = {c.release.number: c.release for c in outcome.changes() if c.release.number}
    named = [releases[number].weights for number in sorted(releases)]
    assert len({each.sha256 for each in named if each is not None}) == len(named) == 3
    lessons = {a.explanation.lesson for a in outcome.alerts() if a.explanation is not None}
    assert len(lessons) > 1
    assert all(
        not a.explanation.lesson for a in outcome.alerts() if a.release == 0 and a.explanation
    )
