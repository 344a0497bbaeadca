"""Which revision of the schema this code needs, and which one a database has."""

from sqlalchemy import Engine, text

from floodline.errors import DependencyDown
from floodline.storage.engine import transaction

NEEDED = "0006"
"""The newest migration; a test holds it equal to what `migrations` says."""


def require(engine: Engine) -> None:
    """Return where the database has the schema that this code needs.

    Raises:
        DependencyDown: it does not answer, has no tables yet, or has those of another version.
    """
    with transaction(engine) as session:
        found = session.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found != NEEDED:
        where = engine.url.render_as_string(hide_password=True)
        raise DependencyDown(
            f"database {where} has schema {found or 'none'}, this version of floodline needs "
            f"{NEEDED}; run `floodline db upgrade` first"
        )
