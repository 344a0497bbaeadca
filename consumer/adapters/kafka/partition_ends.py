"""Where partitions end, whatever transactions are open in them."""

import logging

from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from consumer.adapters.kafka.answers import down
from floodline.configuration.sections import KafkaSection

_client_log = logging.getLogger("kafka")

_SECONDS = 10.0


class PartitionEnds:
    """Asks for the ends of partitions.

    A consumer under read_committed is told where the first open transaction begins instead. Each
    question has a client of its own: one that lived through a broker's restart goes on asking by
    the leader epoch of before, and is refused for ever (seen with 2.16).
    """

    def __init__(self, kafka: KafkaSection) -> None:
        self._kafka = kafka

    def of(self, topic: str, partition: int) -> int:
        """The offset behind a partition's last record, be its transaction open or not.

        Raises:
            DependencyDown: Kafka does not answer.
        """
        place = TopicPartition(topic, partition)
        admin = AdminClient(self._kafka.client(), logger=_client_log)
        try:
            # The leader is learnt first: a question without one may rest for three seconds.
            admin.list_topics(topic, timeout=_SECONDS)
            asked = admin.list_offsets(
                {place: OffsetSpec.latest()},
                isolation_level=IsolationLevel.READ_UNCOMMITTED,
                request_timeout=_SECONDS,
            )
            return int(asked[place].result(_SECONDS).offset)
        except (KafkaException, TimeoutError) as error:
            raise down(self._kafka, error) from error
