"""Precision, recall, alert rate and cost at any threshold, from alerts and samples with labels."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.feedback.score_drift import ScoreDrift
from floodline.feedback.weighted_counts import (
    WeightedCounts,
    share_at_most,
    share_bounds,
    total_at_most,
    total_bounds,
)

Numbers = NDArray[np.float64]

CELLS = 5
"""Parts of equally many alerts, and of equally many samples, whose borders part the scores."""
_NOTHING = 1e-9
_MOST_UNSURE = 0.95
"""Most of what an answer tells that is taken to be lost by wrong ones."""


class Reviewed(msgspec.Struct, frozen=True, kw_only=True):
    """Events that could be reviewed in a stretch of time, answered or not; arrays of shape (n,).

    Attributes:
        scores: as published.
        weights: how many events each stands for: 1 / the chance with which it was chosen.
        alerted: whether it was an alert; the others are samples.
        anomaly: share of its analysts who call it an anomaly, or the chance that it is one; NaN
            without an answer that counts.
        trust: weight in [0, 1] of the answer, by agreement; of no meaning without one.
        hours: how long the stretch was.
        recent: how many events each stands for where false alarms are counted, if scores drift:
            newer ones more, for the same number of events in all; None: as by `weights`.
        newest: how many an alert of this moment stands for there.
        drift: how the scores drift; None where `recent` is.
        foreseen: where answers can be wrong, the chance that it is one by its score alone; None
            where they are taken as right.
        less: what `anomaly` loses if answers are wrong more often, by one standard error.
        wrong: the share of wrong answers; None where too few events were answered twice to tell.
        second_opinions: answers that were given without knowing of another.
    """

    scores: Numbers
    weights: Numbers
    alerted: NDArray[np.bool_]
    anomaly: Numbers
    trust: Numbers
    hours: float
    recent: Numbers | None = None
    newest: float = 1.0
    drift: ScoreDrift | None = None
    foreseen: Numbers | None = None
    less: Numbers | None = None
    wrong: float | None = None
    second_opinions: int = 0

    @property
    def counting(self) -> Numbers:
        """How many events each stands for where events are counted as they come now."""
        return self.weights if self.recent is None else self.recent


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
        answers: how many alerts and samples have an answer.
        precision: share of real ones among the alerts.
        recall: share of the real ones that are alerts.
        alerts_per_hour: alerts an hour.
        wrong: the share of wrong answers; None where too few events were answered twice to tell.
        second_opinions: answers that were given without knowing of another.
        drift: how the scores drift, where false alarms are counted by that; None elsewhere.
    """

    threshold: float
    confidence: float
    answers: int
    precision: Estimate
    recall: Estimate
    alerts_per_hour: Estimate
    wrong: float | None = None
    second_opinions: int = 0
    drift: ScoreDrift | None = None


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
        wrong=reviewed.wrong,
        second_opinions=reviewed.second_opinions,
        drift=reviewed.drift,
    )


def _estimate(interval: Interval) -> Estimate:
    ends = (interval.value, interval.lower, interval.upper)
    value, lower, upper = (float(end[0]) if np.isfinite(end[0]) else None for end in ends)
    return Estimate(value=value, lower=lower, upper=upper)


class ReviewEstimates:
    """What would be alerted at a threshold, how much of it is real, and how much is missed.

    Each event that was chosen with chance p stands for v = 1 / p events. Not all that were chosen
    get an answer, and analysts take the top of the queue first: so scores are parted into cells, at
    the fifths of the alerts and at the fifths of the samples, and an answer also stands for the
    events of its cell, on its side of the threshold, that got none: that on a sample for the alerts
    too that came there once the threshold had fallen. With u the trust in an answer,
    N the sum of v in a cell's part:

        w = u v N / sum(u v over the answers of the part)

    An answer with a share a of "anomaly" adds w a to the real ones and w (1 - a) to the others. One
    find more could stand for all of a part, by its effective number of answers if it has any: above
    the threshold the heaviest such find counts (Fay and Feuer's choice), since precision is a
    promise; below it the average one (Tiwari's), since what is missed may lie in any part, and the
    heaviest would make every recall seem possible; and the average is taken over the k finds there
    (effective number) and one more, so that it tells where finds lie as soon as there are any::

        next = (sum of w over the finds + average weight of all answers) / (k + 1)

    Of a part without any answer nothing is known: its events may all be real, or none. Counts
    become intervals by `total_bounds` and `share_bounds`.

    Where answers can be wrong, a is the chance that the event is real, p the one by its score alone
    (`floodline.feedback.answer_noise`). Then the answers of a part tell less than the truth would,
    by the share of information that is missing (Louis), and variances grow by 1 / (1 - missing):

        missing = sum(w^2 a (1 - a)) / sum(w^2 p (1 - p))

    How often they are wrong is estimated too: with l what an event's chance loses if that is one
    standard error more, real and false ones each have the variance sum(w l)^2 besides.

    Where scores drift (`floodline.feedback.score_drift`), real ones are counted over the whole
    stretch, and all events and false ones by weights that halve with age. Ordinary events make both
    the drift and the false alarms; real ones are few, and would take far longer to count anew. One
    find more could be of this moment, and stands for as much as that at least.

    Every event with the same score must have had a chance to be chosen: a stratum with rate 0 is
    invisible. It fails where, within a cell, real ones are answered more often than others, where
    real ones come at another rate or with other scores than earlier in the stretch, and where what
    is ordinary changed faster, or otherwise, than a drift shows.

    Sources: Horvitz, Thompson, "A generalization of sampling without replacement from a finite
    universe", JASA 47, 1952; Kish, "Survey Sampling", 1965, section 11.7 (effective number);
    Louis, "Finding the observed information matrix when using the EM algorithm", JRSS B 44, 1982;
    Tiwari, Clegg, Zou, "Efficient interval estimation for age-adjusted cancer rates", Statistical
    Methods in Medical Research 15, 2006.
    """

    def __init__(self, reviewed: Reviewed, confidence: float) -> None:
        self._confidence = confidence
        self._hours = reviewed.hours
        order = np.argsort(reviewed.scores, kind="stable")
        answered = ~np.isnan(reviewed.anomaly[order])
        trust = np.where(answered, reviewed.trust[order], 0.0)
        anomaly = np.where(answered, reviewed.anomaly[order], 0.0)
        scores, stands = reviewed.scores[order], reviewed.weights[order]
        left, whole, less = np.zeros(order.size), np.ones(order.size), np.zeros(order.size)
        if reviewed.foreseen is not None:
            foreseen = np.where(answered, reviewed.foreseen[order], 0.0)
            left, whole = anomaly * (1 - anomaly), foreseen * (1 - foreseen)
        if reviewed.less is not None:
            less = np.where(answered, reviewed.less[order], 0.0)
        columns = np.stack((scores, stands, trust, anomaly, left, whole, less))
        cells = _cells(scores, reviewed.alerted[order])
        parted = [cells == cell for cell in range(2 * CELLS)]
        self._cells = [_Cell(columns[:, inside]) for inside in parted if inside.any()]
        self._recent, self._newest = self._cells, reviewed.newest
        if reviewed.recent is not None:
            columns[1] = reviewed.recent[order]
            self._recent = [_Cell(columns[:, inside]) for inside in parted if inside.any()]
        self.answers = int(answered.sum())

    def precision(self, thresholds: Numbers) -> Interval:
        """The share of real ones among the events at or above each threshold."""
        above = self._sides(thresholds, above=True)
        return self._share(above.real, above.false, (above.unknown, above.unknown))

    def precision_at_most(
        self, thresholds: Numbers, target: float, *, all_false_below: float | None = None
    ) -> Numbers:
        """How far the answers speak for a precision of at most `target` at each threshold.

        A p-value: at most 1 - confidence where the one-sided lower bound is above the target. With
        `all_false_below`, answers on lower scores are set aside, and all their events are false.
        """
        if all_false_below is None:
            above = self._sides(thresholds, above=True)
            real, false = above.real, above.false.plus(above.unknown)
        else:
            anchor = np.full(thresholds.shape, all_false_below)
            above, all_above = (self._sides(at, above=True) for at in (anchor, thresholds))
            between = all_above.events.minus(above.events)
            real, false = above.real, above.false.plus(above.unknown).plus(between)
        return share_at_most(real, false, np.full(thresholds.shape, target))

    def recall(self, thresholds: Numbers) -> Interval:
        """The share of the real ones that lies at or above each threshold.

        Each threshold parts its cell in two whose answers stand for their own events, so a higher
        one can come to a little more. Rearranged into falling order over all scores (Chernozhukov,
        Fernández-Val, Galichon, Biometrika 96, 2009), intervals would be two fifths wider.
        """
        above, below = (self._over(self._cells, thresholds, above=each) for each in (True, False))
        return self._share(above.real, below.real, (above.unknown, below.unknown))

    def alerts_per_hour(self, thresholds: Numbers) -> Interval:
        """Events an hour at or above each threshold."""
        events = self._sides(thresholds, above=True).events
        return self._rate(events, events)

    def rate_at_most(self, thresholds: Numbers, per_hour: float) -> Numbers:
        """How far the events speak for at most so many an hour at each threshold; 0 to 1."""
        events = self._sides(thresholds, above=True).events
        return total_at_most(events, np.full(thresholds.shape, per_hour * self._hours))

    def cost_per_hour(self, thresholds: Numbers, *, miss: float, false_alarm: float) -> Interval:
        """What misses and false alarms cost an hour at each threshold."""
        above, below = (self._sides(thresholds, above=each) for each in (True, False))
        known = below.real.times(miss).plus(above.false.times(false_alarm))
        unknown = below.unknown.times(miss).plus(above.unknown.times(false_alarm))
        return self._rate(known, known.plus(unknown))

    def _sides(self, thresholds: Numbers, *, above: bool) -> "_Side":
        whole = self._over(self._cells, thresholds, above=above)
        if self._recent is self._cells:
            return whole
        recent = self._over(self._recent, thresholds, above=above)
        return _Side(
            recent.events.next_at_least(self._newest),
            whole.real,
            recent.false.next_at_least(self._newest),
            recent.unknown,
        )

    @staticmethod
    def _over(cells: list["_Cell"], thresholds: Numbers, *, above: bool) -> "_Side":
        parts = [cell.part(thresholds, above=above) for cell in cells]
        return _summed(parts, heaviest=above, count=thresholds.size)

    def _share(
        self,
        part: WeightedCounts,
        rest: WeightedCounts,
        unknown: tuple[WeightedCounts, WeightedCounts],
    ) -> Interval:
        """The share, if what is unknown in part or rest speaks against it, and for it."""
        whole = part.total + rest.total
        value = np.full(whole.shape, np.nan)
        np.divide(part.total, whole, out=value, where=whole > 0)
        lower, upper = share_bounds(part, rest, self._confidence, unknown)
        # Halving only comes near to the ends.
        lower = np.where(lower < _NOTHING, 0.0, lower)
        return Interval(value, lower, np.where(upper > 1.0 - _NOTHING, 1.0, upper))

    def _rate(self, least: WeightedCounts, most: WeightedCounts) -> Interval:
        lower, upper = total_bounds(least, self._confidence, most)
        return Interval(least.total / self._hours, lower / self._hours, upper / self._hours)


class _Side(msgspec.Struct, frozen=True):
    """What lies on one side of each threshold; (m,) each.

    `unknown` counts the events of parts without an answer.
    """

    events: WeightedCounts
    real: WeightedCounts
    false: WeightedCounts
    unknown: WeightedCounts


class _Part(msgspec.Struct, frozen=True):
    """A cell's share of a side: events and answers, as sums of weights and of squares; (m,) each.

    `less` is what the real ones lose to the false ones if answers are wrong more often, `effective`
    Kish's number of answers, `heaviest` the most that an event stands for.
    """

    events: Numbers
    squares: Numbers
    real: Numbers
    real_squares: Numbers
    false: Numbers
    false_squares: Numbers
    less: Numbers
    effective: Numbers
    heaviest: float


class _Cell:
    """Events of one cell, by rising score."""

    def __init__(self, columns: Numbers) -> None:
        scores, stands, trust, anomaly, left, whole, less = columns
        self._scores = scores
        self._heaviest = float(stands.max())
        said = trust * stands
        squares = said**2
        rows = (
            stands,
            stands**2,
            said,
            squares,
            said * anomaly,
            squares * anomaly,
            squares * left,
            squares * whole,
            said * less,
        )
        self._sums = np.zeros((len(rows), scores.size + 1))
        np.cumsum(np.stack(rows), axis=1, out=self._sums[:, 1:])
        self._largest = np.abs(self._sums).max(axis=1, keepdims=True)

    def part(self, thresholds: Numbers, *, above: bool) -> _Part:
        """What lies at or above each threshold, or below it."""
        places = np.searchsorted(self._scores, thresholds, side="left")
        sums = self._sums[:, places]
        if above:
            sums = self._sums[:, -1:] - sums
            sums = np.where(np.abs(sums) > _NOTHING * self._largest, sums, 0.0)
        events, squares, said, said_squares, real, real_squares, left, whole, less = sums
        none = np.zeros(events.shape)
        unsure = np.divide(left, whole, out=none.copy(), where=whole > _NOTHING)
        known = 1 - np.clip(unsure, 0.0, _MOST_UNSURE)
        scale = np.divide(events, said, out=none.copy(), where=said > 0)
        effective = np.divide(said**2, said_squares, out=none.copy(), where=said_squares > 0)
        return _Part(
            events,
            squares,
            real * scale,
            real_squares * scale**2 / known,
            np.maximum(said - real, 0.0) * scale,
            np.maximum(said_squares - real_squares, 0.0) * scale**2 / known,
            less * scale,
            effective * known,
            self._heaviest,
        )


def _summed(parts: list[_Part], *, heaviest: bool, count: int) -> _Side:
    events, squares, find = np.zeros(count), np.zeros(count), np.zeros(count)
    real, real_squares, false, false_squares, less = (np.zeros(count) for _ in range(5))
    answers, most = np.zeros(count), np.ones(count)
    unknown, unknown_squares = np.zeros(count), np.zeros(count)
    for part in parts:
        silent = part.effective == 0
        unknown += np.where(silent, part.events, 0.0)
        unknown_squares += np.where(silent, part.squares, 0.0)
        events, squares = events + part.events, squares + part.squares
        real, real_squares = real + part.real, real_squares + part.real_squares
        false, false_squares = false + part.false, false_squares + part.false_squares
        less = less + part.less
        there = part.events > 0
        known = np.maximum(part.effective, 1.0)
        find = np.maximum(find, np.where(silent, 0.0, part.events / known))
        answers += np.where(there & ~silent, known, 0.0)
        most = np.maximum(most, np.where(there, part.heaviest, 1.0))
    if not heaviest:
        find = (events - unknown) / np.maximum(answers, 1.0)
    find = np.maximum(find, 1.0)
    next_real, next_false = find, find
    if not heaviest:
        next_real, next_false = _next(real, real_squares, find), _next(false, false_squares, find)
    return _Side(
        WeightedCounts(events, squares, most),
        WeightedCounts(real, real_squares + less**2, next_real),
        WeightedCounts(false, false_squares + less**2, next_false),
        WeightedCounts(unknown, unknown_squares, np.minimum(most, find)),
    )


def _next(total: Numbers, squares: Numbers, average: Numbers) -> Numbers:
    """What one find more weighs on average, if one of average weight joins those found."""
    found = np.divide(total**2, squares, out=np.zeros(total.shape), where=squares > 0)
    return np.asarray(np.maximum((total + average) / (found + 1.0), 1.0))


def _cells(scores: Numbers, alerted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The cell of each event, in order of score."""
    borders = [_fifths(scores[kind]) for kind in (alerted, ~alerted)]
    return np.searchsorted(np.unique(np.concatenate(borders)), scores, side="right") - 1


def _fifths(scores: Numbers) -> Numbers:
    """Where each part of equally many begins, in order of score."""
    begins = -(-np.arange(CELLS) * scores.size // CELLS)
    return scores[begins[begins < scores.size]]
