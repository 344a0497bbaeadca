"""A group member over the fakes: the real loop, tasks and restorer, no Kafka, no clock."""

import json
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from consumer.loop import ScoringLoop
from consumer.observation import Observation
from consumer.restoration import Restorer
from floodline.configuration.sections import Configuration
from floodline.storage.state_store import StateStore
from floodline.telemetry.metrics import ConsumerMetrics
from tests.fakes.kafka import (
    FakeBroker,
    FakeClock,
    FakeInput,
    FakeLog,
    FakeOutput,
    FakeReleases,
    FakeTopic,
)
from tests.fakes.worker import InlineWorker

TOPIC_ID = "kT0picIdOfTheTests"
MOST_TURNS = 2_000


def configure(**sections: dict[str, Any]) -> Configuration:
    """A small detector over the features x and y; sections change single settings."""
    tree: dict[str, dict[str, Any]] = {
        "detector": {"name": "gauge", "topic": "levels", "features": ["x", "y"]},
        "model": {"profile": "river", "trees": 3, "height": 3, "window": 20, "seed": 7},
        "threshold": {"initial_rarity": 0.05},
        "review": {"initial_rate": 0.1},
        "consumer": {"batch_size": 30, "snapshot_every_events": 100},
    }
    for name, values in sections.items():
        tree[name] = tree.get(name, {}) | values
    return Configuration.model_validate(tree)


def level(x: float, y: float) -> bytes:
    """An event of the small detector."""
    return json.dumps({"x": x, "y": y}).encode()


def levels(seed: int, count: int, malformed: float = 0.05) -> list[bytes | None]:
    """Seeded events around a middle, some far out, some malformed."""
    draw = random.Random(seed)
    values: list[bytes | None] = []
    for _ in range(count):
        if draw.random() < malformed:
            values.append(draw.choice([None, b"", b"{", b'{"x": 1}', b'{"x": true, "y": 2}']))
        else:
            spread = 20.0 if draw.random() < 0.03 else 1.0
            values.append(level(draw.gauss(0, spread), draw.gauss(5, spread)))
    return values


class Member:
    """One consumer process on a fake broker; its store folder may be shared."""

    def __init__(
        self,
        broker: FakeBroker,
        configuration: Configuration,
        folder: Path,
        *,
        plan: Iterable[str] = (),
        seconds_per_poll: float = 10.0,
        topic_id: str = TOPIC_ID,
    ) -> None:
        self.broker = broker
        self.configuration = configuration
        self.clock = FakeClock()
        self.registry = CollectorRegistry()
        self.metrics = ConsumerMetrics(self.registry)
        self.observation = Observation(
            self.metrics,
            configuration.detector.name,
            monotonic=self.clock,
            now=lambda: 5.0,
        )
        self.input = FakeInput(broker, self.clock, seconds_per_poll)
        self.output = FakeOutput(broker, plan)
        self.log = FakeLog(broker)
        self.store = StateStore(folder)
        self.topic = FakeTopic(topic_id)
        self.turns = 0
        self.output.renew()
        self.loop = ScoringLoop(
            configuration=configuration,
            topic_id=topic_id,
            topic=self.topic,
            source=self.input,
            output=self.output,
            releases=FakeReleases(broker),
            restorer=Restorer(configuration, self.input, self.log, self.store, self.clock),
            store=self.store,
            observation=self.observation,
            monotonic=self.clock,
            keeper=InlineWorker(),
        )

    def run(self, until: Callable[[], bool] | None = None) -> None:
        """Go round until `until` holds before a turn; by default until all is committed."""
        done = until or (lambda: self.broker.all_committed)

        def stopping() -> bool:
            self.turns += 1
            assert self.turns < MOST_TURNS, f"not done after {MOST_TURNS} turns"
            return done()

        self.loop.run(stopping)

    def value(self, name: str, **labels: str) -> float | None:
        """A metric's value as it would be scraped."""
        return self.registry.get_sample_value(name, {"detector": "gauge"} | labels)


def run_to_end(
    broker: FakeBroker, configuration: Configuration, folder: Path, plan: Iterable[str] = ()
) -> Member:
    """One member that holds every partition, run until all is committed."""
    member = Member(broker, configuration, folder, plan=plan)
    member.input.give(*broker.partitions)
    member.run()
    return member
