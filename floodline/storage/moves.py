"""Moves of the threshold: proposed, decided on, released."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from floodline.errors import Conflict
from floodline.storage.tables import MoveRow

POLICY_AT = "policy_at"
"""Among the figures of a look, and of a move that it made: when people had changed the policy."""


class MoveKind(StrEnum):
    """What asked for a move."""

    POLICY = "policy"
    MANUAL = "manual"
    UNDO = "undo"
    WATCH = "watch"


class MoveState(StrEnum):
    """What became of a move."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    RELEASED = "released"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    STALE = "stale"


def insert(session: Session, row: MoveRow) -> None:
    """Store a move."""
    session.add(row)
    session.flush()


def get(session: Session, detector: str, id: str) -> MoveRow | None:
    """The move of this detector with this id."""
    row = session.get(MoveRow, id)
    return row if row is not None and row.detector == detector else None


def beginning_with(session: Session, detector: str, start: str, limit: int) -> list[str]:
    """Up to `limit` ids of this detector's moves that begin so."""
    chosen = select(MoveRow.id).where(
        MoveRow.detector == detector, MoveRow.id.startswith(start, autoescape=True)
    )
    return list(session.scalars(chosen.order_by(MoveRow.id).limit(limit)))


def listed(
    session: Session,
    detector: str,
    limit: int,
    state: str | None = None,
    kind: str | None = None,
) -> list[MoveRow]:
    """Up to `limit` moves, in one state and of one kind or in any, the newest first."""
    chosen = select(MoveRow).where(MoveRow.detector == detector)
    if kind is not None:
        chosen = chosen.where(MoveRow.kind == kind)
    if state is not None:
        chosen = chosen.where(MoveRow.state == state)
    newest_first = chosen.order_by(MoveRow.created_at.desc(), MoveRow.id.desc())
    return list(session.scalars(newest_first.limit(limit)))


def count(session: Session, detector: str, state: MoveState | None = None) -> int:
    """How many there are, in one state or in any."""
    chosen = select(func.count()).where(MoveRow.detector == detector)
    if state is not None:
        chosen = chosen.where(MoveRow.state == state)
    return session.scalar(chosen) or 0


def waiting(session: Session, detector: str) -> list[MoveRow]:
    """The approved moves that have no release yet, the oldest first."""
    chosen = select(MoveRow).where(
        MoveRow.detector == detector, MoveRow.state == MoveState.APPROVED
    )
    return list(session.scalars(chosen.order_by(MoveRow.created_at, MoveRow.id)))


def of_release(session: Session, detector: str, number: int) -> MoveRow | None:
    """The move that this release made true; None for a retrain's, or the configured threshold."""
    chosen = select(MoveRow).where(MoveRow.detector == detector, MoveRow.release == number)
    return session.scalar(chosen.limit(1))


def of_earlier_policy(row: MoveRow, policy_at: datetime | None) -> bool:
    """Whether a look under another policy made the move, `policy_at` being the last change."""
    now = None if policy_at is None else policy_at.isoformat()
    return POLICY_AT in row.figures and row.figures[POLICY_AT] != now


def decide(
    session: Session,
    row: MoveRow,
    state: str,
    by: str,
    now: datetime,
    *,
    note: str | None = None,
    release: int | None = None,
) -> None:
    """Give a move, as this session read it, its next state, and note who gave it and when.

    A stale one takes a `note` that says why, a released one the number of its release.

    Raises:
        Conflict: somebody else decided meanwhile.
    """
    values = {"state": str(state), "decided_by": by, "decided_at": now}
    noted = {"note": note, "release": release}
    changed = session.execute(
        update(MoveRow)
        .where(MoveRow.id == row.id, MoveRow.state == row.state)
        .values(values | {name: value for name, value in noted.items() if value is not None})
        .execution_options(synchronize_session=False)
        .returning(MoveRow.id)
    ).all()
    if not changed:
        raise Conflict(f"move {row.id} was decided on at the same time; look at it again")
    session.refresh(row)
