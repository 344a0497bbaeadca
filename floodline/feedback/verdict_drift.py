"""Whether the same scores are judged as before, and by one analyst as by the others."""

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc

from floodline.feedback.evidence import Evidence

SURE = 0.001
"""Chance at which a difference is told where there is none, over all that are looked at."""
LEAST = 10
"""Fewest answers on either side."""
_BANDS = 5

Booleans = NDArray[np.bool_]


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """A difference in verdicts on alike scores that chance does not explain.

    Attributes:
        analyst: whose answers differ from those of the others; None: the newer half of the answers
            from the older half.
        share: of them that say "anomaly", as a part of 1.
        expected: the share that the others said on as many events of the same scores.
    """

    analyst: int | None
    share: float
    expected: float

    def __str__(self) -> str:
        who, other = "one analyst", "the others"
        if self.analyst is None:
            who, other = "the newer half of the answers", "the older half"
        return (
            f"{who} judges alike scores unlike {other}: {self.share:.0%} confirmed in place of "
            f"{self.expected:.0%}"
        )


def verdict_drift(evidence: Evidence) -> tuple[Drift, ...]:
    """Analysts who judge unlike the others, and a change with time, on alike scores.

    Answers are parted by score into five bands of equally many. In each, the answers that say
    "anomaly" on one side are compared with what would come to it by chance (hypergeometric). Two
    tests look at these differences: their sum (the Mantel-Haenszel statistic, of one degree of
    freedom) finds who confirms too much or too little throughout; the sum of their squares (one for
    each band) finds who turns answers round. `SURE` is shared among all tests and comparisons.

    It assumes that answers are independent, and alike events within a band. It does not say who is
    right, nor whether the events changed or the verdicts: a new kind of false alarm at the same
    scores looks like a stricter analyst. It is one look's test: over many looks it errs more often.

    Source: Mantel, Haenszel, "Statistical aspects of the analysis of data from retrospective
    studies of disease", Journal of the National Cancer Institute 22, 1959.
    """
    answers = evidence.answers
    if answers.items.size < 2 * LEAST:
        return ()
    bands = _bands(evidence.chosen.scores[answers.items])
    sides: list[tuple[int | None, Booleans]] = [
        (int(each), answers.analysts == each) for each in np.unique(answers.analysts)
    ]
    newest = np.argsort(answers.ages, kind="stable")
    newer = np.zeros(newest.size, np.bool_)
    newer[newest[: newest.size // 2]] = True
    sides.append((None, newer))
    sides = [
        side
        for side in sides
        if min(np.count_nonzero(side[1]), np.count_nonzero(~side[1])) >= LEAST
    ]
    found = []
    for analyst, theirs in sides:
        drift = _compared(analyst, theirs, answers.real, bands, SURE / len(sides))
        if drift is not None:
            found.append(drift)
    return tuple(found)


def _bands(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    edges = np.quantile(scores, np.arange(1, _BANDS) / _BANDS)
    return np.searchsorted(edges, scores, side="right")


def _compared(
    analyst: int | None, theirs: Booleans, real: Booleans, bands: NDArray[np.int64], sure: float
) -> Drift | None:
    both, ours, yes, hits = (
        np.bincount(bands[which], minlength=_BANDS).astype(np.float64)
        for which in (np.ones_like(theirs), theirs, real, theirs & real)
    )
    # Only bands with answers of both sides, and with either verdict, compare anything.
    kept = (ours > 0) & (ours < both) & (yes > 0) & (yes < both)
    both, ours, yes, hits = both[kept], ours[kept], yes[kept], hits[kept]
    if not both.size:
        return None
    others = both - ours
    variance = ours * others * yes * (both - yes) / (both**2 * (both - 1))
    gaps = np.maximum(np.abs(hits - ours * yes / both) - 0.5, 0.0)
    summed = max(abs(float((hits - ours * yes / both).sum())) - 0.5, 0.0)
    throughout = gammaincc(0.5, summed**2 / variance.sum() / 2)
    somewhere = gammaincc(both.size / 2, (gaps**2 / variance).sum() / 2)
    if min(throughout, somewhere) > sure / 2:
        return None
    expected = (ours * (yes - hits) / others).sum() / ours.sum()
    return Drift(analyst=analyst, share=float(hits.sum() / ours.sum()), expected=float(expected))
