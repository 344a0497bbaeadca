"""Watches what the group commits, while it happens."""

import threading
import time
from collections.abc import Callable, Collection
from itertools import pairwise
from types import TracebackType
from typing import Self

import msgspec
from confluent_kafka import Consumer, KafkaException, TopicPartition

from consumer.ports import Checkpoint
from tests.fixtures.consumer_process import Outcome

LOOK_SECONDS = 0.05
ANSWER_SECONDS = 5.0
PROMPT_SECONDS = 0.5


class CommitWatch:
    """A thread that reads committed offsets all the time, and notes what must never be seen.

    It asks without waiting for open transactions, so that it sees what is committed now.
    """

    def __init__(self, outcome: Outcome) -> None:
        names = outcome.configuration.topics
        self._topic = names.events
        self._partitions = outcome.topics.partitions(names.events)
        self._consumer = Consumer(
            {
                "bootstrap.servers": outcome.topics.bootstrap_servers,
                "group.id": outcome.configuration.group,
                "isolation.level": "read_uncommitted",
                "log_level": 2,
            }
        )
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="commit-watch")
        self.offsets: dict[int, int] = {}
        self.checkpoints: dict[int, Checkpoint] = {}
        self.violations: list[str] = []
        self._looks: list[float] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join()
        self._consumer.close()
        if kind is None:
            assert not self.violations, self.violations[:5]

    def total(self) -> int:
        """Sum of the committed offsets as last seen."""
        return sum(self.offsets.values())

    def seconds_until_beyond(
        self, base: dict[int, int], partitions: Collection[int], seconds: float, since: float
    ) -> float | None:
        """Seconds from `since` until each partition is committed beyond `base`; None if never."""
        reached = self._wait(
            lambda: all(self.offsets.get(p, 0) > base.get(p, 0) for p in partitions),
            since + seconds,
        )
        return time.monotonic() - since if reached else None

    def stood_still(self, since: float) -> float:
        """Seconds since a moment in which machine or broker stood still.

        The watch does nothing but ask the broker, again and again. Where two answers lie further
        apart than `PROMPT_SECONDS`, nobody on this machine could have been served between them.
        """
        looks = [since, *(each for each in self._looks if each > since), time.monotonic()]
        gaps = (later - earlier for earlier, later in pairwise(looks))
        return sum(gap for gap in gaps if gap > PROMPT_SECONDS)

    def _wait(self, condition: Callable[[], bool], deadline: float) -> bool:
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_SECONDS)
        return True

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            asked = [TopicPartition(self._topic, each) for each in self._partitions]
            try:
                answered = self._consumer.committed(asked, timeout=ANSWER_SECONDS)
            except KafkaException:
                continue  # the broker may be the victim; what was seen still holds
            self._looks.append(time.monotonic())
            for place in answered:
                if place.error is None and place.offset >= 0:
                    self._look(place)

    def _look(self, place: TopicPartition) -> None:
        before = self.offsets.get(place.partition, 0)
        where = f"partition {place.partition}"
        if place.offset < before:
            self.violations.append(f"{where} went back from {before} to {place.offset}")
        checkpoint = msgspec.json.decode(place.metadata or "", type=Checkpoint)
        counted = checkpoint.events + checkpoint.dead_letters
        if counted != place.offset:
            self.violations.append(f"{where} at {place.offset} accounts for {counted} records")
        self.checkpoints[place.partition] = checkpoint
        self.offsets[place.partition] = place.offset
