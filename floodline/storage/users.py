"""Users: the people and programs that label and operate."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from floodline.storage.insertion import insert_unknown
from floodline.storage.tables import UserRow


def by_name(session: Session, name: str) -> UserRow | None:
    """The user with this name."""
    return session.scalar(select(UserRow).where(UserRow.name == name))


def ensure(session: Session, *, id: str, name: str, role: str, now: datetime) -> UserRow:
    """The user with this name, made with `id` and `role` where there is none."""
    values = {"id": id, "name": name, "role": role, "created_at": now}
    session.execute(insert_unknown(session, UserRow).values(values))
    return session.execute(select(UserRow).where(UserRow.name == name)).scalar_one()
