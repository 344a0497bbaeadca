"""What another threshold would have done to the recent past."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.feedback.decision import INTERVAL
from floodline.feedback.evidence import Evidence
from floodline.feedback.review_estimates import Outlook, Reviewed, outlook

SHOWN = 20
"""Most events that are named of those gained or lost."""
_DAY = 24.0


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Events that one threshold alerts on and the other does not.

    Attributes:
        events: how many; each that was chosen for review counts for as many as it stands for.
        real: those of them that analysts call an anomaly.
        false: those that they do not; an event whose analysts differ is parted between both.
        unanswered: the rest.
        top: the highest scores of them, at most `SHOWN`, as indices of the events chosen.
    """

    events: float
    real: float
    false: float
    unanswered: float
    top: tuple[int, ...]


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """Two thresholds on the same past.

    Attributes:
        now: what the first gives.
        then: what the other gives.
        alerts_a_day_now: alerts in 24 hours at the first; None where no time was seen.
        alerts_a_day_then: the same at the other.
        gained: events that only the other alerts on.
        lost: events that only the first alerts on.
    """

    now: Outlook
    then: Outlook
    alerts_a_day_now: float | None
    alerts_a_day_then: float | None
    gained: Difference
    lost: Difference


def preview(
    evidence: Evidence, now: float, then: float, *, confidence: float = INTERVAL
) -> Preview:
    """What changes if the threshold moves from `now` to `then`, on what was seen.

    An event is an alert if its score is at least the threshold. Below the thresholds that were in
    force only samples were seen, so events there are counted by their weights (`Reviewed.weights`,
    and `Reviewed.counting` where they are not real): a gain of 40 may stand on one sample. The
    intervals of `then` say how much that is worth.

    Args:
        evidence: the past to look at; `Evidence.since` cuts it.
        now: the threshold in force.
        then: the one to compare with it.
        confidence: of the intervals, both sides together.

    Raises:
        ValueError: a threshold is no number.
    """
    if not (np.isfinite(now) and np.isfinite(then)):
        raise ValueError(f"thresholds are finite numbers, not {now} and {then}")
    reviewed = evidence.reviewed()
    before, after = reviewed.scores >= now, reviewed.scores >= then
    return Preview(
        now=outlook(reviewed, now, confidence),
        then=outlook(reviewed, then, confidence),
        alerts_a_day_now=_a_day(reviewed, before),
        alerts_a_day_then=_a_day(reviewed, after),
        gained=_difference(reviewed, after & ~before),
        lost=_difference(reviewed, before & ~after),
    )


def _a_day(reviewed: Reviewed, alerts: NDArray[np.bool_]) -> float | None:
    if not reviewed.hours > 0:
        return None
    return float(reviewed.counting[alerts].sum()) / reviewed.hours * _DAY


def _difference(reviewed: Reviewed, which: NDArray[np.bool_]) -> Difference:
    items = np.flatnonzero(which)
    items = items[np.argsort(-reviewed.scores[items], kind="stable")]
    counting, anomaly = reviewed.counting[items], reviewed.anomaly[items]
    answered = ~np.isnan(anomaly)
    share = np.where(answered, anomaly, 0.0)
    real = float((reviewed.weights[items] * share).sum())
    false = float((counting * (1 - share) * answered).sum())
    unanswered = float(counting[~answered].sum())
    return Difference(
        events=real + false + unanswered,
        real=real,
        false=false,
        unanswered=unanswered,
        top=tuple(int(item) for item in items[:SHOWN]),
    )
