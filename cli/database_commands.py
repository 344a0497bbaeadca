"""`floodline db upgrade|current`: the database's schema."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from cli.options import ConfigOption, JsonOption, print_json, read_configuration
from floodline.configuration.sections import Configuration

if TYPE_CHECKING:
    from sqlalchemy import Engine

app = typer.Typer(
    name="db",
    no_args_is_help=True,
    help="The database's schema; no process changes it by itself.",
)


@app.command(epilog="Example: floodline db upgrade --config floodline.toml")
def upgrade(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Make the tables, or bring them to what this version needs; a second time does nothing."""
    # Imported late, here and below: `floodline --help` should not wait for the database's parts.
    from migrations import schema

    with _engine(read_configuration(config)) as engine:
        before, after = schema.upgrade(engine)
        where = engine.url.render_as_string(hide_password=True)
    if as_json:
        print_json({"database": where, "before": before, "after": after})
    elif before == after:
        typer.echo(f"{where} is at {after} already")
    else:
        typer.echo(f"{where} went from {before or 'nothing'} to {after}")


@app.command(epilog="Example: floodline db current --json")
def current(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Tell which schema the database has and which one this version needs."""
    from migrations import schema

    with _engine(read_configuration(config)) as engine:
        found = schema.current(engine)
        where = engine.url.render_as_string(hide_password=True)
    needed = schema.newest()
    if as_json:
        print_json({"database": where, "current": found, "needed": needed})
    else:
        typer.echo(f"{where} is at {found or 'nothing'}; this version needs {needed}")


@contextmanager
def _engine(configuration: Configuration) -> "Iterator[Engine]":
    from floodline.storage.engine import open_engine

    logging.getLogger("alembic").setLevel(logging.WARNING)  # the command says what it did
    engine = open_engine(configuration.database.url.get_secret_value())
    try:
        yield engine
    finally:
        engine.dispose()
