"""Who may do a piece of work now: one statement each, so that two never both get it."""

from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from floodline.storage.tables import LeaseRow


def acquire(session: Session, name: str, holder: str, now: datetime, length: timedelta) -> bool:
    """Take a lease that is free, has run out, or is the holder's own; False where it is not."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    taken = (
        insert(LeaseRow)
        .values(name=name, holder=holder, expires_at=now + length)
        .on_conflict_do_update(
            index_elements=[LeaseRow.name],
            set_={"holder": holder, "expires_at": now + length},
            where=or_(LeaseRow.expires_at <= now, LeaseRow.holder == holder),
        )
        .returning(LeaseRow.name)
    )
    return session.scalar(taken) is not None


def renew(session: Session, name: str, holder: str, now: datetime, length: timedelta) -> bool:
    """Hold on to a lease; False where it has run out or another holds it.

    In the transaction that writes the work's result this is the proof that nobody else does.
    """
    renewed = (
        update(LeaseRow)
        .where(LeaseRow.name == name, LeaseRow.holder == holder, LeaseRow.expires_at > now)
        .values(expires_at=now + length)
        .returning(LeaseRow.name)
        .execution_options(synchronize_session=False)
    )
    return session.scalar(renewed) is not None


def expiry(session: Session, name: str) -> datetime | None:
    """When a lease runs out unless it is renewed; None where nobody holds it."""
    return session.scalar(select(LeaseRow.expires_at).where(LeaseRow.name == name))


def release(session: Session, name: str, holder: str) -> None:
    """Give a lease back; one that another has taken since is left alone."""
    session.execute(
        delete(LeaseRow)
        .where(LeaseRow.name == name, LeaseRow.holder == holder)
        .execution_options(synchronize_session=False)
    )
