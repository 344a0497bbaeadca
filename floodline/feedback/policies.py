"""What a threshold must hold, and where that puts it."""

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.feedback.review_estimates import Reviewed, ReviewEstimates

Numbers = NDArray[np.float64]

CANDIDATES = 200
"""Thresholds that a policy looks at, besides the one in force."""
LENIENCE = 2.0
"""A threshold in force is left upwards where its doubt is so many times what lets one be chosen."""
LARGEST = 1e12
"""Largest alerts an hour, and costs, that a policy may name."""
_NOTHING = 1e-3
"""A sure precision below this is none."""


class PrecisionTarget(
    msgspec.Struct, frozen=True, kw_only=True, tag="precision", forbid_unknown_fields=True
):
    """At least this share of the alerts is real."""

    at_least: float

    def __post_init__(self) -> None:
        _between("at_least", self.at_least)

    def __str__(self) -> str:
        return f"at least {100 * self.at_least:.4g}% of the alerts real"


class AlertBudget(
    msgspec.Struct, frozen=True, kw_only=True, tag="budget", forbid_unknown_fields=True
):
    """At most so many alerts an hour, and at least this share of them real.

    A quota alone would emit the quota on a quiet day, so it is a cap beside a share of real ones.
    """

    per_hour: float
    precision: float

    def __post_init__(self) -> None:
        _between("precision", self.precision)
        _amount("per_hour", self.per_hour)

    def __str__(self) -> str:
        return (
            f"at most {self.per_hour:g} alerts an hour, "
            f"at least {100 * self.precision:.4g}% of them real"
        )


class LeastCost(msgspec.Struct, frozen=True, kw_only=True, tag="cost", forbid_unknown_fields=True):
    """The least expected cost of what is missed and of what is raised for nothing."""

    miss: float
    false_alarm: float

    def __post_init__(self) -> None:
        _amount("miss", self.miss)
        _amount("false_alarm", self.false_alarm)

    def __str__(self) -> str:
        return f"the least cost, {self.miss:g} a miss and {self.false_alarm:g} a false alarm"


class Fixed(msgspec.Struct, frozen=True, kw_only=True, tag="fixed", forbid_unknown_fields=True):
    """Where a person put it; labels move nothing."""

    def __str__(self) -> str:
        return "where a person puts it"


Policy = PrecisionTarget | AlertBudget | LeastCost | Fixed


def _between(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{name} lies between 0 and 1, not {value}")


def _amount(name: str, value: float) -> None:
    if not 0 < value <= LARGEST:
        raise ValueError(f"{name} is a positive number up to {LARGEST:g}, not {value}")


Ground = Literal[
    "fixed",
    "surely",
    "nearly",
    "may",
    "surest",
    "fewer",
    "cheapest",
    "none_cheaper",
    "over_budget",
    "nothing_real",
    "unanswered",
]
"""What speaks for an aim.

`surely`: the lowest that surely keeps the promise; `nearly`: the one in force, whose doubt is small
enough to leave it; `may`: the one in force may keep it, and none surely does; `surest`: none does,
and this has the highest sure precision; `fewer`: no precision is sure, and this is the lowest with
few enough alerts, which the one in force has not; `cheapest`: it surely costs less than the one in
force; `none_cheaper`: none does. Without an aim: `over_budget`: even the highest score is too often
reached; `nothing_real`: no precision is sure; `unanswered`: there is no answer.
"""


class Aim(msgspec.Struct, frozen=True, kw_only=True):
    """Where a policy would put the threshold, guard rails aside.

    Attributes:
        score: the threshold; None where nothing speaks for any.
        kept: whether the promise surely holds there, with the stated confidence.
        ground: what speaks for it.
        costs: what it and the one in force cost an hour, where it is the `cheapest`.
    """

    score: float | None
    kept: bool
    ground: Ground
    costs: tuple[float, float] | None = None


def aim(reviewed: Reviewed, threshold: float, policy: Policy, confidence: float) -> Aim:
    """The threshold that the policy asks for, by what was reviewed.

    A precision target or budget holds at a candidate where the bound that must meet it does, with
    `confidence` on that one side. It also holds where it would if every event between the candidate
    and a higher one were false: so there is a way down into scores that nobody has labelled yet,
    and the promise does not depend on luck there. The walk begins at the candidate that holds it
    best and goes down while each one holds: the lowest of them is the aim. The first that fails
    ends the walk, so that the lowest of many lucky bounds is not what decides. Where none holds,
    nothing is `kept`: the aim is the threshold in force if it may hold, else the higher one with
    the best bound; where no precision is sure, a budget still asks for the lowest that has few
    enough alerts.

    The threshold in force is not left upwards for a doubt of up to `LENIENCE` times the one that it
    was chosen by, so that it does not tremble with every answer.

    `LeastCost` takes the cheapest candidate, and leaves the threshold where it is as long as the
    difference could be chance. `Fixed` has no aim but the threshold in force.

    It fails as `ReviewEstimates` does; and as the walk's beginning is chosen by the same answers,
    and each new answer is another look, the confidence is a little worn: `bench threshold` measures
    by how much.

    Args:
        reviewed: what was chosen for review, and what was said of it.
        threshold: the one in force.
        policy: what must hold.
        confidence: one-sided, in (0.5, 1).

    Source of the walk: Angelopoulos, Bates, Candès, Jordan, Lei, "Learn then test: calibrating
    predictive algorithms to achieve risk control", 2021, section 2.3 (fixed sequence testing).
    """
    if isinstance(policy, Fixed):
        return Aim(score=threshold, kept=True, ground="fixed")
    points = _candidates(reviewed, threshold)
    estimates = ReviewEstimates(reviewed, 2 * confidence - 1)
    if isinstance(policy, LeastCost):
        return _cheapest(estimates, points, threshold, policy)
    doubt = _doubt(estimates, points, policy)
    best = int(np.argmin(doubt))
    for anchor in (best, int(np.searchsorted(points, threshold))):
        doubt[:anchor] = np.minimum(doubt[:anchor], _blind(estimates, points, anchor, policy))
    if doubt[best] > 1 - confidence:
        return _nearest(estimates, points, threshold, policy)
    failing = np.flatnonzero(doubt[:best] > 1 - confidence)
    lowest = int(failing[-1]) + 1 if failing.size else 0
    here = int(np.searchsorted(points, threshold))
    if lowest > here and doubt[here] <= LENIENCE * (1 - confidence):
        return Aim(score=threshold, kept=False, ground="nearly")
    return Aim(score=float(points[lowest]), kept=True, ground="surely")


def _candidates(reviewed: Reviewed, threshold: float) -> Numbers:
    """Scores that were chosen, thinned out evenly, and the threshold in force; ascending."""
    scores = np.unique(reviewed.scores)
    if scores.size > CANDIDATES:
        scores = scores[np.linspace(0, scores.size - 1, CANDIDATES).round().astype(np.int64)]
    return np.union1d(scores, threshold)


def _doubt(
    estimates: ReviewEstimates, points: Numbers, policy: PrecisionTarget | AlertBudget
) -> Numbers:
    """How far the answers speak against the policy at each threshold: p-values."""
    if isinstance(policy, PrecisionTarget):
        return estimates.precision_at_most(points, policy.at_least)
    few = estimates.precision_at_most(points, policy.precision)
    return _also_too_many(estimates, points, policy, few)


def _also_too_many(
    estimates: ReviewEstimates, points: Numbers, policy: AlertBudget, few: Numbers
) -> Numbers:
    """Both must hold, so each is tested at the full level; of no stretch of time none is known."""
    many = 1 - estimates.rate_at_most(points, policy.per_hour)
    return np.maximum(few, np.where(np.isnan(many), 1.0, many))


def _nearest(
    estimates: ReviewEstimates,
    points: Numbers,
    threshold: float,
    policy: PrecisionTarget | AlertBudget,
) -> Aim:
    """Where none surely holds: here, if this may hold, or the highest sure precision from here up.

    Little is known where few have an answer, and a bound says so: ignorance attracts nothing.
    """
    higher = points[np.searchsorted(points, threshold) :]
    precision, target = estimates.precision(higher), _precision_of(policy)
    may_hold, merit = precision.value >= target, precision.lower
    within = np.ones(higher.shape, np.bool_)
    if isinstance(policy, AlertBudget):
        within = ~(estimates.alerts_per_hour(higher).value > policy.per_hour)
        may_hold, merit = may_hold & within, np.where(within, merit, 0.0)
    nothing: Ground = "nothing_real" if within.any() else "over_budget"
    if may_hold[0]:
        return Aim(score=threshold, kept=False, ground="may")
    best = int(np.argmax(merit))
    if merit[best] > _NOTHING:
        return Aim(score=float(higher[best]), kept=False, ground="surest")
    if nothing == "nothing_real" and not within[0]:
        return Aim(score=float(higher[np.argmax(within)]), kept=False, ground="fewer")
    return Aim(score=None, kept=False, ground=nothing)


def _precision_of(policy: PrecisionTarget | AlertBudget) -> float:
    return policy.at_least if isinstance(policy, PrecisionTarget) else policy.precision


def _blind(
    estimates: ReviewEstimates, points: Numbers, anchor: int, policy: PrecisionTarget | AlertBudget
) -> Numbers:
    """The same at the points below an anchor, if all that lies between were false."""
    target = _precision_of(policy)
    few = estimates.precision_at_most(points[:anchor], target, all_false_below=points[anchor])
    if isinstance(policy, PrecisionTarget):
        return few
    return _also_too_many(estimates, points[:anchor], policy, few)


def _cheapest(
    estimates: ReviewEstimates, points: Numbers, threshold: float, policy: LeastCost
) -> Aim:
    if estimates.answers == 0:
        return Aim(score=None, kept=False, ground="unanswered")
    cost = estimates.cost_per_hour(points, miss=policy.miss, false_alarm=policy.false_alarm)
    here = int(np.searchsorted(points, threshold))
    best = int(np.nanargmin(cost.value)) if np.isfinite(cost.value).any() else here
    if not cost.value[best] < cost.lower[here]:
        return Aim(score=threshold, kept=True, ground="none_cheaper")
    costs = float(cost.value[best]), float(cost.value[here])
    return Aim(score=float(points[best]), kept=True, ground="cheapest", costs=costs)
