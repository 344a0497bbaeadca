"""Holding back what looks anomalous from being learnt, without sticking after a shift."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels.compiled import compiled

SEEN, LEFT, TOTAL, HELD, FLAGGED, ESCAPED = range(6)
"""Places in the forest's numbers: events ever, events left in this window, remembered units; the
guard's balance of held-back events, events of this window at or above its bits, and whether it has
given way."""


class Settings(NamedTuple):
    """The parameters that kernels need, as in `DefaultProfile`."""

    window: int
    memory: int
    winsor: float
    tail: float
    tail_clip: float
    guard: float
    patience: float


@compiled
def hold_back(
    guard: NDArray[np.float64],
    numbers: NDArray[np.int64],
    window_bits: NDArray[np.float64],
    bits: NDArray[np.float64],
    held: NDArray[np.uint8],
    count: int,
) -> None:
    """Mark the events that are not to be learnt, and keep the bits of all."""
    place = window_bits.shape[0] - numbers[LEFT]
    for e in range(count):
        window_bits[place + e] = bits[e]
        flagged = bits[e] >= guard[0]
        numbers[FLAGGED] += flagged
        held[e] = flagged and not numbers[ESCAPED]


@compiled
def move_guard(
    guard: NDArray[np.float64],
    numbers: NDArray[np.int64],
    window_bits: NDArray[np.float64],
    settings: Settings,
) -> None:
    """At a window's end: give way, or close again, and follow the bits of usual windows.

    The balance counts flagged events beyond the share that is always flagged. At `patience` the
    guard gives way, since so long a burst is a shift, until a window is usual again.
    """
    length = window_bits.shape[0]
    excess = numbers[FLAGGED] - int(settings.guard * length) - 1
    usual = excess <= int(4.0 * settings.guard * length)
    numbers[HELD] = max(0, numbers[HELD] + excess)
    numbers[FLAGGED] = 0
    if numbers[ESCAPED]:
        if usual:
            numbers[ESCAPED], numbers[HELD] = 0, 0
    elif numbers[HELD] >= settings.patience:
        numbers[ESCAPED] = 1
    if usual or numbers[ESCAPED] or guard[0] == np.inf:
        level = np.sort(window_bits)[length - 1 - int(settings.guard * length)]
        guard[0] = level if guard[0] == np.inf else guard[0] + (level - guard[0]) / 8.0
