"""Topics of a run: made, filled, read to their end, deleted."""

from collections.abc import Sequence

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from benchmarks.end_to_end.events import chunks
from floodline.errors import DependencyDown

_SECONDS = 30.0
_QUIET_SECONDS = 60.0
QUEUE = {"queue.buffering.max.messages": 200_000, "queue.buffering.max.kbytes": 262_144}


class Topics:
    """What a run does with topics, beside reading them."""

    def __init__(self, bootstrap_servers: str) -> None:
        self.bootstrap_servers = bootstrap_servers
        # What goes wrong is raised; its log would only say that the broker ends before it.
        self._admin = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0})

    def create(self, topic: str, partitions: int = 1) -> None:
        """Return once it is there."""
        new = NewTopic(topic, num_partitions=partitions, replication_factor=1)
        self._admin.create_topics([new])[topic].result(_SECONDS)

    def delete(self, topics: Sequence[str]) -> None:
        """Those of them that are there."""
        present = self._admin.list_topics(timeout=_SECONDS).topics
        there = [topic for topic in topics if topic in present]
        for future in self._admin.delete_topics(there).values() if there else []:
            future.result(_SECONDS)

    def fill(self, topic: str, events: int, partitions: int = 1) -> None:
        """Put the measured events into it, a chunk to each partition in turn.

        Raises:
            DependencyDown: some were not acknowledged.
        """
        producer = Producer(
            {
                "bootstrap.servers": self.bootstrap_servers,
                "enable.idempotence": True,
                "linger.ms": 20,
                "log_level": 3,
                **QUEUE,
            }
        )
        for number, values in enumerate(chunks(events)):
            send(producer, topic, values, number % partitions)
        if producer.flush(_QUIET_SECONDS):
            raise DependencyDown(f"{topic}: not all events were acknowledged; is the disk full?")

    def count(self, topic: str, partitions: int = 1) -> int:
        """Its records as read_committed shows them."""
        consumer = Consumer(reading(self.bootstrap_servers))
        open_places = dict.fromkeys(range(partitions), False)
        consumer.assign([TopicPartition(topic, each, 0) for each in open_places])
        found = 0
        try:
            while not all(open_places.values()):
                for message in consumer.consume(500, _SECONDS):
                    if message.error() is None:
                        found += 1
                    else:
                        open_places[message.partition()] = True
        finally:
            consumer.close()
        return found


def send(producer: Producer, topic: str, values: list[bytes], partition: int) -> None:
    """Hand all values over to the client, waiting where its queue is full."""
    waiting = [{"value": value} for value in values]
    while waiting:
        producer.produce_batch(topic, waiting, partition=partition)
        waiting = [{"value": each["value"]} for each in waiting if "_error" in each]
        producer.poll(0.01 if waiting else 0)


def reading(bootstrap_servers: str) -> dict[str, str | int | bool]:
    """What every reader here is told, as `floodline consume` tells its own."""
    return {
        "bootstrap.servers": bootstrap_servers,
        "group.id": "bench-reader",
        "enable.auto.commit": False,
        "auto.offset.reset": "error",
        "isolation.level": "read_committed",
        "fetch.wait.max.ms": 50,
        "fetch.queue.backoff.ms": 5,
        "enable.partition.eof": True,
    }
