"""Which events below the threshold are drawn for review, and with what probability."""

import hashlib
import math
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

BAND_REACHES = (5.0, 50.0)
"""Where strata end below the threshold: so many events lie above, for each alert."""
BUDGET_SHARES = (0.5, 0.3, 0.2)
"""Of the reviews, from the band just below the threshold downwards."""

_STEP, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_BITS = 53


class Stratum(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Events whose score is at least `floor` and below that of the next stratum.

    Attributes:
        floor: lowest score in it.
        rate: probability in [0, 1] with which an event of it is drawn.
    """

    floor: float
    rate: float

    def __post_init__(self) -> None:
        if not (0 <= self.floor <= 1 and 0 <= self.rate <= 1):
            raise ValueError(f"floor and rate lie in [0, 1], not {self.floor} and {self.rate}")


class Sampling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The strata below the threshold, by rising floor, the first one at 0."""

    strata: tuple[Stratum, ...]

    def __post_init__(self) -> None:
        floors = [stratum.floor for stratum in self.strata]
        if not floors or floors[0] != 0 or floors != sorted(set(floors)):
            raise ValueError("strata have rising floors, the first one at 0")

    @classmethod
    def even(cls, rate: float) -> "Sampling":
        """The same rate for all."""
        return cls(strata=(Stratum(floor=0.0, rate=rate),))

    @property
    def whole(self) -> bool:
        """Whether every event has a chance to be drawn."""
        return all(stratum.rate > 0 for stratum in self.strata)


def sampling_key(detector: str, topic_id: str, partition: int) -> int:
    """64 bits that tell partitions apart, so that each draws independently of the others."""
    name = f"{detector}\0{topic_id}\0{partition}".encode()
    return int.from_bytes(hashlib.sha256(name).digest()[:8], "little")


class ReviewSampler:
    """Draws events of one partition: a pure function of (partition, offset, score, sampling).

    An event is drawn if a hash of its offset, taken as a number in [0, 1), lies below its
    stratum's rate. So batches, restarts and replays change nothing, and an event that is drawn at
    one rate is drawn at every higher one.

    Source of the hash: Steele, Lea, Flood, "Fast splittable pseudorandom number generators",
    OOPSLA 2014 (SplitMix64).
    """

    def __init__(self, key: int, sampling: Sampling) -> None:
        self._key = np.uint64(key)
        self._floors = np.array([stratum.floor for stratum in sampling.strata])
        self._rates = np.array([stratum.rate for stratum in sampling.strata])
        self._highest = float(self._rates.max())

    def drawn(self, offsets: NDArray[np.int64], scores: Numbers) -> NDArray[np.bool_]:
        """Which events are drawn if they are no alerts, (n,)."""
        chances = uniform(self._key, offsets)
        marked: NDArray[np.bool_] = chances < self._highest
        likely = np.flatnonzero(marked)
        marked[likely] = chances[likely] < self.rates(scores[likely])
        return marked

    def rates(self, scores: Numbers) -> Numbers:
        """The probability with which an event of each score is drawn, (n,)."""
        rates: Numbers = self._rates[np.searchsorted(self._floors, scores, side="right") - 1]
        return rates


def uniform(key: Any, offsets: NDArray[np.int64]) -> Numbers:
    """A number in [0, 1) for each offset, by SplitMix64 from `key` on, of 53 bits."""
    mixed = np.uint64(key) + (offsets.astype(np.uint64) + np.uint64(1)) * np.uint64(_STEP)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(_FIRST)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(_SECOND)
    mixed ^= mixed >> np.uint64(31)
    chances: Numbers = (mixed >> np.uint64(64 - _BITS)).astype(np.float64) * 2.0**-_BITS
    return chances


class Reviewable(msgspec.Struct, frozen=True):
    """Scores seen in a stretch of time, and how many events each stands for; both (n,)."""

    scores: Numbers
    weights: Numbers
    hours: float


def planned_sampling(seen: Reviewable, threshold: float, budget: float) -> Sampling:
    """The strata and rates that come to a budget of so many reviews an hour.

    The band just below the threshold reaches down to where five events lie above its floor for
    each alert, the next one to fifty, the last one takes the rest. Each gets its share of the
    reviews, spread over the events that it is estimated to have an hour; what a stratum has too
    few events for goes to those below it. Strata that would be drawn at a higher rate than the one
    above them are joined with it, and so is with the next one a stratum in which nothing was seen:
    that tells how few were drawn, not how few there are. If nothing was seen below the threshold at
    all, as many events are taken to lie there as the heaviest one seen stands for.

    `seen` holds alerts, each for itself, and samples, each for 1 / its probability.

    Raises:
        ValueError: nothing was seen, or for no time.
    """
    if not seen.scores.size or not seen.hours > 0:
        raise ValueError("rates are planned from events that were seen for some time")
    order = np.argsort(-seen.scores, kind="stable")
    scores, counts = seen.scores[order], np.cumsum(seen.weights[order])
    alerts = max(1.0, float(seen.weights[seen.scores >= threshold].sum()))
    floors = [_score_at(scores, counts, reach * alerts) for reach in BAND_REACHES]
    plans: list[_Plan] = []
    ceiling, left = threshold, 0.0
    for floor, share in zip([*floors, 0.0], BUDGET_SHARES, strict=True):
        left += share * budget
        within = (seen.scores >= floor) & (seen.scores < ceiling)
        if floor >= ceiling or (floor > 0 and not within.any()):
            continue
        found = float(seen.weights[within].sum()) or float(seen.weights.max())
        events = found / seen.hours
        plan = _Plan(floor, events, min(left, events))
        left -= plan.reviews
        while plans and plan.rate > plans[-1].rate:
            plan = plan.joined(plans.pop())
        plans.append(plan)
        ceiling = floor
    strata = tuple(Stratum(floor=plan.floor, rate=plan.rate) for plan in reversed(plans))
    return Sampling(strata=strata) if strata else Sampling.even(0.0)


class _Plan(msgspec.Struct, frozen=True):
    """A stratum: its events an hour, and how many of them are to be reviewed."""

    floor: float
    events: float
    reviews: float

    @property
    def rate(self) -> float:
        return self.reviews / self.events

    def joined(self, above: "_Plan") -> "_Plan":
        """This stratum and the one above it as one."""
        return _Plan(self.floor, self.events + above.events, self.reviews + above.reviews)


def reviews_an_hour(sampling: Sampling, seen: Reviewable, threshold: float) -> float:
    """How many events an hour below the threshold are drawn at these rates, by what was seen.

    Raises:
        ValueError: it was seen for no time.
    """
    if not seen.hours > 0:
        raise ValueError("a rate is estimated from a stretch of time")
    below = seen.scores < threshold
    rates = ReviewSampler(0, sampling).rates(seen.scores[below])
    return float((seen.weights[below] * rates).sum()) / seen.hours


def _score_at(scores: Numbers, counts: Numbers, wanted: float) -> float:
    """The score that `wanted` events reach, of scores that fall; 0 where there are fewer."""
    place = int(np.searchsorted(counts, wanted))
    if place >= len(scores):
        return 0.0
    return math.nextafter(float(scores[place]), math.inf)
