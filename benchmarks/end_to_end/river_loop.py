"""The loop that everybody writes: poll, json.loads, River's pipeline, produce."""

import json
from typing import Any

from confluent_kafka import Consumer, Producer
from river import anomaly, preprocessing

from benchmarks.decode import FEATURES
from benchmarks.end_to_end.progress import Gauge

THRESHOLD = 0.977
"""One or two in 1,000 of the measured events score higher."""
_SECONDS = 30.0


def loop(consumer: Consumer, producer: Producer, alerts: str, gauge: Gauge) -> int:
    """Score and learn one event after the other; how many alerts were sent.

    Raises:
        RuntimeError: Kafka gives nothing for 30 s, or an error.
    """
    model: Any = preprocessing.MinMaxScaler() | anomaly.HalfSpaceTrees(
        n_trees=10, height=8, window_size=250, seed=42
    )
    more, sent = True, 0
    while more:
        message = consumer.poll(_SECONDS)
        if message is None or message.error():
            raise RuntimeError(f"no record: {message and message.error()}")
        event = json.loads(message.value())
        features = {name: event[name] for name in FEATURES}
        score = model.score_one(features)
        model.learn_one(features)
        if score > THRESHOLD:
            producer.produce(alerts, json.dumps({"id": event["id"], "score": score}).encode())
            producer.poll(0)
            sent += 1
        more = gauge.handled(1)
    producer.flush(_SECONDS)
    return sent
