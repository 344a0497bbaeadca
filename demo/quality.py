"""Precision and recall by the truth, over a part of the stream."""

from collections.abc import Iterable

import msgspec

from demo.streams import Stream


class Quality(msgspec.Struct, frozen=True):
    """Counts over a range of rows; precision and recall are None where nothing can be said."""

    alerts: int
    true_alerts: int
    anomalies: int

    @property
    def precision(self) -> float | None:
        """Share of the alerts that were anomalies."""
        return self.true_alerts / self.alerts if self.alerts else None

    @property
    def recall(self) -> float | None:
        """Share of the anomalies that were alerts."""
        return self.true_alerts / self.anomalies if self.anomalies else None


def quality(stream: Stream, alerts: Iterable[int], start: int, end: int) -> Quality:
    """The quality of `alerts` (row numbers) over rows from `start` up to `end`."""
    chosen = {row for row in alerts if start <= row < end}
    return Quality(
        alerts=len(chosen),
        true_alerts=sum(stream.truth[row] for row in chosen),
        anomalies=sum(stream.truth[start:end]),
    )


def thirds(rows: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """The first and the last third of the rows, as ranges."""
    return (0, rows // 3), (rows - rows // 3, rows)
