"""The real services that tests may ask for; each starts at its first use."""

import logging
from collections.abc import Iterator

import pytest
from hypothesis import settings

pytest_plugins = [
    "tests.fixtures.kafka",
    "tests.fixtures.postgres",
    "tests.fixtures.buckets",
    "tests.fixtures.databases",
    "tests.fixtures.browser",
    "tests.fixtures.prometheus",
]

# A slow machine is no failure: what must be fast is measured in benchmarks.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """A command that runs within a test logs to what the test catches: not for those behind it."""
    root = logging.getLogger()
    level = root.level
    yield
    for handler in [each for each in root.handlers if type(each) is logging.StreamHandler]:
        root.removeHandler(handler)
    root.setLevel(level)
