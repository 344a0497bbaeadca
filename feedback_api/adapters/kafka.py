"""The feedback API's Kafka: the only file of this process that knows the client."""

import logging
import time
from collections.abc import Mapping, Sequence

import structlog
from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewTopic, TopicDescription

from feedback_api.ports import CommittedOffset, Delivery, Outgoing, Record
from floodline.configuration.sections import KafkaSection
from floodline.errors import DependencyDown

_log = structlog.get_logger(__name__)
_client_log = logging.getLogger("kafka")

_ANSWER_SECONDS = 5.0
_LOOK_SECONDS = 5.0
_BATCH = 500
_DELIVERY_MS = 15_000

Shape = tuple[int, dict[str, str]]
"""Partitions and settings of a topic."""


class _Server:
    """Kafka as this process reaches it, and what its clients said last."""

    def __init__(self, kafka: KafkaSection) -> None:
        self._address = kafka.bootstrap_servers
        self._said = ""
        # The client logs each failed connection; we tell of them once, when an attempt ends.
        self.client = {**kafka.client(), "log_level": 2, "error_cb": self._hear}

    def _hear(self, error: KafkaError) -> None:
        if error.code() != KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001  # its public name
            self._said = f" ({error.str()})"

    def down(self, error: KafkaException | TimeoutError) -> DependencyDown:
        """The error as ours."""
        said = error.args[0].str() if isinstance(error, KafkaException) else "no answer in time"
        return DependencyDown(
            f"Kafka at {self._address}: {said}{self._said}; check that it runs and that "
            "kafka.bootstrap_servers is right"
        )


class KafkaAlertSource:
    """Every partition of the alerts topic, from offsets that the caller keeps."""

    def __init__(self, kafka: KafkaSection, group: str, topic: str) -> None:
        self._server = _Server(kafka)
        self._topic = topic
        self._admin = AdminClient(self._server.client, logger=_client_log)
        self._consumer = Consumer(
            {
                **self._server.client,
                "group.id": group,
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                # No silent jump: a lost range ends the attempt, and `start` says what was lost.
                "auto.offset.reset": "error",
                "fetch.wait.max.ms": 100,
            },
            logger=_client_log,
        )
        self._seen: tuple[str, int] | None = None
        self._looked_at = 0.0
        self._owed: KafkaError | None = None

    def topic_id(self) -> str:
        """See AlertSource."""
        self._seen = self._look()
        return self._seen[0]

    def start(self, offsets: Mapping[int, int]) -> None:
        """See AlertSource."""
        _, partitions = self._seen or self._look()
        try:
            chosen = [
                TopicPartition(self._topic, each, self._from(each, offsets.get(each)))
                for each in range(partitions)
            ]
            self._consumer.assign(chosen)
        except KafkaException as error:
            raise self._server.down(error) from error

    def _from(self, partition: int, stored: int | None) -> int:
        place = TopicPartition(self._topic, partition)
        low, high = self._consumer.get_watermark_offsets(place, timeout=_ANSWER_SECONDS)
        if stored is None:
            return int(low)
        if low <= stored <= high:
            return stored
        _log.error(
            "alerts are lost: the topic no longer holds the next offset",
            topic=self._topic,
            partition=partition,
            next_offset=stored,
            first_held=low,
            end=high,
        )
        return int(low)

    def read(self, timeout: float) -> list[Record]:
        """See AlertSource."""
        if self._owed is not None:
            error = KafkaException(self._owed)
            raise self._server.down(error) from error
        if time.monotonic() - self._looked_at > _LOOK_SECONDS and self._look() != self._seen:
            raise DependencyDown(f"topic {self._topic} has changed; reading it anew")
        records = []
        for message in self._consume(timeout):
            error = message.error()
            if error is None:
                records.append(_record(message))
            else:
                # What came before an error is handed out first.
                self._owed = error
        return records

    def _consume(self, timeout: float) -> list[Message]:
        try:
            return list(self._consumer.consume(_BATCH, timeout))
        except KafkaException as error:
            raise self._server.down(error) from error

    def close(self) -> None:
        """See AlertSource."""
        self._consumer.close()

    def _look(self) -> tuple[str, int]:
        """The topic's id and its number of partitions: also how we see that Kafka is there."""
        try:
            asked = self._admin.describe_topics(
                TopicCollection([self._topic]), request_timeout=_ANSWER_SECONDS
            )
            described: TopicDescription = asked[self._topic].result(_ANSWER_SECONDS)
        except (KafkaException, TimeoutError) as error:
            self._admin.poll(0)  # hands over what the client heard
            if _code(error) == KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise DependencyDown(
                    f"topic {self._topic} is not there yet; `floodline consume` makes it"
                ) from error
            raise self._server.down(error) from error
        self._looked_at = time.monotonic()
        return str(described.topic_id), len(described.partitions)


class KafkaScoringOffsets:
    """Asks for a group's offsets without joining it, so that it never takes a partition.

    A consumer asks, which never subscribes: `list_consumer_group_offsets` ends the whole process
    where the broker it asks coordinates the group no more (librdkafka 5040).
    """

    def __init__(self, kafka: KafkaSection, group: str, topic: str) -> None:
        self._server = _Server(kafka)
        self._topic = topic
        self._consumer = Consumer(
            {
                **self._server.client,
                "group.id": group,
                # An open transaction is no reason to wait: what was committed before it is shown.
                "isolation.level": "read_uncommitted",
            },
            logger=_client_log,
        )

    def read(self) -> list[CommittedOffset]:
        """See ScoringOffsets."""
        try:
            topics = self._consumer.list_topics(self._topic, timeout=_ANSWER_SECONDS).topics
            asked = [TopicPartition(self._topic, each) for each in topics[self._topic].partitions]
            places = self._consumer.committed(asked, timeout=_ANSWER_SECONDS) if asked else []
        except KafkaException as error:
            raise self._server.down(error) from error
        for each in places:
            if each.error is not None:
                raise self._server.down(KafkaException(each.error))
        return [
            CommittedOffset(each.partition, each.offset, each.metadata)
            for each in places
            if each.offset >= 0
        ]


class KafkaLabelPublisher:
    """An idempotent producer; every acknowledgement is that of all in-sync replicas."""

    def __init__(self, kafka: KafkaSection, topic: str, shape: Shape) -> None:
        server = _Server(kafka)
        if kafka.create_topics:
            _ensure_topic(server, topic, shape, kafka.replication_factor)
        self._producer = Producer(
            {
                **server.client,
                "enable.idempotence": True,
                "acks": "all",
                "delivery.timeout.ms": _DELIVERY_MS,
                "linger.ms": 5,
            },
            logger=_client_log,
        )

    def publish(self, messages: Sequence[Outgoing]) -> Delivery:
        """See LabelPublisher."""
        acknowledged: list[int] = []
        failures: list[str] = []
        for each in messages:
            self._send(each, acknowledged, failures)
        left = self._producer.flush(_DELIVERY_MS / 1000 + 1)
        if left:
            failures.append("no answer in time")
        told = f"labels are not published: {failures[0]}" if failures else None
        return Delivery(acknowledged, told)

    def _send(self, each: Outgoing, acknowledged: list[int], failures: list[str]) -> None:
        def delivered(error: KafkaError | None, message: Message) -> None:
            del message
            if error is None:
                acknowledged.append(each.token)
            else:
                failures.append(error.str())

        try:
            self._producer.produce(
                each.topic, each.value, key=each.key, headers=each.headers, on_delivery=delivered
            )
        except (KafkaException, BufferError) as error:
            failures.append(str(error))

    def close(self) -> None:
        """See LabelPublisher."""
        self._producer.purge()
        self._producer.flush(0)


def _ensure_topic(server: _Server, topic: str, shape: Shape, replication: int) -> None:
    admin = AdminClient(server.client, logger=_client_log)
    partitions, config = shape
    new = NewTopic(topic, num_partitions=partitions, replication_factor=replication, config=config)
    try:
        admin.create_topics([new], request_timeout=_ANSWER_SECONDS)[topic].result(_ANSWER_SECONDS)
    except (KafkaException, TimeoutError) as error:
        admin.poll(0)  # hands over what the client heard
        if _code(error) != KafkaError.TOPIC_ALREADY_EXISTS:
            raise server.down(error) from error


def _record(message: Message) -> Record:
    partition, offset = message.partition(), message.offset()
    if partition is None or offset is None:
        raise TypeError("a consumed record has a partition and an offset")
    return Record(partition, offset, message.value())


def _code(error: KafkaException | TimeoutError) -> int | None:
    return error.args[0].code() if isinstance(error, KafkaException) else None
