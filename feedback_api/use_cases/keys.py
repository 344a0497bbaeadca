"""Making, listing and revoking API keys."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from feedback_api.access.api_key import ApiKey
from feedback_api.access.identity import LOCAL_USER
from feedback_api.access.roles import Role
from floodline.errors import ConfigurationError, Conflict, NotFound
from floodline.storage import api_keys, audit, sessions, users
from floodline.storage.api_keys import OwnedKey
from floodline.storage.tables import ApiKeyRow

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}\Z")


@dataclass(frozen=True)
class MadeKey:
    """A new key, whose text is shown this once, and its owner."""

    key: ApiKey
    name: str
    role: Role
    expires_at: datetime | None


def create_key(
    session: Session,
    *,
    name: str,
    role: Role,
    user_id: str,
    lifetime: timedelta | None,
    actor: str,
    now: datetime,
) -> MadeKey:
    """Make a key for a user, and the user where there is none of this name.

    Raises:
        ConfigurationError: the name cannot be a user's.
        Conflict: the user is there with another role.
    """
    if not _NAME.match(name) or name == LOCAL_USER:
        raise ConfigurationError(
            f"{name!r} cannot be a user's name; use up to 100 letters, digits and . _ @ + - "
            f"({LOCAL_USER!r} is kept for api.auth = none)"
        )
    user = users.ensure(session, id=user_id, name=name, role=role, now=now)
    if user.role != role:
        raise Conflict(f"{name} is {user.role}; a key has its owner's role, so ask for that one")
    key = ApiKey.new()
    expires_at = now + lifetime if lifetime is not None else None
    api_keys.add(
        session,
        ApiKeyRow(
            id=key.id,
            user_id=user.id,
            secret_sha256=key.digest,
            created_at=now,
            expires_at=expires_at,
        ),
    )
    audit.append(session, actor=actor, action="key.created", subject=key.id, now=now)
    return MadeKey(key, name, role, expires_at)


def list_keys(session: Session) -> list[OwnedKey]:
    """Every key, the oldest first."""
    return api_keys.every(session)


def revoke_key(session: Session, key_id: str, *, actor: str, now: datetime) -> OwnedKey:
    """End a key and every session that hangs on it; a second time changes nothing.

    Raises:
        NotFound: there is no such key.
    """
    owned = api_keys.find(session, key_id)
    if owned is None:
        raise NotFound(f"there is no key {key_id!r}; `floodline keys list` shows them")
    if owned.key.revoked_at is None:
        owned.key.revoked_at = now
        audit.append(session, actor=actor, action="key.revoked", subject=key_id, now=now)
    sessions.remove_of_key(session, key_id)
    return owned
