"""Ways to set a threshold from labels: ours, and what others do."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.threshold.reviews import Queue
from benchmarks.threshold.worlds import EVENTS_AN_HOUR, INITIAL_RARITY, World
from floodline.feedback.decision import Decider, Decision, GuardRails, Standing
from floodline.feedback.evidence import Answers, Chosen, Epoch, Evidence
from floodline.feedback.policies import PrecisionTarget
from floodline.feedback.review_sampling import (
    Reviewable,
    ReviewSampler,
    Sampling,
    planned_sampling,
)

Numbers = NDArray[np.float64]
BUDGET = 20.0
HALF_LIFE: float | None = None
_LEAST_SAMPLES = 10
_FIRST_PLAN = 11


def score_of(x: Numbers | float) -> Numbers:
    """The published score of an x."""
    return 1 / (1 + np.exp(-np.asarray(x, np.float64)))


def x_of(score: float) -> float:
    """And back."""
    inside = min(max(score, 1e-9), 1 - 1e-9)
    return float(np.log(inside / (1 - inside)))


class Method(Protocol):
    """A way to set a threshold, on the scale of x."""

    threshold: float
    sampling: Sampling | None
    second_opinions: bool
    kept: bool
    release: int

    def look(self, queue: Queue, hour: int) -> None:
        """Look at what is known at an hour, and move."""


class Fixed:
    """The initial threshold for ever."""

    def __init__(self, world: World, target: float) -> None:
        self.threshold = world.initial()
        self.sampling: Sampling | None = None
        self.second_opinions = False
        self.kept = True
        self.release = 0
        self._target = target

    def look(self, queue: Queue, hour: int) -> None:
        """Nothing moves it."""


class TopQuantile(Fixed):
    """As many alerts an hour as at the beginning: the quantile of the newest day's scores."""

    def look(self, queue: Queue, hour: int) -> None:
        """Follow the quantile; below the threshold nothing is seen, so it falls by small steps."""
        alerts = int(((queue.hour > hour - 24) & (queue.x >= queue.threshold)).sum())
        wanted = INITIAL_RARITY * EVENTS_AN_HOUR * min(24, hour + 1)
        recent = queue.x[queue.hour > hour - 24]
        if alerts > wanted:
            self.threshold = float(np.sort(recent)[-int(wanted)])
        elif alerts < 0.9 * wanted:
            self.threshold -= 0.02


class Multiply(Fixed):
    """The score's gap to 1 shrinks by 1.05 after a false alarm, and grows by it after a hit."""

    def __init__(self, world: World, target: float) -> None:
        super().__init__(world, target)
        self._seen = np.zeros(0, np.bool_)

    def look(self, queue: Queue, hour: int) -> None:
        """One nudge for each new label; hits weigh so that the target is where it rests."""
        known = queue.known(hour)
        new = known.copy()
        new[: self._seen.size] &= ~self._seen
        false = int((new & ~queue.said).sum())
        hits = int((new & queue.said).sum())
        rest = (1 - self._target) / self._target
        self.threshold += np.log(1.05) * (false - hits * rest)
        self._seen = known


class Naive(Fixed):
    """The lowest threshold at which enough of the labelled alerts are real, as if all were seen."""

    def look(self, queue: Queue, hour: int) -> None:
        """Take the plain share of the labels above each score."""
        known = queue.known(hour)
        if known.sum() < 30:
            return
        all_x = queue.x[queue.items[known]]
        order = np.argsort(-all_x)
        x, real = all_x[order], queue.said[known][order]
        share = np.cumsum(real) / np.arange(1, real.size + 1)
        good = np.flatnonzero((share >= self._target) & (np.arange(real.size) >= 9))
        self.threshold = float(x[good[-1]]) if good.size else float(x[0])


class Ours(Fixed):
    """Floodline's own decisions, with its review sampling."""

    confidence = 0.9

    def __init__(self, world: World, target: float) -> None:
        super().__init__(world, target)
        self.sampling = Sampling.even(0.0002)
        self.second_opinions = True
        self.kept = False
        self.decision: Decision | None = None
        self.epochs = [Epoch(release=0, threshold=self._score, sampling=self.sampling)]
        self._moved: int | None = None
        self._path = [(0, self._score)]
        self._decider = Decider(
            policy=PrecisionTarget(at_least=target),
            rails=GuardRails(
                min_labels=30,
                largest_step=0.5,
                smallest_step=0.02,
                cool_down=0.0,
                analyst_step=4.0,
                floor=0.0,
                ceiling=1.0,
            ),
            confidence=self.confidence,
        )

    @property
    def _score(self) -> float:
        return float(score_of(self.threshold))

    def look(self, queue: Queue, hour: int) -> None:
        """Decide as the trainer does, and plan what is drawn."""
        found = evidence(queue, hour, tuple(self.epochs))
        before = [score for at, score in self._path if at <= hour - 24]
        standing = Standing(
            threshold=self._score,
            a_day_ago=before[-1] if before else None,
            moved=None if self._moved is None else float(hour - self._moved),
        )
        self.decision = self._decider.decide(found, standing)
        moved = self.decision.outcome == "moved"
        self.kept = self.decision.kept
        planned = self._planned(queue, hour)
        if moved and self.decision.threshold_after is not None:
            self.threshold = x_of(self.decision.threshold_after)
            self._moved = hour
            self._path.append((hour, self._score))
        if moved or planned is not None:
            self.sampling = planned or self.sampling
            self.release += 1
            self.epochs.append(
                Epoch(release=self.release, threshold=self._score, sampling=self.sampling)
            )

    def _planned(self, queue: Queue, hour: int) -> Sampling | None:
        if len(self.epochs) == 1 and hour < _FIRST_PLAN:
            return Sampling.even(BUDGET / EVENTS_AN_HOUR)
        samples = queue.x < queue.threshold
        if samples.sum() < _LEAST_SAMPLES or hour % 12 != _FIRST_PLAN:
            return None
        weights = evidence(queue, hour, tuple(self.epochs)).reviewed().weights
        seen = Reviewable(score_of(queue.x), weights, float(hour + 1))
        threshold = self._score
        if self.decision is not None and self.decision.threshold_after is not None:
            threshold = self.decision.threshold_after
        return planned_sampling(seen, threshold, BUDGET)


def evidence(queue: Queue, hour: int, epochs: tuple[Epoch, ...]) -> Evidence:
    """What is known at an hour, as the trainer reads it from SQL."""
    known = np.flatnonzero(queue.known(hour))
    count = queue.x.size
    return Evidence(
        chosen=Chosen(
            scores=score_of(queue.x),
            thresholds=score_of(queue.threshold),
            releases=queue.release,
            places=np.zeros(count, np.int64),
            offsets=(queue.hour * EVENTS_AN_HOUR).astype(np.int64) + np.arange(count) % 5_000,
            ages=(hour + 1 - queue.hour).astype(np.float64),
        ),
        answers=Answers(
            items=queue.items[known],
            analysts=queue.analyst[known],
            real=queue.said[known],
            ages=(hour - queue.told[known]).astype(np.float64),
            blind=queue.blind[known],
            independent=queue.said[known].astype(np.int64),
        ),
        epochs=epochs,
        half_life=HALF_LIFE,
    )


def drawn(random: np.random.Generator, method: Method, x: Numbers) -> NDArray[np.bool_]:
    """Which events are chosen for review: all alerts, and samples by the method's rates."""
    alerts: NDArray[np.bool_] = x >= method.threshold
    if method.sampling is None:
        return alerts
    rates = ReviewSampler(0, method.sampling).rates(score_of(x))
    return alerts | (random.random(x.size) < rates)
