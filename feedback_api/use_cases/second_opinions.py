"""Events that others have answered, for an analyst who does not know what they said."""

from datetime import datetime

from sqlalchemy.orm import Session

from feedback_api.access.identity import Identity
from feedback_api.access.roles import Role
from floodline.storage import second_opinions
from floodline.storage.tables import AlertRow


def await_second_opinion(
    session: Session, detector: str, identity: Identity, now: datetime, limit: int
) -> list[AlertRow]:
    """What this user should answer after others; nothing for who may not label."""
    if not identity.role.covers(Role.ANALYST):
        return []
    return second_opinions.awaiting(session, detector, identity.user_id, now=now, limit=limit)


def awaits_second_opinion(
    session: Session, alert: AlertRow, identity: Identity, now: datetime
) -> bool:
    """Whether this user should answer it, and so not know yet what others said."""
    if not identity.role.covers(Role.ANALYST):
        return False
    return second_opinions.awaits(session, alert, identity.user_id, now=now)
