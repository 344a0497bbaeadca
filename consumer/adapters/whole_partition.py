"""A partition read whole: to where it ends, not only to where a transaction holds it back."""

from collections.abc import Iterator
from typing import Protocol

from consumer.adapters.kafka.partition_ends import PartitionEnds
from consumer.adapters.kafka.partition_reader import PartitionReader
from consumer.ports import Clock
from consumer.records import Batch, Record
from floodline.configuration.sections import Configuration
from floodline.errors import DependencyDown

_STALLED_SECONDS = 60.0
_GRACE_SECONDS = 10.0


class Reader(Protocol):
    """Reads a partition from its beginning on, as read_committed shows it."""

    position: int

    def read(self, limit: int, seconds: float) -> tuple[list[Batch], bool]:
        """Some records, and whether no more are shown at the moment."""
        ...


class WholePartitions:
    """Reads partitions from their beginning to where they end at the moment of asking."""

    def __init__(self, configuration: Configuration, now: Clock) -> None:
        self._configuration = configuration
        self.ends = PartitionEnds(configuration.kafka)
        self._now = now
        self._patience = configuration.consumer.transaction_timeout_ms / 1000 + _GRACE_SECONDS

    def records(self, topic: str, partition: int) -> Iterator[Record]:
        """Every committed record before the end as it is when this begins, and maybe some more.

        Raises:
            DependencyDown: Kafka does not answer, or a transaction stays open before that end.
        """
        end = self.ends.of(topic, partition)
        reader = PartitionReader(self._configuration.kafka, topic, partition)
        try:
            where = f"{topic}, partition {partition}"
            yield from records_before(end, reader, self._patience, self._now, where)
        finally:
            reader.close()


def records_before(
    end: int, reader: Reader, patience: float, now: Clock, where: str
) -> Iterator[Record]:
    """Every record until the reader is past `end`.

    Kafka shows nothing behind the beginning of an open transaction, whoever began it, not even
    what others committed there long ago. To stop at that would be to miss records that count, so
    it is waited for: `patience` seconds from when it is met first.

    Raises:
        DependencyDown: it stays open, or Kafka gave nothing for a minute.
    """
    moved_at, met_at, shown_all = now(), None, False
    while reader.position < end:
        batches, ended = reader.read(2_000, 0.05)
        for batch in batches:
            yield from (batch.record(index) for index in range(len(batch)))
        time = now()
        if batches:
            moved_at, shown_all = time, ended
        elif ended:
            shown_all = True
        elif not shown_all and time - moved_at > _STALLED_SECONDS:
            raise DependencyDown(
                f"{where}: Kafka gave neither records nor the partition's end for a minute"
            )
        if shown_all and reader.position < end:
            met_at = time if met_at is None else met_at
            if time - met_at > patience:
                raise DependencyDown(
                    f"{where}: an open transaction holds back what lies from offset "
                    f"{reader.position} to {end}, for more than {patience:g} s; end the program "
                    "that left it open, or abort it (`kafka-transactions.sh find-hanging` and "
                    "`abort`), then try again"
                )
