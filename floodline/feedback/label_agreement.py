"""Whether labels of alike events agree, and how much that lets through of what they taught."""

from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.feedback.leaf_likeness import Leaves, leaf_likeness

Numbers = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

RECENT = 200
"""Newest labels of either kind, up and not up, that are compared; of each analyst as many."""
_EACH = 20
"""Newest labels of one analyst that are compared even if nobody else has as many."""
TOLD = 1.0
"""Bits of a lesson from which on it foretells a label."""
_AS_OTHERS = 0.7
"""Part of the agreement of all at which an analyst's with the others is as good as theirs."""
_BELIEVED = 1.0
"""Pairs that are taken to agree before any label is known."""
_NONE, _ALL = 0.1, 0.3
"""Agreement up to which nothing passes, and from which on all does."""
_UNSURE, _SURE = 2.0, 4.0
"""The same for how many of its deviations it lies above what coins would give."""


class Guard(msgspec.Struct, frozen=True, kw_only=True):
    """How much of what labels taught is let through.

    Attributes:
        share: of all lessons, 0 to 1.
        by_label: beside that, of each label's step, by who gave it, 0 to 1, (n,).
    """

    share: float
    by_label: Numbers


def guard(leaves: Leaves, up: Booleans, analysts: Integers, height: int, gamma: float) -> Guard:
    """Judge the newest labels of either kind by each other; arrays of n labels, in order.

    Of each analyst as many are compared, so that none fills the comparison (`in_turn`).

    With s = 1 for a label that pulls up, -1 for another, m their mean or 0 if that is higher, and K
    the likeness of two events::

        R = sum K_ij^2 (s_i - m) (s_j - m) / ((1 - m^2) sum K_ij^2)     over pairs i < j
        d = sqrt(sum K_ij^4) / sum K_ij^2       its deviation if each label were a coin's

    R is 0 for coins. Where labels are as many up as down it is 1 less twice the chance that two of
    one place differ: 1 where all agree, (1 - 2 n)^2 where a share n is wrong. Where most are up,
    they have to agree better than by that alone: lessons that are alike everywhere rank nothing,
    and the plain forest finds what is real there. Where none is down, R is 0. Where most are down
    they agree by that alone: there lessons lead away from what was rejected. All pairs together
    are worth 1 / d^2 pairs of one place; one more is taken to agree. Lessons pass where R may be
    high, as long as little is known, or is surely no coin's::

        share = max(clip((R + d - .1) / .2, 0, 1), clip((R / d - 2) / 2, 0, 1))

    An analyst's steps pass as far as that analyst's labels may agree with the others' (R_a, with
    m = 0) as well as all do with each other; all steps pass of one who works alone::

        share_a = clip((R_a + 2 d_a) / (.7 R), 0, 1)

    *When it fails.* Coins of one kind, such as an analyst who rejects all, agree with each other.
    Where real and harmless events lie in the same cells, right labels look like coins, and little
    passes: there is little to learn for these trees. Four coins among five analysts drown the
    fifth.
    """
    kinds = (np.flatnonzero(up), np.flatnonzero(~up))
    newest = np.sort(np.concatenate([kind[in_turn(analysts[kind], RECENT)] for kind in kinds]))
    signs, whose = np.where(up[newest], 1.0, -1.0), analysts[newest]
    weights = _weights(leaves[newest], height, gamma)
    pairs = np.triu(weights, 1)
    whole = _agreed(pairs, signs)
    by_label = np.ones(up.size)
    for analyst in np.unique(whose):
        theirs = whose == analyst
        own = _agreed(np.where(np.outer(theirs, ~theirs), weights, 0.0), signs)
        by_label[analysts == analyst] = _share_beside(own, whole)
    return Guard(share=_share(pairs, signs), by_label=by_label)


def in_turn(analysts: Integers, most: int) -> Integers:
    """The places of up to `most` labels, in order: each analyst's newest, then the next newest.

    Of one analyst no more than of the next most busy one, or `_EACH`: who labels more than all
    others together has no more to say here than each of them.

    >>> in_turn(np.array([1, 1, 0, 1, 1, 0]), 3).tolist()
    [3, 4, 5]
    """
    ages = np.empty(analysts.size, np.int64)
    counts = [0]
    for analyst in np.unique(analysts):
        theirs = np.flatnonzero(analysts == analyst)
        ages[theirs] = np.arange(theirs.size)[::-1]
        counts.append(theirs.size)
    if len(counts) > 2:
        most = min(most, int((ages < max(sorted(counts)[-2], _EACH)).sum()))
    # Of equally new ones the later labels come first.
    return np.sort(np.lexsort((-np.arange(analysts.size), ages))[:most])


class _Agreed(NamedTuple):
    """Pairs: their weight, the sum of its squares, and how far they agree, each by its weight."""

    weight: float
    squares: float
    agreement: float

    @property
    def deviation(self) -> float:
        return float(np.sqrt(self.squares)) / self.weight


def _weights(leaves: Leaves, height: int, gamma: float) -> Numbers:
    """The squared likeness of each event with each, (n, n)."""
    found = np.empty((len(leaves), len(leaves)))
    for row, own in zip(found, leaves, strict=True):
        row[:] = leaf_likeness(own, leaves, height, gamma) ** 2
    return found


def _agreed(weights: Numbers, signs: Numbers) -> _Agreed:
    whole = float(weights.sum())
    # No matrix product: its sums may come in another order on another machine.
    agreed = float((weights * np.outer(signs, signs)).sum())
    return _Agreed(whole, float((weights**2).sum()), agreed / whole if whole > 0.0 else 1.0)


def _share(pairs: Numbers, signs: Numbers) -> float:
    """What passes of all lessons."""
    mean = max(float(signs.mean()), 0.0) if signs.size else 0.0
    spread = 1.0 - mean**2
    found = _agreed(pairs, signs - mean)
    if found.weight <= 0.0:
        return 1.0
    beyond = found.agreement / spread if spread > 0.0 else 0.0
    pairs_worth = found.weight**2 / found.squares
    agreement = (pairs_worth * beyond + _BELIEVED) / (pairs_worth + _BELIEVED)
    deviation = 1.0 / float(np.sqrt(pairs_worth + _BELIEVED))
    possible = (agreement + deviation - _NONE) / (_ALL - _NONE)
    certain = (agreement / deviation - _UNSURE) / (_SURE - _UNSURE)
    return min(max(possible, certain, 0.0), 1.0)


def _share_beside(own: _Agreed, whole: _Agreed) -> float:
    """What passes of one analyst."""
    if own.weight <= 0.0 or whole.agreement <= 0.0:
        return 1.0
    best = own.agreement + 2.0 * own.deviation
    return min(max(best / (_AS_OTHERS * whole.agreement), 0.0), 1.0)


def came_as_foretold(foretold: Numbers, up: Booleans) -> tuple[float | None, int]:
    """The share of labels that came as those before them foretold, and how many were foretold.

    `foretold` is each event's lesson before its label, (n,), in bits; `TOLD` of them, up or down,
    foretell a label. The share is None where none was foretold.
    """
    told = np.abs(foretold) >= TOLD
    count = int(np.count_nonzero(told))
    if not count:
        return None, 0
    return int(np.count_nonzero((foretold > 0.0)[told] == up[told])) / count, count
