"""Consoles to drive."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from tests.browser.console import Console, serving
from tests.integration.api.application import Api
from tests.integration.storage.samples import EXPLANATION, new_alert, store


@pytest.fixture
def empty_console(sqlite_engine: Engine) -> Iterator[Console]:
    """The console without an alert."""
    with serving(Api(sqlite_engine)) as served:
        yield served


@pytest.fixture
def console(sqlite_engine: Engine, empty_console: Console) -> Console:
    """The console with four alerts, the first of them explained."""
    store(sqlite_engine, *(new_alert(n) for n in range(1, 4)))
    store(sqlite_engine, new_alert(4, explanation=EXPLANATION))
    return empty_console
