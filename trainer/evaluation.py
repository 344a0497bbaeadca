"""What a model's scores are worth against the labels."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

from floodline.storage.labelled_alerts import EventLabel
from trainer.training import Place, Sample, Trained

Numbers = NDArray[np.float64]


class Case(msgspec.Struct, frozen=True):
    """A labelled event of the range.

    Attributes:
        real: whether most of its analysts call it an anomaly.
        score: the new model's, given before it learnt the event.
        published: the score that was published with the alert.
        held_out: whether it lies in the part that is kept for evaluation.
    """

    label: EventLabel
    sample: Sample
    real: bool
    score: float
    published: float
    held_out: bool


def cases(samples: Sequence[Sample], trained: Trained, labels: Sequence[EventLabel]) -> list[Case]:
    """The labelled events that the model scored when warm, in the order of the samples.

    Left out: events without a label (nobody knows what they are), and those whose analysts are
    split in half.
    """
    by_place: dict[Place, EventLabel] = {(each.partition, each.offset): each for each in labels}
    found = []
    for index, sample in enumerate(samples):
        label = by_place.get(sample.place)
        if label is None or not trained.warm[index]:
            continue
        anomaly = label.raised.anomaly
        if anomaly is None or anomaly == 0.5:  # split in half
            continue
        found.append(
            Case(
                label,
                sample,
                anomaly > 0.5,
                float(trained.scores[index]),
                label.raised.score,
                index >= trained.split,
            )
        )
    return found


def truth(chosen: Sequence[Case]) -> NDArray[np.bool_]:
    """Whether each case is real."""
    return np.array([case.real for case in chosen], dtype=bool)


def new_scores(chosen: Sequence[Case]) -> Numbers:
    """The new model's score of each case."""
    return np.array([case.score for case in chosen], dtype=np.float64)


def published_scores(chosen: Sequence[Case]) -> Numbers:
    """The score that was published with each case's alert."""
    return np.array([case.published for case in chosen], dtype=np.float64)


def average_precision(real: NDArray[np.bool_], scores: Numbers) -> float | None:
    """Area under the precision-recall curve; None where the labels are all alike."""
    if real.all() or not real.any():
        return None
    return float(average_precision_score(real, scores))


def metrics(real: NDArray[np.bool_], scores: Numbers, threshold: float | None) -> dict[str, float]:
    """Numbers on labelled events; those that need both kinds are left out where one is missing.

    `pr_auc`, `roc_auc`, `brier` (of the raw score, which is no probability), and at the threshold
    `precision`, `recall` (share of the labelled real ones, not of all there are) and `f1`.
    """
    found: dict[str, float] = {"labels": float(real.size), "real": float(real.sum())}
    if real.size == 0:
        return found
    found["brier"] = float(brier_score_loss(real, np.clip(scores, 0, 1), pos_label=True))
    if real.any() and not real.all():
        found["pr_auc"] = float(average_precision_score(real, scores))
        found["roc_auc"] = float(roc_auc_score(real, scores))
    if threshold is not None:
        said = scores >= threshold
        found["precision"] = float(precision_score(real, said, zero_division=0))
        found["recall"] = float(recall_score(real, said, zero_division=0))
        found["f1"] = float(f1_score(real, said, zero_division=0))
    return found


def score_statistics(scores: Numbers, threshold: float | None) -> dict[str, float]:
    """Smallest, largest, mean and median score of all events, and the share of alerts."""
    if scores.size == 0:
        return {"events": 0.0}
    found = {
        "events": float(scores.size),
        "score_min": float(scores.min()),
        "score_max": float(scores.max()),
        "score_mean": float(scores.mean()),
        "score_median": float(np.median(scores)),
    }
    if threshold is not None:
        found["alerts_share"] = float((scores >= threshold).mean())
    return found
