"""Why an event scored as it did: what each feature adds, by the rule for missing ones."""

import math
from collections.abc import Callable
from typing import Protocol, runtime_checkable

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.detection.detector import Rows, Scores

BITS, SCORE = "bits", "score"
"""Units of contributions: the default profile's bits, or River's score in [0, 1]."""

Judge = Callable[[Scores], NDArray[np.bool_]]
"""Told the scores of the next events, in order, it marks those that are to be explained."""


class FeatureContribution(msgspec.Struct, frozen=True, kw_only=True):
    """What one feature of an event adds to its score.

    Attributes:
        feature: its name.
        value: what the event said; None where it is missing.
        low: lower end of the usual range, in the feature's unit; None while none is known.
        high: upper end of it.
        contribution: total minus the total without this feature; 0 where it is missing. Below 0
            the feature makes the event look more usual.
    """

    feature: str
    value: float | None
    low: float | None
    high: float | None
    contribution: float


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """An event's score, feature by feature, by the model that scored it.

    With s(x) the total and x without j the same event with feature j missing::

        contribution_j = s(x) - s(x without j)

    They don't add up to the total: features that only together are rare share what they explain,
    and each of two that say the same may be spared.

    Attributes:
        unit: `bits` or `score`, of `total` and of contributions.
        total: the event's bits, or its score.
        contributions: one a feature, the largest first.
        leaves: the number of the leaf that the event reaches in each tree, left to right from 0,
            as little-endian uint16 (uint32 where trees are higher than 16).
        usual: the total of an ordinary event; None where that is not known.
        lesson: what labels add, in bits: the weights of its leaves. It is no part of `total`.
        excess: by how many bits each tree found the event rarer than usual, in sixteenths, a byte
            a tree; empty where trees have no bits.
    """

    unit: str
    total: float
    contributions: tuple[FeatureContribution, ...]
    leaves: bytes
    usual: float | None = None
    lesson: float = 0.0
    excess: bytes = b""


@runtime_checkable
class Explains(Protocol):
    """A detector that can explain its scores.

    Law, checked for each by `tests/contracts`: a contribution equals, to the bit, the total minus
    the total of the same event without the feature.
    """

    def explain(self, event: Rows) -> Explanation:
        """Explain the score of one event, shape (1, d), as the model is now. Changes nothing."""
        ...

    def score_learn_explaining(
        self, rows: Rows, judge: Judge
    ) -> tuple[Scores, dict[int, Explanation]]:
        """Score and learn as `score_learn_many`; explain the events that `judge` marks.

        Each is explained, by its place among the rows, by the model that scored it: as it was
        before it learnt that event.
        """
        ...


def largest(found: Explanation, most: int) -> Explanation:
    """The explanation with its `most` largest contributions, below 0 or above."""
    if len(found.contributions) <= most:
        return found
    sizes = sorted((abs(each.contribution) for each in found.contributions), reverse=True)
    least = sizes[most - 1]
    kept = [each for each in found.contributions if abs(each.contribution) >= least][:most]
    return msgspec.structs.replace(found, contributions=tuple(kept))


def explanation(
    unit: str,
    names: tuple[str, ...],
    totals: NDArray[np.float64],
    leaves: NDArray[np.unsignedinteger],
    event: Rows,
    ranges: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> Explanation:
    """Put an explanation together.

    `totals` has the event's total and then, feature by feature, that without it, shape (1 + d,);
    `ranges` are low and high ends, (d,) each, NaN or infinite where none is known.
    """
    total = float(totals[0])
    columns = zip(names, event[0].tolist(), *(ends.tolist() for ends in ranges), strict=True)
    found = [
        FeatureContribution(
            feature=name,
            value=_finite(value),
            low=_finite(low),
            high=_finite(high),
            contribution=total - without,
        )
        for (name, value, low, high), without in zip(columns, totals[1:].tolist(), strict=True)
    ]
    found.sort(key=lambda each: -each.contribution)
    little = leaves.astype(leaves.dtype.newbyteorder("<"))
    return Explanation(unit=unit, total=total, contributions=tuple(found), leaves=little.tobytes())


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
