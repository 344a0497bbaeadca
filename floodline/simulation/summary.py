"""Outcomes of several seeds as means and shares."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from floodline.simulation.outcome import Outcome, Promise


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The means of a method by name; those of a promise only where there was one.

    Figures of which no seed has any are None, and seeds without one are left out of a mean.
    """
    labels = sum(each.labels for each in outcomes)
    found = sum(each.found for each in outcomes)
    figures: dict[str, Any] = {
        "found": _mean(each.found for each in outcomes),
        "labels": _mean(each.labels for each in outcomes),
        "found_per_review": found / labels if labels else None,
        "average_precision": _mean(each.average_precision for each in outcomes),
        "ranked": _mean(each.ranked for each in outcomes),
    }
    promises = [each.promise for each in outcomes if each.promise is not None]
    if promises:
        figures |= _promised(promises)
    return figures | {"runs": [msgspec.to_builtins(each) for each in outcomes]}


def _promised(promises: Sequence[Promise]) -> dict[str, Any]:
    ends = [each.end for each in promises]
    return {
        "target_held": _mean(each.held for each in promises),
        "promised": _mean(each.promised for each in promises),
        "broken": sum(each.promised and each.held is False for each in promises),
        "silent": sum(each.held is None for each in promises),
        "alerts": _mean(each.alerts for each in promises),
        "alerts_last_third": _mean(each.alerts_last_third for each in promises),
        "real_precision": _mean(each.real_precision for each in promises),
        "real_recall": _mean(each.real_recall for each in promises),
        "best_recall": _mean(each.best_recall for each in promises),
        "coverage_precision": _mean(end.precision.covered for end in ends),
        "coverage_recall": _mean(end.recall.covered for end in ends),
        "threshold": _mean(end.threshold for end in ends),
    }


def _mean(values: Iterable[float | None]) -> float | None:
    known = [float(value) for value in values if value is not None]
    return sum(known) / len(known) if known else None
