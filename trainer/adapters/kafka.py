"""The trainer's Kafka: the only file of this process that knows the client."""

import logging
import time
from collections.abc import Sequence

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewTopic

from floodline.configuration.sections import Configuration
from floodline.errors import ConfigurationError, DependencyDown
from floodline.events.messages import cloud_event_headers
from trainer.ports import OffsetRange, Outgoing, Record

_client_log = logging.getLogger("kafka")
_SECONDS = 10.0
_STALLED_SECONDS = 30.0


def _down(configuration: Configuration, what: str) -> DependencyDown:
    return DependencyDown(
        f"Kafka at {configuration.kafka.bootstrap_servers}: {what}; check that it runs and that "
        "kafka.bootstrap_servers is right (`floodline kafka up` starts a local one)"
    )


class KafkaReleases:
    """The releases topic: one partition, kept for ever, written by the trainer alone."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._producer: Producer | None = None

    def publish(self, messages: Sequence[Outgoing]) -> None:
        """Publish all in order, and return once Kafka has acknowledged all.

        Raises:
            DependencyDown: some may not have been; publishing all again is right.
            ConfigurationError: the topic is missing and kafka.create_topics is false.
        """
        if not messages:
            return
        failed: list[KafkaError] = []

        def delivered(error: KafkaError | None, _message: Message) -> None:
            if error is not None:
                failed.append(error)

        try:
            producer = self._ready()
            for message in messages:
                producer.produce(
                    message.topic,
                    key=message.key,
                    value=message.value,
                    partition=0,
                    headers=self._headers(message),
                    on_delivery=delivered,
                )
            left = producer.flush(_SECONDS + 5)
        except (KafkaException, BufferError, TimeoutError) as error:
            self._producer = None
            raise _down(self._configuration, str(error)) from error
        if left or failed:
            self._producer = None  # what is left in its queue must not follow a later release
            what = failed[0].str() if failed else "no acknowledgement"
            raise _down(self._configuration, f"the release was not published: {what}")

    def _headers(self, message: Outgoing) -> list[tuple[str, str | bytes | None]]:
        detector = self._configuration.detector.name
        return [
            *cloud_event_headers(
                id=f"{detector}-release-{message.key}",
                kind="release",
                source=f"floodline/{detector}",
            )
        ]

    def _ready(self) -> Producer:
        if self._producer is None:
            self._ensure_topic()
            self._producer = Producer(
                {
                    **self._configuration.kafka.client(),
                    "enable.idempotence": True,
                    "acks": "all",
                    "linger.ms": 0,
                    "message.timeout.ms": int(_SECONDS * 1000),
                },
                logger=_client_log,
            )
        return self._producer

    def _ensure_topic(self) -> None:
        kafka, topic = self._configuration.kafka, self._configuration.topics.releases
        admin = AdminClient(kafka.client(), logger=_client_log)
        if topic in admin.list_topics(timeout=_SECONDS).topics:
            return
        if not kafka.create_topics:
            raise ConfigurationError(
                f"topic {topic!r} is missing and kafka.create_topics is false; create it with one "
                "partition, cleanup.policy=delete and retention.ms=-1"
            )
        partitions, kept = self._configuration.topics.shapes(1)[topic]
        new = NewTopic(
            topic,
            num_partitions=partitions,
            replication_factor=kafka.replication_factor,
            config=kept,
        )
        try:
            admin.create_topics([new])[topic].result(_SECONDS)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise


class KafkaEvents:
    """The input topic under read_committed, assigned by hand: no group hears of it."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._topic = configuration.topics.events

    def topic_id(self) -> str:
        """The topic's id.

        Raises:
            ConfigurationError: there is no such topic.
            DependencyDown: Kafka does not answer.
        """
        try:
            admin = AdminClient(self._configuration.kafka.client(), logger=_client_log)
            described = admin.describe_topics(TopicCollection([self._topic]))
            return str(described[self._topic].result(_SECONDS).topic_id)
        except TimeoutError as error:
            raise _down(self._configuration, "no answer in time") from error
        except KafkaException as error:
            if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise self._missing() from error
            raise _down(self._configuration, error.args[0].str()) from error

    def bounds(self) -> dict[int, tuple[int, int]]:
        """By partition: the first offset that the log holds, and the one after its last.

        Raises:
            ConfigurationError: there is no such topic.
            DependencyDown: Kafka does not answer.
        """
        reader = self._reader()
        try:
            found = reader.list_topics(self._topic, timeout=_SECONDS).topics[self._topic]
            if found.error is not None:
                raise self._missing()
            return {
                partition: self._watermarks(reader, partition)
                for partition in sorted(found.partitions)
            }
        except KafkaException as error:
            raise _down(self._configuration, error.args[0].str()) from error
        finally:
            reader.close()

    def _watermarks(self, reader: Consumer, partition: int) -> tuple[int, int]:
        asked = TopicPartition(self._topic, partition)
        low, high = reader.get_watermark_offsets(asked, timeout=_SECONDS)
        return int(low), int(high)

    def replay(self, ranges: Sequence[OffsetRange]) -> list[Record]:
        """The committed records of the ranges, by (timestamp, partition, offset).

        A range ends before its end where a transaction is still open.

        Raises:
            DependencyDown: Kafka does not answer, or gave nothing for half a minute.
        """
        ends = {each.partition: each.end for each in ranges if each.start < each.end}
        places = [
            TopicPartition(self._topic, each.partition, each.start)
            for each in ranges
            if each.start < each.end
        ]
        reader = self._reader()
        try:
            reader.assign(places)
            records = self._until(reader, ends)
        except KafkaException as error:
            raise _down(self._configuration, error.args[0].str()) from error
        finally:
            reader.close()
        return sorted(
            records, key=lambda record: (record.timestamp, record.partition, record.offset)
        )

    def _until(self, reader: Consumer, ends: dict[int, int]) -> list[Record]:
        records: list[Record] = []
        open_partitions = set(ends)
        moved_at = time.monotonic()
        while open_partitions:
            for message in reader.consume(5_000, 0.5):
                partition = _partition(message)
                moved_at = time.monotonic()
                if _ended(message):
                    open_partitions.discard(partition)
                elif (record := _record(message)).offset < ends[partition]:
                    records.append(record)
            # Offsets have gaps (control records, compaction), so the reader's place tells the end.
            for place in reader.position([TopicPartition(self._topic, p) for p in open_partitions]):
                if place.offset >= ends[place.partition]:
                    open_partitions.discard(place.partition)
            if time.monotonic() - moved_at > _STALLED_SECONDS:
                raise _down(self._configuration, f"the replay of {self._topic} stands still")
        return records

    def _reader(self) -> Consumer:
        return Consumer(
            {
                **self._configuration.kafka.client(),
                "group.id": f"{self._configuration.group}-trainer",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
            },
            logger=_client_log,
        )

    def _missing(self) -> ConfigurationError:
        return ConfigurationError(
            f"topic {self._topic!r} is not on {self._configuration.kafka.bootstrap_servers}; "
            "create it, or correct detector.topic"
        )


def _ended(message: Message) -> bool:
    """True for the end of the partition; any other error is raised."""
    error = message.error()
    if error is None:
        return False
    if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  # the client's public name
        return True
    raise KafkaException(error)


def _partition(message: Message) -> int:
    partition = message.partition()
    return -1 if partition is None else partition


def _record(message: Message) -> Record:
    kind, timestamp = message.timestamp()
    offset = message.offset()
    return Record(
        _partition(message),
        -1 if offset is None else offset,
        timestamp if kind else -1,
        message.value(),
    )
