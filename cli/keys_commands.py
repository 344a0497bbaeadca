"""`floodline keys create|list|revoke`: who may use the feedback API."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import ConfigOption, JsonOption, print_json, read_configuration
from feedback_api.access.roles import Role
from floodline.configuration.sections import Configuration

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from floodline.storage.api_keys import OwnedKey

_ACTOR = "command line"

app = typer.Typer(
    name="keys",
    no_args_is_help=True,
    help="API keys: each belongs to a user and has that user's role.",
)


@app.command(epilog="Example: floodline keys create --name alice --role analyst --expires-days 90")
def create(
    name: Annotated[str, typer.Option("--name", help="The user; labels carry this name.")],
    role: Annotated[Role, typer.Option("--role", help="What the user may do.")] = Role.ANALYST,
    expires_days: Annotated[
        int | None, typer.Option("--expires-days", min=1, max=3650, help="Never, if not given.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key and print it, this once; only its digest is kept."""
    # Imported late, here and below: `floodline --help` should not wait for the database's parts.
    from feedback_api.use_cases.keys import create_key

    lifetime = timedelta(days=expires_days) if expires_days is not None else None
    with _session(read_configuration(config)) as session:
        made = create_key(
            session,
            name=name,
            role=role,
            user_id=str(uuid.uuid4()),
            lifetime=lifetime,
            actor=_ACTOR,
            now=datetime.now(UTC),
        )
    if as_json:
        expires = made.expires_at.isoformat() if made.expires_at else None
        told = {"id": made.key.id, "name": name, "role": role, "expires_at": expires}
        print_json({"key": made.key.text, **told})
    else:
        typer.echo(made.key.text)
        typer.echo(f"This key of {name} ({role}) is shown once; keep it safe.", err=True)


@app.command("list", epilog="Example: floodline keys list --json")
def list_(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show every key, without its secret."""
    from feedback_api.use_cases.keys import list_keys

    with _session(read_configuration(config)) as session:
        rows = [_shown(each, datetime.now(UTC)) for each in list_keys(session)]
    if as_json:
        print_json({"keys": rows})
        return
    for row in rows:
        until = row["expires_at"] or "never"
        typer.echo(f"{row['id']}  {row['state']:8} {row['role']:9} {row['name']}  expires {until}")
    if not rows:
        typer.echo("no keys; `floodline keys create --name alice --role analyst` makes one")


@app.command(epilog="Example: floodline keys revoke 0123456789abcdef")
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `floodline keys list` shows it.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a key and the console sessions that were opened with it."""
    from feedback_api.use_cases.keys import revoke_key

    with _session(read_configuration(config)) as session:
        owned = revoke_key(session, key_id, actor=_ACTOR, now=datetime.now(UTC))
    if as_json:
        print_json(_shown(owned, datetime.now(UTC)))
    else:
        typer.echo(f"key {key_id} of {owned.user.name} is revoked")


@contextmanager
def _session(configuration: Configuration) -> "Iterator[Session]":
    from floodline.storage.engine import open_engine, transaction

    engine = open_engine(configuration.database.url.get_secret_value())
    try:
        with transaction(engine) as session:
            yield session
    finally:
        engine.dispose()


def _shown(owned: "OwnedKey", now: datetime) -> dict[str, Any]:
    key, user = owned.key, owned.user
    state = "usable" if owned.usable(now) else "revoked" if key.revoked_at else "expired"
    return {
        "id": key.id,
        "name": user.name,
        "role": user.role,
        "state": state if user.disabled_at is None else "disabled",
        "created_at": key.created_at.isoformat(),
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
        "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
    }
