"""The trainer's commands and its process, from the outside."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from demo.local_kafka.ports import free_port
from floodline.storage import threshold_state
from floodline.storage.engine import transaction
from tests.fixtures.kafka import Topics
from tests.integration.test_trainer_moves import asked, frozen
from tests.integration.trainer_world import World, build, fill

SECONDS = 60.0
COMMAND = str(Path(sys.executable).with_name("floodline"))


@pytest.fixture
def world(topics: Topics, sqlite_engine: Engine, tmp_path: Path) -> World:
    """A detector with events, alerts and labels."""
    found = build(topics, sqlite_engine, tmp_path, threshold={"initial_score": 0.2})
    fill(found, 3000)
    return found


def environment(world: World, **more: str) -> dict[str, str]:
    """The configuration as environment variables."""
    sections: dict[str, Any] = world.configuration.model_dump()
    given = {
        "DETECTOR__NAME": sections["detector"]["name"],
        "DETECTOR__TOPIC": sections["detector"]["topic"],
        "DETECTOR__FEATURES": ",".join(sections["detector"]["features"]),
        "KAFKA__BOOTSTRAP_SERVERS": sections["kafka"]["bootstrap_servers"],
        "DATABASE__URL": world.configuration.database.url.get_secret_value(),
        "THRESHOLD__INITIAL_SCORE": "0.2",
        "THRESHOLD__MIN_LABELS": "20",
        "MLFLOW__TRACKING_URI": sections["mlflow"]["tracking_uri"],
        "MLFLOW__ARTIFACTS": sections["mlflow"]["artifacts"],
        "STORE__FOLDER": sections["store"]["folder"],
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLOODLINE_")}
    return kept | {f"FLOODLINE_{name}": value for name, value in (given | more).items()}


def run(world: World, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *words],
        env=environment(world, **more),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_recalibrate_prints_one_object_and_releases_list_shows_the_release(world: World) -> None:
    """A dry run, the move, and what is in force afterwards."""
    said = run(world, "releases", "list")
    assert (said.returncode, said.stdout[:14]) == (0, "No release yet")
    dry = run(world, "recalibrate", "--dry-run")
    assert dry.stdout.startswith("would move: raised from 0.2000 to "), dry.stderr
    moved = run(world, "recalibrate", "--json")
    assert moved.returncode == 0, moved.stderr
    found = json.loads(moved.stdout)
    assert (found["decision"]["outcome"], found["release"]) == ("moved", 1)
    (release,) = json.loads(run(world, "releases", "list", "--json").stdout)["releases"]
    assert release["number"] == 1
    assert release["reason"] == found["decision"]["reason"]
    assert release["threshold"]["score"] == found["decision"]["threshold_after"]


def test_exit_codes_say_who_must_act(world: World, tmp_path: Path) -> None:
    """2: a wrong option; 3: the operator must change something; 4: a dependency is down."""
    assert run(world, "recalibrate", "--nonsense").returncode == 2
    wrong = run(world, "retrain", "--from", "zero")
    assert (wrong.returncode, "write PARTITION:OFFSET" in wrong.stderr) == (3, True)
    down = run(world, "recalibrate", DATABASE__URL=f"sqlite:///{tmp_path / 'empty.db'}")
    assert (down.returncode, "floodline db upgrade" in down.stderr) == (4, True), down.stderr
    mlflow = run(world, "retrain", MLFLOW__TRACKING_URI=f"http://127.0.0.1:{free_port()}")
    assert (mlflow.returncode, "mlflow.tracking_uri" in mlflow.stderr) == (4, True), mlflow.stderr


@pytest.fixture
def training(world: World) -> Iterator[tuple[World, subprocess.Popen[bytes], str]]:
    """`floodline train` at work, and the address of its metrics."""
    port = free_port()
    more = {
        "TRAINER__METRICS_PORT": str(port),
        "TRAINER__RECALIBRATE_EVERY_SECONDS": "0.5",
        "TRAINER__RETRAIN_EVERY_SECONDS": "5",
    }
    with subprocess.Popen([COMMAND, "train"], env=environment(world, **more)) as process:
        try:
            yield world, process, f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def scraped(address: str) -> dict[str, float]:
    """The samples of /metrics, by name and labels; none before it answers."""
    try:
        with urllib.request.urlopen(f"{address}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
    except OSError:
        return {}
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def await_sample(address: str, name: str, least: float) -> dict[str, float]:
    deadline = time.monotonic() + SECONDS
    while True:
        found = scraped(address)
        if name in found and found[name] >= least:
            return found
        assert time.monotonic() < deadline, f"{name} did not reach {least}: {found}"
        time.sleep(0.2)


def test_train_recalibrates_and_retrains_on_schedule_until_sigterm(
    training: tuple[World, subprocess.Popen[bytes], str],
) -> None:
    """Both jobs run, metrics tell of them, and SIGTERM ends the process with 0."""
    world, process, address = training
    label = f'{{detector="{world.configuration.detector.name}"'
    await_sample(address, f'floodline_recalibrations_total{label},outcome="moved"}}', 1)
    found = await_sample(address, f"floodline_last_retrain_timestamp_seconds{label}}}", 1)
    assert found[f"floodline_released_number{label}}}"] >= 1
    assert 0 <= found[f"floodline_last_retrain_age_seconds{label}}}"] < SECONDS
    with urllib.request.urlopen(f"{address}/readyz", timeout=5) as answer:
        assert answer.read() == b"ready"
    process.send_signal(signal.SIGTERM)
    assert process.wait(SECONDS) == 0


def test_train_follows_what_people_ask_within_seconds(
    training: tuple[World, subprocess.Popen[bytes], str],
) -> None:
    """An approved move becomes a release, and a freeze shows, long before the next retrain."""
    world, _, address = training
    detector = world.configuration.detector.name
    await_sample(
        address, f'floodline_recalibrations_total{{detector="{detector}",outcome="moved"}}', 1
    )
    with transaction(world.engine) as session:
        _, base = threshold_state.in_force(session, detector, world.configuration.initial_rule)
    asked(world, 0.77, base_release=base)
    began = time.monotonic()
    released = (
        f'floodline_threshold_moves_total{{detector="{detector}",kind="manual",state="released"}}'
    )
    found = await_sample(address, released, 1)
    assert found[f'floodline_released_threshold_score{{detector="{detector}"}}'] == 0.77
    frozen(world, "enough")
    await_sample(address, f'floodline_threshold_frozen{{detector="{detector}"}}', 1)
    assert time.monotonic() - began < 20


def test_a_taken_metrics_port_is_a_clear_error(
    training: tuple[World, subprocess.Popen[bytes], str],
) -> None:
    """A second trainer on the same port says which setting to change, with exit code 3."""
    world, _, address = training
    label = f'{{detector="{world.configuration.detector.name}"'
    await_sample(address, f"floodline_released_number{label}}}", 0)
    port = address.rsplit(":", 1)[1]
    second = run(world, "train", TRAINER__METRICS_PORT=port)
    assert second.returncode == 3
    assert "metrics_port" in second.stderr
