"""Seeded streams in which one thing happens: burst, shift, drift, a new mode, a gap, a period."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FEATURES = 6
EVENTS = 30_000
TURN = 15_000
"""The event from which on something is otherwise."""

BURST = 1_000
GAP = 2_000
DRIFT = 10_000
PERIOD = 2_000
RARE = 0.02
SHIFT = 3.0

Matrix = NDArray[np.float64]


class MadeStream(NamedTuple):
    """Events and what is to be watched in them.

    Attributes:
        rows: (EVENTS, FEATURES); NaN is missing.
        watched: True for the events whose score is followed from TURN on.
        over: the event from which on everything is usual again, or was new for long enough to be.
    """

    rows: Matrix
    watched: NDArray[np.bool_]
    over: int


def _usual(random: np.random.Generator) -> Matrix:
    """Two groups of three correlated features, deviation 1 each."""
    shared = np.repeat(random.normal(size=(EVENTS, 2)), 3, axis=1)
    return np.asarray(0.6 * shared + 0.8 * random.normal(size=(EVENTS, FEATURES)))


def _all() -> NDArray[np.bool_]:
    return np.ones(EVENTS, dtype=np.bool_)


def burst(random: np.random.Generator) -> MadeStream:
    """1,000 nearly equal anomalies in a row, 5 deviations off in a third of the features."""
    rows = _usual(random)
    place = np.array([5.0, -5.0, 0.0, 0.0, 0.0, 0.0])
    rows[TURN : TURN + BURST] = place + random.normal(0.0, 0.1, (BURST, FEATURES))
    return MadeStream(rows, _all(), TURN + BURST)


def shift(random: np.random.Generator) -> MadeStream:
    """From one event on, a third of the features lies 3 deviations higher."""
    rows = _usual(random)
    rows[TURN:, : FEATURES // 3] += SHIFT
    return MadeStream(rows, _all(), TURN)


def drift(random: np.random.Generator) -> MadeStream:
    """The same shift, spread over 10,000 events."""
    rows = _usual(random)
    slope = np.clip((np.arange(EVENTS) - TURN) / DRIFT, 0.0, 1.0)
    rows[:, : FEATURES // 3] += SHIFT * slope[:, np.newaxis]
    return MadeStream(rows, _all(), TURN)


def periodic(random: np.random.Generator) -> MadeStream:
    """All features swing by 2 deviations, 2,000 events a period, from the first event on."""
    rows = _usual(random)
    rows += 2.0 * np.sin(2.0 * np.pi * np.arange(EVENTS) / PERIOD)[:, np.newaxis]
    return MadeStream(rows, _all(), TURN)


def gap(random: np.random.Generator) -> MadeStream:
    """One feature is missing for 2,000 events."""
    rows = _usual(random)
    rows[TURN : TURN + GAP, 0] = np.nan
    return MadeStream(rows, _all(), TURN + GAP)


def rare_mode(random: np.random.Generator) -> MadeStream:
    """From one event on, 2 % of the events come from a new place, 4 deviations off."""
    rows = _usual(random)
    new = (random.random(EVENTS) < RARE) & (np.arange(EVENTS) >= TURN)
    place = np.array([4.0, -4.0, 0.0, 0.0, 0.0, 0.0])
    rows[new] = place + random.normal(0.0, 0.3, (int(new.sum()), FEATURES))
    return MadeStream(rows, new, TURN)


MADE: dict[str, Callable[[np.random.Generator], MadeStream]] = {
    "burst": burst,
    "shift": shift,
    "drift": drift,
    "periodic": periodic,
    "gap": gap,
    "rare_mode": rare_mode,
}


def make(name: str, seed: int) -> MadeStream:
    """The made stream with this name."""
    return MADE[name](np.random.default_rng(seed))
