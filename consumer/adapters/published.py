"""The alerts, samples and dead letters that were published, as read_committed shows them."""

from collections.abc import Callable, Iterator, Mapping

import msgspec

from consumer.adapters.kafka.partition_reader import PartitionReader
from consumer.adapters.kafka.topics import KafkaTopics
from consumer.adapters.whole_partition import WholePartitions
from consumer.audit.published import (
    Collection,
    EndOf,
    Foreign,
    Kind,
    Place,
    Source,
    source_of_alert,
)
from consumer.ports import Clock, Message
from consumer.records import Record
from floodline.configuration.sections import Configuration
from floodline.errors import ConfigurationError
from floodline.events.messages import Release, decode

_STALLED_SECONDS = 60.0


class KafkaPublished:
    """Reads the detector's own topics whole; holds digests and places only."""

    def __init__(self, configuration: Configuration, topics: KafkaTopics, now: Clock) -> None:
        self.trimmed: set[str] = set()
        self._configuration = configuration
        self._topics = topics
        self._now = now
        self._whole = WholePartitions(configuration, now)

    def collect(
        self,
        topic_id: str,
        spans: Mapping[int, tuple[int, int]],
        end_of: EndOf,
        told: Callable[[int], None],
    ) -> Collection:
        """What was published about these ranges of the input's partitions.

        Raises:
            ConfigurationError: a topic is missing.
            DependencyDown: Kafka does not answer, or a transaction there stays open.
        """
        events = self._configuration.topics.events
        end = self._whole.ends.of
        ends = {each: end(events, each) for each in self._topics.partitions(events)}
        found = Collection(self._configuration.detector.name, topic_id, spans, ends)
        for kind, topic in self._kinds().items():
            for place, record in self._records(topic):
                found.add(kind, _message(topic, record), place)
                told(1)
        found.settle(end_of)
        return found

    def _kinds(self) -> dict[Kind, str]:
        topics = self._configuration.topics
        return {
            "alert": topics.alerts,
            "sample": topics.samples,
            "dead_letter": topics.dead_letters,
        }

    def _records(self, topic: str) -> Iterator[tuple[Place, Record]]:
        """Every record of the topic; notes in `trimmed` where its beginning is gone."""
        for partition in self._topics.partitions(topic):
            first = True
            for record in self._whole.records(topic, partition):
                if first and record.offset > 0:
                    self.trimmed.add(topic)
                first = False
                yield Place(topic, partition, record.offset), record

    def releases(self) -> dict[int, Release]:
        """The detector's releases by number; of two with one number the first is in force.

        Raises:
            ConfigurationError: the topic is missing.
            DependencyDown: Kafka does not answer, or a transaction there stays open.
        """
        found: dict[int, Release] = {}
        for record in self._whole.records(self._configuration.topics.releases, 0):
            try:
                release = decode(record.value or b"", Release)
            except msgspec.MsgspecError:
                continue  # the consumer says so, and passes it over too
            if release.detector == self._configuration.detector.name:
                found.setdefault(release.number, release)
        return found

    def fetch(self, place: Place) -> Message:
        """The message at a place.

        Raises:
            ConfigurationError: it is gone meanwhile.
            DependencyDown: Kafka does not answer.
        """
        kafka = self._configuration.kafka
        reader = PartitionReader(kafka, place.topic, place.partition, place.offset)
        ended, began_at = False, self._now()
        try:
            while not ended and self._now() - began_at < _STALLED_SECONDS:
                batches, ended = reader.read(1, 0.05)
                for batch in batches:
                    if batch.offsets[0] == place.offset:
                        return _message(place.topic, batch.record(0))
        finally:
            reader.close()
        raise ConfigurationError(f"{place}: the message is gone; its retention ended just now")

    def about(self, wanted: Source) -> list[tuple[Place, Message]]:
        """The alerts, and then the samples, that were published about this event, in order.

        Raises:
            ConfigurationError: the topic is missing.
            DependencyDown: Kafka does not answer.
        """
        topics, detector = self._configuration.topics, self._configuration.detector.name
        tail = f"-{wanted.partition}-{wanted.offset}".encode()
        found = []
        for topic in (topics.alerts, topics.samples):
            for place, record in self._records(topic):
                if tail not in (record.value or b""):
                    continue  # most of them: not worth decoding
                try:
                    source = source_of_alert(record.value, detector)
                except Foreign:
                    continue
                if source == wanted:
                    found.append((place, _message(topic, record)))
        return found


def _message(topic: str, record: Record) -> Message:
    return Message(topic, record.key, record.value, record.headers)
