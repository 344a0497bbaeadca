"""A whole run: its own broker, all that was asked for, one object of figures."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.end_to_end import latency, machine, partitions, throughput
from benchmarks.end_to_end.events import BYTES
from benchmarks.end_to_end.topic import Topics
from demo.local_kafka import LocalKafka

EVENTS = 3_000_000
ROUNDS = 5
_PARTITION_ROUNDS = 3


def measure(
    events: int = EVENTS,
    rounds: int = ROUNDS,
    *,
    with_latency: bool = True,
    with_partitions: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Start a Kafka in a temporary folder, measure, and leave nothing behind.

    Broker, producer and consumers share this machine's cores. The figures are named in
    `throughput.measure`, `latency.measure` and `partitions.measure`.

    Raises:
        DependencyDown: Kafka does not come up, or a process ended early.
    """
    figures: dict[str, Any] = {
        "events": events,
        "rounds": rounds,
        "bytes": BYTES,
        "machine": machine.describe(),
    }
    with LocalKafka() as kafka, tempfile.TemporaryDirectory(prefix="floodline-bench-") as name:
        topics, folder = Topics(kafka.bootstrap_servers), Path(name)
        figures |= throughput.measure(topics, folder, events, rounds, say)
        if with_latency:
            figures["latency_ms"] = latency.measure(topics, folder, say)
        if with_partitions:
            few = min(rounds, _PARTITION_ROUNDS)
            figures["partitions"] = partitions.measure(topics, folder, events, few, say)
    return figures
