"""The threshold that goes with a retrained model."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.detection.threshold_rule import ThresholdRule
from floodline.storage.labelled_alerts import EventLabel, RaisedAlert
from trainer.training import Place, Sample, Trained

LEAST_ALERTS = 20
"""Alerts that a comparison of the two models' scores needs."""


class Scale(msgspec.Struct, frozen=True):
    """A threshold of the old model and the one of the new model that alerts as often.

    Others follow in proportion of their gap to 1: 1 - new = (1 - old) * (1 - after) / (1 - before).
    """

    before: float
    after: float
    alerts: int

    def of(self, threshold: float) -> float:
        """A threshold of the old model on the new one's scale."""
        gap = (1 - threshold) * (1 - self.after) / max(1 - self.before, 1e-12)
        return min(max(1 - gap, 0.0), 1.0)


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """The rule for the new model and why; None where nothing says what it should be.

    `before` is the rule in force that it was fitted to.
    """

    before: ThresholdRule
    rule: ThresholdRule | None
    scale: Scale | None
    reason: str

    def following(self, in_force: ThresholdRule) -> ThresholdRule | None:
        """The rule for the new model where another has come into force meanwhile."""
        if in_force == self.before or in_force.score is None:
            return self.rule if in_force == self.before else in_force
        return ThresholdRule(score=self.scale.of(in_force.score)) if self.scale else None


def fitted_rule(
    rule: ThresholdRule,
    samples: Sequence[Sample],
    trained: Trained,
    labels: Sequence[EventLabel],
) -> Fit:
    """The threshold in force, carried over to the new model's scores.

    A score means something else under another model, even with the same parameters and seed: its
    ranges and masses come from other events. So the threshold becomes the one that gives as many
    alerts on the same events. Labels do not move it here: which events the new model alone would
    alert on has no answer yet, so the recalibrations judge it by what it then shows. A rarity rule
    carries over as it is.

    Args:
        rule: the rule in force.
        samples: the range.
        trained: the new model and its scores of the samples.
        labels: every alert of the model in force, labelled or not.
    """
    if rule.score is None:
        said = "a rarity means the same under each model"
        return Fit(before=rule, rule=rule, scale=None, reason=said)
    scale = _scale(rule.score, samples, trained, _shown(samples, trained, labels))
    if scale is None:
        said = (
            f"fewer than {LEAST_ALERTS} alerts of the model in force lie in the range: its "
            "threshold cannot be carried over to the new model's scores"
        )
        return Fit(before=rule, rule=None, scale=None, reason=said)
    start = scale.of(rule.score)
    said = (
        f"{rule.score:.4f} of the model in force is {start:.4f} of the new one: as many of the "
        f"same events score as high ({scale.alerts} alerts)"
    )
    return Fit(before=rule, rule=ThresholdRule(score=start), scale=scale, reason=said)


class _Shown(msgspec.Struct, frozen=True):
    index: int
    raised: RaisedAlert


def _shown(
    samples: Sequence[Sample], trained: Trained, labels: Sequence[EventLabel]
) -> list[_Shown]:
    """The alerts that the new model scored warm, in the order of the samples."""
    index: dict[Place, int] = {sample.place: number for number, sample in enumerate(samples)}
    found = []
    for each in labels:
        at = index.get((each.partition, each.offset))
        if at is not None and trained.warm[at]:
            found.append(_Shown(at, each.raised))
    return sorted(found, key=lambda each: each.index)


def _scale(
    threshold: float, samples: Sequence[Sample], trained: Trained, alerts: Sequence[_Shown]
) -> Scale | None:
    """Compare at the threshold in force or, where too few events were watched at it, above it.

    At a threshold t only events count that came after the last alert under a higher threshold: of
    those every one at or above t was an alert. The held-out part goes first, as it is the newest.
    """
    higher = {each.raised.threshold for each in alerts if each.raised.threshold > threshold}
    for level in (threshold, *sorted(higher)):
        watched = _watched(level, samples, alerts) & trained.warm
        for first in (trained.split, 0):
            inside = watched & (np.arange(len(samples)) >= first)
            count = sum(1 for each in alerts if inside[each.index] and each.raised.score >= level)
            if count >= LEAST_ALERTS:
                after = np.sort(trained.scores[inside])[-count]
                return Scale(level, float(after), count)
    return None


def _watched(
    level: float, samples: Sequence[Sample], alerts: Sequence[_Shown]
) -> NDArray[np.bool_]:
    """The samples that came, in their partition, after the last alert above this level."""
    last: dict[int, int] = {}
    for each in alerts:
        if each.raised.threshold > level:
            partition, offset = samples[each.index].place
            last[partition] = max(offset, last.get(partition, -1))
    places = (sample.place for sample in samples)
    return np.array([offset > last.get(partition, -1) for partition, offset in places], dtype=bool)
