"""From a label's POST to the first event that is scored with it, under load, on real Kafka."""

import tempfile
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
from confluent_kafka import Consumer, TopicPartition

from benchmarks.decode import FEATURES
from benchmarks.end_to_end import machine
from benchmarks.end_to_end.child import Child
from benchmarks.end_to_end.paced_producer import Sent
from benchmarks.end_to_end.statistics import percentile
from benchmarks.end_to_end.topic import Topics, reading
from benchmarks.labels.labeller import Given, Labeller
from demo.local_kafka import LocalKafka
from demo.local_kafka.ports import free_port
from demo.processes import Processes
from demo.settings import to_toml
from floodline.errors import DependencyDown
from floodline.events.messages import Change, decode, kind_of

Say = Callable[[str], None]

NAME = "bench-labels"
TOPIC = f"{NAME}-events"
_WARM_UP_SECONDS = 10.0
_AFTER_SECONDS = 10.0
_ALERTS_PER_LABEL = 4


class InForce(msgspec.Struct, frozen=True):
    """A release is in force.

    Attributes:
        learnt: when its labels were read, seconds since 1970: it holds all that were given before.
        at: when a reader saw from which event on it holds, seconds since 1970.
    """

    learnt: float
    at: float


def measure(
    labels_per_second: int, events_per_second: int, seconds: float, say: Say
) -> dict[str, Any]:
    """Start Kafka, consumer, trainer and API, measure for so many seconds, and leave nothing.

    One partition, the default profile, SQLite; a client that labels one alert after the other. A
    label is in force when a reader under read_committed has seen the change that says from which
    event on a release holds that was made of it. Broker, producer and processes share the cores.

    Raises:
        DependencyDown: a process ended early, or no label came into force.
    """
    with LocalKafka() as kafka, tempfile.TemporaryDirectory(prefix="floodline-bench-") as name:
        topics, folder = Topics(kafka.bootstrap_servers), Path(name)
        topics.create(TOPIC)
        url, processes = _start(
            kafka.bootstrap_servers, folder, labels_per_second / events_per_second
        )
        try:
            say(
                f"{labels_per_second} labels/s and {events_per_second:,} events/s for {seconds:g} s"
            )
            given, seen, sent = _run(
                processes,
                url,
                kafka.bootstrap_servers,
                labels_per_second,
                events_per_second,
                seconds,
            )
        finally:
            processes.stop()
    return {"machine": machine.describe()} | figures(given, seen, sent)


def figures(given: list[Given], seen: list[InForce], sent: Sent) -> dict[str, Any]:
    """Seconds from each label's POST to the first release that holds it.

    Labels behind the last release changed nothing that was taught; `in_force` leaves them out.

    Raises:
        DependencyDown: none came into force.
    """
    waits, place = [], 0
    for label in given:
        while place < len(seen) and seen[place].learnt < label.at + label.took:
            place += 1
        if place < len(seen):
            waits.append(seen[place].at - label.at)
    if not waits:
        raise DependencyDown("no label came into force: is the machine far too slow?")
    return {
        "labels": len(given),
        "in_force": len(waits),
        "releases": len(seen),
        "p50_seconds": percentile(waits, 0.5),
        "p99_seconds": percentile(waits, 0.99),
        "largest_seconds": max(waits),
        "post_p99_seconds": percentile([label.took for label in given], 0.99),
        "labels_per_second": len(given) / max(given[-1].at - given[0].at, 1e-9),
        "events_per_second": sent.events / sent.seconds,
    }


def _start(bootstrap_servers: str, folder: Path, alert_share: float) -> tuple[str, Processes]:
    port = free_port()
    config = folder / "floodline.toml"
    config.write_text(
        to_toml(
            {
                "detector": {"name": NAME, "topic": TOPIC, "features": list(FEATURES)},
                "threshold": {"initial_rarity": _ALERTS_PER_LABEL * alert_share},
                "kafka": {"bootstrap_servers": bootstrap_servers, "replication_factor": 1},
                "consumer": {"metrics_port": 0},
                "database": {"url": f"sqlite:///{folder}/floodline.db"},
                "api": {"port": port},
                "trainer": {"metrics_port": 0},
                "mlflow": {"tracking_uri": f"sqlite:///{folder}/mlflow.db"},
                "store": {"folder": f"{folder}/states"},
                "log": {"format": "json"},
            }
        ),
        encoding="utf-8",
    )
    processes = Processes(folder, config)
    processes.run("db", "upgrade")
    processes.start("serve", "serve")
    processes.start("train", "train")
    processes.start("consume", "consume")
    url = f"http://127.0.0.1:{port}"
    processes.await_answer("serve", f"{url}/healthz")
    return url, processes


def _run(
    processes: Processes,
    url: str,
    bootstrap_servers: str,
    labels_per_second: int,
    events_per_second: int,
    seconds: float,
) -> tuple[list[Given], list[InForce], Sent]:
    key = processes.run("keys", "create", "--name", "bench", "--role", "analyst")["key"]
    reader = Consumer(reading(bootstrap_servers) | {"enable.partition.eof": False})
    seen: list[InForce] = []
    ended = threading.Event()
    try:
        with (
            httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}) as api,
            Child(
                "paced_producer",
                bootstrap_servers=bootstrap_servers,
                topic=TOPIC,
                rate=events_per_second,
                seconds=_WARM_UP_SECONDS + seconds,
            ) as producer,
        ):
            labeller = Labeller(api, labels_per_second, seconds)
            labeller.await_alerts(processes.check)
            reader.assign([TopicPartition(f"{NAME}.changes", 0, 0)])
            thread = threading.Thread(target=_watch, args=(reader, seen, ended))
            thread.start()
            try:
                labeller.run()
                sent = producer.answer(Sent)
                _await(lambda: bool(seen) and seen[-1].learnt >= labeller.end)
            finally:
                ended.set()
                thread.join()
    finally:
        reader.close()
    processes.check()
    return labeller.given, seen, sent


def _await(done: Callable[[], bool]) -> None:
    end = time.monotonic() + _AFTER_SECONDS
    while not done() and time.monotonic() < end:
        time.sleep(0.05)


def _watch(reader: Consumer, seen: list[InForce], ended: threading.Event) -> None:
    while not ended.is_set():
        message = reader.poll(0.05)
        now = time.time()
        if message is None or message.error() is not None:
            continue
        if kind_of(message.headers() or []) == "change":
            learnt = datetime.fromisoformat(decode(message.value(), Change).release.created_at)
            seen.append(InForce(learnt.timestamp(), now))
