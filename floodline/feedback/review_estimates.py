"""Precision, recall, alert rate and cost at any threshold, from alerts and samples with labels."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.feedback.weighted_counts import (
    WeightedCounts,
    share_at_most,
    share_bounds,
    total_at_most,
    total_bounds,
)

Numbers = NDArray[np.float64]

CELLS = 5
"""Parts by score of the alerts, and of the samples, in which the share with an answer is taken."""


class Reviewed(msgspec.Struct, frozen=True, kw_only=True):
    """Events that could be reviewed in a stretch of time, answered or not; arrays of shape (n,).

    Attributes:
        scores: as published.
        weights: how many events each stands for: 1 / the chance with which it was chosen.
        alerted: whether it was an alert; the others are samples.
        anomaly: share of its analysts who call it an anomaly; NaN without an answer that counts.
        trust: weight in [0, 1] of the answer, by agreement; of no meaning without one.
        hours: how long the stretch was.
    """

    scores: Numbers
    weights: Numbers
    alerted: NDArray[np.bool_]
    anomaly: Numbers
    trust: Numbers
    hours: float


class Interval(msgspec.Struct, frozen=True):
    """An estimate between its bounds, each (m,), one a threshold; NaN where nothing is known."""

    value: Numbers
    lower: Numbers
    upper: Numbers


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """One number between its bounds; None where nothing is known."""

    value: float | None
    lower: float | None
    upper: float | None


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """What a threshold gives, as far as the reviews tell.

    Attributes:
        threshold: the score.
        confidence: of the intervals, both sides together.
        answers: alerts and samples with an answer.
        precision: share of real ones among the alerts.
        recall: share of the real ones that are alerts.
        alerts_per_hour: alerts an hour.
    """

    threshold: float
    confidence: float
    answers: int
    precision: Estimate
    recall: Estimate
    alerts_per_hour: Estimate


def outlook(reviewed: Reviewed, threshold: float, confidence: float) -> Outlook:
    """What a threshold gives."""
    estimates, at = ReviewEstimates(reviewed, confidence), np.array([threshold])
    return Outlook(
        threshold=threshold,
        confidence=confidence,
        answers=estimates.answers,
        precision=_estimate(estimates.precision(at)),
        recall=_estimate(estimates.recall(at)),
        alerts_per_hour=_estimate(estimates.alerts_per_hour(at)),
    )


def _estimate(interval: Interval) -> Estimate:
    ends = (interval.value, interval.lower, interval.upper)
    value, lower, upper = (float(end[0]) if np.isfinite(end[0]) else None for end in ends)
    return Estimate(value=value, lower=lower, upper=upper)


class ReviewEstimates:
    """What would be alerted at a threshold, how much of it is real, and how much is missed.

    Each event that was chosen with chance p stands for v = 1 / p events. Not all that were chosen
    get an answer, and analysts take the top of the queue first: so alerts, and samples apart from
    them, are parted by score into five cells of equally many, and an answer also stands for the
    events of its cell that got none. With u the trust in an answer, N the sum of v in a cell:

        w = u v N / sum(u v over the cell's answers)

    An answer with a share a of "anomaly" adds w a to the real ones and w (1 - a) to the others. One
    find more could stand for all that a cell has on its side of the threshold, by the cell's
    effective number of answers, if it has any. Counts become intervals by `total_bounds` and `share_bounds`.

    Every event with the same score must have had a chance to be chosen: a stratum with rate 0 is
    invisible. It fails where, within a cell, real ones are answered more often than others, and
    where scores have come to mean something else within the stretch.

    Sources: Horvitz, Thompson, "A generalization of sampling without replacement from a finite
    universe", JASA 47, 1952; Kish, "Survey Sampling", 1965, section 11.7 (effective number).
    """

    def __init__(self, reviewed: Reviewed, confidence: float) -> None:
        self._confidence = confidence
        self._hours = reviewed.hours
        order = np.argsort(reviewed.scores, kind="stable")
        self._scores = reviewed.scores[order]
        stands, anomaly = reviewed.weights[order], reviewed.anomaly[order]
        answered = ~np.isnan(anomaly)
        trusted = np.where(answered, reviewed.trust[order], 0.0) * stands
        cells = _cells(reviewed.alerted[order])
        effective, weights = _weights(cells, stands, trusted)
        real = np.where(answered, anomaly, 0.0)
        self._events = _Sums(stands, stands**2)
        self._heaviest = np.append(np.maximum.accumulate(stands[::-1])[::-1], 1.0)
        self._real = _Sums(weights * real, weights**2 * real)
        self._false = _Sums(weights * (1 - real) * answered, weights**2 * (1 - real) * answered)
        # By place: the heaviest find among events from here on, and among those before.
        self._above, self._below = _heaviest_finds(cells, stands, effective)
        self.answers = int(answered.sum())

    def precision(self, thresholds: Numbers) -> Interval:
        """The share of real ones among the events at or above each threshold."""
        places = self._places(thresholds)
        real, false = self._tail(self._real, places), self._tail(self._false, places)
        return self._share(real, false)

    def precision_at_most(
        self, thresholds: Numbers, target: float, *, all_false_below: float | None = None
    ) -> Numbers:
        """How far the answers speak for a precision of at most `target` at each threshold.

        A p-value: at most 1 - confidence where the one-sided lower bound is above the target. With
        `all_false_below`, answers on lower scores are set aside, and all their events are false.
        """
        places = self._places(thresholds)
        if all_false_below is None:
            real, false = self._tail(self._real, places), self._tail(self._false, places)
        else:
            anchor = np.broadcast_to(self._places(np.array([all_false_below])), places.shape)
            real, false = self._tail(self._real, anchor), self._tail(self._false, anchor)
            false = false.plus(self._counted(places).minus(self._counted(anchor)))
        return share_at_most(real, false, np.full(len(places), target))

    def rate_at_most(self, thresholds: Numbers, per_hour: float) -> Numbers:
        """How far the events speak for at most so many an hour at each threshold; 0 to 1."""
        counts = self._counted(self._places(thresholds))
        return total_at_most(counts, np.full(counts.total.shape, per_hour * self._hours))

    def recall(self, thresholds: Numbers) -> Interval:
        """The share of the real ones that lies at or above each threshold."""
        places = self._places(thresholds)
        return self._share(self._tail(self._real, places), self._head(self._real, places))

    def alerts_per_hour(self, thresholds: Numbers) -> Interval:
        """Events an hour at or above each threshold."""
        return self._rate(self._counted(self._places(thresholds)))

    def cost_per_hour(self, thresholds: Numbers, *, miss: float, false_alarm: float) -> Interval:
        """What misses and false alarms cost an hour at each threshold."""
        places = self._places(thresholds)
        missed, false = self._head(self._real, places), self._tail(self._false, places)
        cost = WeightedCounts(
            miss * missed.total + false_alarm * false.total,
            miss**2 * missed.squares + false_alarm**2 * false.squares,
            np.maximum(miss * missed.next_weight, false_alarm * false.next_weight),
        )
        return self._rate(cost)

    def _counted(self, places: NDArray[np.int64]) -> WeightedCounts:
        return WeightedCounts(*self._events.from_place(places), self._heaviest[places])

    def _places(self, thresholds: Numbers) -> NDArray[np.int64]:
        return np.searchsorted(self._scores, thresholds, side="left")

    def _tail(self, sums: "_Sums", places: NDArray[np.int64]) -> WeightedCounts:
        return WeightedCounts(*sums.from_place(places), np.maximum(self._above[places], 1.0))

    def _head(self, sums: "_Sums", places: NDArray[np.int64]) -> WeightedCounts:
        return WeightedCounts(*sums.before_place(places), np.maximum(self._below[places], 1.0))

    def _share(self, part: WeightedCounts, rest: WeightedCounts) -> Interval:
        whole = part.total + rest.total
        value = np.full(whole.shape, np.nan)
        np.divide(part.total, whole, out=value, where=whole > 0)
        return Interval(value, *share_bounds(part, rest, self._confidence))

    def _rate(self, counts: WeightedCounts) -> Interval:
        bounds = total_bounds(counts, self._confidence)
        return Interval(counts.total / self._hours, *(each / self._hours for each in bounds))


def _cells(alerted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The cell of each event, in order of score: alerts from 0 on, samples behind them."""
    cells = np.empty(len(alerted), np.int64)
    for first, kind in ((0, alerted), (CELLS, ~alerted)):
        count = int(kind.sum())
        cells[kind] = first + np.arange(count) * CELLS // max(count, 1)
    return cells


def _weights(
    cells: NDArray[np.int64], stands: Numbers, trusted: Numbers
) -> tuple[Numbers, Numbers]:
    """By cell the effective number of answers, at least 1; by event what its answer stands for."""
    total, answers, squares = (
        np.bincount(cells, each, minlength=2 * CELLS) for each in (stands, trusted, trusted**2)
    )
    effective = np.divide(answers**2, squares, out=np.ones(2 * CELLS), where=squares > 0)
    each = np.divide(total, answers, out=np.zeros(2 * CELLS), where=answers > 0)
    return np.maximum(effective, 1.0), trusted * each[cells]


def _heaviest_finds(
    cells: NDArray[np.int64], stands: Numbers, effective: Numbers
) -> tuple[Numbers, Numbers]:
    """By place what one find could stand for, at most: from the place on, and before it."""
    above, below = np.zeros(cells.size + 1), np.zeros(cells.size + 1)
    for cell in range(2 * CELLS):
        before = np.append(0.0, np.cumsum(np.where(cells == cell, stands, 0.0))) / effective[cell]
        below = np.maximum(below, before)
        above = np.maximum(above, before[-1] - before)
    return above, below


class _Sums:
    """Running sums of weights and of their squares, in order of score."""

    def __init__(self, weights: Numbers, squares: Numbers) -> None:
        self._sums = np.stack([np.append(0.0, np.cumsum(each)) for each in (weights, squares)])

    def before_place(self, places: NDArray[np.int64]) -> tuple[Numbers, Numbers]:
        return self._sums[0, places], self._sums[1, places]

    def from_place(self, places: NDArray[np.int64]) -> tuple[Numbers, Numbers]:
        left = np.maximum(self._sums[:, -1:] - self._sums[:, places], 0.0)
        left = np.where(left > 1e-9 * self._sums[:, -1:], left, 0.0)
        return left[0], left[1]
