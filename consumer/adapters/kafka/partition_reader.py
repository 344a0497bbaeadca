"""A partition read outside of any group."""

import logging

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from consumer.adapters import client_settings
from consumer.adapters.kafka.answers import batches, consumed, down, sorted_out
from consumer.records import Batch
from floodline.configuration.sections import KafkaSection

_client_log = logging.getLogger("kafka")

_SECONDS = 10.0


class PartitionReader:
    """One partition from an offset on (its beginning if none), outside of any group.

    `position` is where reading goes on: behind the last record that was handed out, and behind
    whatever ends or fills aborted transactions there, once the partition's end was met.

    Raises:
        DependencyDown: Kafka does not answer.
    """

    def __init__(
        self, kafka: KafkaSection, topic: str, partition: int, offset: int | None = None
    ) -> None:
        self._kafka = kafka
        self._owed: KafkaError | None = None
        self.position = offset or 0
        self._consumer = Consumer(client_settings.reader(kafka), logger=_client_log)
        try:
            # The leader is learnt first: an assignment without one waits half a second for it.
            self._consumer.list_topics(topic, timeout=_SECONDS)
        except KafkaException as error:
            self._consumer.close()
            raise down(kafka, error) from error
        start = OFFSET_BEGINNING if offset is None else offset
        self._consumer.assign([TopicPartition(topic, partition, start)])

    def read(self, limit: int, seconds: float) -> tuple[list[Batch], bool]:
        """Up to `limit` records that came within `seconds`, and whether the partition ended.

        Raises:
            DependencyDown: Kafka does not answer, or no longer holds the offset.
        """
        ended = False
        messages, errors = sorted_out(consumed(self._kafka, self._consumer, limit, seconds))
        for message, error in errors:
            if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  # its public name
                ended = True
                self.position = max(self.position, message.offset() or 0)
            else:
                self._owed = error
        if self._owed is not None and not messages:
            # Records that came before an error are handed out first: none gets lost.
            owed, self._owed = KafkaException(self._owed), None
            raise down(self._kafka, owed) from owed
        if messages:
            self.position = max(self.position, (messages[-1].offset() or 0) + 1)
        return batches(messages), ended

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()
