"""Which offsets a retrain replays."""

from collections.abc import Mapping

from floodline.errors import ConfigurationError
from trainer.ports import OffsetRange

Bounds = Mapping[int, tuple[int, int]]


def newest_ranges(bounds: Bounds, most: int) -> list[OffsetRange]:
    """The newest `most` offsets of each partition."""
    return [
        OffsetRange(partition, max(low, high - most), high)
        for partition, (low, high) in sorted(bounds.items())
    ]


def explicit_ranges(
    bounds: Bounds, starts: Mapping[int, int], ends: Mapping[int, int]
) -> list[OffsetRange]:
    """The named partitions, from the log's beginning and to its end where nothing else is said.

    Raises:
        ConfigurationError: a partition does not exist, or its log does not hold the range.
    """
    ranges = []
    for partition in sorted({*starts, *ends}):
        if partition not in bounds:
            known = ", ".join(str(each) for each in sorted(bounds))
            raise ConfigurationError(f"there is no partition {partition}; the topic has {known}")
        low, high = bounds[partition]
        start, end = starts.get(partition, low), ends.get(partition, high)
        if not low <= start < end <= high:
            raise ConfigurationError(
                f"partition {partition}: no range from {start} to {end}; the log holds "
                f"{low} to {high}, and the start must lie before the end"
            )
        ranges.append(OffsetRange(partition, start, end))
    return ranges
