"""What labels make of an event: its lesson, above or below the bits of an ordinary one."""

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels.compiled import compiled

USUAL, SUM, COUNT = range(3)
"""Places in `Memory.usual`: mean bits of the events so far as of the last window's end (NaN while
none was scored), sum of the bits of this window's events, and how many these are."""

_LEFT = 0.05
"""Share of its surprise that an event keeps above the ordinary whatever it was called."""


@compiled
def move_usual(usual: NDArray[np.float64], scored: int, memory: int) -> None:
    """At a window's end: a running mean of `scored` events, over the last `memory` of them."""
    count = usual[COUNT]
    if count > 0.0:
        mean = usual[SUM] / count
        if usual[USUAL] == usual[USUAL]:
            usual[USUAL] += (mean - usual[USUAL]) * min(1.0, count / min(scored, memory))
        else:
            usual[USUAL] = mean
    usual[SUM] = 0.0
    usual[COUNT] = 0.0


@compiled
def publish(bits: NDArray[np.float64], lessons: NDArray[np.float64], usual: float) -> None:
    """Turn plain bits into those that are published, in place.

    With s the plain bits, z = s - usual the surprise and g the lesson::

        q = z + g,  f = max(q, min(z, z / 20)),  published = s + (f - z)

    So a lesson of 0 changes no bit, one above 0 raises the event by as much, and one below 0 takes
    it down to the ordinary at most: never below, and not below another rejected event that is less
    surprising. While nothing usual is known there are no lessons.
    """
    if usual != usual:
        return
    for e in range(bits.shape[0]):
        surprise = bits[e] - usual
        least = min(surprise, _LEFT * surprise)
        bits[e] += max(surprise + lessons[e], least) - surprise
