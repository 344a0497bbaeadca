"""A verification over the fakes: what a fake broker's topics show, and a verifier on them."""

from collections.abc import Mapping
from pathlib import Path

from consumer.audit.published import Collection, Kind, Outputs, Place
from consumer.audit.range_plan import Plan, Planner
from consumer.audit.verifier import Derived, Verified, Verifier
from consumer.ports import Message
from floodline.configuration.sections import Configuration
from floodline.storage.state_store import StateStore
from tests.fakes.kafka import FakeBroker, FakeClock, FakeInput, FakeLog


class FakePublished:
    """The alerts, samples and dead letters of a fake broker, each topic one partition."""

    def __init__(self, broker: FakeBroker, configuration: Configuration) -> None:
        self._broker = broker
        self._configuration = configuration

    def collect(self, topic_id: str, spans: Mapping[int, tuple[int, int]]) -> Collection:
        """What was published about these ranges."""
        ends = {partition: end for partition, (_, end) in spans.items()}
        found = Collection(self._configuration.detector.name, topic_id, spans, ends)
        topics = self._configuration.topics
        kinds: dict[Kind, str] = {
            "alert": topics.alerts,
            "sample": topics.samples,
            "dead_letter": topics.dead_letters,
        }
        for kind, topic in kinds.items():
            for offset, message in enumerate(self._broker.published(topic)):
                found.add(kind, message, Place(topic, 0, offset))
        return found

    def fetch(self, place: Place) -> Message:
        """The message at a place."""
        return self._broker.published(place.topic)[place.offset]


class Auditor:
    """Verifies what members left on a fake broker."""

    def __init__(
        self, broker: FakeBroker, configuration: Configuration, folder: Path, topic_id: str
    ) -> None:
        self.topic_id = topic_id
        self.log = FakeLog(broker, piece=37)
        self.published = FakePublished(broker, configuration)
        store = StateStore(folder)
        source = FakeInput(broker, FakeClock())
        self.planner = Planner(configuration, topic_id, source, self.log, store)
        releases = {release.number: release for release in broker.releases}
        self.verifier = Verifier(configuration, topic_id, self.planner, self.log, store, releases)

    def verify(
        self, partition: int = 0, first: int | None = None, end: int | None = None
    ) -> Verified:
        """One partition's range."""
        plan = self.planner.plan(partition, first, end)
        outputs = self.outputs(plan)
        return self.verifier.verify(plan, outputs, self.published.fetch, lambda _: None)

    def outputs(self, plan: Plan) -> Outputs:
        """What was published about a plan's range."""
        spans = {plan.partition: (plan.first, plan.end)}
        return self.published.collect(self.topic_id, spans).outputs[plan.partition]

    def derive(self, partition: int, offset: int) -> Derived:
        """One event anew."""
        return self.verifier.derive(self.planner.plan(partition, offset, offset + 1))
