"""Intervals that hold at every look at once, however often and whenever one looks."""

from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, gammaln, xlog1py, xlogy

Numbers = NDArray[np.float64]

_PRIOR = 0.5
"""Of both mixtures: Jeffreys' for a share."""
_STEPS = 50
"""Halvings or doublings of a bracket."""


class Bounds(msgspec.Struct, frozen=True):
    """An estimate, None without anything seen, and the interval around it."""

    value: float | None
    lower: float
    upper: float


def share_over_strata(hits: Numbers, misses: Numbers, shares: Numbers, confidence: float) -> Bounds:
    """The share of hits in a whole that is parted into strata, at every look at once.

    With h and f the hits and misses seen in each stratum, W its share of the whole and mu its
    unknown share of hits, the process

        M(mu) = product over strata of B(h + 1/2, f + 1/2) / (B(1/2, 1/2) mu^h (1 - mu)^f)

    is a martingale that starts at 1 if mu is true: a bet, mixed over all alternatives, whose
    winnings exceed 1 / (1 - confidence) at any time with a chance of at most 1 - confidence
    (Ville). The interval holds every m for which some mu with sum(W mu) = m has not lost the bet
    yet. So the chance that it ever excludes the true share, at any of any number of looks, is at
    most 1 - confidence. Strata without anything seen may be anything.

    It assumes that each item seen in a stratum, given those before it, is a hit with chance mu:
    that what is seen does not depend on the hit itself, and that mu is constant. Strata are fixed
    before; their shares W may change with time. Items between hit and miss (0.5 of each) only widen
    it, since M is convex in them. It is wider than an interval for one look: the price of many.

    Args:
        hits: numbers of at least 0, (strata,).
        misses: the same.
        shares: of the whole, summing to 1, (strata,).
        confidence: that the interval holds the true share at all looks.

    Sources: Robbins, "Statistical methods related to the law of the iterated logarithm", Annals of
    Mathematical Statistics 41, 1970 (mixtures); Waudby-Smith, Ramdas, "Estimating means of bounded
    random variables by betting", JRSS B 86, 2024 (bets on bounded items); Spertus, Stark, "Sweeter
    than SUITE", E-Vote-ID 2022 (the least favourable mu over strata).
    """
    seen = hits + misses > 0
    unseen = float(shares[~seen].sum())
    if not seen.any():
        return Bounds(None, 0.0, 1.0)
    hits, misses, shares = hits[seen], misses[seen], shares[seen]
    mixed = float((betaln(hits + _PRIOR, misses + _PRIOR) - betaln(_PRIOR, _PRIOR)).sum())
    least = mixed + np.log(1 - confidence)

    def pulled(pull: float) -> Numbers:
        return _pulled(hits, misses, shares * pull)

    def held(pull: float) -> bool:
        mu = pulled(pull)
        return bool((xlogy(hits, mu) + xlog1py(misses, -mu)).sum() >= least)

    down, up = _edge(held), -_edge(lambda pull: held(-pull))
    lowest, highest = (float((shares * pulled(pull)).sum()) for pull in (down, up))
    known = float((shares * hits / (hits + misses)).sum() / shares.sum())
    return Bounds(known, lowest, min(1.0, highest + unseen))


def rate_per_hour(count: int, hours: float, expected: float, confidence: float) -> Bounds:
    """How many an hour, at every look at once.

    The same bet on a Poisson process: with N in T hours, and rates mixed by a gamma distribution of
    shape a = 1/2 around the expected one (b = a / expected),

        M(rate) = b^a Gamma(a + N) / (Gamma(a) (b + T)^(a + N) rate^N exp(-rate T))

    It assumes that they come independently at a constant rate; where one incident makes many of
    them it is too narrow.

    Args:
        count: how many came.
        hours: in how long, above 0.
        expected: a rate given before anything came; the interval is narrowest near it.
        confidence: that the interval holds the true rate at all looks.

    Source: Howard, Ramdas, McAuliffe, Sekhon, "Time-uniform, nonparametric, nonasymptotic
    confidence sequences", Annals of Statistics 49, 2021 (conjugate mixtures).
    """
    scale = _PRIOR / expected
    mixed = (
        _PRIOR * np.log(scale)
        - gammaln(_PRIOR)
        + gammaln(_PRIOR + count)
        - (_PRIOR + count) * np.log(scale + hours)
    )
    least = mixed + np.log(1 - confidence)
    middle = count / hours

    def held(rate: float) -> bool:
        return bool(xlogy(count, rate) - rate * hours >= least)

    lower = middle - _edge(lambda step: step < middle and held(middle - step))
    return Bounds(middle, max(lower, 0.0), middle + _edge(lambda step: held(middle + step)))


def _pulled(hits: Numbers, misses: Numbers, pull: Numbers) -> Numbers:
    """Where hits / mu - misses / (1 - mu) = pull in each stratum: the likeliest mu under a pull."""
    both = hits + misses + pull
    root = np.sqrt(np.maximum(both**2 - 4 * pull * hits, 0.0))
    low = both <= 0
    down = np.divide(2 * hits, both + root, out=np.zeros_like(hits), where=~low)
    up = np.divide(both - root, 2 * pull, out=np.ones_like(hits), where=low & (pull != 0))
    return np.clip(np.where(low, up, down), 0.0, 1.0)


def _edge(held: Callable[[float], bool]) -> float:
    """The least positive number that is not held, where all above it are not either."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        if not held(high):
            break
        low, high = high, 2 * high
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if held(middle) else (low, middle)
    return high
