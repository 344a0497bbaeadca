"""Messages that wait to be published: written with what they tell, sent later by a relay.

Delivery is at least once: a relay that dies between Kafka's answer and `mark_published` sends the
row again, so each message carries an id of its own by which readers drop repeats. One relay for
each kind is enough; two at once repeat messages and break nothing.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from floodline.storage.tables import OutboxRow


def append(
    session: Session, *, kind: str, topic: str, key: str, value: bytes, now: datetime
) -> None:
    """Have a message published once the session's transaction has committed."""
    session.add(OutboxRow(kind=kind, topic=topic, key=key, value=value, created_at=now))
    session.flush()


def waiting(session: Session, kind: str, limit: int) -> list[OutboxRow]:
    """The oldest unpublished messages of a kind, in the order in which they were appended.

    Two transactions that ran at once may show theirs in either order, and the later id first; a
    row is never skipped, because each is asked for until it is marked.
    """
    chosen = (
        select(OutboxRow)
        .where(OutboxRow.kind == kind, OutboxRow.published_at.is_(None))
        .order_by(OutboxRow.id)
        .limit(limit)
    )
    return list(session.scalars(chosen))


def mark_published(session: Session, ids: Sequence[int], now: datetime) -> None:
    """Note that Kafka has acknowledged these messages."""
    if ids:
        session.execute(
            update(OutboxRow)
            .where(OutboxRow.id.in_(ids), OutboxRow.published_at.is_(None))
            .values(published_at=now)
            .execution_options(synchronize_session=False)
        )


def count_waiting(session: Session, kind: str) -> int:
    """How many messages of a kind wait."""
    counted = select(func.count()).where(OutboxRow.kind == kind, OutboxRow.published_at.is_(None))
    return session.scalar(counted) or 0
