"""Alerts with what their analysts say of them now: each analyst's current label, averaged.

Samples are not among them: they were no alerts under any release.
"""

import hashlib
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from floodline.storage.alerts import Kind
from floodline.storage.current_labels import current, judged, undecided
from floodline.storage.tables import AlertRow, LabelRow


class RaisedAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert and what its analysts say of it now.

    Attributes:
        score: as it was published, never recomputed.
        threshold: what the score was compared with; at most `score`.
        release: the release that alerted.
        anomaly: share in [0, 1] of the analysts who call it an anomaly, among those whose answer
            counts; 1 or 0 where they agree; None where there is no such answer yet.
    """

    score: float
    threshold: float
    release: int
    anomaly: float | None


class EventLabel(msgspec.Struct, frozen=True, kw_only=True):
    """An alert with the place of its event."""

    alert_id: str
    partition: int
    offset: int
    raised: RaisedAlert


def _alerts(detector: str) -> ColumnElement[bool]:
    return (AlertRow.detector == detector) & (AlertRow.kind == Kind.ALERT)


def of_events(session: Session, detector: str, topic_id: str) -> list[EventLabel]:
    """Every alert on this topic, by partition and offset; `anomaly` is None without a label."""
    said = judged(detector)
    rows = session.execute(
        select(
            AlertRow.id,
            AlertRow.score,
            AlertRow.threshold,
            AlertRow.release,
            AlertRow.partition,
            AlertRow.offset,
            said.c.anomaly,
        )
        .join(said, said.c.alert_id == AlertRow.id, isouter=True)
        .where(
            _alerts(detector),
            AlertRow.topic_id == topic_id,
            said.c.anomaly.is_not(None) | undecided(),
        )
        .order_by(AlertRow.partition, AlertRow.offset)
    ).all()
    return [
        EventLabel(
            alert_id=row.id,
            partition=row.partition,
            offset=row.offset,
            raised=RaisedAlert(
                score=row.score,
                threshold=row.threshold,
                release=row.release,
                anomaly=None if row.anomaly is None else float(row.anomaly),
            ),
        )
        for row in rows
    ]


def first_received(session: Session, detector: str) -> datetime | None:
    """When the detector's first alert was taken in."""
    return session.scalar(select(func.min(AlertRow.received_at)).where(_alerts(detector)))


def count_current(session: Session, detector: str) -> int:
    """How many labels are current."""
    counted = (
        select(func.count())
        .select_from(LabelRow)
        .join(AlertRow, AlertRow.id == LabelRow.alert_id)
        .where(AlertRow.detector == detector, current())
    )
    return session.scalar(counted) or 0


def snapshot_digest(session: Session, detector: str) -> tuple[int, str]:
    """How many current labels there are, and the sha256 of their ids and verdicts in order of id.

    Equal digests are equal labels: a retrain names it, so that it can be repeated.
    """
    rows = session.execute(
        select(LabelRow.id, LabelRow.alert_id, LabelRow.verdict)
        .join(AlertRow, AlertRow.id == LabelRow.alert_id)
        .where(AlertRow.detector == detector, current())
    ).all()
    digest = hashlib.sha256()
    for row in sorted(tuple(row) for row in rows):
        digest.update("\x1f".join(row).encode() + b"\n")
    return len(rows), digest.hexdigest()
