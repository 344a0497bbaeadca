"""Events that come in at a bounded rate while faults happen."""

import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaError, Message, Producer

from tests.fixtures.seeded_events import seeded_events

STEP_SECONDS = 0.05
FLUSH_SECONDS = 60.0


class Trickle:
    """A thread that produces seeded events, spread over the partitions by key."""

    def __init__(self, bootstrap_servers: str, topic: str, seed: int, per_second: int) -> None:
        # Idempotent, so that a broker that comes back finds every event once and in order.
        self._producer = Producer(
            {"bootstrap.servers": bootstrap_servers, "enable.idempotence": True, "linger.ms": 5}
        )
        self._topic = topic
        self._values: Iterator[bytes] = seeded_events(seed)
        self._per_step = max(1, round(per_second * STEP_SECONDS))
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="trickle")
        self._failed: list[KafkaError] = []
        self.sent = 0

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
        left = self._producer.flush(FLUSH_SECONDS)
        if kind is None:
            assert not left, f"{left} of {self.sent} events were never acknowledged"
            assert not self._failed, f"{len(self._failed)} failed, first: {self._failed[0]}"

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stopping.wait(max(0.0, due - time.monotonic())):
            for _ in range(self._per_step):
                self._send(next(self._values))
            self._producer.poll(0)
            due += STEP_SECONDS

    def _send(self, value: bytes) -> None:
        key = str(self.sent % 997).encode()
        self._producer.produce(self._topic, value, key=key, on_delivery=self._delivered)
        self.sent += 1

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        del message
        if error is not None:
            self._failed.append(error)
