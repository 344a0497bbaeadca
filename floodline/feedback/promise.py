"""Whether what a policy promised holds on the alerts that came since."""

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.feedback.anytime_bounds import Bounds, rate_per_hour, share_over_strata
from floodline.feedback.evidence import Evidence
from floodline.feedback.policies import AlertBudget, Fixed, LeastCost, Policy, PrecisionTarget
from floodline.feedback.spoken_rate import spoken_rate
from floodline.feedback.verdict_drift import Drift, verdict_drift

Numbers = NDArray[np.float64]

STRATA = 3
"""Parts by score of the alerts; more follow the mix closer, and are later sure."""
FIRST = 30
"""Oldest alerts, whose scores part them: before these, it is too early."""
LEAST = 20
"""Fewest answers that are looked at."""
PROMPT = 0.9
"""Share of the answers that come within the usual delay."""


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """A look at a promise.

    Attributes:
        state: `broken`: surely not kept; `holds`: nothing speaks surely against it; `too_early`:
            there is too little to tell.
        precision: of the alerts since, if the promise is about that.
        alerts_per_hour: how many came an hour, if it is about that.
        alerts: raised since.
        due: those of them that are older than the usual delay.
        answers: those of the due ones with an answer.
        delay: hours in which most answers come; None without any.
        drift: differences in verdicts on alike scores; they shake what answers say of the promise.
        reason: in plain words.
    """

    state: Literal["holds", "broken", "too_early"]
    precision: Bounds
    alerts_per_hour: Bounds | None
    alerts: int
    due: int
    answers: int
    delay: float | None
    drift: tuple[Drift, ...]
    reason: str


def usual_delay(evidence: Evidence) -> float | None:
    """Hours from an event to its answer that nine of ten answers take at most; None without any.

    It is to be taken over more time than the release in force: of recent events only the quick
    answers are there yet.
    """
    answers = evidence.answers
    if not answers.items.size:
        return None
    return float(np.quantile(evidence.chosen.ages[answers.items] - answers.ages, PROMPT))


def watch(
    since: Evidence, policy: Policy, confidence: float, *, hours: float, delay: float | None
) -> Watch | None:
    """Test on live alerts whether the promise holds; may be done at any time, any number of times.

    What decided on the threshold is not looked at again: only alerts raised since it took effect.
    They are parted by score into three strata, at the thirds of the first thirty, since analysts
    take the top first: precision is the sum of the strata's shares of all alerts, times their
    unknown shares of real ones. `share_over_strata` gives the interval, `rate_per_hour` that of a
    budget; both hold at all looks at once. So a promise that is kept is called broken, ever, with a
    chance of at most 1 - confidence for each release.

    Alerts younger than the usual delay are counted, but not their answers: what is quickly answered
    may be what is easily confirmed.

    It assumes that, within a stratum, answered alerts are as often real as the others; where
    analysts take the top first within it too, precision is overrated, and a broken promise found
    late. It fails where verdicts drift, and says so where they do.

    Args:
        since: what was chosen and said under the releases with the threshold in force.
        policy: what it must hold.
        confidence: that a promise that is kept is never called broken.
        hours: how long the threshold has been in force, above 0.
        delay: the usual delay in hours; None: no answer is known to be late.

    Returns:
        None where the policy promises nothing that could be tested: a least cost, a fixed one.
    """
    if isinstance(policy, LeastCost | Fixed):
        return None
    alerted = since.chosen.scores >= since.chosen.thresholds
    due = alerted & (since.chosen.ages >= (0.0 if delay is None else delay))
    anomaly = since.reviewed().anomaly
    answered = due & ~np.isnan(anomaly)
    seen = _Seen(int(alerted.sum()), int(due.sum()), int(answered.sum()))
    rate = None
    if isinstance(policy, AlertBudget):
        confidence = (1 + confidence) / 2  # of each of two promises, so that both hold
        rate = rate_per_hour(seen.alerts, hours, policy.per_hour, confidence)
    precision = _precision(since, anomaly, alerted, answered, confidence)
    state, reason = _judged(policy, precision, rate, seen)
    drift = verdict_drift(since)
    if drift:
        reason += "; but " + ", and ".join(str(found) for found in drift)
    return Watch(
        state=state,
        precision=precision,
        alerts_per_hour=rate,
        alerts=seen.alerts,
        due=seen.due,
        answers=seen.answers,
        delay=delay,
        drift=drift,
        reason=reason,
    )


class _Seen(msgspec.Struct, frozen=True):
    alerts: int
    due: int
    answers: int


def _precision(
    since: Evidence,
    anomaly: Numbers,
    alerted: NDArray[np.bool_],
    answered: NDArray[np.bool_],
    confidence: float,
) -> Bounds:
    alerts = np.flatnonzero(alerted)
    if alerts.size < FIRST:
        return Bounds(None, 0.0, 1.0)
    oldest = alerts[np.argsort(-since.chosen.ages[alerts], kind="stable")[:FIRST]]
    edges = np.quantile(since.chosen.scores[oldest], np.arange(1, STRATA) / STRATA)
    strata = np.searchsorted(edges, since.chosen.scores, side="right")
    shares = np.bincount(strata[alerted], minlength=STRATA) / alerts.size
    real = np.where(answered, anomaly, 0.0)
    hits, misses = (
        np.bincount(strata, each, minlength=STRATA).astype(np.float64)
        for each in (real, answered - real)
    )
    return share_over_strata(hits, misses, shares, confidence)


def _judged(
    policy: PrecisionTarget | AlertBudget, precision: Bounds, rate: Bounds | None, seen: _Seen
) -> tuple[Literal["holds", "broken", "too_early"], str]:
    told = f"{seen.answers} of {seen.due} alerts that had time for it are answered"
    if isinstance(policy, AlertBudget) and rate is not None and rate.lower > policy.per_hour:
        hourly = "" if rate.value is None else f"{spoken_rate(rate.value)} an hour, "
        return "broken", (
            f"{seen.alerts} alerts since: {hourly}surely over {spoken_rate(rate.lower)}, "
            f"not at most {policy.per_hour:g}"
        )
    if seen.alerts < FIRST:
        return "too_early", f"{seen.alerts} alerts since; a look needs {FIRST}"
    if seen.answers < LEAST or precision.value is None:
        return "too_early", f"{told}; a look needs {LEAST}"
    target = policy.at_least if isinstance(policy, PrecisionTarget) else policy.precision
    interval = f"{precision.value:.0%} real ({precision.lower:.0%} to {precision.upper:.0%})"
    if precision.upper < target:
        return "broken", f"{told}: {interval}, surely not at least {target:.0%}"
    sure = "surely at least" if precision.lower >= target else "which does not rule out"
    return "holds", f"{told}: {interval}, {sure} {target:.0%}"
