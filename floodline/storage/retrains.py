"""Retrains: noted when they start, completed when they end."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from floodline.errors import NotFound
from floodline.storage.tables import RetrainRow

RUNNING = "running"
MATERIAL = "material_sha256"
"""Among a retrain's figures: what it was made from."""
_WELL = ("published", "kept")


def start(session: Session, *, id: str, detector: str, now: datetime) -> None:
    """Note that a retrain runs; one that dies stays `running` until the next starts."""
    session.add(
        RetrainRow(
            id=id,
            detector=detector,
            started_at=now,
            finished_at=None,
            outcome=RUNNING,
            reason="",
            ranges=[],
            labels=0,
            mlflow_run_id=None,
            figures={},
            release=None,
        )
    )
    session.flush()


def finish(
    session: Session,
    *,
    id: str,
    now: datetime,
    outcome: str,
    reason: str,
    ranges: list[Any],
    labels: int,
    mlflow_run_id: str | None,
    figures: dict[str, Any],
    release: int | None,
) -> None:
    """Complete a retrain that `start` noted.

    Raises:
        NotFound: there is no such retrain.
    """
    row = session.get(RetrainRow, id)
    if row is None:
        raise NotFound(f"there is no retrain {id}")
    row.finished_at = now
    row.outcome = outcome
    row.reason = reason
    row.ranges = ranges
    row.labels = labels
    row.mlflow_run_id = mlflow_run_id
    row.figures = figures
    row.release = release
    session.flush()


def fail(session: Session, *, id: str, now: datetime, reason: str) -> None:
    """Note why a retrain that runs ended early; one that has its outcome keeps it."""
    row = session.get(RetrainRow, id)
    if row is not None and row.outcome == RUNNING:
        row.finished_at, row.outcome, row.reason = now, "failed", reason
        session.flush()


def fail_abandoned(session: Session, detector: str, now: datetime) -> None:
    """Note the end of retrains whose trainer died; only who has just taken the lease may say so."""
    session.execute(
        update(RetrainRow)
        .where(RetrainRow.detector == detector, RetrainRow.outcome == RUNNING)
        .values(finished_at=now, outcome="failed", reason="its trainer ended")
        .execution_options(synchronize_session=False)
    )


def last_finished(session: Session, detector: str) -> datetime | None:
    """When the last retrain of this detector finished; failed ones do not count."""
    return session.scalar(
        select(func.max(RetrainRow.finished_at)).where(
            RetrainRow.detector == detector, RetrainRow.outcome.in_(_WELL)
        )
    )


def last_material(session: Session, detector: str) -> str | None:
    """What the last retrain that finished was made from; failed ones do not count."""
    chosen = select(RetrainRow.figures).where(
        RetrainRow.detector == detector, RetrainRow.outcome.in_(_WELL)
    )
    figures = session.scalar(chosen.order_by(RetrainRow.finished_at.desc()).limit(1))
    return None if figures is None else figures.get(MATERIAL)


def listed(session: Session, detector: str, limit: int) -> list[RetrainRow]:
    """Up to `limit` retrains, the newest first."""
    chosen = (
        select(RetrainRow)
        .where(RetrainRow.detector == detector)
        .order_by(RetrainRow.started_at.desc(), RetrainRow.id.desc())
        .limit(limit)
    )
    return list(session.scalars(chosen))
