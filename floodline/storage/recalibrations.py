"""Recalibrations: each look at the labels that moved the threshold, or found that it should not."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from floodline.storage.tables import RecalibrationRow


def insert(session: Session, row: RecalibrationRow) -> None:
    """Store a recalibration."""
    session.add(row)
    session.flush()


def newest(session: Session, detector: str) -> RecalibrationRow | None:
    """The last recalibration of this detector."""
    found = listed(session, detector, 1)
    return found[0] if found else None


def listed(session: Session, detector: str, limit: int) -> list[RecalibrationRow]:
    """Up to `limit` recalibrations, the newest first."""
    chosen = (
        select(RecalibrationRow)
        .where(RecalibrationRow.detector == detector)
        .order_by(RecalibrationRow.created_at.desc(), RecalibrationRow.id.desc())
        .limit(limit)
    )
    return list(session.scalars(chosen))
