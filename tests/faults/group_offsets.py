"""Committed offsets as somebody else's tool reads and sets them, while nobody is in the group."""

from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import Consumer, TopicPartition

from tests.fixtures.consumer_process import Outcome

ANSWER_SECONDS = 20.0


@contextmanager
def _group(outcome: Outcome) -> Iterator[Consumer]:
    consumer = Consumer(
        {
            "bootstrap.servers": outcome.topics.bootstrap_servers,
            "group.id": outcome.configuration.group,
            "enable.auto.commit": False,
        }
    )
    try:
        yield consumer
    finally:
        consumer.close()


def committed(outcome: Outcome, partition: int) -> tuple[int, str]:
    """The committed offset of a partition, and what was said with it."""
    asked = TopicPartition(outcome.configuration.topics.events, partition)
    with _group(outcome) as consumer:
        (found,) = consumer.committed([asked], timeout=ANSWER_SECONDS)
    return found.offset, found.metadata or ""


def commit(outcome: Outcome, partition: int, offset: int, said: str) -> None:
    """Commit an offset and what is said with it."""
    place = TopicPartition(outcome.configuration.topics.events, partition, offset, said)
    with _group(outcome) as consumer:
        consumer.commit(offsets=[place], asynchronous=False)
