"""Exactly-once publishing."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition

from consumer.adapters import client_settings
from consumer.adapters.bounded import Bounded
from consumer.adapters.kafka.group_input import KafkaInput
from consumer.ports import Message, Position, PublishFailed
from floodline.configuration.sections import Configuration

_client_log = logging.getLogger("kafka")

_SECONDS = 10.0


class KafkaPublication:
    """A transaction on its way."""

    def __init__(self, call: Bounded, give_up: Callable[[], None]) -> None:
        self._call = call
        self._give_up = give_up

    def ended(self) -> bool:
        """Whether `settle` would return at once."""
        return self._call.ended()

    def settle(self) -> None:
        """Wait for the outcome.

        Raises:
            PublishFailed: it is unknown or refused; `renew` before anything else.
        """
        try:
            self._call.wait()
        except TimeoutError as error:
            self._give_up()
            raise PublishFailed("stuck", f"the transaction had {error}") from error


class KafkaOutput:
    """One transaction a commit; a producer that failed once is never used again.

    librdkafka lacks KIP-890, so a late EndTxn of a producer that timed out could end a later
    transaction; `init_transactions` of a new producer under the same name fences it.
    """

    def __init__(self, configuration: Configuration, source: KafkaInput, name: str) -> None:
        self._configuration = configuration
        self._input = source
        self._topic = configuration.topics.events
        self._name = name
        self._producer: Producer | None = None

    def renew(self) -> None:
        """A new producer under the same name.

        Raises:
            PublishFailed: Kafka does not answer.
        """
        if self._producer is not None:
            self._producer.purge()
            self._producer = None
        settings = client_settings.producer(self._configuration, self._name)
        producer = Producer(settings, logger=_client_log)
        seconds = self._configuration.consumer.transaction_timeout_ms / 1000 + _SECONDS
        try:
            producer.init_transactions(seconds)
        except KafkaException as error:
            raise _failed("init_transactions", error) from error
        self._producer = producer

    def publish(
        self,
        messages: Sequence[Message],
        positions: Sequence[Position],
        holds: Callable[[], None],
        seconds: float,
    ) -> "KafkaPublication":
        """Begin a transaction of all messages and positions.

        The group's metadata is of this moment: after a rebalance Kafka refuses the offsets.
        """
        producer, group = self._producer, self._input.consumer.consumer_group_metadata()

        def transact() -> None:
            if producer is None:
                raise PublishFailed("no_producer", "the producer was given up")
            holds()
            self._transact(producer, group, messages, positions)

        return KafkaPublication(Bounded(seconds, transact), self._give_up)

    def _give_up(self) -> None:
        """The thread left behind still holds the producer."""
        self._producer = None

    def _transact(
        self,
        producer: Producer,
        group: Any,
        messages: Sequence[Message],
        positions: Sequence[Position],
    ) -> None:
        step = "begin_transaction"
        try:
            producer.begin_transaction()
            step = "produce"
            for message in messages:
                self._produce(producer, message)
            step = "send_offsets"
            places = [self._place(position) for position in positions]
            producer.send_offsets_to_transaction(places, group, _SECONDS)
            step = "commit_transaction"
            producer.commit_transaction()
        except KafkaException as error:
            raise _failed(step, _cause(producer, error)) from error

    def _place(self, position: Position) -> TopicPartition:
        checkpoint = position.checkpoint
        if checkpoint is not None:
            checkpoint = msgspec.structs.replace(checkpoint, member=self._name)
        metadata = msgspec.json.encode(checkpoint).decode()
        return TopicPartition(self._topic, position.partition, position.offset, metadata)

    @staticmethod
    def _produce(producer: Producer, message: Message) -> None:
        place = {} if message.partition is None else {"partition": message.partition}
        for last_try in (False, True):
            try:
                producer.produce(
                    message.topic,
                    value=message.value,
                    key=message.key,
                    headers=message.headers,
                    **place,
                )
            except BufferError as error:
                if last_try:
                    raise PublishFailed("queue_full", "the client's queue stayed full") from error
                producer.flush(_SECONDS)
            else:
                return


def _cause(producer: Producer, error: KafkaException) -> KafkaException:
    """Why the transaction failed, where the client only says that it did.

    A message that Kafka refuses fails the whole transaction; what is produced after it is refused
    with `_STATE`. To begin another one is refused with the first error, and changes nothing.
    """
    state = KafkaError._STATE  # noqa: SLF001  # its public name
    if error.args[0].code() == state:
        try:
            producer.begin_transaction()
        except KafkaException as first:
            return error if first.args[0].code() == state else first
    return error


def _failed(step: str, error: KafkaException) -> PublishFailed:
    reason = error.args[0]
    hint = "; does another process run under this consumer.instance?" if reason.fatal() else ""
    return PublishFailed(f"{step}:{reason.name()}", f"{step}: {reason.str()}{hint}")
