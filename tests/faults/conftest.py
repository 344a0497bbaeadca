"""The fault suite: a short form with every test run, the whole with FAULTS=whole.

FAULT_SEED chooses the seed (one of the clock otherwise; it is printed), FAULT_SEEDS the number of
random kills (5 in the short form, 200 in the whole).
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.site import PARTITIONS, Effort, Site
from tests.faults.verdict import Verdict
from tests.fixtures.consumer_process import Outcome, write_configuration
from tests.fixtures.kafka import Topics

VERDICT = pytest.StashKey[Verdict]()


def is_whole() -> bool:
    """Whether the whole suite was asked for."""
    return os.environ.get("FAULTS", "short") == "whole"


def pytest_configure(config: pytest.Config) -> None:
    """One seed and one verdict for the run; the marker of tests that the short form leaves out."""
    config.addinivalue_line("markers", "whole: runs with FAULTS=whole only")
    seed = int(os.environ.get("FAULT_SEED", time.time_ns() % 1_000_000))
    config.stash[VERDICT] = Verdict(seed)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long tests out of the short form."""
    long = [] if is_whole() else [item for item in items if item.get_closest_marker("whole")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """The last line: what was done and what came of it."""
    verdict = config.stash[VERDICT]
    if verdict.scenarios:
        terminalreporter.write_line(verdict.line())


@pytest.fixture
def verdict(pytestconfig: pytest.Config) -> Verdict:
    """The sums of this run."""
    return pytestconfig.stash[VERDICT]


@pytest.fixture
def effort() -> Effort:
    """Short or whole."""
    whole = is_whole()
    return Effort(whole, int(os.environ.get("FAULT_SEEDS", 200 if whole else 5)))


@pytest.fixture
def seed(verdict: Verdict) -> int:
    """The run's seed, printed where the test fails."""
    print(f"FAULT_SEED={verdict.seed}")  # noqa: T201
    return verdict.seed


@pytest.fixture
def site(tmp_path: Path, topics: Topics, seed: int) -> Iterator[Site]:
    """A detector on an input topic with four partitions."""
    topics.create(topics.name("events"), PARTITIONS)
    config, configuration = write_configuration(tmp_path, topics)
    outcome = Outcome(topics, configuration)
    yield Site(config, outcome, seed)
    outcome.close()


@pytest.fixture
def storing(tmp_path: Path, topics: Topics, seed: int) -> Iterator[Site]:
    """The same with a snapshot every 150 events."""
    topics.create(topics.name("events"), PARTITIONS)
    often = {"snapshot_every_events": 150}
    config, configuration = write_configuration(tmp_path, topics, consumer=often)
    outcome = Outcome(topics, configuration)
    yield Site(config, outcome, seed)
    outcome.close()
