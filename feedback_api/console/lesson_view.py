"""What the console says of lessons and alike alerts, worked out before a template sees it."""

from dataclasses import dataclass
from datetime import datetime

from feedback_api.console.explanation_view import bits
from feedback_api.representations.alerts import Explanation
from feedback_api.representations.lessons import AlikeAlert, AlikeAlerts, LabelEffect, Lesson
from feedback_api.use_cases.lessons import lesson_effect
from floodline.storage.tables import AlertRow

LIKE = 0.2
"""Likeness from which on an alert is worth a look."""

_WHOLE = 100.0
_SEEN = 0.05
"""Bits from which on a difference is told."""


@dataclass(frozen=True)
class Headline:
    """What labels did to an alert, in words; `held` where they would have lowered it further."""

    text: str
    held: str


@dataclass(frozen=True)
class TaughtLine:
    """One label's part in words, and its width in percent of a bar."""

    alert_id: str
    text: str
    share: str
    when: datetime
    amount: str
    width: float
    lowers: bool


@dataclass(frozen=True)
class RelatedView:
    """Which labels raised or lowered an alert, and what is alike."""

    alert: AlertRow
    headline: Headline | None
    lines: list[TaughtLine]
    rest: str
    untold: str
    alerts: list[AlikeAlert]
    looked_at: int


def headline_of(alert: AlertRow) -> Headline | None:
    """What labels did to an alert; None where they did nothing."""
    if alert.explanation is None:
        return None
    told = Explanation.model_validate(alert.explanation)
    if not told.lesson:
        return None
    effect = lesson_effect(told, alert.score)
    way = "raised" if effect > 0.0 else "lowered"
    return Headline(
        text=f"Labels {way} this by {bits(abs(effect)).removeprefix('+')}",
        held=bits(told.lesson) if told.lesson < effect - _SEEN else "",
    )


def view_related(alert: AlertRow, lesson: Lesson, alike: AlikeAlerts) -> RelatedView:
    """The page's words for what the API tells."""
    widest = max((each.share for each in lesson.items), default=1.0)
    rest = ""
    if lesson.rest.labels:
        labels = "1 other label" if lesson.rest.labels == 1 else f"{lesson.rest.labels:,} others"
        rest = f"{labels} together: {bits(lesson.rest.effect)}"
    return RelatedView(
        alert=alert,
        headline=headline_of(alert),
        lines=[_line(each, widest) for each in lesson.items],
        rest=rest,
        untold=bits(lesson.untold) if abs(lesson.untold) >= _SEEN else "",
        alerts=[each for each in alike.items if each.likeness >= LIKE],
        looked_at=alike.looked_at,
    )


def _line(each: LabelEffect, widest: float) -> TaughtLine:
    return TaughtLine(
        alert_id=each.alert_id,
        text=each.text,
        share=f"{each.share:.0%}",
        when=each.created_at,
        amount=bits(each.effect),
        width=round(_WHOLE * each.share / widest, 2),
        lowers=each.effect < 0.0,
    )
