"""A stream from its first hour to its last, under one method, and whether the promise held."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.threshold.methods import Method, Ours, drawn, evidence, score_of
from benchmarks.threshold.reviews import Queue
from benchmarks.threshold.worlds import HOURS, World
from floodline.feedback.review_estimates import ReviewEstimates

Numbers = NDArray[np.float64]
LOOK_EVERY = 6
LAST = 2 / 3
TARGETS = (0.5, 0.7, 0.8, 0.9)
CONFIDENCE = 0.9
LEAST_RECALL = 0.7
"""Of the recall at the best threshold: a threshold that reaches the target must keep so much."""
_LOWEST = -8.0
_BURST = 50


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a stream under a method.

    Attributes:
        held: whether the expected precision of the last third's alerts is at least the target.
        promised: whether the method said at the end that the target is surely met.
        precision: the expected precision of the last third's alerts.
        recall: of the last third, over that of the best threshold; 1 or more is as good.
        labels: how many were given.
        labels_to_target: labels given until the threshold met the target, with `LEAST_RECALL` of
            the best one's recall, and did so for good; None: never.
        precision_covered: whether the interval of the precision held the truth, at the end.
        recall_covered: the same of the recall.
        precision_width, recall_width: of these intervals.
    """

    held: bool
    promised: bool
    precision: float
    recall: float
    labels: int
    labels_to_target: int | None
    precision_covered: bool | None = None
    recall_covered: bool | None = None
    precision_width: float | None = None
    recall_width: float | None = None


class _Moment(msgspec.Struct, frozen=True):
    hour: int
    labels: int
    x: float


def target_of(seed: int) -> float:
    """The target of a stream."""
    return TARGETS[seed % len(TARGETS)]


def run(world: World, method: Method, target: float, seed: int) -> Run:
    """Live through the stream."""
    random = np.random.default_rng(seed)
    queue, path = Queue.empty(), []
    bursts = set(random.integers(HOURS, size=world.bursts).tolist())
    for hour in range(HOURS):
        labels = int(queue.known(hour).sum())
        path.append(_Moment(hour, labels, method.threshold))
        x, real = _chosen(random, world, method, labels, hour, burst=hour in bursts)
        queue.add(x, real, method.threshold, method.release, hour)
        queue.label(
            random,
            hour,
            x.size,
            noise=world.noise,
            delay=world.delay,
            second=method.second_opinions,
        )
        if hour % LOOK_EVERY == LOOK_EVERY - 1:
            method.look(queue, hour)
    return _judged(world, method, target, queue, path)


def _chosen(
    random: np.random.Generator,
    world: World,
    method: Method,
    labels: int,
    hour: int,
    *,
    burst: bool,
) -> tuple[Numbers, NDArray[np.bool_]]:
    """The events of an hour that are chosen for review: their x, and which are real."""
    lowest = method.threshold if method.sampling is None else _LOWEST
    x, real = world.draw(random, lowest, labels, hour)
    if burst:
        # An incident, or a harmless one: some fifty events that score alike.
        level = random.normal(3.0, 1.0)
        x = np.append(x, random.normal(level, 0.1, _BURST))
        real = np.append(real, np.full(_BURST, random.random() < 0.5))
    chosen = drawn(random, method, x)
    return x[chosen], real[chosen]


def _judged(
    world: World, method: Method, target: float, queue: Queue, path: Sequence[_Moment]
) -> Run:
    last = [each for each in path if each.hour >= LAST * HOURS]
    precision, recall = _over(world, last)
    best = [world.lowest(target, each.labels, each.hour / HOURS) for each in last]
    best_recall = np.mean(
        [
            0.0 if x is None else world.recall(x, each.labels)
            for x, each in zip(best, last, strict=True)
        ]
    )
    found = Run(
        held=precision >= target,
        promised=method.kept,
        precision=precision,
        recall=recall / float(best_recall) if best_recall else 1.0,
        labels=path[-1].labels,
        labels_to_target=_labels_to_target(world, target, path),
    )
    if not isinstance(method, Ours):
        return found
    end = path[-1]
    reviewed = evidence(queue, HOURS, tuple(method.epochs)).reviewed()
    estimates, at = ReviewEstimates(reviewed, CONFIDENCE), np.array([float(score_of(end.x))])
    true = world.precision(end.x, end.labels, 1.0), world.recall(end.x, end.labels)
    intervals = estimates.precision(at), estimates.recall(at)
    covered = [bool(i.lower[0] <= t <= i.upper[0]) for i, t in zip(intervals, true, strict=True)]
    widths = [float(i.upper[0] - i.lower[0]) for i in intervals]
    return msgspec.structs.replace(
        found,
        precision_covered=covered[0],
        recall_covered=covered[1],
        precision_width=widths[0],
        recall_width=widths[1],
    )


def _over(world: World, path: Sequence[_Moment]) -> tuple[float, float]:
    """Expected precision of the alerts of some hours, and the mean recall."""
    tails = [float(world.tail(each.x, each.labels, each.hour / HOURS)) for each in path]
    real = [
        tail * world.precision(each.x, each.labels, each.hour / HOURS)
        for tail, each in zip(tails, path, strict=True)
    ]
    recall = float(np.mean([world.recall(each.x, each.labels) for each in path]))
    return (sum(real) / sum(tails) if sum(tails) > 1e-12 else 1.0), recall


def _labels_to_target(world: World, target: float, path: Sequence[_Moment]) -> int | None:
    """Labels given before the hour from which on the threshold is right for good."""
    since = None
    for each in path:
        moment = each.hour / HOURS
        best = world.lowest(target, each.labels, moment)
        enough = 0.0 if best is None else LEAST_RECALL * world.recall(best, each.labels)
        right = (
            world.precision(each.x, each.labels, moment) >= target
            and world.recall(each.x, each.labels) >= enough
        )
        since = (each.labels if since is None else since) if right else None
    return since
