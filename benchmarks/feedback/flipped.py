"""A long drifting stream in which what is real changes half way."""

import numpy as np

from benchmarks.detection.labelled_stream import LabelledStream
from benchmarks.detection.stream_order import generator

EVENTS = 20_250
FLIP = 10_250
"""The first event after which the one kind is harmless and the other real."""
_DRIFT = 1.0
_SHARE = 0.02


def flipped() -> LabelledStream:
    """Two kinds of odd events, 2 % of all each; only one is real, and half way the other one.

    The rest is normal in six features, whose mean drifts by one deviation over the stream; the odd
    ones stay where they are.
    """
    draw = generator("made_flip")
    kind = draw.random(EVENTS)
    one, other = kind < _SHARE, (kind >= _SHARE) & (kind < 2 * _SHARE)
    rows = draw.normal(size=(EVENTS, 6)) + np.linspace(0.0, _DRIFT, EVENTS)[:, np.newaxis]
    for odd, place in ((one, (4, -4, 4, 0, 0, 0)), (other, (0, 0, -4, 4, -4, 0))):
        rows[odd] = np.array(place) + 0.5 * draw.normal(size=(int(odd.sum()), 6))
    return LabelledStream(rows, np.where(np.arange(EVENTS) < FLIP, one, other))


def labels_to_recover(found_by_window: list[float], labels: int) -> int | None:
    """Labels after the flip until windows find four fifths of what they found before; or None.

    Windows before the flip are the first half; what they found is the mean of their last quarter.
    """
    windows = len(found_by_window)
    half = windows // 2
    before = float(np.mean(found_by_window[half - windows // 8 : half]))
    for window in range(half, windows):
        if found_by_window[window] >= 0.8 * before:
            return round((window - half) * labels / windows)
    return None
