"""Which answered events another analyst should answer too, not knowing what was said.

Second opinions tell how often an answer is wrong (`floodline.feedback.answer_noise`). A twentieth
of all answered events gets one, told by the id alone; a confirmed sample gets two, since it stands
for many events, and a wrong one for as many that were never missed.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, ScalarSelect, func, select
from sqlalchemy.orm import Session

from floodline.feedback.answer_noise import ASKED_AGAIN, CONFIRMATIONS
from floodline.feedback.verdicts import Verdict
from floodline.storage import alerts
from floodline.storage.alerts import Kind
from floodline.storage.current_labels import current
from floodline.storage.tables import AlertRow, LabelRow

RECENT = timedelta(days=7)
"""Answers that are older are not asked about again."""

_COUNTING = [verdict.value for verdict in Verdict if verdict.counts_as is not None]
_REAL = [verdict.value for verdict in Verdict if verdict.counts_as]
_PLAIN = [Verdict.CONFIRMED.value, Verdict.FALSE_ALARM.value]
"""Verdicts that another one may follow: it would close a known issue or a new normal unseen."""


def awaiting(
    session: Session, detector: str, analyst_id: str, *, now: datetime, limit: int
) -> list[AlertRow]:
    """Alerts and samples that this analyst should look at after others.

    Confirmed samples come first, and what was labelled last before the rest.
    """
    found: list[AlertRow] = []
    for asked in (_doubtful(), _drawn()):
        chosen = (
            alerts.short()
            .where(AlertRow.detector == detector, asked, *_by_others(analyst_id, now))
            .order_by(AlertRow.labelled_at.desc(), AlertRow.id)
            .limit(limit - len(found))
        )
        found += session.scalars(chosen.where(AlertRow.id.not_in([row.id for row in found])))
    return found


def awaits(session: Session, alert: AlertRow, analyst_id: str, *, now: datetime) -> bool:
    """Whether this analyst should look at the alert, not knowing what others said of it."""
    asked = select(AlertRow.id).where(
        AlertRow.id == alert.id, _doubtful() | _drawn(), *_by_others(analyst_id, now)
    )
    return session.scalar(asked) is not None


def _by_others(analyst_id: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    mine = select(LabelRow.id).where(
        LabelRow.alert_id == AlertRow.id, LabelRow.analyst_id == analyst_id
    )
    return AlertRow.labelled_at >= now - RECENT, ~mine.exists()


def _doubtful() -> ColumnElement[bool]:
    answers = _answers()
    return (
        (AlertRow.kind == Kind.SAMPLE)
        & (AlertRow.verdict == Verdict.CONFIRMED)
        & (answers < CONFIRMATIONS)
        & (answers == _answers(_REAL))
    )


def _drawn() -> ColumnElement[bool]:
    return AlertRow.verdict.in_(_PLAIN) & (AlertRow.shuffle < ASKED_AGAIN) & (_answers() == 1)


def _answers(verdicts: list[str] = _COUNTING) -> ScalarSelect[int]:
    """How many analysts give an alert one of these verdicts now."""
    return (
        select(func.count())
        .where(LabelRow.alert_id == AlertRow.id, LabelRow.verdict.in_(verdicts), current())
        .scalar_subquery()
    )
