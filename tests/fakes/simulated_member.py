"""A member of a fake group that is led turn by turn, and dies where it is told to."""

from collections.abc import Callable
from functools import partial

from prometheus_client import CollectorRegistry

from consumer.loop import ScoringLoop
from consumer.observation import Observation
from consumer.restoration import Restoration, Restorer
from floodline.configuration.sections import Configuration
from floodline.errors import DependencyDown, StateRefused
from floodline.events.messages import Release
from floodline.storage.state_store import StateStore
from floodline.telemetry.metrics import ConsumerMetrics
from tests.fakes.group import FakeGroup, FencedOutput, GroupInput
from tests.fakes.kafka import FakeClock, FakeLog, FakeReleases, FakeTopic
from tests.fakes.member import TOPIC_ID
from tests.fakes.place import FakeDisk, FakePlace
from tests.fakes.worker import HeldWorker

POINTS = (
    "before a poll",
    "after a poll",
    "asking for an offset",
    "snapshots",
    "before a write",
    "after a write",
    "before a publication",
    "offsets sent",
    "committed",
    "before a renewal",
)


class Killed(BaseException):
    """Stands for SIGKILL: nothing after it runs."""


class Fate:
    """Kills at the n-th passing of a point; whatever is dead does nothing any more."""

    def __init__(self) -> None:
        self.dead = False
        self._armed: tuple[str, int] | None = None

    def arm(self, point: str, passings: int) -> None:
        """Kill at this point."""
        assert point in POINTS
        self._armed = (point, passings)

    def at(self, point: str) -> None:
        """The member passes this point."""
        if not self.dead and self._armed is not None and self._armed[0] == point:
            self._armed = (point, self._armed[1] - 1)
            self.dead = self._armed[1] <= 0
        if self.dead:
            raise Killed


class StrictRestorer(Restorer):
    """Nothing here can lead a replay astray: bytes that were spoilt have another digest."""

    def again(
        self, failed: Restoration, error: StateRefused, newest: Release | None
    ) -> Restoration:
        """A second try would hide that the first came to something else."""
        raise AssertionError(f"partition {failed.task.partition}: {error}; {newest}")


class SimulatedMember:
    """One consumer process: the real loop, tasks, restorer and keeping over fakes."""

    def __init__(
        self, group: FakeGroup, configuration: Configuration, disk: FakeDisk, name: str
    ) -> None:
        self.name = name
        self.fate = Fate()
        self.ended = False
        self.late = False
        self.clock = FakeClock()
        at = self.fate.at
        self.keeper = HeldWorker("snapshots", at)
        store = StateStore(FakePlace(disk, at=at))
        self.input = GroupInput(group, self.clock, name, at)
        self.output = FencedOutput(self.input, at)
        topics = FakeLog(group.broker, piece=17)
        metrics = ConsumerMetrics(CollectorRegistry())
        self.loop = ScoringLoop(
            configuration=configuration,
            topic_id=TOPIC_ID,
            topic=FakeTopic(TOPIC_ID),
            source=self.input,
            output=self.output,
            releases=FakeReleases(group.broker),
            restorer=StrictRestorer(configuration, self.input, topics, store),
            store=store,
            observation=Observation(
                metrics, configuration.detector.name, monotonic=self.clock, now=lambda: 5.0
            ),
            monotonic=self.clock,
            keeper=self.keeper,
        )
        self.input.subscribe(self.loop)

    @property
    def alive(self) -> bool:
        """Whether it goes on."""
        return not (self.ended or self.fate.dead)

    def turn(self) -> None:
        """One turn of the loop; a member that gives up leaves as its process does."""
        if self.alive:
            self._live(self.loop.turn)
        if not self.late:
            self.work(2)

    def stop(self) -> None:
        """A clean end."""
        if self.alive:
            self.ended = True
            self._live(partial(self.loop.end, clean=True))

    def work(self, pieces: int) -> None:
        """Let the worker beside the loop go on."""
        if self.alive:
            self._live(lambda: self.keeper.go_on(pieces))

    def straggle(self) -> None:
        """Let what was left behind by calls that were given up go on by a step."""
        for publication in self.output.left_behind if self.alive else ():
            self._live(publication.go_on)

    def kill(self) -> None:
        """SIGKILL between two turns."""
        self.fate.dead = True

    def _live(self, what: Callable[[], None]) -> None:
        try:
            what()
        except Killed:
            return
        except DependencyDown:
            self.ended = True
            self._live(partial(self.loop.end, clean=False))
