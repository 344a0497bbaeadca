"""What a partition's task publishes, as messages."""

import msgspec

from consumer.ports import Message
from consumer.records import Record
from floodline.configuration.sections import Configuration
from floodline.detection.explanation import largest
from floodline.detection.scorer import Scored
from floodline.errors import InvalidEvent
from floodline.events.dead_letters import LARGEST_COPY, dead_letter
from floodline.events.decoding import decode_event
from floodline.events.messages import (
    MOST_EXPLAINED,
    Alert,
    Change,
    Coordinates,
    Mark,
    Release,
    Sample,
    alert_id,
    cloud_event_headers,
    encode,
)

_LONGEST_KEY = 1_000


class Outgoing:
    """Makes the messages about one partition's events: equal ones whenever it is asked again."""

    def __init__(self, configuration: Configuration, topic_id: str, partition: int) -> None:
        self._detector = configuration.detector.name
        self._topics = configuration.topics
        self._schema = configuration.schema_of_events
        self._topic_id = topic_id
        self._partition = partition
        self._source = f"floodline/{self._detector}"

    def coordinates(self, offset: int) -> Coordinates:
        """Of an event of this partition."""
        return Coordinates(
            topic=self._topics.events,
            topic_id=self._topic_id,
            partition=self._partition,
            offset=offset,
        )

    def alert(self, record: Record, scored: Scored, release: Release) -> Message:
        """An event at or above the threshold."""
        return self._about(record, self._alert(record, scored, release), self._topics.alerts)

    def sample(
        self, record: Record, scored: Scored, release: Release, probability: float
    ) -> Message:
        """An event below the threshold that was drawn for review with this probability."""
        said = msgspec.structs.asdict(self._alert(record, scored, release))
        return self._about(record, Sample(**said, probability=probability), self._topics.samples)

    def dead_letter(self, record: Record, error: InvalidEvent) -> Message:
        """A record that is no event."""
        letter = dead_letter(
            detector=self._detector,
            coordinates=self.coordinates(record.offset),
            key=record.key,
            value=record.value,
            headers=record.headers,
            error=error,
        )
        return Message(self._topics.dead_letters, letter.key, letter.value, letter.headers)

    def said(self, said: Change | Mark, what: str) -> Message:
        """Something that took effect, or a state; `what` tells those of one offset apart."""
        offset = said.coordinates.offset
        identity = f"{self._detector}-{self._topic_id}-{self._partition}-{offset}-{what}"
        return Message(
            self._topics.changes,
            str(self._partition).encode(),
            encode(said),
            self._headers(identity, said),
            self._partition,
        )

    def _alert(self, record: Record, scored: Scored, release: Release) -> Alert:
        event = decode_event(record.value, self._schema)
        found = scored.explanation
        return Alert(
            id=alert_id(self._detector, self._topic_id, self._partition, record.offset),
            detector=self._detector,
            coordinates=self.coordinates(record.offset),
            timestamp=record.timestamp,
            key=None if record.key is None else record.key[:_LONGEST_KEY].decode(errors="replace"),
            entity=event.entity,
            score=scored.score,
            rarity=scored.rarity,
            threshold=scored.threshold,
            release=release.number,
            features=event.features,
            event=event.payload,
            explanation=None if found is None else largest(found, MOST_EXPLAINED),
            provisional=release.threshold.rarity is not None,
        )

    def _about(self, record: Record, alert: Alert, topic: str) -> Message:
        value = encode(alert)
        if len(value) > LARGEST_COPY:
            value = encode(msgspec.structs.replace(alert, event=None))
        key = record.key if record.key and len(record.key) <= _LONGEST_KEY else alert.id.encode()
        return Message(topic, key, value, self._headers(alert.id, alert))

    def _headers(
        self, identity: str, said: Alert | Change | Mark
    ) -> list[tuple[str, bytes | None]]:
        kind = type(said).__name__.lower()
        return [*cloud_event_headers(id=identity, kind=kind, source=self._source)]
