"""One contender in a process of its own; its samples as JSON on stdout."""

import argparse
import sys
import time

import msgspec
from confluent_kafka import Consumer, Producer, TopicPartition

from benchmarks.end_to_end import plain_readers, river_loop
from benchmarks.end_to_end.progress import Gauge, Sample
from benchmarks.end_to_end.topic import reading


class Run(msgspec.Struct, frozen=True):
    """What a contender did."""

    samples: list[Sample]
    alerts: int = 0


def main() -> None:
    """Read partition 0 of the topic from its beginning until `--events` are handled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True, choices=[*plain_readers.handlers(), "river_loop"])
    parser.add_argument("--bootstrap-servers", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--alerts", default="")
    parser.add_argument("--events", type=int, required=True)
    given = parser.parse_args()
    gauge = Gauge(given.events, time.monotonic, time.process_time)
    sent = 0
    consumer = Consumer(reading(given.bootstrap_servers) | {"enable.partition.eof": False})
    consumer.assign([TopicPartition(given.topic, 0, 0)])
    if given.name == "river_loop":
        producer = Producer({"bootstrap.servers": given.bootstrap_servers})
        sent = river_loop.loop(consumer, producer, given.alerts, gauge)
    else:
        plain_readers.read(consumer, plain_readers.handlers()[given.name], gauge)
    consumer.close()
    sys.stdout.write(msgspec.json.encode(Run(gauge.samples, sent)).decode() + "\n")


if __name__ == "__main__":
    main()
