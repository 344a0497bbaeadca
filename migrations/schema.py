"""Bring a database to a revision, and say which it has."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from floodline.errors import DependencyDown
from floodline.storage.tables import Table


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def upgrade(engine: Engine, revision: str = "head") -> tuple[str | None, str | None]:
    """Move the schema up to `revision`; the revisions before and after.

    Raises:
        DependencyDown: the database does not answer.
    """
    try:
        with engine.begin() as connection:
            before = _current(connection)
            command.upgrade(_config(connection), revision)
            return before, _current(connection)
    except OperationalError as error:
        where = engine.url.render_as_string(hide_password=True)
        what = str(error.orig).strip().splitlines()[0]
        raise DependencyDown(f"database {where} does not answer: {what}") from error


def downgrade(engine: Engine, revision: str) -> None:
    """Move the schema down to `revision`."""
    with engine.begin() as connection:
        command.downgrade(_config(connection), revision)


def current(engine: Engine) -> str | None:
    """The revision that the database has, None before the first."""
    with engine.begin() as connection:
        return _current(connection)


def newest() -> str | None:
    """The revision that this code needs."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def differences(engine: Engine) -> list[object]:
    """What the tables in code and the tables in the database do not share; empty when equal."""
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Table.metadata))


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
