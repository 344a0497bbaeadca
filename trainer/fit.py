"""The threshold that goes with a retrained model."""

from collections.abc import Sequence

import msgspec

from floodline.detection.scorer import ThresholdRule
from floodline.feedback.estimates import RaisedAlert
from floodline.feedback.threshold import PrecisionPolicy, recalibrated_threshold
from floodline.storage.labelled_alerts import EventLabel
from trainer.training import Sample, Trained


def fitted_rule(
    rule: ThresholdRule,
    policy: PrecisionPolicy,
    samples: Sequence[Sample],
    trained: Trained,
    labels: Sequence[EventLabel],
) -> tuple[ThresholdRule, str]:
    """The rule in force, or the policy's answer on the alerts as the new model scored them; why.

    A forest with the same parameters and seed gives comparable scores, so the rule stays unless the
    labels, with the new scores, move it under the policy's own guard rails. Only events that were
    alerts have labels: what the new model alone would alert on has none.
    """
    index = {sample.place: number for number, sample in enumerate(samples)}
    rescored = []
    for each in labels:
        at = index.get((each.partition, each.offset))
        if at is not None and trained.warm[at]:
            rescored.append(_rescored(each.raised, float(trained.scores[at])))
    decision = recalibrated_threshold(rescored, rule.score, None, policy)
    if decision.outcome == "held":
        return rule, f"kept: {decision.reason}"
    return ThresholdRule(score=decision.threshold_after), decision.reason


def _rescored(raised: RaisedAlert, score: float) -> RaisedAlert:
    """The alert as if the new model had raised it, under the threshold that showed it."""
    return msgspec.structs.replace(raised, score=score, threshold=min(raised.threshold, score))
