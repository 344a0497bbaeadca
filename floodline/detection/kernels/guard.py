"""Holding bursts of what looks anomalous back from being learnt, without sticking after a shift."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels.compiled import compiled

SEEN, LEFT, TOTAL, PRESSURE, FLAGGED, WAITING, STANCE = range(7)
"""Places in the forest's numbers: events ever, events left in this window, remembered units;
flagged events of late unusual windows, of this window, and of the last one that wait to be learnt;
what the guard does."""

NUMBERS = 7

CALM, ALARMED, OPEN = range(3)
"""Stances: the last window was usual; it was not; nothing is held back."""


class Settings(NamedTuple):
    """The parameters that kernels need, as in `DefaultProfile`."""

    window: int
    memory: int
    winsor: float
    tail: float
    tail_clip: float
    guard: float
    patience: int


@compiled
def hold_back(
    guard: NDArray[np.float64],
    numbers: NDArray[np.int64],
    window_bits: NDArray[np.float64],
    suspects: NDArray[np.float64],
    rows: NDArray[np.float64],
    bits: NDArray[np.float64],
    held: NDArray[np.uint8],
) -> None:
    """Mark the events that are not to be learnt now, and keep them as long as they are few.

    An event is flagged from `guard` bits on. `suspects`, (2, most, d), has the flagged events of
    the last window that wait and, second, those of this one; more than `most` are no usual window.
    """
    place = window_bits.shape[0] - numbers[LEFT]
    for e in range(rows.shape[0]):
        window_bits[place + e] = bits[e]
        flagged = bits[e] >= guard[0]
        held[e] = flagged and numbers[STANCE] != OPEN
        if flagged:
            if numbers[FLAGGED] < suspects.shape[1]:
                suspects[1, numbers[FLAGGED]] = rows[e]
            numbers[FLAGGED] += 1


@compiled
def acquitted(numbers: NDArray[np.int64], suspects: NDArray[np.float64]) -> int:
    """How many of the waiting events are to be learnt at a window's end: all, or none."""
    usual = numbers[FLAGGED] <= suspects.shape[1]
    return numbers[WAITING] if usual else 0


@compiled
def move_guard(
    guard: NDArray[np.float64],
    numbers: NDArray[np.int64],
    window_bits: NDArray[np.float64],
    suspects: NDArray[np.float64],
    settings: Settings,
) -> None:
    """At a window's end: choose what the guard does in the next one.

    Flagged events wait for one window and are learnt if it, their own and the one before were
    usual: single anomalies and rare modes are learnt, bursts are not. Flagged events of unusual
    windows are pressure, which usual windows let go at the pace of the memory: the guard is open
    while it is `patience` or more, since that many are a shift, or a habit. The level follows the
    bits of usual windows, and of all while it is open.
    """
    length, flagged = window_bits.shape[0], numbers[FLAGGED]
    usual = flagged <= suspects.shape[1]
    waits = usual and numbers[STANCE] == CALM
    if waits:
        suspects[0, :flagged] = suspects[1, :flagged]
    numbers[WAITING] = flagged if waits else 0
    numbers[FLAGGED] = 0
    if usual:
        gone = -(-numbers[PRESSURE] * settings.window // settings.memory)
        numbers[PRESSURE] -= min(numbers[PRESSURE], gone)
    else:
        numbers[PRESSURE] = min(numbers[PRESSURE] + flagged, 2 * settings.patience)
    if numbers[PRESSURE] >= settings.patience:
        numbers[STANCE] = OPEN
    else:
        numbers[STANCE] = CALM if usual else ALARMED
    if usual or numbers[STANCE] == OPEN or guard[0] == np.inf:
        level = np.sort(window_bits)[length - 1 - int(settings.guard * length)]
        guard[0] = level if guard[0] == np.inf else guard[0] + (level - guard[0]) / 8.0
