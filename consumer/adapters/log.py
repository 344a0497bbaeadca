"""What is read beside the group: the input again, the changes, the releases."""

import msgspec
import structlog

from consumer.adapters.kafka.partition_reader import PartitionReader
from consumer.adapters.whole_partition import WholePartitions
from consumer.ports import Clock
from consumer.records import Batch, Record
from floodline.configuration.sections import Configuration
from floodline.errors import DependencyDown, StateRefused
from floodline.events.messages import Change, Mark, Release, decode, kind_of

log = structlog.get_logger(__name__)

_STALLED_SECONDS = 60.0


class KafkaReplay:
    """Input records with start <= offset < end."""

    def __init__(
        self, configuration: Configuration, partition: int, start: int, end: int, now: Clock
    ) -> None:
        self._end = end
        self._now = now
        self._moved_at = now()
        self._done = start >= end
        self._reader = PartitionReader(
            configuration.kafka, configuration.topics.events, partition, start
        )

    def read(self, seconds: float) -> tuple[list[Batch], bool]:
        """Records that came within `seconds`, and whether that was the last of them.

        Raises:
            DependencyDown: Kafka does not answer, or gave nothing for a minute.
        """
        if self._done:
            return [], True
        found, ended = self._reader.read(2_000, min(seconds, 0.05))
        self._done = ended or bool(found and found[-1].offsets[-1] + 1 >= self._end)
        wanted = [batch.cut(0, batch.before(self._end)) for batch in found]
        if found:
            self._moved_at = self._now()
        elif not ended and self._now() - self._moved_at > _STALLED_SECONDS:
            raise DependencyDown(f"the replay to offset {self._end} stood still for a minute")
        return [batch for batch in wanted if len(batch)], self._done

    def close(self) -> None:
        """Let go of the connection."""
        self._reader.close()


class KafkaLog:
    """Replays of the input, and the changes."""

    def __init__(self, configuration: Configuration, now: Clock) -> None:
        self._configuration = configuration
        self._now = now
        self._whole = WholePartitions(configuration, now)

    def replay(self, partition: int, start: int, end: int) -> KafkaReplay:
        """The input records with start <= offset < end."""
        return KafkaReplay(self._configuration, partition, start, end, self._now)

    def changes(self, partition: int) -> list[Change | Mark]:
        """Every committed change and mark of the partition, in order.

        All that was committed before this was called is among them.

        Raises:
            DependencyDown: Kafka does not answer, or a transaction there stays open.
            StateRefused: a change cannot be read.
        """
        topic = self._configuration.topics.changes
        records = list(self._whole.records(topic, partition))
        try:
            return [_said(record) for record in records]
        except msgspec.MsgspecError as error:
            raise StateRefused(f"{topic}, partition {partition}: {error}") from error


def _said(record: Record) -> Change | Mark:
    value = record.value or b""
    return decode(value, Mark) if kind_of(record.headers) == "mark" else decode(value, Change)


def _shown(reader: PartitionReader, now: Clock) -> list[Record]:
    """Every record up to where the partition ends now, or an open transaction begins."""
    found: list[Record] = []
    ended, moved_at = False, now()
    while not ended:
        batches, ended = reader.read(1_000, 0.02)
        found += [batch.record(index) for batch in batches for index in range(len(batch))]
        if batches:
            moved_at = now()
        elif not ended and now() - moved_at > _STALLED_SECONDS:
            raise DependencyDown("Kafka gave neither records nor the partition's end for a minute")
    return found


class KafkaReleases:
    """The releases topic, followed from its beginning."""

    def __init__(self, configuration: Configuration, now: Clock) -> None:
        self._detector = configuration.detector.name
        self._newest: Release | None = None
        self._reader = PartitionReader(configuration.kafka, configuration.topics.releases, 0)
        try:
            # What a transaction holds back is heard later: scoring need not wait for it.
            self._hear(_shown(self._reader, now))
        except DependencyDown:
            self._reader.close()
            raise

    def newest(self) -> Release | None:
        """The release with the highest number heard so far."""
        try:
            batches, _ = self._reader.read(100, 0)
        except DependencyDown as error:
            # Scoring goes on under the release in force; the reader tries again by itself.
            log.warning("releases topic", error=str(error))
        else:
            self._hear([batch.record(at) for batch in batches for at in range(len(batch))])
        return self._newest

    def _hear(self, records: list[Record]) -> None:
        for record in records:
            try:
                release = decode(record.value or b"", Release)
            except (msgspec.MsgspecError, ValueError) as error:
                log.error("a release cannot be read", offset=record.offset, error=str(error))
                continue
            ours = release.detector == self._detector
            if ours and (self._newest is None or release.number > self._newest.number):
                self._newest = release

    def close(self) -> None:
        """Let go of the connection."""
        self._reader.close()
