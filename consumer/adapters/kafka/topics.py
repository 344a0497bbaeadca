"""The detector's topics."""

import logging
import time
from collections import Counter
from typing import Any

import structlog
from confluent_kafka import (
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import (
    AdminClient,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
)

from consumer.adapters.kafka.answers import down
from floodline.configuration.sections import Configuration
from floodline.errors import ConfigurationError
from floodline.events.dead_letters import LARGEST_MESSAGE

log = structlog.get_logger(__name__)

_client_log = logging.getLogger("kafka")

_SECONDS = 10.0
_PAUSE_SECONDS = 0.05
_LIMIT = "max.message.bytes"


class KafkaTopics:
    """The detector's topics: looked up, and made where they are missing."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._admin = AdminClient(configuration.kafka.client(), logger=_client_log)

    def ensure(self) -> str:
        """The input topic's id; our own topics are there afterwards.

        Raises:
            ConfigurationError: the input topic is missing, or ours are and may not be made, or one
                of ours takes only messages that are shorter than ours may be.
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
            self._refuse_small()
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
        topics = self._outputs()
        try:
            # It renews the leader epochs, too: ends asked by those of before are refused.
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

    def _outputs(self) -> tuple[str, str, str]:
        """The topics that transactions write to."""
        names = self._configuration.topics
        return names.alerts, names.dead_letters, names.changes

    def _refuse_small(self) -> None:
        """What Kafka would refuse for its length, it would refuse for ever."""
        limits = [(name, self._limit(name)) for name in self._outputs()]
        small = [each for each in limits if each[1] is not None and each[1] < LARGEST_MESSAGE]
        if small:
            said = " and ".join(f"topic {name!r} {limit}" for name, limit in small)
            raise ConfigurationError(
                f"{_LIMIT} of {said}: a message of floodline may need {LARGEST_MESSAGE} bytes; "
                f"set {_LIMIT} there to {LARGEST_MESSAGE} or more (Kafka's default is 1048588), as "
                f"kafka-configs --alter --add-config {_LIMIT}=1048588 does, and start again"
            )

    def _limit(self, name: str) -> int | None:
        """The longest batch in bytes that the topic takes; None where Kafka does not tell us."""
        asked = ConfigResource(ConfigResource.Type.TOPIC, name)
        until = time.monotonic() + _SECONDS
        while True:
            try:
                answer = self._admin.describe_configs([asked], request_timeout=_SECONDS)
                found = answer[asked].result(_SECONDS).get(_LIMIT)
            except KafkaException as error:
                code = error.args[0].code()
                if code == KafkaError.TOPIC_AUTHORIZATION_FAILED:
                    log.warning("not allowed to read the topic's settings", topic=name)
                    return None
                # A topic that was made just now is not known everywhere at once.
                if code != KafkaError.UNKNOWN_TOPIC_OR_PART or time.monotonic() > until:
                    raise
                time.sleep(_PAUSE_SECONDS)
            else:
                return None if found is None else int(found.value)

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
