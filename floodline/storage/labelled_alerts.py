"""Alerts with what their analysts say of them now: each analyst's current label, averaged.

Samples are not among them: they were no alerts under any release.
"""

import hashlib
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from floodline.feedback.estimates import RaisedAlert
from floodline.storage.alerts import Kind
from floodline.storage.current_labels import current, judged, undecided
from floodline.storage.tables import AlertRow, LabelRow

MOST_ALERTS = 20_000
"""Newest alerts without a label that say how the labelled ones were chosen."""


class EventLabel(msgspec.Struct, frozen=True, kw_only=True):
    """An alert with the place of its event."""

    alert_id: str
    partition: int
    offset: int
    raised: RaisedAlert


def _alerts(detector: str) -> ColumnElement[bool]:
    return (AlertRow.detector == detector) & (AlertRow.kind == Kind.ALERT)


def recent(
    session: Session, detector: str, most_labelled: int, since_release: int = 0
) -> list[RaisedAlert]:
    """The newest labelled alerts, in the order of their arrival, and those that came meanwhile.

    By the time of the alert and not of the label: a late label on an old alert tells of old times.
    The alerts without a label tell how the labelled ones were chosen. Alerts whose label counts for
    nothing (planned, unsure) are left out, and so are those under releases before `since_release`,
    which another model scored.
    """
    said = judged(detector)
    rows = session.execute(
        select(
            AlertRow.id,
            AlertRow.score,
            AlertRow.threshold,
            AlertRow.release,
            AlertRow.received_at,
            said.c.anomaly,
        )
        .join(said, said.c.alert_id == AlertRow.id)
        .where(_alerts(detector), AlertRow.release >= since_release)
        .order_by(AlertRow.received_at.desc(), AlertRow.id.desc())
        .limit(most_labelled)
    ).all()
    if not rows:
        return []
    since = min(row.received_at for row in rows)
    known = {row.id for row in rows}
    others = session.execute(
        select(AlertRow.id, AlertRow.score, AlertRow.threshold, AlertRow.release)
        .where(
            _alerts(detector),
            AlertRow.received_at >= since,
            AlertRow.release >= since_release,
            undecided(),
        )
        .order_by(AlertRow.received_at.desc(), AlertRow.id)
        .limit(MOST_ALERTS)
    ).all()
    unlabelled = [
        _raised(row.score, row.threshold, row.release, None)
        for row in others
        if row.id not in known
    ]
    judged_now = [
        _raised(row.score, row.threshold, row.release, float(row.anomaly)) for row in reversed(rows)
    ]
    return unlabelled + judged_now


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
            raised=_raised(
                row.score,
                row.threshold,
                row.release,
                None if row.anomaly is None else float(row.anomaly),
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


def _raised(score: float, threshold: float, release: int, anomaly: float | None) -> RaisedAlert:
    return RaisedAlert(score=score, threshold=threshold, release=release, anomaly=anomaly)
