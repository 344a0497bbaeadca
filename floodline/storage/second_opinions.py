"""Which answered events another analyst should answer too, not knowing what was said.

Second opinions tell how often an answer is wrong (`floodline.feedback.answer_noise`). Of what was
confirmed or called a false alarm a twentieth gets one, told by the id alone; a confirmed sample
gets two, since it stands for many events, and a wrong one for as many that were never missed.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, select
from sqlalchemy.orm import Session

from floodline.feedback.answer_noise import ASKED_AGAIN, CONFIRMATIONS, LEAST_SECOND
from floodline.feedback.verdicts import Verdict
from floodline.storage import alerts
from floodline.storage.alerts import Kind
from floodline.storage.current_labels import COUNTING, current
from floodline.storage.tables import AlertRow, LabelRow

RECENT = timedelta(days=7)
"""Answers that are older are not asked about again."""
LARGEST_SHARE = 1 / 3
"""Of the second opinions of that time, one analyst gives no more than this, or `LEAST_SECOND`."""

_CONFIRMED = [Verdict.CONFIRMED.value]
_PLAIN = [*_CONFIRMED, Verdict.FALSE_ALARM.value]
"""Verdicts that another one may follow: it would close a known issue or a new normal unseen."""


def awaiting(
    session: Session, detector: str, analyst_id: str, *, now: datetime, limit: int
) -> list[AlertRow]:
    """Alerts and samples that this analyst should answer after others; labelled last first."""
    if _gave_enough(session, analyst_id, now):
        return []
    chosen = alerts.short().where(
        AlertRow.detector == detector,
        AlertRow.labelled_at >= now - RECENT,
        _asked(),
        ~_labelled_by(analyst_id).exists(),
    )
    newest = chosen.order_by(AlertRow.labelled_at.desc(), AlertRow.id)
    return list(session.scalars(newest.limit(limit)))


def awaits(session: Session, alert: AlertRow, analyst_id: str, *, now: datetime) -> bool:
    """Whether this analyst's answer is to be given without knowing what others said.

    So it is until the analyst gave one that counts: `unsure` does not open the others' answers.
    """
    if alert.labelled_at is None or alert.labelled_at < now - RECENT:
        return False
    asked = select(AlertRow.id).where(
        AlertRow.id == alert.id, _asked(), ~_labelled_by(analyst_id, COUNTING).exists()
    )
    return session.scalar(asked) is not None


def _labelled_by(analyst_id: str, verdicts: Sequence[str] | None = None) -> Select[Any]:
    given = select(LabelRow.id).where(
        LabelRow.alert_id == AlertRow.id, LabelRow.analyst_id == analyst_id
    )
    return given if verdicts is None else given.where(LabelRow.verdict.in_(verdicts))


def _asked() -> ColumnElement[bool]:
    """Of answered alerts and samples: another analyst is to answer them too."""
    answers, confirmed = _answers(COUNTING), _answers(_CONFIRMED)
    doubtful = (
        (AlertRow.kind == Kind.SAMPLE)
        & (confirmed > 0)
        & (confirmed < CONFIRMATIONS)
        & (answers == confirmed)
    )
    drawn = (AlertRow.shuffle < ASKED_AGAIN) & (answers == 1) & (_answers(_PLAIN) == 1)
    return doubtful | drawn


def _answers(verdicts: Sequence[str]) -> ScalarSelect[int]:
    """How many analysts give an alert one of these verdicts now."""
    return (
        select(func.count())
        .where(LabelRow.alert_id == AlertRow.id, LabelRow.verdict.in_(verdicts), current())
        .scalar_subquery()
    )


def _gave_enough(session: Session, analyst_id: str, now: datetime) -> bool:
    """Whether so many of the recent ones are this analyst's that the others should give more."""
    recent = select(func.count()).where(LabelRow.blind, LabelRow.created_at >= now - RECENT)
    given = session.scalar(recent.where(LabelRow.analyst_id == analyst_id)) or 0
    if given < LEAST_SECOND:
        return False
    return given >= LARGEST_SHARE * (session.scalar(recent) or 0)
