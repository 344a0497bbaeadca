"""A command's way to the threshold's rows, and the person who gives it."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import read_configuration
from floodline.errors import ConfigurationError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from feedback_api.access.identity import Identity
    from feedback_api.use_cases.footing import Footing

_LONGEST_NAME = 100
_LONGEST_REASON = 200


def said(text: str) -> str:
    """A reason with something in it.

    Raises:
        typer.BadParameter: it is blank, or too long.
    """
    found = text.strip()
    if not found or len(found) > _LONGEST_REASON or "\0" in found:
        raise typer.BadParameter(f"say why, in 1 to {_LONGEST_REASON} characters")
    return found


ReasonOption = Annotated[
    str, typer.Option("--reason", callback=said, help="Why, in a few words: it is kept and shown.")
]
AsOption = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="NAME",
        help="Who does it: the system's user if not given. It is not proven: whoever reaches the "
        "database may write any name.",
    ),
]


def person(name: str | None) -> "Identity":
    """Who gives the command, as moves and the audit log name them.

    Raises:
        ConfigurationError: the name cannot be used, or the system knows none.
    """
    from feedback_api.access.identity import Identity
    from feedback_api.access.roles import Role

    given = name
    if given is None:
        try:
            given = getpass.getuser()
        except (KeyError, OSError) as error:
            raise ConfigurationError(
                "the system knows no name for this user: give one by --as NAME"
            ) from error
    given = given.strip()
    if not 0 < len(given) <= _LONGEST_NAME or not given.isprintable():
        raise ConfigurationError(
            f"--as {name!r}: a name has 1 to {_LONGEST_NAME} printable characters"
        )
    return Identity(user_id="", name=given, role=Role.ENGINEER, shown_by="none")


@contextmanager
def threshold_session(config: Path | None) -> "Iterator[tuple[Session, Footing]]":
    """One transaction on the configured database, and what questions of the threshold stand on.

    Raises:
        ConfigurationError: the configuration, or what the command asks for, cannot be used.
        DependencyDown: SQL does not answer, or lacks its tables.
    """
    configuration = read_configuration(config)
    from feedback_api.errors import InvalidRequest
    from feedback_api.use_cases.footing import Footing
    from floodline.storage import schema_revision
    from floodline.storage.engine import open_engine, transaction

    engine = open_engine(configuration.database.url.get_secret_value())
    footing = Footing(
        detector=configuration.detector.name,
        section=configuration.threshold,
        initial_rule=configuration.initial_rule,
        initial_sampling=configuration.review.initial_sampling,
        now=datetime.now(UTC),
    )
    try:
        schema_revision.require(engine)
        with transaction(engine) as session:
            yield session, footing
    except InvalidRequest as error:
        raise ConfigurationError(str(error)) from error
    finally:
        engine.dispose()
