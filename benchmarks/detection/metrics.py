"""The two measures of a ranking, by one sort; equal to scikit-learn's."""

from typing import NamedTuple

import numpy as np

from benchmarks.detection.labelled_stream import Truth
from floodline.detection.detector import Scores


class Quality(NamedTuple):
    """How well scores rank anomalies above the rest.

    Attributes:
        auc: area under the ROC curve: the share of pairs of an anomaly and a usual event that are
            ranked right, ties counting half.
        ap: average precision: the mean, over anomalies, of the precision where each is found.
    """

    auc: float
    ap: float


def quality(truth: Truth, scores: Scores) -> Quality:
    """Both measures; an event whose score is NaN was not scored and ranks lowest.

    Raises:
        ValueError: there are only anomalies, or none.
    """
    odd = int(truth.sum())
    usual = len(truth) - odd
    if not odd or not usual:
        raise ValueError("a ranking is measured where there are anomalies and usual events")
    ranked = np.where(np.isnan(scores), -np.inf, scores)
    order = np.argsort(-ranked, kind="stable")
    ranked = ranked[order]
    ends = np.r_[np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1]
    found = np.cumsum(truth[order])[ends]
    alarms = ends + 1 - found
    gained = np.diff(found, prepend=0)
    passed = np.diff(alarms, prepend=0)
    auc = np.sum(passed * (found - gained / 2)) / (odd * usual)
    ap = np.sum(gained * found / (ends + 1)) / odd
    return Quality(float(auc), float(ap))
