"""Medians of rounds, ratios within them, percentiles."""

import math
from collections.abc import Mapping, Sequence
from statistics import median

RATIOS = {
    "default_over_orjson": ("floodline_default", "consume_orjson"),
    "over_orjson": ("floodline", "consume_orjson"),
    "over_matrix": ("floodline", "consume_matrix"),
    "over_river_loop": ("floodline", "river_loop"),
}
"""Names of the figures, and whose speed is divided by whose."""


def medians(rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Of each name, the median over the rounds."""
    return {name: median(each[name] for each in rounds) for name in rounds[0]}


def ratios(rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Of each ratio, the median of what the rounds gave by themselves."""
    return {
        name: median(each[ours] / each[theirs] for each in rounds)
        for name, (ours, theirs) in RATIOS.items()
    }


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share (0 < share <= 1) of the values do not exceed.

    Raises:
        ValueError: there are none.
    """
    if not values:
        raise ValueError("a percentile of no values")
    return sorted(values)[math.ceil(share * len(values)) - 1]
