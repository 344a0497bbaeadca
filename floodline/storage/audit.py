"""Who did what to what, and when."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from floodline.storage.tables import AuditRow


def append(
    session: Session,
    *,
    actor: str,
    action: str,
    subject: str,
    now: datetime,
    detail: dict[str, Any] | None = None,
) -> None:
    """Note an action in the transaction of what it did."""
    session.add(AuditRow(at=now, actor=actor, action=action, subject=subject, detail=detail or {}))
    session.flush()
