"""What the queue page says of the consumer's progress, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from feedback_api.scoring.progress import PartitionProgress, Progress

_NAMED = 3


@dataclass(frozen=True)
class ScoringNotice:
    """The words that the page needs; each is empty or false where there is nothing to say.

    Attributes:
        learning: which partitions still warm up, and for how long.
        heard_at: when Kafka said so, where that is too long ago.
        nothing_scored: whether the consumer has committed nothing yet.
    """

    learning: str
    heard_at: datetime | None
    nothing_scored: bool

    @classmethod
    def of(cls, progress: Progress, now: datetime) -> "ScoringNotice":
        """The notice at a time."""
        stale = progress.stale(now)
        return cls(
            learning=_learning(progress.warming_up),
            heard_at=progress.heard_at if stale else None,
            nothing_scored=progress.nothing_scored and not stale,
        )


def _learning(partitions: Sequence[PartitionProgress]) -> str:
    longest = sorted(partitions, key=lambda each: (-each.events_until_warm, each.partition))
    named, others = longest[:_NAMED], longest[_NAMED:]
    parts = [f"{_more_events(each)} on partition {each.partition}" for each in named]
    if others:
        places = "1 other" if len(others) == 1 else f"{len(others):,} others"
        parts.append(f"at most {_more_events(others[0])} on {places}")
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _more_events(progress: PartitionProgress) -> str:
    left = progress.events_until_warm
    return "1 more event" if left == 1 else f"{left:,} more events"
