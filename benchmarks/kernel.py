"""The compiled half-space trees against River's, interleaved, in process CPU time, in one run."""

import time
from collections.abc import Callable
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from floodline.detection.half_space_trees import HalfSpaceTrees
from floodline.detection.kernels.preparation import prepare

FEATURES = 10
WINDOW = 250
SEED = 42


Batch = tuple[NDArray[np.float64], NDArray[np.float64]]


class Shape(NamedTuple):
    """A forest's size and how many events each side sees in a round."""

    n_trees: int
    height: int
    river_events: int
    kernel_events: int


SHAPES = {"10x8": Shape(10, 8, 20_000, 300_000), "25x15": Shape(25, 15, 1_500, 60_000)}


def measure(rounds: int = 7, seed: int = SEED) -> dict[str, Any]:
    """Events scored and then learnt per second of CPU time: medians over the rounds.

    `ratio_...` is the median of each round's kernel over River; `batch_100_over_1000` the median of
    the rate in micro-batches of 100 over that in 1,000, at 10 trees of height 8; `bit_equal` is
    whether every score of River's events was the same on both sides. The stream is a reflected
    random walk over [0, 1] in 10 features, with 1 % of events of which three are drawn anew. River
    builds its trees outside the measured time.
    """
    prepare(time.process_time)
    figures: dict[str, Any] = {"rounds": rounds, "seed": seed}
    equal = True
    for name, shape in SHAPES.items():
        figures |= _compare(name, shape, rounds, seed)
        equal = equal and figures.pop("equal")
    figures["batch_100_over_1000"] = _batches(SHAPES["10x8"], rounds, seed)
    figures["bit_equal"] = equal
    return figures


def stream(seed: int, events: int) -> NDArray[np.float64]:
    """The measured events, (events, 10), in [0, 1]."""
    draw = np.random.default_rng(seed)
    walk = np.cumsum(draw.normal(0.0, 0.01, (events, FEATURES)), axis=0) + draw.random(FEATURES)
    rows = np.abs((walk + 1.0) % 2.0 - 1.0)
    for row in np.flatnonzero(draw.random(events) < 0.01):
        rows[row, draw.choice(FEATURES, 3, replace=False)] = draw.random(3)
    return np.ascontiguousarray(rows)


def _compare(name: str, shape: Shape, rounds: int, seed: int) -> dict[str, Any]:
    rows = stream(seed, shape.kernel_events)
    names = [f"f{column}" for column in range(FEATURES)]
    events = [dict(zip(names, row, strict=True)) for row in rows[: shape.river_events].tolist()]
    river, ours = _forests(shape, events[0])
    _, batches = _cut(rows, 1_000)
    rates, equal = [], True
    for number in range(rounds):
        theirs, expected = _rate(lambda: _river_scores(river, events), shape.river_events)
        kernel, _ = _rate(lambda: _run(ours, batches), shape.kernel_events)
        rates.append((theirs, kernel))
        if number == 0:
            copy = _forests(shape, events[0])[1]
            out, hundreds = _cut(rows[: shape.river_events], 100)
            _run(copy, hundreds)
            equal = expected == out.tolist()
    return {
        f"river_{name}": median(theirs for theirs, _ in rates),
        f"kernel_{name}": median(kernel for _, kernel in rates),
        f"ratio_{name}": median(kernel / theirs for theirs, kernel in rates),
        "equal": equal,
    }


def _forests(shape: Shape, first: dict[str, float]) -> tuple[Any, HalfSpaceTrees]:
    """Both sides with their trees drawn, before any event: `first` names the features."""
    ours = HalfSpaceTrees(
        shape.n_trees, shape.height, WINDOW, seed=SEED, feature_names=sorted(first)
    )
    ours.learn_many(np.empty((0, FEATURES)))
    return ours.to_river(), ours


def _river_scores(river: Any, events: list[dict[str, float]]) -> list[float]:
    scores = []
    for event in events:
        scores.append(river.score_one(event))
        river.learn_one(event)
    return scores


def _cut(rows: NDArray[np.float64], size: int) -> tuple[NDArray[np.float64], list[Batch]]:
    """Room for all scores, and the rows in batches, each with its part of that room."""
    out = np.empty(len(rows))
    starts = range(0, len(rows), size)
    return out, [(rows[at : at + size], out[at : at + size]) for at in starts]


def _run(ours: HalfSpaceTrees, batches: list[Batch]) -> None:
    for rows, out in batches:
        ours.score_learn_many(rows, out)


def _batches(shape: Shape, rounds: int, seed: int) -> float:
    rows = stream(seed, shape.kernel_events)
    _, ours = _forests(shape, {f"f{column}": 0.0 for column in range(FEATURES)})
    hundreds, thousands = _cut(rows, 100)[1], _cut(rows, 1_000)[1]
    ratios = []
    for _ in range(3 * rounds):
        small, _ = _rate(lambda: _run(ours, hundreds), len(rows))
        large, _ = _rate(lambda: _run(ours, thousands), len(rows))
        ratios.append(small / large)
    return median(ratios)


def _rate(run: Callable[[], Any], events: int) -> tuple[float, Any]:
    """Events per second of process CPU time, and what the run gave."""
    started = time.process_time()
    result = run()
    return events / (time.process_time() - started), result
