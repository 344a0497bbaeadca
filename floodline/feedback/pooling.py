"""Precision by segment, where segments with few labels borrow from the others."""

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaln, xlog1py, xlogy

from floodline.feedback.review_estimates import Estimate, Reviewed

Numbers = NDArray[np.float64]
Integers = NDArray[np.int64]

_MEANS, _SPREADS = 40, 20
"""Nodes over the segments' mean, and over how far they lie apart."""
_NEGLIGIBLE = 1e-4
"""Weight of a node, as a part of the heaviest one's, that is left out."""
_UNLIKE = 1.35
"""Log likelihood that differing segments must gain: 5 % for a parameter at its bound."""
_HALVINGS = 24
_DIGITS = 9
"""To which answers that weigh the same are the same."""


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """The precision of one segment's alerts.

    Attributes:
        segment: its number.
        answers: of its alerts that have one.
        precision: the estimate and its credible interval.
        borrowed: the share of the estimate that comes from the other segments, 0 to 1.
    """

    segment: int
    answers: int
    precision: Estimate
    borrowed: float


class Segments(msgspec.Struct, frozen=True, kw_only=True):
    """All segments.

    Attributes:
        segments: by rising number, as many as were asked for.
        total: how many segments have events at or above the threshold.
        alike: whether nothing speaks for a difference between them: then all are pooled, and each
            estimate is nearly that of all together.
        reason: the same in plain words.
    """

    segments: tuple[Segment, ...]
    total: int
    alike: bool
    reason: str


def precision_by_segment(
    reviewed: Reviewed,
    segments: Integers,
    threshold: float,
    confidence: float,
    *,
    most: int | None = None,
) -> Segments:
    """Precision at a threshold in each segment, with partial pooling.

    A segment's answers count as (sum w)^2 / sum w^2 of equal weight, w their weights times trust.
    Its precision is drawn from a beta distribution that all segments share, of mean m and strength
    M; given those, a segment with h real of n answers has the distribution

        Beta(M m + h, M (1 - m) + n - h), of mean (M m + h) / (M + n)

    so it borrows M / (M + n). The answers of all segments say how likely each m and M is (the
    beta-binomial likelihood), with m and M^(-1/2) uniform before; segments are averaged over a grid
    of both, so that the intervals also hold what is not known of m and M.

    It assumes that segments are exchangeable: nothing but their answers tells them apart; and that
    within a segment answered alerts are like the others: unlike `ReviewEstimates` it does not
    weigh by score cells, for which one segment has too few answers. Credible intervals hold their
    confidence on average over segments, not in each: one far from all others is drawn to them.

    Args:
        reviewed: what was chosen for review, and what was said of it.
        segments: the segment of each event, (n,).
        threshold: events at or above it are looked at.
        confidence: of the intervals, both sides together.
        most: estimate the first so many by number only; the others are learned from all the same.

    Raises:
        ValueError: not one segment an event.

    Sources: Gelman et al., "Bayesian Data Analysis", 3rd edition, 2013, section 5.3; Efron,
    Morris, "Data analysis using Stein's estimator and its generalizations", JASA 70, 1975; Self,
    Liang, JASA 82, 1987 (the likelihood ratio at the bound of a parameter).
    """
    if segments.shape != reviewed.scores.shape:
        raise ValueError(f"{reviewed.scores.size} events and {segments.size} segments")
    above = reviewed.scores >= threshold
    names, places = np.unique(segments[above], return_inverse=True)
    if not names.size:
        reason = "there are no alerts at this threshold"
        return Segments(segments=(), total=0, alike=True, reason=reason)
    answers, hits, misses = _counts(reviewed, above, places, names.size)
    mean, strength, weights, alike = _fit(hits, misses)
    alpha, beta = mean * strength, (1 - mean) * strength
    names = names[:most]
    shape = (alpha + hits[: names.size, None], beta + misses[: names.size, None])
    tail = (1 - confidence) / 2
    value, borrowed = (
        np.minimum((weights * each).sum(axis=1), 1.0)  # the weights' sum is 1 but for rounding
        for each in (shape[0] / (shape[0] + shape[1]), strength / (shape[0] + shape[1]))
    )
    lower, upper = (_quantile(*shape, weights, aim) for aim in (tail, 1 - tail))
    found = tuple(
        Segment(
            segment=int(name),
            answers=int(answers[place]),
            precision=Estimate(
                value=float(value[place]), lower=float(lower[place]), upper=float(upper[place])
            ),
            borrowed=float(borrowed[place]),
        )
        for place, name in enumerate(names)
    )
    total = answers.size
    reason = _reason(int(answers.sum()), found, total, alike=alike)
    return Segments(segments=found, total=total, alike=alike, reason=reason)


def _counts(
    reviewed: Reviewed, above: NDArray[np.bool_], places: Integers, count: int
) -> tuple[Numbers, Numbers, Numbers]:
    """By segment the answers, and as many real and false ones as they are worth, of weight 1."""
    anomaly = reviewed.anomaly[above]
    answered = ~np.isnan(anomaly)
    weights = np.where(answered, reviewed.weights[above] * reviewed.trust[above], 0.0)
    summed, squares, real, count_of = (
        np.bincount(places, each, minlength=count).astype(np.float64)
        for each in (weights, weights**2, weights * np.where(answered, anomaly, 0.0), answered)
    )
    worth = np.divide(summed, squares, out=np.zeros(count), where=squares > 0)
    return count_of, real * worth, (summed - real) * worth


def _fit(hits: Numbers, misses: Numbers) -> tuple[Numbers, Numbers, Numbers, bool]:
    """Nodes of mean and strength with their weights, (nodes,), and whether all are alike."""
    pairs = np.round(np.column_stack((hits, misses)), _DIGITS)  # most have few answers: often equal
    pairs, times = np.unique(pairs, axis=0, return_counts=True)
    box = (0.0, 1.0, 0.0, 1.0)
    for _ in range(3):  # each time closer around the nodes that weigh something
        mean, spread, step = _grid(box)
        strength = spread**-2 - 1  # so that the spread is that of a coin's share: 1 at most
        alpha, beta = mean * strength, (1 - mean) * strength
        likelihood = np.zeros(mean.size)
        for (hit, miss), count in zip(pairs, times, strict=True):
            likelihood += count * (betaln(alpha + hit, beta + miss) - betaln(alpha, beta))
        weights = np.exp(likelihood - likelihood.max())
        kept = weights > _NEGLIGIBLE
        low_mean, low_spread = mean[kept].min() - step[0], spread[kept].min() - step[1]
        high_mean, high_spread = mean[kept].max() + step[0], spread[kept].max() + step[1]
        box = (max(low_mean, 0), min(high_mean, 1), max(low_spread, 0), min(high_spread, 1))
    whole = hits.sum() / max(hits.sum() + misses.sum(), 1e-9)
    together = float((xlogy(hits, whole) + xlog1py(misses, -whole)).sum())
    alike = float(likelihood.max()) - together < _UNLIKE
    weights = weights[kept] / weights[kept].sum()
    return mean[kept], strength[kept], weights, alike


def _grid(box: tuple[float, float, float, float]) -> tuple[Numbers, Numbers, tuple[float, float]]:
    """The midpoints of equal cells over a box of mean and spread, and half of a cell's sides."""
    low_mean, high_mean, low_spread, high_spread = box
    steps = (high_mean - low_mean) / _MEANS, (high_spread - low_spread) / _SPREADS
    means = low_mean + steps[0] * (np.arange(_MEANS) + 0.5)
    spreads = low_spread + steps[1] * (np.arange(_SPREADS) + 0.5)
    mean, spread = (each.ravel() for each in np.meshgrid(means, spreads))
    return mean, spread, (steps[0] / 2, steps[1] / 2)


def _quantile(alpha: Numbers, beta: Numbers, weights: Numbers, aim: float) -> Numbers:
    """Where each segment's mixture of beta distributions reaches `aim`, by halving."""
    low, high = np.zeros(alpha.shape[0]), np.ones(alpha.shape[0])
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        below = (weights * betainc(alpha, beta, middle[:, None])).sum(axis=1) < aim
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2


def _reason(answers: int, found: tuple[Segment, ...], total: int, *, alike: bool) -> str:
    if not answers:
        return "no alert has an answer: nothing is known of any segment"
    if total == 1:
        return "there is one segment only: it has nothing to borrow from"
    if alike:
        told = "1 answer does" if answers == 1 else f"{answers} answers do"
        return (
            f"{told} not tell the {total} segments apart: all are pooled, and "
            "each estimate is nearly that of all together"
        )
    most = max(found, key=lambda each: each.borrowed)
    return (
        f"segments differ; one with {most.answers} answers borrows most, {most.borrowed:.0%} of "
        "its estimate"
    )
