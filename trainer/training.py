"""A fresh model over a range of events, and the scores that it would have published."""

from collections.abc import Sequence, Set

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.detection.scorer import Scorer
from floodline.detection.threshold_rule import ThresholdRule
from floodline.errors import InvalidEvent
from floodline.events.decoding import Schema, decode_event
from trainer.ports import Record

Place = tuple[int, int]
"""Partition and offset of an event."""

_NO_ALERTS = ThresholdRule(score=1.0)


class Sample(msgspec.Struct, frozen=True):
    """A decoded event and its place."""

    place: Place
    timestamp: int
    features: dict[str, float]


class Trained(msgspec.Struct, frozen=True):
    """A trained model and its scores.

    Attributes:
        state: the scorer after the whole range, as data.
        scores: one a sample, each given before the sample was learnt; shape (samples,).
        warm: whether the model had learnt enough for the score to mean anything; same shape.
        split: index of the first held-out sample.
    """

    state: bytes
    scores: NDArray[np.float64]
    warm: NDArray[np.bool_]
    split: int


def decoded(records: Sequence[Record], schema: Schema) -> tuple[list[Sample], int]:
    """The records that are events, in their order, and how many are not."""
    samples = []
    for record in records:
        try:
            event = decode_event(record.value, schema)
        except InvalidEvent:
            continue
        place = (record.partition, record.offset)
        samples.append(Sample(place, record.timestamp, event.features))
    return samples, len(records) - len(samples)


def train(
    samples: Sequence[Sample],
    scorer: Scorer,
    anomalies: Set[Place],
    held_out: float,
) -> Trained:
    """Train `scorer`, which has seen nothing, over the samples in order.

    Events at `anomalies` are scored and not learnt. The last `held_out` share is scored by the
    model as it would have gone on alone: there every event is learnt, since no label was known when
    it came. So a label never helps to score the events that judge it. The model that is kept comes
    from a second pass over that part, with its labels.
    """
    split = len(samples) - int(len(samples) * held_out)
    first, warm_first = _scored(scorer, samples[:split], anomalies)
    alone = Scorer.from_state(scorer.to_state())
    later, warm_later = _scored(alone, samples[split:], frozenset())
    _scored(scorer, samples[split:], anomalies)
    return Trained(
        scorer.to_state(),
        np.array(first + later, dtype=np.float64),
        np.array(warm_first + warm_later, dtype=bool),
        split,
    )


def _scored(
    scorer: Scorer, samples: Sequence[Sample], anomalies: Set[Place]
) -> tuple[list[float], list[bool]]:
    scores, warm = [], []
    for sample in samples:
        found = scorer.step(sample.features, _NO_ALERTS, learn=sample.place not in anomalies)
        scores.append(found.score)
        warm.append(not found.warming_up)
    return scores, warm
