"""How many of the alerts at a threshold are real, as far as labels tell."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

Numbers = NDArray[np.float64]
STRATA = 5
"""Parts by score, with equally many alerts each, in which the share of labelled ones is taken."""


class RaisedAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert and what its analysts say of it now.

    Attributes:
        score: as it was published, never recomputed.
        threshold: what the score was compared with; at most `score`.
        release: the release that alerted.
        anomaly: share in [0, 1] of the analysts who call it an anomaly, among those whose answer
            counts; 1 or 0 where they agree; None where there is no such answer yet.
    """

    score: float
    threshold: float
    release: int
    anomaly: float | None


class Precision(msgspec.Struct, frozen=True, kw_only=True):
    """Share of real alerts at a threshold, with one-sided bounds.

    Attributes:
        labels: labelled alerts that tell about the threshold, by agreement.
        covered: share of the alerts at the threshold that lie in a stratum with labels.
        share: the real ones among the covered; None without labels.
        lower: at least this among all, with the stated confidence; 0 without labels.
        upper: at most this among all, with the stated confidence; 1 without labels.
    """

    labels: float
    covered: float
    share: float | None
    lower: float
    upper: float


def lower_bound(successes: Numbers, trials: Numbers, confidence: float) -> Numbers:
    """The one-sided Clopper-Pearson lower bound of a share.

    The bound L solves P(X >= successes | trials, L) = 1 - confidence: a share below L would have
    given so many successes with a chance of at most 1 - confidence. In closed form it is the
    (1 - confidence) quantile of Beta(successes, trials - successes + 1); 0 where successes is 0.

    It holds at every count: its coverage is at least `confidence`, and more at small ones (never
    too bold, a little shy). Fractional counts, which weights make, interpolate.

    It fails where trials are not independent: one incident of fifty alerts counts as fifty. It
    holds for one look at one threshold: the lowest of many that passes is a little too bold.

    Source: Clopper, Pearson, "The use of confidence or fiducial limits illustrated in the case of
    the binomial", Biometrika 26, 1934.

    >>> float(lower_bound(np.array([10.0]), np.array([10.0]), 0.8)[0].round(4))
    0.8513
    """
    failures = np.maximum(trials - successes, 0.0)
    bound = betaincinv(np.maximum(successes, 1e-9), failures + 1.0, 1.0 - confidence)
    return np.where(successes > 0, bound, 0.0)


def upper_bound(successes: Numbers, trials: Numbers, confidence: float) -> Numbers:
    """The one-sided Clopper-Pearson upper bound: 1 less the lower bound of the failures."""
    return 1.0 - lower_bound(np.maximum(trials - successes, 0.0), trials, confidence)


class PrecisionCurve:
    """Precision at any threshold from labelled alerts and from those that got no label.

    An alert tells about threshold t if `threshold <= t <= score`: it would be an alert at t, and it
    was raised while every event at or above t was one. So alerts of several releases mix without
    favour to the scores that more releases covered.

    Analysts take the top of the queue first, so alerts are parted by score into strata, and a label
    counts for the r = alerts / labels of its stratum. With v the agreement of a label's analysts
    (1 together, 0 split in half) and a its `anomaly`:

        share  = sum(r v a) / sum(r v)
        trials = sum(r v)^2 / sum(r^2 v)          (Kish's effective number)
        lower  = covered * Clopper-Pearson(share * trials, trials)
        upper  = covered * Clopper-Pearson(share * trials, trials) + 1 - covered

    A stratum without labels is not covered: its alerts may all be false, or all be real.

    It fails where, within a stratum, real alerts are labelled more often than others, and where
    scores have come to mean something else since (drift): use fewer, newer labels there.

    Source: Kish, "Survey Sampling", 1965, section 11.7 (effective number).

    >>> alerts = [
    ...     RaisedAlert(score=s, threshold=0.5, release=0, anomaly=a)
    ...     for s, a in ((0.6, 0.0), (0.7, 1.0), (0.8, 1.0), (0.9, 1.0))
    ... ]
    >>> PrecisionCurve(alerts, 0.8).at(0.6).share
    0.75
    >>> PrecisionCurve(alerts, 0.8).at(0.7).share
    1.0
    """

    def __init__(self, alerts: Sequence[RaisedAlert], confidence: float) -> None:
        self._confidence = confidence
        labelled = np.array([alert.anomaly is not None for alert in alerts], dtype=bool)
        scores = np.array([alert.score for alert in alerts], dtype=np.float64)
        thresholds = np.array([alert.threshold for alert in alerts], dtype=np.float64)
        anomaly = np.array([alert.anomaly or 0.0 for alert in alerts], dtype=np.float64)
        agreement = np.where(labelled, np.abs(2 * anomaly - 1), 0.0)
        response, covered = _response(scores, labelled)
        weight = response * agreement
        columns = np.stack(
            [agreement, weight, weight * anomaly, weight * response, covered, np.ones(len(scores))]
        )
        self.scores: Numbers = np.unique(scores[labelled])
        self._by_score = _Tail(scores, columns)
        self._by_threshold = _Tail(thresholds, columns)

    def bounds(self, thresholds: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """Labels, lower and upper bound at each threshold."""
        sums = self._sums(thresholds)
        share, trials, covered = _estimate(sums)
        lower = covered * lower_bound(share * trials, trials, self._confidence)
        upper = covered * upper_bound(share * trials, trials, self._confidence) + 1 - covered
        return sums[0], lower, upper

    def at(self, threshold: float) -> Precision:
        """Labels, share and bounds at one threshold."""
        point = np.array([threshold])
        share, _, covered = _estimate(self._sums(point))
        labels, lower, upper = self.bounds(point)
        return Precision(
            labels=float(labels[0]),
            covered=float(covered[0]),
            share=float(share[0]) if labels[0] > 0 else None,
            lower=float(lower[0]),
            upper=float(upper[0]),
        )

    def _sums(self, thresholds: Numbers) -> Numbers:
        # threshold <= score, so the alerts with a higher threshold are among those that score more
        sums = self._by_score.at_least(thresholds) - self._by_threshold.above(thresholds)
        return np.where(sums > 1e-9, sums, 0.0)


def _estimate(sums: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    _, weight, real, squares, covered, alerts = sums
    share = np.divide(real, weight, out=np.zeros_like(real), where=weight > 0)
    trials = np.divide(weight**2, squares, out=np.zeros_like(real), where=squares > 0)
    part = np.divide(covered, alerts, out=np.zeros_like(real), where=alerts > 0)
    return np.minimum(share, 1.0), trials, np.minimum(part, 1.0)


def _response(scores: Numbers, labelled: NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
    """Per alert: alerts for each label in its stratum, and whether the stratum has a label."""
    edges = np.quantile(scores, np.arange(1, STRATA) / STRATA) if scores.size else np.zeros(0)
    stratum = np.searchsorted(edges, scores, side="right")
    alerts = np.bincount(stratum, minlength=STRATA).astype(np.float64)
    labels = np.bincount(stratum[labelled], minlength=STRATA).astype(np.float64)
    response = np.divide(alerts, labels, out=np.zeros_like(alerts), where=labels > 0)
    return response[stratum], (labels > 0).astype(np.float64)[stratum]


class _Tail:
    """Sums of columns over the values at or above a point."""

    def __init__(self, values: Numbers, columns: Numbers) -> None:
        order = np.argsort(values, kind="stable")
        self._values = values[order]
        sums = np.cumsum(columns[:, order][:, ::-1], axis=1)[:, ::-1]
        self._sums = np.concatenate([sums, np.zeros((len(columns), 1))], axis=1)

    def at_least(self, points: Numbers) -> Numbers:
        return self._sums[:, np.searchsorted(self._values, points, side="left")]

    def above(self, points: Numbers) -> Numbers:
        return self._sums[:, np.searchsorted(self._values, points, side="right")]
