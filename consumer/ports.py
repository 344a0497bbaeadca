"""What the consumer needs of the world, in its own words."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Protocol, TypeVar

import msgspec

from consumer.records import Batch, Headers
from floodline.errors import FloodlineError
from floodline.events.messages import Change, Mark, Release

Result = TypeVar("Result")


class Message(msgspec.Struct, frozen=True):
    """One message to publish; None as partition lets the key choose."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    partition: int | None = None


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """What is committed with a partition's offset, in the offset's metadata.

    Attributes:
        topic_id: the topic the offset belongs to; a recreated topic has another.
        model: fingerprint of the configured parameters and features.
        release: number of the release in force at the offset.
        events: events scored so far.
        dead_letters: records dead-lettered so far.
        snapshots: of the last three snapshots sha256 and offset, newest first.
        state: an offset at or before this one, and the sha256 of the state there.
        store: identity of the store that holds the snapshots.
        warm_up_left: events still to come before the model counts as warm.
        member: who committed: the name of its transactions.
    """

    topic_id: str
    model: str
    release: int
    events: int
    dead_letters: int
    snapshots: tuple[tuple[str, int], ...] = ()
    state: tuple[int, str] | None = None
    store: str | None = None
    warm_up_left: int = 0
    member: str | None = None


def read_checkpoint(metadata: str | None) -> Checkpoint | None:
    """What was committed with an offset; None where floodline did not write it."""
    try:
        return msgspec.json.decode(metadata or "", type=Checkpoint)
    except msgspec.MsgspecError:
        return None


class Position(msgspec.Struct, frozen=True):
    """The next offset of a partition, with its checkpoint."""

    partition: int
    offset: int
    checkpoint: Checkpoint | None


class PublishFailed(FloodlineError):  # noqa: N818
    """A transaction's outcome is unknown or refused: a new producer and a rewind must follow.

    `cause` is a stable word for counting.
    """

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause


class Assignment(Protocol):
    """Who is told when partitions come and go; calls come from inside `Input.poll`."""

    def assigned(self, partitions: Sequence[int]) -> None:
        """These partitions are ours from now on, paused."""
        ...

    def revoked(self, partitions: Sequence[int]) -> None:
        """These go to another member; what is done may still be committed."""
        ...

    def lost(self, partitions: Sequence[int]) -> None:
        """These are gone; nothing of them may be committed."""
        ...


class InputTopic(Protocol):
    """The input topic itself, beside what is in it."""

    def ensure(self) -> str:
        """The topic's id; our own topics fit its partitions afterwards."""
        ...

    def topic_id(self) -> str:
        """The id of the topic that has the name now; a recreated topic has another."""
        ...


class Input(Protocol):
    """The input topic as a member of the group sees it."""

    def subscribe(self, assignment: Assignment) -> None:
        """Join the group."""
        ...

    def poll(self, limit: int, seconds: float) -> list[Batch]:
        """Up to `limit` records of the resumed partitions, a batch for each partition."""
        ...

    def committed(self, partition: int) -> Position | None:
        """The committed position; None where nothing was committed yet."""
        ...

    def bounds(self, partition: int) -> tuple[int, int]:
        """The first offset that the log holds, and the one after its last."""
        ...

    def offset_at(self, partition: int, timestamp: int) -> int:
        """The first offset with this timestamp (milliseconds) or a later one; else the end."""
        ...

    def resume(self, partition: int, offset: int) -> None:
        """Read this partition from `offset` on."""
        ...

    def pause(self, partition: int) -> None:
        """Read no more of this partition until `resume`."""
        ...

    def lag(self, partition: int, offset: int) -> int:
        """Offsets between `offset` and the log's end as last heard."""
        ...

    def close(self) -> None:
        """Leave the group."""
        ...


class Publication(Protocol):
    """A transaction on its way."""

    def ended(self) -> bool:
        """Whether `settle` would return at once."""
        ...

    def settle(self) -> None:
        """Wait until the outcome is known; returns when all is committed.

        Raises:
            PublishFailed: nothing is committed, or nobody knows; call `Output.renew`, then rewind.
        """
        ...


class Output(Protocol):
    """Exactly-once publishing: messages and positions in one transaction."""

    def publish(
        self,
        messages: Sequence[Message],
        positions: Sequence[Position],
        holds: Callable[[], None],
        seconds: float,
    ) -> Publication:
        """Begin a transaction of all of it, for the group as this member knows it now.

        `holds` is called just before, beside the caller, and raises where it must not be.
        After `seconds` the transaction counts as failed.
        """
        ...

    def renew(self) -> None:
        """A new producer under the same name; whatever the old one left open is aborted.

        Raises:
            PublishFailed: Kafka does not answer.
        """
        ...


class Replay(Protocol):
    """A bounded part of the log, read outside of the group."""

    def read(self, seconds: float) -> tuple[list[Batch], bool]:
        """Records that came within `seconds`, and whether that was the last of them."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class Log(Protocol):
    """The topics beside the group's own reading."""

    def replay(self, partition: int, start: int, end: int) -> Replay:
        """The input records with start <= offset < end."""
        ...

    def changes(self, partition: int) -> list[Change | Mark]:
        """Every committed change and mark of a partition, in order."""
        ...


class Releases(Protocol):
    """The releases topic, followed from its beginning."""

    def newest(self) -> Release | None:
        """The release with the highest number heard so far."""
        ...


class Worker(Protocol):
    """Who does work beside the caller, in the order given."""

    def submit(self, call: Callable[[], Result]) -> "Future[Result]":
        """Do `call` after what was given before."""
        ...

    def close(self) -> None:
        """Take nothing more."""
        ...


Clock = Callable[[], float]
"""Seconds; monotonic for intervals, since 1970 for timestamps."""
