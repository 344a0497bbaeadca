"""The precision of each entity's alerts, as the threshold's page shows it."""

from dataclasses import dataclass

from feedback_api.console.shares import Share, percent, share_of
from feedback_api.representations.segments import MOST_SEGMENTS, Segment, Segments

SHOWN = 10
"""Segments on the page, if no others are asked for."""


@dataclass(frozen=True)
class SegmentRow:
    """One entity's alerts; `entity` is None for events that name none."""

    entity: str | None
    alerts: int
    labels: int
    precision: Share
    borrowed: str


@dataclass(frozen=True)
class SegmentsView:
    """The segments with the most alerts.

    Attributes:
        total: how many segments have alerts.
        more: how many the page can show, where that is more than it does; else None.
    """

    rows: list[SegmentRow]
    total: int
    more: int | None
    confidence: float
    reason: str


def view_segments(found: Segments, target: float | None) -> SegmentsView | None:
    """The segments; None where there are none. `target`: what the policy asks for, in percent."""
    if not found.segments:
        return None
    can = min(found.total, MOST_SEGMENTS)
    return SegmentsView(
        rows=[_row(each, target) for each in found.segments],
        total=found.total,
        more=can if can > len(found.segments) else None,
        confidence=percent(found.confidence),
        reason=found.reason,
    )


def _row(each: Segment, target: float | None) -> SegmentRow:
    return SegmentRow(
        entity=each.entity,
        alerts=each.alerts,
        labels=each.answers,
        precision=share_of("Precision", each.precision, target),
        borrowed="" if each.borrowed is None else f"{each.borrowed:.0%}",
    )
