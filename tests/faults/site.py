"""What a scenario is given: a detector of its own, and how much to do."""

from dataclasses import dataclass
from pathlib import Path

from tests.fixtures.consumer_process import Outcome
from tests.fixtures.kafka import Topics

PARTITIONS = 4
KILL_PARTS = 4
"""Runs of random kills in the whole form, so that several processes can share them."""


@dataclass(frozen=True)
class Effort:
    """How much is done: `whole` or short, and how many random kills in a run."""

    whole: bool
    kills: int

    def of(self, short: float, whole: float) -> float:
        """The amount for this form."""
        return whole if self.whole else short


@dataclass(frozen=True)
class Site:
    """One detector of one test: its configuration file, and what it left in Kafka."""

    config: Path
    outcome: Outcome
    seed: int

    @property
    def topics(self) -> Topics:
        """The topics of the test."""
        return self.outcome.topics

    @property
    def events_topic(self) -> str:
        """The input topic."""
        return self.outcome.configuration.topics.events
