"""One stream under one variant, with every method and seed."""

from collections.abc import Callable
from functools import partial

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.detection.metrics import quality
from benchmarks.feedback.by_chance import ByChance
from benchmarks.feedback.mirror_descent import MirrorDescent
from benchmarks.feedback.mixed import MixedQueue
from benchmarks.feedback.partitioned import PartitionedForest
from benchmarks.feedback.retrained_trees import RetrainedTrees
from benchmarks.feedback.streams import Played
from benchmarks.feedback.variants import Variant
from floodline.configuration.threshold_section import ThresholdSection
from floodline.detection.detector import Rows
from floodline.detection.parameters import DefaultProfile
from floodline.feedback.decision import Decider, Decision
from floodline.feedback.policies import PrecisionTarget
from floodline.simulation.analysts import Analysts, Told
from floodline.simulation.method import Booleans, Method, Numbers, Places, Setting
from floodline.simulation.run import METHODS as PRODUCT
from floodline.simulation.run import Stream, simulate
from floodline.simulation.schedule import Schedule

METHODS: dict[str, Callable[[Setting], Method]] = PRODUCT | {"mirror_descent": MirrorDescent}
PARTITIONED: dict[str, Callable[[Setting], Method]] = {
    "four_none": partial(PartitionedForest, partitions=4, lessons="none"),
    "four_feedback": partial(PartitionedForest, partitions=4, lessons="shared"),
    "four_own_tables": partial(PartitionedForest, partitions=4, lessons="own"),
}
"""The same events over four partitions, by name only: without lessons, one table for all, and each
partition taught by its own labels."""
MIXED: dict[str, Callable[[Setting], Method]] = {
    "mixed_unlike": partial(MixedQueue, asked="unlike"),
    "mixed_near": partial(MixedQueue, asked="near"),
    "mixed_chance": ByChance,
}
"""One place in five for what would teach most, or two for chance where the top finds next to
nothing, by name only."""
RETRAINED: dict[str, Callable[[Setting], Method]] = {"extra_trees": RetrainedTrees}
"""A classifier fitted anew after each window, by name only: what a strong learner finds."""
EVERY = METHODS | PARTITIONED | MIXED | RETRAINED
PEOPLE = 5


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one seed.

    Attributes:
        found: real anomalies among those reviewed; `found_by_window` the same for each window.
        average_precision: of the published scores over the second half; None without an anomaly.
        whole_auc, whole_ap: the same scores over all events after the warm-up; None likewise.
    """

    found: int
    found_by_window: tuple[int, ...]
    average_precision: float | None
    whole_auc: float | None
    whole_ap: float | None


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A stream, a variant, and what to run."""

    played: Played
    variant: Variant
    methods: tuple[str, ...]
    seeds: tuple[int, ...]


class Lived(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a task; `why` says why a stream was left out, then there are no runs.

    `most` is what the reviews would find if it were known what is real: of each window's, as many
    as it has labels; a mean over seeds.
    """

    stream: str
    group: str
    variant: str
    events: int = 0
    anomalies: int = 0
    most: float = 0.0
    runs: dict[str, list[Run]] = msgspec.field(default_factory=dict)
    why: str = ""


def lived(task: Task) -> Lived:
    """Run a task."""
    runs: dict[str, list[Run]] = {name: [] for name in task.methods}
    played, events, anomalies = task.played, 0, 0
    whole, most = played.load(), list[int]()
    for seed in task.seeds:
        stream = task.variant.changed(played.stream(whole, seed))
        events, anomalies = stream.real.size, int(stream.real.sum())
        try:
            most.append(_most(stream, task.variant.schedule(events, DefaultProfile().warm_up)))
            for name in task.methods:
                runs[name].append(_run(stream, EVERY[name], task.variant, seed))
        except ValueError as error:
            return Lived(
                stream=played.name,
                group=played.group,
                variant=task.variant.name,
                events=events,
                why=str(error),
            )
    return Lived(
        stream=played.name,
        group=played.group,
        variant=task.variant.name,
        events=events,
        anomalies=anomalies,
        most=float(np.mean(most)),
        runs=runs,
    )


def _most(stream: Stream, schedule: Schedule) -> int:
    real = [np.count_nonzero(stream.real[schedule.window(n)]) for n in range(schedule.windows)]
    return sum(min(int(count), schedule.allowance(n)) for n, count in enumerate(real))


class _Recorded:
    """A method whose published scores are kept."""

    def __init__(self, method: Method) -> None:
        self._method = method
        self.scores: list[Numbers] = []

    def step(self, rows: Rows) -> Numbers:
        """As the method's."""
        self.scores.append(self._method.step(rows))
        return self.scores[-1]

    def choose(self, count: int) -> Places:
        """As the method's."""
        return self._method.choose(count)

    def learn(self, told: Told) -> None:
        """As the method's."""
        self._method.learn(told)

    @property
    def alerts(self) -> Booleans | None:
        """As the method's."""
        return self._method.alerts

    @property
    def decision(self) -> Decision | None:
        """As the method's."""
        return self._method.decision


def setting(stream: Stream, variant: Variant, seed: int) -> Setting:
    """The default profile, and the configuration's defaults for the threshold."""
    profile, section = DefaultProfile(seed=42 + seed), ThresholdSection()
    schedule = variant.schedule(stream.real.size, profile.warm_up)
    share = schedule.labels / (schedule.events - schedule.warm_up)
    return Setting(
        schedule=schedule,
        parameters=profile,
        features=tuple(f"f{column:05}" for column in range(stream.rows.shape[1])),
        decider=Decider(
            policy=PrecisionTarget(at_least=section.target_precision),
            rails=msgspec.structs.replace(section.rails, cool_down=0.0),
            confidence=section.confidence,
        ),
        rarity=min(max(share, 0.0001), 0.5),
        half_life=None,
        seed=seed,
    )


def _run(stream: Stream, make: Callable[[Setting], Method], variant: Variant, seed: int) -> Run:
    given = setting(stream, variant, seed)
    method = _Recorded(make(given))
    analysts = Analysts(
        stream.real, noise=variant.noise, delay=variant.delay, people=PEOPLE, seed=seed
    )
    outcome = simulate(stream, method, given, analysts, lambda: None)
    after = slice(given.schedule.warm_up, None)
    whole = _quality(stream.real[after], np.concatenate(method.scores)[after])
    return Run(
        found=outcome.found,
        found_by_window=outcome.found_by_window,
        average_precision=outcome.average_precision,
        whole_auc=whole[0],
        whole_ap=whole[1],
    )


def _quality(real: Booleans, scores: NDArray[np.float64]) -> tuple[float | None, float | None]:
    if real.all() or not real.any():
        return None, None
    found = quality(real, scores)
    return found.auc, found.ap
