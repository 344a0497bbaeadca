"""Where the intake of alerts stands: stored in the transaction of the rows themselves."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from floodline.storage.tables import IntakeOffsetRow


def read(session: Session, topic: str, topic_id: str) -> dict[int, int]:
    """The next offset to take in, by partition; a recreated topic has another id and none."""
    found = session.execute(
        select(IntakeOffsetRow.partition, IntakeOffsetRow.offset).where(
            IntakeOffsetRow.topic == topic, IntakeOffsetRow.topic_id == topic_id
        )
    )
    return {row.partition: row.offset for row in found}


def advance(
    session: Session, topic: str, topic_id: str, offsets: Mapping[int, int], now: datetime
) -> None:
    """Move the next offsets forward; never back, so that a slower second intake does no harm."""
    if not offsets:
        return
    rows = [
        {
            "topic": topic,
            "topic_id": topic_id,
            "partition": partition,
            "offset": offset,
            "updated_at": now,
        }
        for partition, offset in sorted(offsets.items())
    ]
    if session.get_bind().dialect.name == "postgresql":
        new = postgresql.insert(IntakeOffsetRow)
        statement = new.on_conflict_do_update(
            index_elements=["topic", "topic_id", "partition"],
            set_={"offset": new.excluded.offset, "updated_at": new.excluded.updated_at},
            where=IntakeOffsetRow.offset < new.excluded.offset,
        )
        session.execute(statement, rows)
    else:
        lite = sqlite.insert(IntakeOffsetRow)
        upsert = lite.on_conflict_do_update(
            index_elements=["topic", "topic_id", "partition"],
            set_={"offset": lite.excluded.offset, "updated_at": lite.excluded.updated_at},
            where=IntakeOffsetRow.offset < lite.excluded.offset,
        )
        session.execute(upsert, rows)
