"""What the process needs from outside, as small interfaces."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

Clock = Callable[[], datetime]
"""The time now, aware and in UTC."""


@dataclass(frozen=True)
class Record:
    """One record of the alerts topic."""

    partition: int
    offset: int
    value: bytes | None


class AlertSource(Protocol):
    """A reader of the alerts topic that keeps no offsets of its own.

    Every method raises DependencyDown when Kafka or the topic is not there; the source is then
    closed and another one opened.
    """

    def topic_id(self) -> str:
        """The id that Kafka gave the topic; a recreated topic has another one."""

    def start(self, offsets: Mapping[int, int]) -> None:
        """Read every partition from these offsets, others from the log's start."""

    def read(self, timeout: float) -> list[Record]:
        """The next records, in order within a partition; empty after `timeout` seconds."""

    def close(self) -> None:
        """Let go of the connection."""


@dataclass(frozen=True)
class CommittedOffset:
    """What a group committed for a partition: the next offset, and words of its own beside it."""

    partition: int
    offset: int
    metadata: str | None


class ScoringOffsets(Protocol):
    """The scoring group's committed offsets, seen from outside the group."""

    def read(self) -> list[CommittedOffset]:
        """Those of the input topic, as they are now; none where nothing was committed.

        Raises:
            DependencyDown: Kafka does not answer in time.
        """


@dataclass(frozen=True)
class Outgoing:
    """A message to publish; `token` is the caller's name for it."""

    token: int
    topic: str
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


@dataclass(frozen=True)
class Delivery:
    """What Kafka acknowledged, by token, and why the rest was not."""

    acknowledged: list[int]
    failure: str | None


class LabelPublisher(Protocol):
    """A producer of labels."""

    def publish(self, messages: Sequence[Outgoing]) -> Delivery:
        """Send the messages and wait for Kafka's answer to each."""

    def close(self) -> None:
        """Let go of the connection."""
