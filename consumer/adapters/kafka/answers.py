"""What Kafka's client gives and says, in our words."""

from collections.abc import Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka import Message as KafkaMessage

from consumer.records import Batch, Record
from floodline.configuration.sections import KafkaSection
from floodline.errors import DependencyDown


def down(kafka: KafkaSection, error: KafkaException | TimeoutError) -> DependencyDown:
    """The client's error as ours."""
    said = error.args[0].str() if isinstance(error, KafkaException) else "no answer in time"
    return DependencyDown(
        f"Kafka at {kafka.bootstrap_servers}: {said}; check that it runs and that "
        "kafka.bootstrap_servers is right (`floodline kafka up` starts a local one)"
    )


def consumed(
    kafka: KafkaSection, consumer: Consumer, limit: int, seconds: float
) -> list[KafkaMessage]:
    """Up to `limit` messages that came within `seconds`, errors among them.

    Raises:
        DependencyDown: Kafka does not answer.
    """
    try:
        messages: list[KafkaMessage] = consumer.consume(limit, seconds)
    except KafkaException as error:
        raise down(kafka, error) from error
    return messages


def sorted_out(
    consumed: list[KafkaMessage],
) -> tuple[list[KafkaMessage], list[tuple[KafkaMessage, KafkaError]]]:
    """Records, and what else the client says by way of messages."""
    if not any(map(KafkaMessage.error, consumed)):
        return consumed, []
    said = [(message, message.error()) for message in consumed]
    errors = [(message, error) for message, error in said if error is not None]
    return [message for message, error in said if error is None], errors


def batches(messages: list[KafkaMessage]) -> list[Batch]:
    """The records of each partition, in order."""
    partitions = set(map(KafkaMessage.partition, messages))
    if len(partitions) == 1:
        return [_batch(partitions.pop(), messages)]
    parts: dict[int, list[KafkaMessage]] = {partition: [] for partition in sorted(partitions)}
    for message in messages:
        parts[message.partition()].append(message)
    return [_batch(partition, part) for partition, part in parts.items()]


def _batch(partition: int, messages: list[KafkaMessage]) -> Batch:
    return Batch(
        partition,
        _offsets(messages),
        list(map(KafkaMessage.value, messages)),
        lambda index: _record(messages[index]),
    )


def _offsets(messages: list[KafkaMessage]) -> Sequence[int]:
    first, last = messages[0].offset(), messages[-1].offset()
    if last - first + 1 == len(messages):
        return range(first, last + 1)  # they ascend: none is left out
    return list(map(KafkaMessage.offset, messages))


def _record(message: KafkaMessage) -> Record:
    kind, timestamp = message.timestamp()
    try:
        headers = message.headers() or []
    except UnicodeDecodeError:
        headers = []  # a name that is no UTF-8: it cannot be copied, and no score depends on it
    return Record(
        message.partition(),
        message.offset(),
        timestamp if kind else -1,
        message.key(),
        message.value(),
        headers,
    )
