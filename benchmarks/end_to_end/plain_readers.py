"""Reading a topic and doing little with it: what floodline's speed is held against."""

from collections.abc import Callable, Sequence
from typing import Any

import orjson
from confluent_kafka import Consumer, Message

from benchmarks.decode import typed_matrix
from benchmarks.end_to_end.progress import Gauge

_BATCH = 500
_SECONDS = 30.0


def nothing(values: Sequence[bytes]) -> None:
    """Leave the values as they are."""


def dictionaries(values: Sequence[bytes]) -> None:
    """A dict of each, one after the other."""
    loads = orjson.loads
    for value in values:
        loads(value)


def handlers() -> dict[str, Callable[[Any], Any]]:
    """By name, what is done with a batch's values."""
    return {
        "consume_only": nothing,
        "consume_orjson": dictionaries,
        "consume_matrix": typed_matrix(),
    }


def read(consumer: Consumer, handle: Callable[[Any], Any], gauge: Gauge) -> None:
    """Consume in batches of 500: look at each record's error, take its value, handle the batch.

    Raises:
        RuntimeError: Kafka gives nothing for 30 s, or an error.
    """
    more = True
    while more:
        messages = consumer.consume(_BATCH, _SECONDS)
        if not messages or any(map(Message.error, messages)):
            raise RuntimeError(f"no records: {[str(each.error()) for each in messages[-1:]]}")
        handle(list(map(Message.value, messages)))
        more = gauge.handled(len(messages))
