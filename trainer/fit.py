"""The threshold that goes with a retrained model."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.detection.threshold_rule import ThresholdRule
from floodline.feedback.estimates import RaisedAlert
from floodline.feedback.threshold import PrecisionPolicy, recalibrated_threshold
from floodline.storage.labelled_alerts import EventLabel
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
    policy: PrecisionPolicy,
    label_window: int,
    samples: Sequence[Sample],
    trained: Trained,
    labels: Sequence[EventLabel],
) -> Fit:
    """The threshold in force, carried over to the new model's scores; then the policy's answer.

    A score means something else under another model, even with the same parameters and seed: its
    ranges and masses come from other events. So the threshold becomes the one that gives as many
    alerts on the same events, and the policy looks at the labelled alerts as the new model scores
    them. A rarity rule carries over as it is.

    Only events that were alerts have labels: what the new model alone would alert on has none.

    Args:
        rule: the rule in force.
        policy: the threshold's policy.
        label_window: newest labelled alerts that the policy looks at.
        samples: the range.
        trained: the new model and its scores of the samples.
        labels: every alert of the model in force, labelled or not.
    """
    alerts = _rescored(samples, trained, labels)
    if rule.score is None:
        said = "a rarity means the same under each model"
        return Fit(before=rule, rule=rule, scale=None, reason=said)
    scale = _scale(rule.score, samples, trained, alerts)
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
    recent = [each.on(scale) for each in _newest(alerts, label_window)]
    decision = recalibrated_threshold(recent, start, None, policy)
    if decision.outcome == "held":
        return Fit(before=rule, rule=ThresholdRule(score=start), scale=scale, reason=said)
    after = ThresholdRule(score=decision.threshold_after)
    return Fit(before=rule, rule=after, scale=scale, reason=f"{said}; {decision.reason}")


class _Rescored(msgspec.Struct, frozen=True):
    index: int
    raised: RaisedAlert
    score: float

    def on(self, scale: Scale) -> RaisedAlert:
        """The alert as if the new model had raised it, under the threshold that showed it."""
        threshold = min(scale.of(self.raised.threshold), self.score)
        return msgspec.structs.replace(self.raised, score=self.score, threshold=threshold)


def _rescored(
    samples: Sequence[Sample], trained: Trained, labels: Sequence[EventLabel]
) -> list[_Rescored]:
    """The alerts that the new model scored warm, in the order of the samples."""
    index: dict[Place, int] = {sample.place: number for number, sample in enumerate(samples)}
    found = []
    for each in labels:
        at = index.get((each.partition, each.offset))
        if at is not None and trained.warm[at]:
            found.append(_Rescored(at, each.raised, float(trained.scores[at])))
    return sorted(found, key=lambda each: each.index)


def _newest(alerts: Sequence[_Rescored], label_window: int) -> Sequence[_Rescored]:
    labelled = [position for position, each in enumerate(alerts) if each.raised.anomaly is not None]
    return alerts[labelled[-label_window] :] if len(labelled) > label_window else alerts


def _scale(
    threshold: float, samples: Sequence[Sample], trained: Trained, alerts: Sequence[_Rescored]
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
    level: float, samples: Sequence[Sample], alerts: Sequence[_Rescored]
) -> NDArray[np.bool_]:
    """The samples that came, in their partition, after the last alert above this level."""
    last: dict[int, int] = {}
    for each in alerts:
        if each.raised.threshold > level:
            partition, offset = samples[each.index].place
            last[partition] = max(offset, last.get(partition, -1))
    places = (sample.place for sample in samples)
    return np.array([offset > last.get(partition, -1) for partition, offset in places], dtype=bool)
