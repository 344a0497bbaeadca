"""Where the threshold goes next, from the labels so far."""

from collections.abc import Sequence
from statistics import median
from typing import Literal

import msgspec
import numpy as np

from floodline.feedback.estimates import Precision, PrecisionCurve, RaisedAlert

SMALLEST_STEP = 0.02
"""Least part of the gap between threshold and 1 that is worth a move down."""


class PrecisionPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What the threshold must hold, and how far one move may go.

    Attributes:
        target_precision: share of alerts that should be real.
        confidence: of the bounds that decide.
        min_labels: labels that a move needs, and that it needs anew after each move.
        largest_step: most that one move changes the gap between threshold and 1, as a share of it.
    """

    target_precision: float
    confidence: float
    min_labels: int
    largest_step: float


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A look at the labels: move the threshold or hold it, and why.

    Attributes:
        threshold_before: under a rarity rule, what stands in for it; None without labels.
        threshold_after: the threshold to release; of no meaning where the outcome is `held`.
        before: precision at the threshold before, as the labels tell.
        after: the same at the threshold after; few or no labels after a step into the unknown.
        labels: labelled alerts that were looked at.
        reason: in plain words, for the release, the console and the log.
    """

    outcome: Literal["moved", "held"]
    threshold_before: float | None
    threshold_after: float | None
    before: Precision
    after: Precision
    labels: int
    reason: str


def recalibrated_threshold(
    alerts: Sequence[RaisedAlert],
    threshold: float | None,
    release: int | None,
    policy: PrecisionPolicy,
) -> Decision:
    """Move the threshold towards the target precision, or hold it.

    Up, when fewer than the target are real: to the lowest threshold whose lower bound meets the
    target; where none does, to the one with the best bound. Down, when the lower bound meets the
    target: the further, the more room there is, but not to where labels of older alerts show (or
    cannot rule out) too few real ones. In between (share at or above the target, bound below) it
    holds: that gap is the hysteresis, and it narrows as labels come.

    Guard rails: no move without `min_labels` labels that tell about the threshold in force, nor
    without as many from the release in force, so that each move is judged before the next; no move
    beyond `largest_step`.

    It fails as `PrecisionCurve` does. It says nothing of recall: what no release alerted on has no
    label. A threshold so high that nothing alerts brings no labels, and stays.

    Args:
        alerts: recent alerts, the labelled ones in the order of their arrival.
        threshold: the score in force; None under a rarity rule, where the median of the thresholds
            that the newest `min_labels` labelled alerts were compared with stands in.
        release: the release that set the threshold in force; labels on its alerts and on those of
            later ones must number `min_labels`. None skips that.
        policy: the target and the guard rails.
    """
    labelled = [alert for alert in alerts if alert.anomaly is not None]
    if threshold is None and labelled:
        threshold = median(alert.threshold for alert in labelled[-policy.min_labels :])
    look = _Look(labelled, threshold, policy, PrecisionCurve(alerts, policy.confidence))
    missing = _too_few(look, release)
    if missing:
        return look.held(missing)
    before = look.curve.at(look.start)
    if before.share is not None and before.share < policy.target_precision:
        return _raised(look, before)
    if before.lower >= policy.target_precision:
        return _lowered(look, before)
    return look.held(f"{_said(before)}; {_unsure(before, policy)}")


class _Look(msgspec.Struct, frozen=True):
    labelled: list[RaisedAlert]
    threshold: float | None
    policy: PrecisionPolicy
    curve: PrecisionCurve

    @property
    def start(self) -> float:
        return 1.0 if self.threshold is None else self.threshold

    def held(self, reason: str) -> Decision:
        return self._decision("held", self.threshold, f"held: {reason}")

    def moved(self, after: float, reason: str) -> Decision:
        return self._decision("moved", after, reason)

    def _decision(
        self, outcome: Literal["moved", "held"], after: float | None, reason: str
    ) -> Decision:
        before = self.curve.at(self.start)
        return Decision(
            outcome=outcome,
            threshold_before=self.threshold,
            threshold_after=after,
            before=before,
            after=before if after is None else self.curve.at(after),
            labels=len(self.labelled),
            reason=reason,
        )


def _too_few(look: _Look, release: int | None) -> str | None:
    needed = look.policy.min_labels
    if len(look.labelled) < needed:
        return f"{len(look.labelled)} labels so far; a move needs {needed}"
    telling = look.curve.at(look.start).labels
    if telling < needed:
        return (
            f"{telling:.0f} labels tell about the threshold {look.start:.4f}; a move needs {needed}"
        )
    if release is None:
        return None
    fresh = sum(1 for alert in look.labelled if alert.release >= release)
    if fresh < needed:
        return f"{fresh} labels on alerts of release {release} so far; a move needs {needed}"
    return None


def _unsure(before: Precision, policy: PrecisionPolicy) -> str:
    if before.covered < policy.target_precision:
        return (
            f"but labels reach only {before.covered:.0%} of the alerts by score: label some of the "
            "others too"
        )
    return (
        f"the target of {policy.target_precision:.0%} is met, but surely only {before.lower:.0%}: "
        "more labels will tell"
    )


def _raised(look: _Look, before: Precision) -> Decision:
    policy = look.policy
    higher = look.curve.scores[look.curve.scores > look.start]
    _, bounds, _ = look.curve.bounds(higher)
    meeting = higher[bounds >= policy.target_precision]
    if meeting.size:
        aim, why = float(meeting[0]), "the lowest threshold that surely meets it"
    elif higher.size and bounds.max() > before.lower:
        aim, why = float(higher[bounds.argmax()]), "none surely meets it, this comes nearest"
    elif before.share == 0 and higher.size:
        aim, why = float(higher[-1]), "none was real at any; only the highest scores are kept"
    else:
        return look.held(
            f"{_said(before)}, target {policy.target_precision:.0%}, but no higher threshold does "
            "better by the labels: better scores are needed, not another threshold"
        )
    highest = 1 - (1 - look.start) * (1 - policy.largest_step)
    after = min(aim, highest)
    if after <= look.start:
        return look.held(f"{_said(before)}, but the threshold is as high as it goes")
    way = "" if after == aim else f"; one step on the way to {aim:.4f}"
    return look.moved(
        after,
        f"{_said(before)}, target {policy.target_precision:.0%}: raised from {look.start:.4f} to "
        f"{after:.4f} ({why}{way})",
    )


def _lowered(look: _Look, before: Precision) -> Decision:
    policy = look.policy
    room = (before.lower - policy.target_precision) / (1 - policy.target_precision)
    lowest = max(0.0, 1 - (1 - look.start) * (1 + policy.largest_step * room))
    after = _above_poor(look, lowest)
    if look.start - after < (1 - look.start) * SMALLEST_STEP:
        return look.held(
            f"{_said(before)}, target {policy.target_precision:.0%}: there is too little room, or "
            "alerts just below the threshold were too seldom real"
        )
    stop = "" if after == lowest else "; below that, alerts were too seldom real"
    return look.moved(
        after,
        f"{_said(before)}, surely {before.lower:.0%}, target {policy.target_precision:.0%}: "
        f"lowered from {look.start:.4f} to {after:.4f}{stop}",
    )


def _above_poor(look: _Look, lowest: float) -> float:
    """`lowest`, or the next labelled score above the highest threshold that labels speak against.

    They speak against one where its upper bound misses the target, or where `min_labels` of them
    tell about it and its lower bound does.
    """
    policy = look.policy
    scores = look.curve.scores
    points = np.append(lowest, scores[(scores >= lowest) & (scores < look.start)])
    labels, lower, upper = look.curve.bounds(points)
    unsure = (labels >= policy.min_labels) & (lower < policy.target_precision)
    poor = points[unsure | (upper < policy.target_precision)]
    if not poor.size:
        return lowest
    above = scores[scores > poor.max()]
    return min(float(above[0]), look.start) if above.size else look.start


def _said(precision: Precision) -> str:
    share = 0.0 if precision.share is None else precision.share
    return f"of {precision.labels:.0f} labelled alerts {share:.0%} were real"
