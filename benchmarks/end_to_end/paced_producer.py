"""A producer that keeps a rate for a while; what it did as JSON on stdout."""

import argparse
import sys
import time
from itertools import chain

import msgspec
from confluent_kafka import Producer

from benchmarks.end_to_end.events import chunks
from benchmarks.end_to_end.pacing import Pace
from benchmarks.end_to_end.topic import QUEUE, send

_DISTINCT = 100_000
_TICK_SECONDS = 0.001


class Sent(msgspec.Struct, frozen=True):
    """What was produced.

    Attributes:
        events: how many.
        seconds: from the first to the last.
        started: milliseconds since 1970 when the first was.
    """

    events: int
    seconds: float
    started: float


def main() -> None:
    """Send events to partition 0, each with the time of its sending, as the client sets it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap-servers", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--rate", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    given = parser.parse_args()
    values = list(chain.from_iterable(chunks(_DISTINCT)))
    # All else as the client has it by default: it waits 5 ms for more events of a batch.
    producer = Producer({"bootstrap.servers": given.bootstrap_servers, **QUEUE})
    producer.list_topics(given.topic, timeout=30)
    sent = keep(producer, given.topic, values, Pace(given.rate), given.seconds)
    sys.stdout.write(msgspec.json.encode(sent).decode() + "\n")


def keep(producer: Producer, topic: str, values: list[bytes], pace: Pace, seconds: float) -> Sent:
    """Send the values round and round at this pace for so many seconds."""
    started, sent, elapsed = time.time(), 0, 0.0
    begin = time.monotonic()
    while elapsed < seconds:
        due = pace.due(elapsed, sent)
        at = sent % len(values)
        send(producer, topic, values[at : at + due], 0)
        sent += len(values[at : at + due])
        time.sleep(_TICK_SECONDS)
        elapsed = time.monotonic() - begin
    producer.flush(30)
    return Sent(sent, elapsed, started * 1_000)


if __name__ == "__main__":
    main()
