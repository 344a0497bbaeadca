"""The engine and its transactions: one block is one transaction, and only its edge commits."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from floodline.errors import ConfigurationError, DependencyDown

_BUSY_MS = 10_000
_READS = "floodline_reads"


def open_engine(url: str) -> Engine:
    """The engine for a database URL; SQLite gets WAL, foreign keys and BEGIN IMMEDIATE.

    Raises:
        ConfigurationError: the URL is malformed, or names a database that we do not run on.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigurationError(
            "database.url is not a database URL; write sqlite:///file or "
            "postgresql+psycopg://user:password@host/name"
        ) from error
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    if parsed.get_backend_name() == "postgresql":
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            pool_timeout=10,
            connect_args={"connect_timeout": 5, "options": "-c timezone=UTC"},
        )
    raise ConfigurationError(
        f"database.url names {parsed.get_backend_name()!r}; floodline runs on sqlite and postgresql"
    )


def _sqlite(url: URL) -> Engine:
    if url.database and url.database != ":memory:" and not url.database.startswith("file:"):
        _make_private(Path(url.database))
    engine = create_engine(url, connect_args={"timeout": _BUSY_MS / 1000})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _make_private(file: Path) -> None:
    """Make a missing folder and file for their owner alone; WAL and index take the file's mode."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Never open a file that exists: closing it would drop the locks that SQLite holds on it.
    # Where it cannot be made either, SQLite says so itself.
    with suppress(OSError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _prepare_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # SQLAlchemy's begin event below opens the transaction
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")


def _begin_immediate(connection: Connection) -> None:
    # A deferred transaction that reads first and writes later fails with SQLITE_BUSY_SNAPSHOT.
    reads = connection.get_execution_options().get(_READS, False)
    connection.exec_driver_sql("BEGIN DEFERRED" if reads else "BEGIN IMMEDIATE")


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A transaction that only reads: on SQLite it keeps nobody from writing meanwhile.

    Raises:
        DependencyDown: the database does not answer, or its tables are missing or old.
    """
    with transaction(engine.execution_options(**{_READS: True})) as session:
        yield session


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """One transaction: committed when the block ends, rolled back when it raises.

    Raises:
        DependencyDown: the database does not answer, or its tables are missing or old.
    """
    try:
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session
    except OperationalError as error:
        raise DependencyDown(_down(engine, error)) from error
    except DBAPIError as error:
        if error.connection_invalidated or _missing_table(error):
            raise DependencyDown(_down(engine, error)) from error
        raise


def _missing_table(error: DBAPIError) -> bool:
    return type(error.orig).__name__ == "UndefinedTable"


def _down(engine: Engine, error: DBAPIError) -> str:
    where = engine.url.render_as_string(hide_password=True)
    what = str(error.orig).strip().splitlines()[0]
    if "no such table" in what or _missing_table(error):
        return f"database {where}: {what}; run `floodline db upgrade` first"
    return f"database {where} does not answer: {what}; check database.url and that it runs"
