"""The consumer's progress as JSON."""

from datetime import datetime

from pydantic import BaseModel, Field

from feedback_api.scoring.progress import PartitionProgress, Progress


class Partition(BaseModel):
    """A partition of the input topic as of its committed offset."""

    partition: int
    offset: int = Field(description="The next offset to score.")
    events: int = Field(description="Events scored so far.")
    dead_letters: int = Field(description="Records dead-lettered so far.")
    release: int = Field(description="Number of the release in force.")
    warming_up: bool = Field(description="Whether the model has seen too little to raise alerts.")
    events_until_warm: int = Field(
        description="Events still to come before the model counts as warm; no alert before that."
    )

    @classmethod
    def of(cls, progress: PartitionProgress) -> "Partition":
        """The partition as it is shown."""
        return cls(
            partition=progress.partition,
            offset=progress.offset,
            events=progress.events,
            dead_letters=progress.dead_letters,
            release=progress.release,
            warming_up=progress.warming_up,
            events_until_warm=progress.events_until_warm,
        )


class Scoring(BaseModel):
    """How far the consumer has scored, as of the last answer of Kafka."""

    detector: str
    heard_at: datetime | None = Field(description="When Kafka answered last; null: not yet.")
    stale: bool = Field(description="Whether Kafka has given no answer for ten seconds, or ever.")
    warming_up: bool = Field(description="Whether the model of any partition is warming up.")
    partitions: list[Partition] = Field(
        description="Those in which the consumer has committed an offset."
    )

    @classmethod
    def of(cls, detector: str, progress: Progress, now: datetime) -> "Scoring":
        """The progress as it is shown."""
        return cls(
            detector=detector,
            heard_at=progress.heard_at,
            stale=progress.stale(now),
            warming_up=bool(progress.warming_up),
            partitions=[Partition.of(each) for each in progress.partitions],
        )
