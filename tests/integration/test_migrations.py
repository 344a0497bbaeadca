"""The schema's history, on SQLite and on PostgreSQL."""

import pytest
from sqlalchemy import Engine, inspect

from floodline.errors import DependencyDown
from floodline.storage import schema_revision
from migrations import schema


def test_up_down_up(empty_engine: Engine) -> None:
    """Up, down to nothing and up again works, and the tables are those in code."""
    assert schema.upgrade(empty_engine) == (None, schema.newest())
    assert schema.differences(empty_engine) == []
    schema.downgrade(empty_engine, "base")
    assert schema.current(empty_engine) is None
    assert set(inspect(empty_engine).get_table_names()) <= {"alembic_version"}
    assert schema.upgrade(empty_engine) == (None, schema.newest())
    assert schema.differences(empty_engine) == []


def test_upgrade_twice_changes_nothing(engine: Engine) -> None:
    """An upgrade of the newest schema is no error and does nothing."""
    assert schema.upgrade(engine) == (schema.newest(), schema.newest())


def test_processes_know_the_newest_revision() -> None:
    """The revision that processes ask for is the newest migration."""
    assert schema.newest() == schema_revision.NEEDED


def test_an_empty_database_is_refused_with_what_to_do(empty_engine: Engine) -> None:
    """A process that meets a database without tables says to run the upgrade."""
    with pytest.raises(DependencyDown, match="floodline db upgrade"):
        schema_revision.require(empty_engine)


def test_the_newest_schema_is_accepted(engine: Engine) -> None:
    """A process goes on when the schema is the newest."""
    schema_revision.require(engine)


def test_another_schema_is_refused(engine: Engine) -> None:
    """A database of another version is refused, and both versions are named."""
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")
    with pytest.raises(DependencyDown, match=r"has schema older.*needs"):
        schema_revision.require(engine)
