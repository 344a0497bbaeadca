"""Alert messages, a source without Kafka, and workers that end with their test."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from feedback_api.ports import Record
from feedback_api.worker import Attempt, Worker
from floodline.errors import DependencyDown
from floodline.events.messages import Alert, Coordinates, alert_id, encode

DETECTOR = "shuttle"
EVENTS_TOPIC_ID = "AAAAAAAAQACAAAAAAAAAAQ"


def alert_message(offset: int) -> bytes:
    """The alert on the event at this offset, as the consumer publishes it."""
    place = Coordinates(
        topic="shuttle.events", topic_id=EVENTS_TOPIC_ID, partition=0, offset=offset
    )
    return encode(
        Alert(
            id=alert_id(DETECTOR, EVENTS_TOPIC_ID, 0, offset),
            detector=DETECTOR,
            coordinates=place,
            timestamp=1_700_000_000_000 + offset,
            key=None,
            entity=f"unit-{offset % 3}",
            score=0.99,
            rarity=0.001,
            threshold=0.9,
            release=0,
            features={"a": float(offset)},
            event={"a": offset},
        )
    )


@dataclass
class Log:
    """An alerts topic in memory, one partition; `faults` are raised one a read."""

    id: str = "log-1"
    values: list[bytes | None] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    batch: int = 3
    opened: int = 0
    read_from: list[int] = field(default_factory=list)

    def open(self) -> "LogSource":
        """A reader of the log."""
        self.opened += 1
        return LogSource(self)


class LogSource:
    """An AlertSource over a Log."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._next = 0

    def topic_id(self) -> str:
        """See AlertSource."""
        return self._log.id

    def start(self, offsets: Mapping[int, int]) -> None:
        """See AlertSource."""
        self._next = offsets.get(0, 0)
        self._log.read_from.append(self._next)

    def read(self, timeout: float) -> list[Record]:
        """See AlertSource."""
        if self._log.faults:
            raise self._log.faults.pop(0)
        first = self._next
        values = self._log.values[first : first + self._log.batch]
        if not values:
            time.sleep(min(timeout, 0.005))
        self._next += len(values)
        return [Record(0, first + n, value) for n, value in enumerate(values)]

    def close(self) -> None:
        """See AlertSource."""


@contextmanager
def working(attempt: Attempt) -> Iterator[Worker]:
    """A worker that is stopped at the block's end."""
    worker = Worker("test", attempt, first_pause=0.01)
    worker.start()
    try:
        yield worker
    finally:
        assert worker.stop(30), "the worker did not stop"


def eventually(condition: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    """Return once the condition holds; AssertionError when it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.02)


KAFKA_GONE = DependencyDown("Kafka does not answer")
