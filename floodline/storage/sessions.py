"""Console sessions: each hangs on an API key and ends with it."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from floodline.storage.api_keys import OwnedKey
from floodline.storage.tables import ApiKeyRow, SessionRow, UserRow


def add(
    session: Session, *, token_sha256: str, key_id: str, now: datetime, expires_at: datetime
) -> None:
    """Keep a new session."""
    session.add(
        SessionRow(token_sha256=token_sha256, key_id=key_id, created_at=now, expires_at=expires_at)
    )
    session.flush()


def owner(session: Session, token_sha256: str, now: datetime) -> OwnedKey | None:
    """The key behind a session that has not run out."""
    found = session.execute(
        select(ApiKeyRow, UserRow)
        .join(SessionRow, SessionRow.key_id == ApiKeyRow.id)
        .join(UserRow, UserRow.id == ApiKeyRow.user_id)
        .where(SessionRow.token_sha256 == token_sha256, SessionRow.expires_at > now)
    ).one_or_none()
    return OwnedKey(found[0], found[1]) if found else None


def remove(session: Session, token_sha256: str) -> None:
    """End a session."""
    session.execute(delete(SessionRow).where(SessionRow.token_sha256 == token_sha256))


def remove_of_key(session: Session, key_id: str) -> None:
    """End every session that hangs on a key."""
    session.execute(delete(SessionRow).where(SessionRow.key_id == key_id))


def drop_old(session: Session, now: datetime) -> None:
    """Drop the sessions that have run out."""
    session.execute(delete(SessionRow).where(SessionRow.expires_at <= now))
