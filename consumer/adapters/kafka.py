"""The consumer's Kafka: the only file of this process that knows the client."""

import logging
import uuid
from collections.abc import Sequence
from typing import Any

import msgspec
import structlog
from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka import Message as KafkaMessage
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from consumer.ports import Assignment, Checkpoint, Clock, Message, Position, PublishFailed, Record
from floodline.configuration.sections import Configuration, KafkaSection
from floodline.errors import ConfigurationError, DependencyDown, StateRefused
from floodline.events.messages import Change, Release, decode

log = structlog.get_logger(__name__)
_client_log = logging.getLogger("kafka")

_SECONDS = 10.0
_STALLED_SECONDS = 60.0
_KEEP_FOR_EVER = {"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete"}


def _down(kafka: KafkaSection, error: KafkaException) -> DependencyDown:
    return DependencyDown(
        f"Kafka at {kafka.bootstrap_servers}: {error.args[0].str()}; check that it runs and that "
        "kafka.bootstrap_servers is right (`floodline kafka up` starts a local one)"
    )


def _reader(kafka: KafkaSection, **more: str | int | bool) -> Consumer:
    """A consumer outside of any group's assignment, which says where a partition ends."""
    settings: dict[str, Any] = {
        **kafka.client(),
        "group.id": "floodline-reader",
        "enable.auto.commit": False,
        "auto.offset.reset": "error",
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
        "fetch.wait.max.ms": 50,
        **more,
    }
    return Consumer(settings, logger=_client_log)


def _ended(message: KafkaMessage) -> bool:
    """True for the end of the partition; any other error is raised."""
    error = message.error()
    if error is None:
        return False
    if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  # the client's public name
        return True
    raise KafkaException(error)


class KafkaTopics:
    """The detector's topics: looked up, and made where they are missing."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._admin = AdminClient(configuration.kafka.client(), logger=_client_log)

    def ensure(self) -> str:
        """The input topic's id; our own topics are there afterwards.

        Raises:
            ConfigurationError: the input topic is missing, or ours are and may not be made.
            DependencyDown: Kafka does not answer.
        """
        name = self._configuration.topics.events
        try:
            present = self._admin.list_topics(timeout=_SECONDS).topics
            if name not in present:
                raise ConfigurationError(
                    f"topic {name!r} is not on {self._configuration.kafka.bootstrap_servers}; "
                    "create it, or correct detector.topic"
                )
            self._make(present, len(present[name].partitions))
            described = self._admin.describe_topics(TopicCollection([name]))[name].result(_SECONDS)
        except KafkaException as error:
            raise _down(self._configuration.kafka, error) from error
        return str(described.topic_id)

    def _make(self, present: dict[str, Any], partitions: int) -> None:
        topics = self._configuration.topics
        wanted = {
            topics.alerts: (partitions, {}),
            topics.dead_letters: (partitions, {}),
            topics.labels: (1, _KEEP_FOR_EVER),
            topics.releases: (1, _KEEP_FOR_EVER),
            topics.changes: (partitions, _KEEP_FOR_EVER),
        }
        missing = {name: shape for name, shape in wanted.items() if name not in present}
        if missing and not self._configuration.kafka.create_topics:
            raise ConfigurationError(
                f"topics {sorted(missing)} are missing and kafka.create_topics is false; create "
                f"them ({topics.changes} with {partitions} partitions, {topics.releases} with 1)"
            )
        factor = self._configuration.kafka.replication_factor
        new = [
            NewTopic(name, num_partitions=count, replication_factor=factor, config=dict(config))
            for name, (count, config) in missing.items()
        ]
        for future in self._admin.create_topics(new).values() if new else []:
            self._settle(future, KafkaError.TOPIC_ALREADY_EXISTS)
        changes = present.get(topics.changes)
        if changes is not None and len(changes.partitions) < partitions:
            grown = self._admin.create_partitions([NewPartitions(topics.changes, partitions)])
            for future in grown.values():
                self._settle(future, KafkaError.INVALID_PARTITIONS)

    @staticmethod
    def _settle(future: Any, raced: int) -> None:
        """Wait; that another member did it first is as good."""
        try:
            future.result(_SECONDS)
        except KafkaException as error:
            if error.args[0].code() != raced:
                raise


class KafkaInput:
    """The input topic as one member of the group reads it."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._topic = configuration.topics.events
        self._assignment: Assignment | None = None
        self.consumer = Consumer(
            {
                **configuration.kafka.client(),
                "group.id": configuration.group,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                "isolation.level": "read_committed",
                "partition.assignment.strategy": "cooperative-sticky",
                "session.timeout.ms": configuration.consumer.session_timeout_ms,
                "heartbeat.interval.ms": configuration.consumer.session_timeout_ms // 3,
                "fetch.wait.max.ms": 50,
            },
            logger=_client_log,
        )

    def subscribe(self, assignment: Assignment) -> None:
        """Join the group; `assignment` hears of partitions from inside `poll`."""
        self._assignment = assignment
        self.consumer.subscribe(
            [self._topic], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost
        )

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        # An explicit place and an immediate pause: nothing is read until the model is restored.
        held = [TopicPartition(p.topic, p.partition, OFFSET_BEGINNING) for p in partitions]
        consumer.incremental_assign(held)
        if held:
            consumer.pause(held)
            self._told().assigned([p.partition for p in held])

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        if partitions:
            self._told().revoked([p.partition for p in partitions])
        consumer.incremental_unassign(partitions)

    def _lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        if partitions:
            self._told().lost([p.partition for p in partitions])
        consumer.incremental_unassign(partitions)

    def _told(self) -> Assignment:
        if self._assignment is None:
            raise ConfigurationError("poll was called before subscribe")
        return self._assignment

    def poll(self, limit: int, seconds: float) -> list[Record]:
        """Up to `limit` records, in order per partition.

        Raises:
            ConfigurationError: the log no longer holds the place that we read from.
            DependencyDown: Kafka refuses for good.
        """
        records = []
        for message in self.consumer.consume(limit, seconds):
            error = message.error()
            if error is None:
                records.append(_record(message))
            else:
                self._heard(message, error)
        return records

    def _heard(self, message: KafkaMessage, error: KafkaError) -> None:
        where = f"topic {message.topic()}, partition {message.partition()}"
        if error.code() == KafkaError._AUTO_OFFSET_RESET:  # noqa: SLF001
            raise ConfigurationError(
                f"{where}: the log no longer holds the offset that comes next ({error.str()}); "
                "records were lost to retention or truncation. To go on, restart with "
                "consumer.on_lost_state = 'cold_start'"
            )
        if error.fatal() or error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise DependencyDown(f"{where}: {error.str()}; the topic must exist while we read it")
        log.warning("kafka", where=where, code=error.name(), error=error.str())

    def committed(self, partition: int) -> Position | None:
        """The committed position, once no transaction that could move it is open.

        Raises:
            DependencyDown: Kafka does not answer.
        """
        wait = self._configuration.consumer.transaction_timeout_ms / 1000 + _SECONDS
        try:
            asked = [TopicPartition(self._topic, partition)]
            (found,) = self.consumer.committed(asked, timeout=wait)
        except KafkaException as error:
            raise _down(self._configuration.kafka, error) from error
        if found.error is not None:
            raise _down(self._configuration.kafka, KafkaException(found.error))
        if found.offset < 0:
            return None
        return Position(partition, found.offset, _checkpoint(found.metadata))

    def bounds(self, partition: int) -> tuple[int, int]:
        """The first offset that the log holds, and the one after its last.

        Raises:
            DependencyDown: Kafka does not answer.
        """
        asked = TopicPartition(self._topic, partition)
        try:
            low, high = self.consumer.get_watermark_offsets(asked, timeout=_SECONDS)
        except KafkaException as error:
            raise _down(self._configuration.kafka, error) from error
        return int(low), int(high)

    def resume(self, partition: int, offset: int) -> None:
        """Read this partition from `offset` on."""
        place = TopicPartition(self._topic, partition, offset)
        try:
            self.consumer.seek(place)
            self.consumer.resume([place])
        except KafkaException as error:
            raise _down(self._configuration.kafka, error) from error

    def pause(self, partition: int) -> None:
        """Read no more of this partition until `resume`."""
        self.consumer.pause([TopicPartition(self._topic, partition)])

    def lag(self, partition: int, offset: int) -> int:
        """Offsets between `offset` and the log's end as last heard."""
        asked = TopicPartition(self._topic, partition)
        _, high = self.consumer.get_watermark_offsets(asked, cached=True)
        return max(0, int(high) - offset)

    def close(self) -> None:
        """Leave the group."""
        self.consumer.close()


def _record(message: KafkaMessage) -> Record:
    kind, timestamp = message.timestamp()
    return Record(
        message.partition(),
        message.offset(),
        timestamp if kind else -1,
        message.key(),
        message.value(),
        message.headers() or [],
    )


def _checkpoint(metadata: str | None) -> Checkpoint | None:
    if not metadata:
        return None
    try:
        return msgspec.json.decode(metadata, type=Checkpoint)
    except msgspec.MsgspecError as error:
        raise StateRefused(f"the committed offset's metadata cannot be read: {error}") from error


class KafkaOutput:
    """One transaction a commit; a producer that failed once is never used again.

    librdkafka lacks KIP-890, so a late EndTxn of a producer that timed out could end a later
    transaction; `init_transactions` of a new producer under the same name fences it.
    """

    def __init__(self, configuration: Configuration, source: KafkaInput) -> None:
        self._configuration = configuration
        self._input = source
        self._topic = configuration.topics.events
        instance = configuration.consumer.instance or uuid.uuid4().hex[:12]
        self._name = f"{configuration.group}-{instance}"
        self._producer: Producer | None = None

    def renew(self) -> None:
        """A new producer under the same name.

        Raises:
            PublishFailed: Kafka does not answer.
        """
        if self._producer is not None:
            self._producer.purge()
            self._producer = None
        timeout = self._configuration.consumer.transaction_timeout_ms
        producer = Producer(
            {
                **self._configuration.kafka.client(),
                "transactional.id": self._name,
                "transaction.timeout.ms": timeout,
                "message.timeout.ms": timeout,
                # The default of 100 ms caps a producer at ten transactions a second.
                "retry.backoff.ms": 10,
                "linger.ms": 0,
                "compression.type": "lz4",
            },
            logger=_client_log,
        )
        try:
            producer.init_transactions(timeout / 1000 + _SECONDS)
        except KafkaException as error:
            raise _failed("init_transactions", error) from error
        self._producer = producer

    def publish(self, messages: Sequence[Message], positions: Sequence[Position]) -> None:
        """All messages and positions in one transaction, or none.

        Raises:
            PublishFailed: the outcome is unknown or refused; `renew` before anything else.
        """
        if self._producer is None:
            raise PublishFailed("no_producer", "the producer was given up")
        step = "begin_transaction"
        try:
            self._producer.begin_transaction()
            step = "produce"
            for message in messages:
                self._produce(self._producer, message)
            step = "send_offsets"
            self._producer.send_offsets_to_transaction(
                [self._place(position) for position in positions],
                self._input.consumer.consumer_group_metadata(),
                _SECONDS,
            )
            step = "commit_transaction"
            self._producer.commit_transaction()
        except KafkaException as error:
            raise _failed(step, error) from error

    def _place(self, position: Position) -> TopicPartition:
        metadata = msgspec.json.encode(position.checkpoint).decode()
        return TopicPartition(self._topic, position.partition, position.offset, metadata)

    @staticmethod
    def _produce(producer: Producer, message: Message) -> None:
        place = {} if message.partition is None else {"partition": message.partition}
        for last_try in (False, True):
            try:
                producer.produce(
                    message.topic,
                    value=message.value,
                    key=message.key,
                    headers=message.headers,
                    **place,
                )
            except BufferError as error:
                if last_try:
                    raise PublishFailed("queue_full", "the client's queue stayed full") from error
                producer.flush(_SECONDS)
            else:
                return


def _failed(step: str, error: KafkaException) -> PublishFailed:
    reason = error.args[0]
    return PublishFailed(f"{step}:{reason.name()}", f"{step}: {reason.str()}")


class KafkaReplay:
    """Input records with start <= offset < end, read outside of the group."""

    def __init__(
        self, configuration: Configuration, partition: int, start: int, end: int, now: Clock
    ) -> None:
        self._kafka = configuration.kafka
        self._end = end
        self._now = now
        self._moved_at = now()
        self._done = start >= end
        self._consumer = _reader(configuration.kafka)
        self._consumer.assign([TopicPartition(configuration.topics.events, partition, start)])

    def read(self, seconds: float) -> tuple[list[Record], bool]:
        """Records that came within `seconds`, and whether that was the last of them.

        Raises:
            DependencyDown: Kafka does not answer, or gave nothing for a minute.
        """
        if self._done:
            return [], True
        records = []
        try:
            for message in self._consumer.consume(2_000, min(seconds, 0.05)):
                if _ended(message) or message.offset() >= self._end:
                    self._done = True
                    break
                records.append(_record(message))
        except KafkaException as error:
            raise _down(self._kafka, error) from error
        if records:
            self._moved_at = self._now()
            self._done = self._done or records[-1].offset + 1 >= self._end
        elif self._now() - self._moved_at > _STALLED_SECONDS:
            raise DependencyDown(f"the replay to offset {self._end} stood still for a minute")
        return records, self._done

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()


class KafkaLog:
    """Reading beside the group: the input again, and the changes."""

    def __init__(self, configuration: Configuration, now: Clock) -> None:
        self._configuration = configuration
        self._now = now

    def replay(self, partition: int, start: int, end: int) -> KafkaReplay:
        """The input records with start <= offset < end."""
        return KafkaReplay(self._configuration, partition, start, end, self._now)

    def changes(self, partition: int) -> list[Change]:
        """Every committed change of the partition, in order.

        Raises:
            DependencyDown: Kafka does not answer.
            StateRefused: a change cannot be read.
        """
        reader = _reader(self._configuration.kafka)
        place = TopicPartition(self._configuration.topics.changes, partition, OFFSET_BEGINNING)
        try:
            reader.assign([place])
            messages = _until_end(reader, self._now, self._configuration.kafka)
            return [decode(message.value() or b"", Change) for message in messages]
        except msgspec.MsgspecError as error:
            raise StateRefused(f"{place.topic}, partition {partition}: {error}") from error
        finally:
            reader.close()


def _until_end(reader: Consumer, now: Clock, kafka: KafkaSection) -> list[KafkaMessage]:
    """Every message up to where the partition ends now."""
    found: list[KafkaMessage] = []
    moved_at = now()
    while True:
        try:
            for message in reader.consume(1_000, 0.1):
                if _ended(message):
                    return found
                found.append(message)
                moved_at = now()
        except KafkaException as error:
            raise _down(kafka, error) from error
        if now() - moved_at > _STALLED_SECONDS:
            raise DependencyDown(f"Kafka at {kafka.bootstrap_servers} gave nothing for a minute")


class KafkaReleases:
    """The releases topic, followed from its beginning."""

    def __init__(self, configuration: Configuration, now: Clock) -> None:
        self._configuration = configuration
        self._newest: Release | None = None
        self._reader = _reader(configuration.kafka)
        self._reader.assign([TopicPartition(configuration.topics.releases, 0, OFFSET_BEGINNING)])
        try:
            for message in _until_end(self._reader, now, configuration.kafka):
                self._hear(message)
        except DependencyDown:
            self._reader.close()
            raise

    def newest(self) -> Release | None:
        """The release with the highest number heard so far."""
        for message in self._reader.consume(100, 0):
            try:
                if not _ended(message):
                    self._hear(message)
            except KafkaException as error:
                log.warning("releases topic", error=error.args[0].str())
        return self._newest

    def _hear(self, message: KafkaMessage) -> None:
        try:
            release = decode(message.value() or b"", Release)
        except (msgspec.MsgspecError, ValueError) as error:
            log.error("a release cannot be read", offset=message.offset(), error=str(error))
            return
        ours = release.detector == self._configuration.detector.name
        if ours and (self._newest is None or release.number > self._newest.number):
            self._newest = release

    def close(self) -> None:
        """Let go of the connection."""
        self._reader.close()
