"""What analysts say of an event now: each one's current label, averaged."""

from sqlalchemy import ColumnElement, Integer, Subquery, case, exists, func, select
from sqlalchemy.orm import aliased

from floodline.feedback.verdicts import Verdict
from floodline.storage.tables import AlertRow, LabelRow

_REAL = [verdict.value for verdict in Verdict if verdict.counts_as is True]
COUNTING = [verdict.value for verdict in Verdict if verdict.counts_as is not None]
"""Verdicts that say whether an event is real."""
_LEFT_OUT = [verdict.value for verdict in Verdict if verdict.counts_as is None]


def current() -> ColumnElement[bool]:
    """Of labels: no later one takes its place."""
    later = aliased(LabelRow)
    return ~exists().where(later.supersedes == LabelRow.id)


def undecided() -> ColumnElement[bool]:
    """Of alerts and samples: the newest label, if there is one, counts for something."""
    return AlertRow.verdict.is_(None) | AlertRow.verdict.not_in(_LEFT_OUT)


def judged(detector: str) -> Subquery:
    """Per alert or sample with counted labels: its id, and the share that calls it real."""
    real = case((LabelRow.verdict.in_(_REAL), 1), else_=0)
    return (
        select(
            LabelRow.alert_id.label("alert_id"),
            (func.sum(real, type_=Integer) * 1.0 / func.count()).label("anomaly"),
        )
        .join(AlertRow, AlertRow.id == LabelRow.alert_id)
        .where(AlertRow.detector == detector, LabelRow.verdict.in_(COUNTING), current())
        .group_by(LabelRow.alert_id)
        .subquery()
    )
