"""API keys: of each only the secret's sha256 is kept."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from floodline.storage.tables import ApiKeyRow, UserRow


@dataclass(frozen=True)
class OwnedKey:
    """A key and its owner."""

    key: ApiKeyRow
    user: UserRow

    def usable(self, now: datetime) -> bool:
        """Whether it is neither revoked nor expired, and its owner not disabled."""
        expired = self.key.expires_at is not None and self.key.expires_at <= now
        return self.key.revoked_at is None and not expired and self.user.disabled_at is None


def add(session: Session, key: ApiKeyRow) -> None:
    """Keep a new key."""
    session.add(key)
    session.flush()


def find(session: Session, key_id: str) -> OwnedKey | None:
    """The key with this id and its owner, usable or not."""
    found = session.execute(
        select(ApiKeyRow, UserRow)
        .join(UserRow, UserRow.id == ApiKeyRow.user_id)
        .where(ApiKeyRow.id == key_id)
    ).one_or_none()
    return OwnedKey(found[0], found[1]) if found else None


def every(session: Session) -> list[OwnedKey]:
    """Every key, the oldest first."""
    found = session.execute(
        select(ApiKeyRow, UserRow)
        .join(UserRow, UserRow.id == ApiKeyRow.user_id)
        .order_by(ApiKeyRow.created_at, ApiKeyRow.id)
    )
    return [OwnedKey(key, user) for key, user in found]
