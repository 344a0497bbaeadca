"""The application on SQLite and on PostgreSQL."""

import pytest
from sqlalchemy import Engine

from tests.integration.api.application import Api


@pytest.fixture
def api(engine: Engine) -> Api:
    """The application with keys asked for."""
    return Api(engine)


@pytest.fixture
def lite(sqlite_engine: Engine) -> Api:
    """The same on SQLite alone, for what no database can tell apart."""
    return Api(sqlite_engine)
