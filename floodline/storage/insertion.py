"""INSERT that leaves known rows alone, in the words of each database."""

from sqlalchemy import Insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from floodline.storage.tables import Table


def insert_unknown(session: Session, table: type[Table]) -> Insert:
    """An INSERT that skips rows whose key is there already."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()
