"""Answers kept by Idempotency-Key, so that a repeated request gets the first one's answer."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from floodline.storage.insertion import insert_unknown
from floodline.storage.tables import IdempotencyRow

KEPT = timedelta(hours=24)


def claim(
    session: Session, *, user_id: str, key: str, request_sha256: str, now: datetime
) -> IdempotencyRow | None:
    """Claim a key for this transaction; the earlier answer where the key was used before.

    A second request that comes while the first is under way waits here until that one has
    committed, and then finds its answer. What is rolled back leaves the key free, and so does
    an answer older than `KEPT`.
    """
    session.execute(
        delete(IdempotencyRow).where(
            IdempotencyRow.user_id == user_id,
            IdempotencyRow.key == key,
            IdempotencyRow.created_at <= now - KEPT,
        )
    )
    values = {
        "user_id": user_id,
        "key": key,
        "request_sha256": request_sha256,
        "status": 0,
        "response": {},
        "created_at": now,
    }
    new = insert_unknown(session, IdempotencyRow).values(values)
    claimed = session.scalar(new.returning(IdempotencyRow.key))
    return None if claimed is not None else _row(session, user_id, key)


def keep(
    session: Session, *, user_id: str, key: str, status: int, response: dict[str, Any]
) -> None:
    """Keep the answer under a key that this transaction has claimed."""
    row = _row(session, user_id, key)
    row.status = status
    row.response = response
    session.flush()


def drop_old(session: Session, now: datetime) -> None:
    """Drop the answers older than `KEPT`."""
    session.execute(delete(IdempotencyRow).where(IdempotencyRow.created_at <= now - KEPT))


def _row(session: Session, user_id: str, key: str) -> IdempotencyRow:
    return session.execute(
        select(IdempotencyRow).where(IdempotencyRow.user_id == user_id, IdempotencyRow.key == key)
    ).scalar_one()
