"""What the labels of recent releases taught, kept from one question to the next."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class TaughtLabels:
    """The labels behind a release that taught.

    Their ids, leaves and shares of their events, (n, T) each, and steps, (n,).
    """

    label_ids: tuple[str, ...]
    leaves: NDArray[np.uint16]
    shares: NDArray[np.float64]
    steps: NDArray[np.float64]


class LessonShelf:
    """Keeps those of the few releases that were asked for last: thousands of labels take seconds.

    What a release taught never changes, so nothing here grows old.
    """

    def __init__(self, most: int = 4) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, TaughtLabels] = OrderedDict()

    def get(self, release: int, make: Callable[[], TaughtLabels]) -> TaughtLabels:
        """Those of a release; made where they are not kept."""
        with self._lock:
            found = self._kept.get(release)
        if found is None:
            found = make()
        with self._lock:
            self._kept[release] = found
            self._kept.move_to_end(release)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return found
