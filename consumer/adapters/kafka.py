"""The consumer's Kafka: the only file of this process that knows the client."""

import logging
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import structlog
from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka import Message as KafkaMessage
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic, OffsetSpec

from consumer.adapters import client_settings
from consumer.adapters.bounded import Bounded
from consumer.ports import Assignment, Message, Position, PublishFailed, read_checkpoint
from consumer.records import Batch, Record
from floodline.configuration.sections import Configuration, KafkaSection
from floodline.errors import ConfigurationError, DependencyDown

log = structlog.get_logger(__name__)
_client_log = logging.getLogger("kafka")

_SECONDS = 10.0


def _down(kafka: KafkaSection, error: KafkaException | TimeoutError) -> DependencyDown:
    said = error.args[0].str() if isinstance(error, KafkaException) else "no answer in time"
    return DependencyDown(
        f"Kafka at {kafka.bootstrap_servers}: {said}; check that it runs and that "
        "kafka.bootstrap_servers is right (`floodline kafka up` starts a local one)"
    )


def _consumed(
    kafka: KafkaSection, consumer: Consumer, limit: int, seconds: float
) -> list[KafkaMessage]:
    try:
        messages: list[KafkaMessage] = consumer.consume(limit, seconds)
    except KafkaException as error:
        raise _down(kafka, error) from error
    return messages


class PartitionReader:
    """One partition from an offset on (its beginning if none), outside of any group.

    Raises:
        DependencyDown: Kafka does not answer.
    """

    def __init__(
        self, kafka: KafkaSection, topic: str, partition: int, offset: int | None = None
    ) -> None:
        self._kafka = kafka
        self._owed: KafkaError | None = None
        self._consumer = Consumer(client_settings.reader(kafka), logger=_client_log)
        try:
            # The leader is learnt first: an assignment without one waits half a second for it.
            self._consumer.list_topics(topic, timeout=_SECONDS)
        except KafkaException as error:
            self._consumer.close()
            raise _down(kafka, error) from error
        start = OFFSET_BEGINNING if offset is None else offset
        self._consumer.assign([TopicPartition(topic, partition, start)])

    def read(self, limit: int, seconds: float) -> tuple[list[Batch], bool]:
        """Up to `limit` records that came within `seconds`, and whether the partition ended.

        Raises:
            DependencyDown: Kafka does not answer, or no longer holds the offset.
        """
        ended = False
        messages, errors = _sorted_out(_consumed(self._kafka, self._consumer, limit, seconds))
        for _, error in errors:
            if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  # its public name
                ended = True
            else:
                self._owed = error
        if self._owed is not None and not messages:
            # Records that came before an error are handed out first: none gets lost.
            owed, self._owed = KafkaException(self._owed), None
            raise _down(self._kafka, owed) from owed
        return _batches(messages), ended

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()


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
        except (KafkaException, TimeoutError) as error:
            raise _down(self._configuration.kafka, error) from error
        return self.topic_id()

    def partitions(self, name: str) -> list[int]:
        """The partitions of a topic; makes nothing.

        Raises:
            ConfigurationError: there is no such topic.
            DependencyDown: Kafka does not answer.
        """
        try:
            present = self._admin.list_topics(timeout=_SECONDS).topics
        except KafkaException as error:
            raise _down(self._configuration.kafka, error) from error
        if name not in present:
            raise ConfigurationError(
                f"topic {name!r} is not on {self._configuration.kafka.bootstrap_servers}; correct "
                "detector.topic, detector.name or kafka.bootstrap_servers, or start the consumer, "
                "which makes its own topics"
            )
        return sorted(present[name].partitions)

    def topic_id(self) -> str:
        """The id of the topic that has the name now.

        Raises:
            DependencyDown: Kafka does not answer, or has no such topic at the moment.
        """
        name = self._configuration.topics.events
        try:
            described = self._admin.describe_topics(TopicCollection([name]))[name].result(_SECONDS)
        except (KafkaException, TimeoutError) as error:
            raise _down(self._configuration.kafka, error) from error
        return str(described.topic_id)

    def held_back(self) -> dict[str, int]:
        """Records of each output topic that lie behind a transaction which is still open.

        Raises:
            DependencyDown: Kafka does not answer.
        """
        names = self._configuration.topics
        topics = (names.alerts, names.dead_letters, names.changes)
        try:
            present = self._admin.list_topics(timeout=_SECONDS).topics
            latest = {
                TopicPartition(topic, partition): OffsetSpec.latest()
                for topic in topics
                if topic in present
                for partition in present[topic].partitions
            }
            shown = self._ends(latest, IsolationLevel.READ_COMMITTED)
            written = self._ends(latest, IsolationLevel.READ_UNCOMMITTED)
        except (KafkaException, TimeoutError) as error:
            raise _down(self._configuration.kafka, error) from error
        return {topic: written.get(topic, 0) - shown.get(topic, 0) for topic in topics}

    def _ends(
        self, latest: dict[TopicPartition, OffsetSpec], level: IsolationLevel
    ) -> Counter[str]:
        """The sum of each topic's ends, as readers of this level see them."""
        asked = self._admin.list_offsets(latest, isolation_level=level, request_timeout=_SECONDS)
        ends: Counter[str] = Counter()
        for place, future in asked.items():
            ends[place.topic] += future.result(_SECONDS).offset
        return ends

    def _make(self, present: dict[str, Any], partitions: int) -> None:
        topics = self._configuration.topics
        wanted = topics.shapes(partitions)
        missing = {name: shape for name, shape in wanted.items() if name not in present}
        if missing and not self._configuration.kafka.create_topics:
            raise ConfigurationError(
                f"topics {sorted(missing)} are missing and kafka.create_topics is false; create "
                f"them ({topics.changes} with {partitions} partitions, {topics.releases} with 1)"
            )
        factor = self._configuration.kafka.replication_factor
        new = [
            NewTopic(name, num_partitions=count, replication_factor=factor, config=config)
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
        self.consumer = Consumer(client_settings.member(configuration), logger=_client_log)

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

    def poll(self, limit: int, seconds: float) -> list[Batch]:
        """Up to `limit` records, a batch for each partition.

        Raises:
            ConfigurationError: the log no longer holds the place that we read from.
            DependencyDown: Kafka refuses for good.
        """
        consumed = _consumed(self._configuration.kafka, self.consumer, limit, seconds)
        messages, errors = _sorted_out(consumed)
        for message, error in errors:
            self._heard(message, error)
        return _batches(messages)

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
        return Position(partition, found.offset, read_checkpoint(found.metadata))

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

    def offset_at(self, partition: int, timestamp: int) -> int:
        """The first offset with this timestamp (milliseconds) or a later one; else the end.

        Raises:
            DependencyDown: Kafka does not answer.
        """
        asked = TopicPartition(self._topic, partition, timestamp)
        try:
            (found,) = self.consumer.offsets_for_times([asked], timeout=_SECONDS)
        except KafkaException as error:
            raise _down(self._configuration.kafka, error) from error
        return int(found.offset) if found.offset >= 0 else self.bounds(partition)[1]

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
        try:
            self.consumer.pause([TopicPartition(self._topic, partition)])
        except KafkaException as error:
            raise _down(self._configuration.kafka, error) from error

    def lag(self, partition: int, offset: int) -> int:
        """Offsets between `offset` and the log's end as last heard."""
        asked = TopicPartition(self._topic, partition)
        try:
            _, high = self.consumer.get_watermark_offsets(asked, cached=True)
        except KafkaException as error:
            raise _down(self._configuration.kafka, error) from error
        return max(0, int(high) - offset)

    def close(self) -> None:
        """Leave the group."""
        self.consumer.close()


def _sorted_out(
    consumed: list[KafkaMessage],
) -> tuple[list[KafkaMessage], list[tuple[KafkaMessage, KafkaError]]]:
    """Records, and what else the client says by way of messages."""
    if not any(map(KafkaMessage.error, consumed)):
        return consumed, []
    said = [(message, message.error()) for message in consumed]
    errors = [(message, error) for message, error in said if error is not None]
    return [message for message, error in said if error is None], errors


def _batches(messages: list[KafkaMessage]) -> list[Batch]:
    """The records of each partition, in order."""
    partitions = list(map(KafkaMessage.partition, messages))
    found = sorted(set(partitions))
    if len(found) == 1:
        return [_batch(found[0], messages)]
    parts: dict[int, list[KafkaMessage]] = {partition: [] for partition in found}
    for partition, message in zip(partitions, messages, strict=True):
        parts[partition].append(message)
    return [_batch(partition, part) for partition, part in parts.items()]


def _batch(partition: int, messages: list[KafkaMessage]) -> Batch:
    return Batch(
        partition,
        list(map(KafkaMessage.offset, messages)),
        list(map(KafkaMessage.value, messages)),
        lambda index: _record(messages[index]),
    )


def _record(message: KafkaMessage) -> Record:
    kind, timestamp = message.timestamp()
    try:
        headers = message.headers() or []
    except UnicodeDecodeError:
        headers = []  # a name that is no UTF-8: it cannot be copied, and no score depends on it
    return Record(
        message.partition(),
        message.offset(),
        timestamp if kind else -1,
        message.key(),
        message.value(),
        headers,
    )


class KafkaPublication:
    """A transaction on its way."""

    def __init__(self, call: Bounded, give_up: Callable[[], None]) -> None:
        self._call = call
        self._give_up = give_up

    def ended(self) -> bool:
        """Whether `settle` would return at once."""
        return self._call.ended()

    def settle(self) -> None:
        """Wait for the outcome.

        Raises:
            PublishFailed: it is unknown or refused; `renew` before anything else.
        """
        try:
            self._call.wait()
        except TimeoutError as error:
            self._give_up()
            raise PublishFailed("stuck", f"the transaction had {error}") from error


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
        settings = client_settings.producer(self._configuration, self._name)
        producer = Producer(settings, logger=_client_log)
        seconds = self._configuration.consumer.transaction_timeout_ms / 1000 + _SECONDS
        try:
            producer.init_transactions(seconds)
        except KafkaException as error:
            raise _failed("init_transactions", error) from error
        self._producer = producer

    def publish(
        self,
        messages: Sequence[Message],
        positions: Sequence[Position],
        holds: Callable[[], None],
        seconds: float,
    ) -> "KafkaPublication":
        """Begin a transaction of all messages and positions.

        The group's metadata is of this moment: after a rebalance Kafka refuses the offsets.
        """
        producer, group = self._producer, self._input.consumer.consumer_group_metadata()

        def transact() -> None:
            if producer is None:
                raise PublishFailed("no_producer", "the producer was given up")
            holds()
            self._transact(producer, group, messages, positions)

        return KafkaPublication(Bounded(seconds, transact), self._give_up)

    def _give_up(self) -> None:
        """The thread left behind still holds the producer."""
        self._producer = None

    def _transact(
        self,
        producer: Producer,
        group: Any,
        messages: Sequence[Message],
        positions: Sequence[Position],
    ) -> None:
        step = "begin_transaction"
        try:
            producer.begin_transaction()
            step = "produce"
            for message in messages:
                self._produce(producer, message)
            step = "send_offsets"
            places = [self._place(position) for position in positions]
            producer.send_offsets_to_transaction(places, group, _SECONDS)
            step = "commit_transaction"
            producer.commit_transaction()
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
    hint = "; does another process run under this consumer.instance?" if reason.fatal() else ""
    return PublishFailed(f"{step}:{reason.name()}", f"{step}: {reason.str()}{hint}")
