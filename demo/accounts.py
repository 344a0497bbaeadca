"""What the topics hold at the end: every record counted once, or said to be missing."""

import time

import msgspec
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as KafkaMessage

from floodline.errors import DependencyDown
from floodline.events.messages import Alert, Change, decode, kind_of
from floodline.events.topics import Topics

_SECONDS = 30.0


class Accounts(msgspec.Struct, frozen=True, kw_only=True):
    """Counts over all partitions, from Kafka alone, under read_committed."""

    records: int
    scored: int
    dead_letters: int
    alerts: list[Alert]
    changes: list[Change]
    duplicates: int

    @property
    def lost(self) -> int:
        """Records that were neither scored nor dead-lettered."""
        return self.records - self.scored - self.dead_letters


def take_accounts(bootstrap_servers: str, topics: Topics, group: str) -> Accounts:
    """Read the detector's topics and the group's committed offsets."""
    inputs = _read(bootstrap_servers, topics.events)
    alerts = [decode(m.value(), Alert) for m in _read(bootstrap_servers, topics.alerts)]
    letters = _read(bootstrap_servers, topics.dead_letters)
    said = _read(bootstrap_servers, topics.changes)
    changes = [decode(m.value(), Change) for m in said if kind_of(m.headers()) == "change"]
    repeated = len(alerts) - len({alert.id for alert in alerts})
    places = [_source(letter) for letter in letters]
    return Accounts(
        records=len(inputs),
        scored=scored_events(bootstrap_servers, topics.events, group),
        dead_letters=len(letters),
        alerts=alerts,
        changes=changes,
        duplicates=repeated + len(places) - len(set(places)),
    )


def scored_events(bootstrap_servers: str, topic: str, group: str) -> int:
    """Events that the group's committed checkpoints count as scored."""
    return sum(_checkpoints(bootstrap_servers, topic, group, "events"))


def accounted_records(bootstrap_servers: str, topic: str, group: str) -> int:
    """Records that the group's committed checkpoints count, dead letters included."""
    names = ("events", "dead_letters")
    return sum(sum(_checkpoints(bootstrap_servers, topic, group, name)) for name in names)


def _checkpoints(bootstrap_servers: str, topic: str, group: str, name: str) -> list[int]:
    consumer = _consumer(bootstrap_servers, group)
    try:
        places = [TopicPartition(topic, p) for p in _partitions(consumer, topic)]
        committed = consumer.committed(places, timeout=_SECONDS)
    finally:
        consumer.close()
    found = [msgspec.json.decode(place.metadata) for place in committed if place.metadata]
    return [int(checkpoint[name]) for checkpoint in found]


def _consumer(bootstrap_servers: str, group: str) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": group,
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
        }
    )


def _partitions(consumer: Consumer, topic: str) -> list[int]:
    return sorted(consumer.list_topics(topic, timeout=_SECONDS).topics[topic].partitions)


def _read(bootstrap_servers: str, topic: str) -> list[KafkaMessage]:
    """Every message of the topic as read_committed shows it now."""
    consumer = _consumer(bootstrap_servers, "floodline-demo-accounts")
    found: list[KafkaMessage] = []
    try:
        open_partitions = set(_partitions(consumer, topic))
        consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in open_partitions])
        deadline = time.monotonic() + _SECONDS
        while open_partitions:
            if time.monotonic() > deadline:
                raise DependencyDown(f"topic {topic} could not be read to its end in {_SECONDS} s")
            for message in consumer.consume(5_000, 0.1):
                error = message.error()
                if error is None:
                    found.append(message)
                elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
                    open_partitions.discard(message.partition())
                else:
                    raise KafkaException(error)
    finally:
        consumer.close()
    return found


def _source(letter: KafkaMessage) -> tuple[bytes, bytes]:
    headers = dict(letter.headers())
    return headers["__connect.errors.partition"], headers["__connect.errors.offset"]
