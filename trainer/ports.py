"""What the trainer needs of the world, in its own words."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from trainer.run import Logged, Run

Now = Callable[[], datetime]
"""The time in UTC."""


class Record(msgspec.Struct, frozen=True):
    """One record of the input topic, as read_committed shows it; timestamp in ms, -1 for none."""

    partition: int
    offset: int
    timestamp: int
    value: bytes | None


class OffsetRange(msgspec.Struct, frozen=True, order=True):
    """The records of a partition with start <= offset < end."""

    partition: int
    start: int
    end: int


class Outgoing(msgspec.Struct, frozen=True):
    """A release on its way to the releases topic."""

    topic: str
    key: str
    value: bytes


class ReleaseChannel(Protocol):
    """Where releases are published."""

    def publish(self, messages: Sequence[Outgoing]) -> None:
        """Publish all in order, and return once all are acknowledged.

        Raises:
            DependencyDown: some may not have been; publishing all again is right.
            ConfigurationError: the topic is missing and may not be made.
        """
        ...


class EventLog(Protocol):
    """The input topic, read outside of any group."""

    def topic_id(self) -> str:
        """The topic's id; a topic that was made anew has another.

        Raises:
            ConfigurationError: there is no such topic.
            DependencyDown: Kafka does not answer.
        """
        ...

    def bounds(self) -> Mapping[int, tuple[int, int]]:
        """By partition: the first offset that the log holds, and the one after its last."""
        ...

    def replay(self, ranges: Sequence[OffsetRange]) -> list[Record]:
        """The records of the ranges by (timestamp, partition, offset): the same at each call.

        Raises:
            DependencyDown: Kafka does not answer, or gave nothing for too long.
        """
        ...


class Tracking(Protocol):
    """Where runs and models are logged."""

    def open(self) -> None:
        """Find or make the experiment.

        Raises:
            DependencyDown: it does not answer.
        """
        ...

    def log(self, run: "Run") -> "Logged":
        """Log a finished run and register its model as challenger.

        Raises:
            DependencyDown: it does not answer.
        """
        ...

    def close(self, logged: "Logged", *, outcome: str, reason: str, release: int | None) -> None:
        """Note on the run what became of it; a published model becomes champion.

        Raises:
            DependencyDown: it does not answer.
        """
        ...
