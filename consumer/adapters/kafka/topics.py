"""The detector's topics."""

import logging
from collections import Counter
from typing import Any

from confluent_kafka import (
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic, OffsetSpec

from consumer.adapters.kafka.answers import down
from floodline.configuration.sections import Configuration
from floodline.errors import ConfigurationError

_client_log = logging.getLogger("kafka")

_SECONDS = 10.0


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
            raise down(self._configuration.kafka, error) from error
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
            raise down(self._configuration.kafka, error) from error
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
            raise down(self._configuration.kafka, error) from error
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
            raise down(self._configuration.kafka, error) from error
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
