"""Figures of many streams: totals, means, and the worst of them, each method against none."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.feedback.runs import Lived, Run
from benchmarks.feedback.variants import LABELS

GROUPS = ("dev", "held_out", "shipped", "flip", "given")
"""Groups of streams, in the order in which they are told."""
ROOM = 1.6
"""How many times what the plain forest finds could be found on a stream that leaves room."""
MADE = "made_"
"""How the names of streams begin that are of our own making."""
LEAST = 0.98
"""Of what the plain forest finds, what a method should find on every stream."""


def of_streams(lived: Sequence[Lived], methods: Sequence[str]) -> dict[str, Any]:
    """Each method over streams of one group and variant.

    `most` is what reviews could find at all (`Lived`), `most_ratio` that over the plain forest's
    finds; `found` is the sum over streams of means over seeds, `found_ratio` that over the plain
    forest's; `average_precision` the mean over streams; `worst` the lowest ratio of a stream, one
    added to both sides so that it means something where the plain forest finds nothing; `kept` how
    many streams have at least .98 by it. `parts` has the ratios again over some of the streams:
    those `with_room`, where any method could find `ROOM` times what the plain forest finds (so many
    anomalies there are, and so many labels), those `of_others` and those of our own making, `made`.
    """
    streams = [each for each in lived if each.runs]
    figures: dict[str, Any] = {
        "streams": len(streams),
        "left_out": {each.stream: each.why for each in lived if not each.runs},
    }
    if not streams:
        return figures
    plain = _method(streams, methods[0])
    most = sum(each.most for each in streams)
    figures |= {"most": most, "most_ratio": _ratio(most, plain["found"].sum())}
    figures["parts"] = _parts(streams, methods, plain["found"])
    for name in methods:
        found = _method(streams, name)
        ratios = (found["found"] + 1.0) / (plain["found"] + 1.0)
        figures[name] = {
            "found": float(found["found"].sum()),
            "found_ratio": _ratio(found["found"].sum(), plain["found"].sum()),
            "average_precision": _mean(found["average_precision"]),
            "average_precision_ratio": _ratio(
                _mean(found["average_precision"]), _mean(plain["average_precision"])
            ),
            "worst": float(ratios.min()),
            "worst_stream": streams[int(ratios.argmin())].stream,
            "kept": int((ratios >= LEAST).sum()),
        }
    return figures


def _parts(
    streams: Sequence[Lived], methods: Sequence[str], plain: np.ndarray[Any, Any]
) -> dict[str, Any]:
    could = [min(LABELS, each.anomalies) for each in streams]
    parts = {
        "with_room": [
            each
            for each, most, has in zip(streams, could, plain, strict=True)
            if most >= ROOM * has
        ],
        "of_others": [each for each in streams if not each.stream.startswith(MADE)],
        "made": [each for each in streams if each.stream.startswith(MADE)],
    }
    return {name: _part(part, methods) for name, part in parts.items()}


def _part(streams: Sequence[Lived], methods: Sequence[str]) -> dict[str, Any]:
    figures: dict[str, Any] = {"streams": len(streams)}
    if not streams:
        return figures
    plain = _method(streams, methods[0])
    figures["most_ratio"] = _ratio(sum(each.most for each in streams), plain["found"].sum())
    for name in methods:
        found = _method(streams, name)
        figures[name] = {
            "found_ratio": _ratio(found["found"].sum(), plain["found"].sum()),
            "average_precision_ratio": _ratio(
                _mean(found["average_precision"]), _mean(plain["average_precision"])
            ),
        }
    return figures


def of_stream(lived: Lived) -> dict[str, Any]:
    """One stream: each method's means over its seeds."""
    return {
        "events": lived.events,
        "anomalies": lived.anomalies,
        "most": lived.most,
        **{name: means(runs) for name, runs in lived.runs.items()},
    }


def means(runs: Sequence[Run]) -> dict[str, Any]:
    """The means over seeds; None where no seed has the figure."""
    return {
        "found": float(np.mean([each.found for each in runs])),
        "found_deviation": float(np.std([each.found for each in runs])),
        "found_by_window": np.mean([each.found_by_window for each in runs], axis=0).tolist(),
        "average_precision": _known([each.average_precision for each in runs]),
        "whole_auc": _known([each.whole_auc for each in runs]),
        "whole_average_precision": _known([each.whole_ap for each in runs]),
    }


def _method(streams: Sequence[Lived], name: str) -> dict[str, np.ndarray[Any, Any]]:
    rows = [means(each.runs[name]) for each in streams]
    return {
        key: np.array([np.nan if row[key] is None else row[key] for row in rows], np.float64)
        for key in ("found", "average_precision")
    }


def _known(values: Sequence[float | None]) -> float | None:
    known = [each for each in values if each is not None]
    return float(np.mean(known)) if known else None


def _mean(values: np.ndarray[Any, Any]) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else None


def _ratio(one: float | None, other: float | None) -> float | None:
    return float(one / other) if one is not None and other else None
