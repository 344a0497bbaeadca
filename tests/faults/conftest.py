"""The fault suite: a short form with every test run, the whole with FAULTS=whole.

FAULT_SEED chooses the seed (one of the clock otherwise; it is printed), FAULT_SEEDS the number of
random kills (5 in the short form, 200 in the whole). Processes of pytest-xdist share the seed, and
their sums are added up.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tests.faults.site import KILL_PARTS, PARTITIONS, Effort, Site
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
    # Processes that are started from here inherit it.
    seed = os.environ.setdefault("FAULT_SEED", str(time.time_ns() % 1_000_000))
    config.stash[VERDICT] = Verdict(int(seed))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the sums of one process of several to the one that prints them."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["verdict"] = asdict(session.config.stash[VERDICT])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:  # xdist's, untyped
    """Take in what a process hands over; one that died hands over nothing."""
    del error
    given = getattr(node, "workeroutput", {}).get("verdict")
    if given is not None:
        node.config.stash[VERDICT].add(Verdict(**given))


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
    """Short or whole; the whole form parts the kills."""
    whole = is_whole()
    kills = int(os.environ.get("FAULT_SEEDS", 200 if whole else 5))
    return Effort(whole, -(-kills // KILL_PARTS) if whole else kills)


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
