"""How far a weighted count can be trusted, and shares and sums made of such counts."""

from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, gammainc, gammaincinv

Numbers = NDArray[np.float64]
Chance = Callable[[Numbers], Numbers]

_NOTHING = 1e-9
_HALVINGS = 45
"""Of the bracket in which a bound is searched: to 3e-14 of it."""


class WeightedCounts(msgspec.Struct, frozen=True):
    """Sums over items that were each found with a known chance; arrays of one shape.

    An item that was chosen with chance p stands for w = 1 / p of its kind.

    Attributes:
        total: sum of w, the estimate.
        squares: sum of w^2, the variance of the estimate if items come as a Poisson process does.
        next_weight: the largest w that an item could have had, found or not. What was never found
            may be there all the same, and this says how much one find would weigh.
    """

    total: Numbers
    squares: Numbers
    next_weight: Numbers

    def plus(self, other: "WeightedCounts") -> "WeightedCounts":
        """Both together."""
        heaviest = np.maximum(self.next_weight, other.next_weight)
        return WeightedCounts(self.total + other.total, self.squares + other.squares, heaviest)

    def times(self, factor: float) -> "WeightedCounts":
        """As if each item weighed so many times as much."""
        return WeightedCounts(
            factor * self.total, factor**2 * self.squares, factor * self.next_weight
        )

    def next_at_least(self, weight: float) -> "WeightedCounts":
        """With a next one that weighs so much, if it did not weigh more before."""
        return WeightedCounts(self.total, self.squares, np.maximum(self.next_weight, weight))

    def minus(self, part: "WeightedCounts") -> "WeightedCounts":
        """Without a part of it; the next one may weigh as much as before."""
        total, squares = self.total - part.total, self.squares - part.squares
        return WeightedCounts(np.maximum(total, 0), np.maximum(squares, 0), self.next_weight)


class _Gamma(msgspec.Struct, frozen=True):
    """Gamma distributions; a shape of 0 is a point at 0."""

    shape: Numbers
    scale: Numbers


def _shy(counts: WeightedCounts) -> _Gamma:
    """What the count speaks for from below: as if nothing were just missed."""
    seen = (counts.total > _NOTHING) & (counts.squares > _NOTHING)
    scale = np.divide(counts.squares, counts.total, out=np.ones(counts.total.shape), where=seen)
    shape = np.divide(counts.total, scale, out=np.zeros(counts.total.shape), where=seen)
    return _Gamma(shape, scale)


def _bold(counts: WeightedCounts) -> _Gamma:
    """From above: as if one more, of the largest weight, were just missed."""
    total = counts.total + counts.next_weight
    scale = (counts.squares + counts.next_weight**2) / total
    return _Gamma(total / scale, scale)


def total_bounds(
    counts: WeightedCounts, confidence: float, most: WeightedCounts | None = None
) -> tuple[Numbers, Numbers]:
    """The interval that holds the expected count with `confidence`, half of the rest on each side.

    Where it is not known what belongs to the count, `most` is all that may: then `counts` has the
    lower bound and `most` the upper one.

    With y the total, v its variance and m the next weight, the gamma interval lies between the
    a-quantile of Gamma(y^2 / v, v / y) and the (1 - a)-quantile of Gamma((y + m)^2 / (v + m^2),
    (v + m^2) / (y + m)). Its mid-p form, used here, takes both quantiles of the even mixture of the
    two. For weights of 1 it is the mid-p interval of a Poisson count.

    It assumes that items come independently; it fails where one incident makes many of them. At
    small counts it covers about `confidence`, and more than it where weights differ greatly.

    Sources: Fay, Feuer, "Confidence intervals for directly standardized rates: a method based on
    the gamma distribution", Statistics in Medicine 16, 1997; Fay, Kim, "Confidence intervals for
    directly standardized rates using mid-p gamma intervals", Biometrical Journal 59, 2017.
    """
    tail = (1 - confidence) / 2

    def bound(of: WeightedCounts, aim: float) -> Numbers:
        bold = _bold(of)
        highest = np.asarray(bold.scale * gammaincinv(bold.shape, 1 - tail / 2))
        return _solved(_chance_of_totals(of), aim, np.zeros_like(highest), highest)

    return bound(counts, tail), bound(counts if most is None else most, 1 - tail)


def share_bounds(
    part: WeightedCounts,
    rest: WeightedCounts,
    confidence: float,
    unknown: tuple[WeightedCounts, WeightedCounts] | None = None,
) -> tuple[Numbers, Numbers]:
    """The interval that holds part / (part + rest) with `confidence`, half of the rest each side.

    `unknown` is what may belong to the part, and what may to the rest: the lower bound is the one
    where it all belongs to the rest, the upper one where it all belongs to the part.

    Precision is the share of real ones among the alerts, recall the share of alerts among the real
    ones. Each count has the two gamma distributions of `total_bounds`, and those of both counts are
    melded: a share that is just missed from below draws the part from its lower one and the rest
    from its upper one, and the other way round from above. Bounds are quantiles of the even mixture
    of both; for gammas A / (A + B) has a beta distribution, so nothing is drawn. With weights of 1
    it is the mid-p form of Clopper-Pearson's interval.

    It assumes that the two counts are independent of each other. Without any item on either side it
    is (0, 1).

    Source: Fay, Proschan, Brittain, "Combining one-sample confidence procedures for inference in
    the two-sample case", Biometrics 71, 2015.
    """
    tail = (1 - confidence) / 2
    zero, one = np.zeros_like(part.total), np.ones_like(part.total)
    of_part, of_rest = (None, None) if unknown is None else unknown
    least = _chance_of_shares(part, rest if of_rest is None else rest.plus(of_rest))
    most = _chance_of_shares(part if of_part is None else part.plus(of_part), rest)
    return _solved(least, tail, zero, one), _solved(most, 1 - tail, zero, one)


def share_at_most(part: WeightedCounts, rest: WeightedCounts, value: Numbers) -> Numbers:
    """How far the counts speak for a share of at most `value`: the p-value against more.

    `share_bounds` is where this is (1 - confidence) / 2 and 1 less that: to test one value, this is
    a hundred times sooner known.
    """
    return _chance_of_shares(part, rest)(value)


def total_at_most(counts: WeightedCounts, value: Numbers) -> Numbers:
    """The same for an expected count; `total_bounds` is where this is one tail and the other."""
    return _chance_of_totals(counts)(value)


def _chance_of_shares(part: WeightedCounts, rest: WeightedCounts) -> Chance:
    """`share_at_most` of any value."""
    ends = ((_shy(part), _bold(rest)), (_bold(part), _shy(rest)))

    def chance(value: Numbers) -> Numbers:
        least, most = (_chance_of_share(a, b, value) for a, b in ends)
        return (least + most) / 2

    return chance


def _chance_of_totals(counts: WeightedCounts) -> Chance:
    """`total_at_most` of any value."""
    shy, bold = _shy(counts), _bold(counts)
    return lambda value: (_chance_below(shy, value) + _chance_below(bold, value)) / 2


def _chance_below(gamma: _Gamma, value: Numbers) -> Numbers:
    point = gamma.shape == 0
    shape = np.where(point, 1.0, gamma.shape)
    return np.where(point, 1.0, gammainc(shape, value / gamma.scale))


def _chance_of_share(part: _Gamma, rest: _Gamma, value: Numbers) -> Numbers:
    """The chance that the share is at most `value`; one of the two is no point at 0."""
    none, whole = part.shape == 0, rest.shape == 0
    a, b = np.where(none, 1.0, part.shape), np.where(whole, 1.0, rest.shape)
    left, right = value / part.scale, (1 - value) / rest.scale
    chance = betainc(a, b, left / (left + right))
    return np.where(none, 1.0, np.where(whole, 0.0, chance))


def _solved(chance: Chance, aim: float, low: Numbers, high: Numbers) -> Numbers:
    """Where the chance reaches `aim`, by halving; it never falls as the value grows."""
    low, high = low.copy(), high.copy()
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        below = chance(middle) < aim
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2
