"""A detector with events in Kafka, alerts and labels in SQL, and a place for MLflow."""

import csv
import gzip
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import msgspec
from confluent_kafka import Producer
from sqlalchemy import Engine

from floodline.configuration.sections import Configuration
from floodline.detection.scorer import Scorer
from floodline.events.messages import alert_id
from floodline.storage import alerts, labels, users
from floodline.storage.alerts import NewAlert
from floodline.storage.engine import transaction
from floodline.storage.labels import NewLabel
from tests.fixtures.kafka import ANSWER_SECONDS, Topics
from trainer.adapters.kafka import KafkaEvents

STREAM = Path(__file__).parents[2] / "demo" / "data" / "shuttle.csv.gz"
FEATURES = tuple(f"a{i}" for i in range(9))
PARTITIONS = 2


@dataclass(frozen=True)
class World:
    """One test's detector."""

    configuration: Configuration
    topics: Topics
    engine: Engine


def build(topics: Topics, engine: Engine, folder: Path, **sections: dict[str, object]) -> World:
    """A configuration on this test's topics, database and folders."""
    given: dict[str, dict[str, object]] = {
        "detector": {
            "name": topics.prefix,
            "topic": topics.name("events"),
            "features": FEATURES,
        },
        "kafka": {"bootstrap_servers": topics.bootstrap_servers},
        "database": {"url": engine.url.render_as_string(hide_password=False)},
        "threshold": {"initial_score": 0.5, "min_labels": 20},
        "mlflow": {
            "tracking_uri": f"sqlite:///{folder / 'mlflow' / 'mlflow.db'}",
            "artifacts": str(folder / "mlartifacts"),
        },
        "store": {"folder": str(folder / "states")},
        "trainer": {"metrics_port": 0},
    }
    for name, section in sections.items():
        given[name] = given.get(name, {}) | section
    return World(Configuration.model_validate(given), topics, engine)


def fill(world: World, events: int) -> None:
    """Put the stream's beginning into the topic, with what a consumer and an analyst make of it.

    Every third record is labelled from the truth; one record in each partition is no event.
    """
    topic = world.configuration.topics.events
    world.topics.create(topic, PARTITIONS)
    with gzip.open(STREAM, "rt") as file:
        rows = list(islice(csv.DictReader(file), events))
    _produce(world, topic, rows)
    for partition in range(PARTITIONS):
        _alert(world, partition, rows[partition::PARTITIONS])


def _produce(world: World, topic: str, rows: list[dict[str, str]]) -> None:
    """Both partitions in turn, as a live stream fills them, a millisecond between two events."""
    producer = Producer(
        {"bootstrap.servers": world.topics.bootstrap_servers, "enable.idempotence": True}
    )
    since = round((datetime.now(UTC) - timedelta(hours=1)).timestamp() * 1000)
    for partition in range(PARTITIONS):
        producer.produce(topic, b"no event", partition=partition, timestamp=since)
    for index, row in enumerate(rows):
        body = json.dumps({name: float(row[name]) for name in FEATURES}).encode()
        producer.produce(topic, body, partition=index % PARTITIONS, timestamp=since + 1 + index)
        producer.poll(0)
    assert producer.flush(ANSWER_SECONDS) == 0


def _alert(world: World, partition: int, rows: list[dict[str, str]]) -> None:
    scorer = Scorer.new(world.configuration.model_parameters, world.configuration.detector.features)
    rule = world.configuration.initial_rule
    topic_id = KafkaEvents(world.configuration).topic_id()
    now = datetime.now(UTC) - timedelta(hours=1)
    new, real = [], {}
    for index, row in enumerate(rows):
        features = {name: float(row[name]) for name in FEATURES}
        scored = scorer.step(features, rule, explain=True)
        if not scored.is_alert:
            continue
        offset = index + 1  # the first record is no event
        name = world.configuration.detector.name
        id = alert_id(name, topic_id, partition, offset)
        real[id] = row["label"] == "1"
        new.append(
            NewAlert(
                id=id,
                detector=name,
                topic=world.configuration.topics.events,
                topic_id=topic_id,
                partition=partition,
                offset=offset,
                event_at=None,
                key=None,
                entity=None,
                score=scored.score,
                rarity=scored.rarity,
                threshold=scored.threshold,
                release=0,
                features=features,
                event=dict(features),
                received_at=now + timedelta(milliseconds=index),
                explanation=msgspec.to_builtins(scored.explanation),
            )
        )
    with transaction(world.engine) as session:
        alerts.insert_new(session, new)
    label(world, {id: real[id] for id in list(real)[::3]})


def label(world: World, truth: dict[str, bool], analyst: str = "ana") -> None:
    """Have an analyst say of each alert whether it is real."""
    now = datetime.now(UTC)
    with transaction(world.engine) as session:
        who = users.ensure(session, id=f"id-{analyst}", name=analyst, role="analyst", now=now).id
        for number, (id, real) in enumerate(sorted(truth.items())):
            row = alerts.get_for_labelling(session, world.configuration.detector.name, id)
            assert row is not None
            new = NewLabel(
                id=str(uuid.uuid4()),
                analyst_id=who,
                verdict="confirmed" if real else "false_alarm",
                reason=None,
                note=None,
                created_at=now + timedelta(microseconds=number),
            )
            labels.record(session, row, new)
