"""The stream into Kafka, at a steady rate, with a few broken records among it."""

import threading
import time
from collections.abc import Callable

import msgspec
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from demo.streams import Stream
from floodline.errors import ConfigurationError, DependencyDown

BROKEN_EVERY = 9_973
_TICK_SECONDS = 0.05
_ERRORS_ONLY = 3


def make_topic(bootstrap_servers: str, topic: str, partitions: int) -> None:
    """The demo's input topic.

    Raises:
        ConfigurationError: it is there already.
        DependencyDown: Kafka does not answer.
    """
    admin = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": _ERRORS_ONLY})
    for future in admin.create_topics([NewTopic(topic, partitions, -1)]).values():
        try:
            future.result(10)
        except KafkaException as error:
            if error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
                raise ConfigurationError(
                    f"topic {topic!r} is on {bootstrap_servers} already; the demo wants one of its "
                    "own: delete it and the topics beside it, or let the demo start its own Kafka"
                ) from error
            raise DependencyDown(f"Kafka at {bootstrap_servers}: {error.args[0].str()}") from error


def broken_rows(rows: int) -> list[int]:
    """After these rows a record follows that is not JSON."""
    return [row for row in range(rows) if (row + 1) % BROKEN_EVERY == 0]


def row_layout(rows: int, partitions: int) -> list[list[int]]:
    """For each partition the row at each offset; a broken record carries its row's number."""
    layout: list[list[int]] = [[] for _ in range(partitions)]
    broken = set(broken_rows(rows))
    for row in range(rows):
        layout[row % partitions] += [row, row] if row in broken else [row]
    return layout


class Replay:
    """Row i of the stream goes to partition i modulo their number, as `{"row": i, features}`."""

    def __init__(self, bootstrap_servers: str, topic: str, partitions: int, stream: Stream) -> None:
        self._topic = topic
        self._partitions = partitions
        self._stream = stream
        self._errors: list[str] = []
        self._producer = Producer(
            {"bootstrap.servers": bootstrap_servers, "enable.idempotence": True, "linger.ms": 5}
        )
        self.sent = 0

    def run(
        self, seconds: float, stopping: threading.Event, progress: Callable[[int], None]
    ) -> None:
        """Send every row, evenly over `seconds`.

        Raises:
            DependencyDown: Kafka did not take every record.
        """
        rows = self._stream.rows
        broken = set(broken_rows(len(rows)))
        started = time.monotonic()
        while self.sent < len(rows) and not stopping.is_set():
            share = min(1.0, (time.monotonic() - started) / seconds)
            for row in range(self.sent, int(share * len(rows))):
                self._send(row, msgspec.json.encode({"row": row, **rows[row]}))
                if row in broken:
                    self._send(row, b'{"row": ' + str(row).encode())
            self.sent = max(self.sent, int(share * len(rows)))
            self._producer.poll(0)
            progress(self.sent)
            stopping.wait(_TICK_SECONDS)
        if self._producer.flush(30) or self._errors:
            what = self._errors[0] if self._errors else "no answer within 30 s"
            raise DependencyDown(f"Kafka did not take every event of the demo: {what}")

    def _send(self, row: int, value: bytes) -> None:
        while True:
            try:
                self._producer.produce(
                    self._topic,
                    value,
                    key=str(row).encode(),
                    partition=row % self._partitions,
                    on_delivery=self._delivered,
                )
            except BufferError:
                self._producer.poll(0.1)
            else:
                return

    def _delivered(self, error: object, _message: object) -> None:
        if error is not None:
            self._errors.append(str(error))
