"""What a committed offset of the scoring group says of its partition."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from feedback_api.ports import CommittedOffset

STALE_AFTER = timedelta(seconds=10)
_Count = Annotated[int, msgspec.Meta(ge=0)]


class _Checkpoint(msgspec.Struct, frozen=True):
    """The fields that are read here of what the consumer commits with an offset."""

    release: _Count
    events: _Count
    dead_letters: _Count
    warm_up_left: _Count


@dataclass(frozen=True)
class PartitionProgress:
    """A partition as of its committed offset, which is the next one to score.

    Attributes:
        release: number of the release in force.
        events: events scored so far.
        dead_letters: records dead-lettered so far.
        events_until_warm: events still to come before the model counts as warm.
    """

    partition: int
    offset: int
    release: int
    events: int
    dead_letters: int
    events_until_warm: int

    @property
    def warming_up(self) -> bool:
        """Whether the model has seen too little to raise an alert."""
        return self.events_until_warm > 0


@dataclass(frozen=True)
class Progress:
    """Every partition whose commit could be read, and when Kafka said so.

    Attributes:
        heard_at: None before the first answer.
        unreadable: partitions with a committed offset whose metadata is none of floodline's.
    """

    heard_at: datetime | None = None
    partitions: Sequence[PartitionProgress] = ()
    unreadable: Sequence[int] = ()

    @property
    def warming_up(self) -> list[PartitionProgress]:
        """The partitions whose model is warming up."""
        return [each for each in self.partitions if each.warming_up]

    @property
    def nothing_scored(self) -> bool:
        """Whether Kafka said that the scoring group has committed nothing at all."""
        return self.heard_at is not None and not self.partitions and not self.unreadable

    def stale(self, now: datetime) -> bool:
        """Whether Kafka has given no answer yet, or none for ten seconds."""
        return self.heard_at is None or now - self.heard_at > STALE_AFTER


def read_partition(committed: CommittedOffset) -> PartitionProgress | None:
    """The partition's progress; None where the metadata is none of floodline's."""
    try:
        told = msgspec.json.decode(committed.metadata or "", type=_Checkpoint)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return PartitionProgress(
        committed.partition,
        committed.offset,
        told.release,
        told.events,
        told.dead_letters,
        told.warm_up_left,
    )
