"""The input topic as a member of the scoring group."""

import logging
import threading
from time import monotonic

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as KafkaMessage

from consumer.adapters import client_settings
from consumer.adapters.kafka.answers import batches, consumed, down, sorted_out
from consumer.adapters.kafka.fencing import fence_dead_member
from consumer.adapters.kafka.rejoining import Rejoining
from consumer.ports import Assignment, Position, read_checkpoint
from consumer.records import Batch
from floodline.configuration.sections import Configuration
from floodline.errors import ConfigurationError, DependencyDown

log = structlog.get_logger(__name__)
_client_log = logging.getLogger("kafka")

_SECONDS = 10.0
_AT_ONCE_SECONDS = 1.0
_UNSTABLE = {
    KafkaError._TIMED_OUT,  # noqa: SLF001  # its public name; what the client makes of it
    KafkaError.UNSTABLE_OFFSET_COMMIT,
}
"""A transaction that could move the offset is still open."""


class KafkaInput:
    """The input topic as one member of the group reads it; `name` is the member's.

    One that `fences` ends the transactions of dead members; who only looks must not.
    """

    def __init__(self, configuration: Configuration, name: str, *, fences: bool = True) -> None:
        self._configuration = configuration
        self._name = name
        self._fences = fences
        session = configuration.consumer.session_timeout_ms / 1000
        self._rejoining = Rejoining(2 * session + _SECONDS, monotonic)
        self._topic = configuration.topics.events
        self._all_at_once = configuration.consumer.rebalancing == "range"
        self._assignment: Assignment | None = None
        self.consumer = self._client()

    def _client(self) -> Consumer:
        settings = client_settings.member(self._configuration, self._name)
        return Consumer(settings, logger=_client_log)

    def subscribe(self, assignment: Assignment) -> None:
        """Join the group; `assignment` hears of partitions from inside `poll`."""
        self._assignment = assignment
        self._join()

    def _join(self) -> None:
        self.consumer.subscribe(
            [self._topic], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost
        )

    def _begin_anew(self) -> None:
        """Another client in place of one that does not come back to the group."""
        log.error("the group was not heard of after a loss: a new client joins it")
        old, self.consumer = self.consumer, self._client()
        self._join()
        # It may hang, and what it says no longer concerns us.
        threading.Thread(target=old.close, name="old client", daemon=True).start()

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        if consumer is not self.consumer:
            return
        self._rejoining.heard()
        # An explicit place and an immediate pause: nothing is read until the model is restored.
        held = [TopicPartition(p.topic, p.partition, OFFSET_BEGINNING) for p in partitions]
        if self._all_at_once:
            consumer.assign(held)
        else:
            consumer.incremental_assign(held)
        if held:
            consumer.pause(held)
            self._told().assigned([p.partition for p in held])

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        if partitions and consumer is self.consumer:
            self._told().revoked([p.partition for p in partitions])
        self._gone(consumer, partitions)

    def _lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        if partitions and consumer is self.consumer:
            self._rejoining.lost()
            self._told().lost([p.partition for p in partitions])
        self._gone(consumer, partitions)

    def _gone(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        if self._all_at_once:
            consumer.unassign()
        else:
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
        if self._rejoining.overdue():
            self._begin_anew()
        found = consumed(self._configuration.kafka, self.consumer, limit, seconds)
        messages, errors = sorted_out(found)
        for message, error in errors:
            self._heard(message, error)
        return batches(messages)

    def _heard(self, message: KafkaMessage, error: KafkaError) -> None:
        where = f"topic {message.topic()}, partition {message.partition()}"
        if error.code() == KafkaError._AUTO_OFFSET_RESET:  # noqa: SLF001
            raise ConfigurationError(
                f"{where}: the log no longer holds the offset that comes next ({error.str()}); "
                "records were lost to retention or truncation. To go on, restart with "
                "consumer.on_lost_state = 'cold_start'"
            )
        if error.code() == KafkaError.INCONSISTENT_GROUP_PROTOCOL:
            raise ConfigurationError(
                f"group {self._configuration.group}: its members share partitions another way than "
                f"consumer.rebalancing = {self._configuration.consumer.rebalancing!r}; stop them, "
                "then give all the same"
            )
        if error.code() == KafkaError._FATAL and "fenced" in error.str():  # noqa: SLF001
            raise ConfigurationError(
                f"another member runs under consumer.instance "
                f"{self._configuration.consumer.instance!r}, and Kafka let go of this one; each "
                "member needs a name of its own"
            )
        gone = (KafkaError._FATAL, KafkaError.UNKNOWN_TOPIC_OR_PART)  # noqa: SLF001
        if error.fatal() or error.code() in gone:
            raise DependencyDown(f"{where}: {error.str()}; the topic must exist while we read it")
        log.warning("kafka", where=where, code=error.name(), error=error.str())

    def committed(self, partition: int) -> Position | None:
        """The committed position, once no transaction that could move it is open.

        Raises:
            DependencyDown: Kafka does not answer.
        """
        try:
            found = self._stable(partition, _AT_ONCE_SECONDS)
        except KafkaException as error:
            if error.args[0].code() not in _UNSTABLE:
                raise down(self._configuration.kafka, error) from error
            if self._fences:
                fence_dead_member(self._configuration, partition)
            found = self._stable_in_time(partition)
        if found.offset < 0:
            return None
        return Position(partition, found.offset, read_checkpoint(found.metadata))

    def _stable_in_time(self, partition: int) -> TopicPartition:
        """As long as the longest transaction may take."""
        wait = self._configuration.consumer.transaction_timeout_ms / 1000 + _SECONDS
        try:
            return self._stable(partition, wait)
        except KafkaException as error:
            raise down(self._configuration.kafka, error) from error

    def _stable(self, partition: int, seconds: float) -> TopicPartition:
        asked = [TopicPartition(self._topic, partition)]
        (found,) = self.consumer.committed(asked, timeout=seconds)
        if found.error is not None:
            raise KafkaException(found.error)
        return found

    def bounds(self, partition: int) -> tuple[int, int]:
        """The first offset that the log holds, and the one after its last.

        Raises:
            DependencyDown: Kafka does not answer.
        """
        asked = TopicPartition(self._topic, partition)
        try:
            low, high = self.consumer.get_watermark_offsets(asked, timeout=_SECONDS)
        except KafkaException as error:
            raise down(self._configuration.kafka, error) from error
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
            raise down(self._configuration.kafka, error) from error
        return int(found.offset) if found.offset >= 0 else self.bounds(partition)[1]

    def resume(self, partition: int, offset: int) -> None:
        """Read this partition from `offset` on."""
        place = TopicPartition(self._topic, partition, offset)
        try:
            self.consumer.seek(place)
            self.consumer.resume([place])
        except KafkaException as error:
            raise down(self._configuration.kafka, error) from error

    def pause(self, partition: int) -> None:
        """Read no more of this partition until `resume`."""
        try:
            self.consumer.pause([TopicPartition(self._topic, partition)])
        except KafkaException as error:
            raise down(self._configuration.kafka, error) from error

    def lag(self, partition: int, offset: int) -> int:
        """Offsets between `offset` and the log's end as last heard."""
        asked = TopicPartition(self._topic, partition)
        try:
            _, high = self.consumer.get_watermark_offsets(asked, cached=True)
        except KafkaException as error:
            raise down(self._configuration.kafka, error) from error
        return max(0, int(high) - offset)

    def close(self) -> None:
        """Leave the group."""
        self.consumer.close()
