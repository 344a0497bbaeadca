"""People who look at what they are shown: sometimes wrong, and late."""

import msgspec
import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]
Booleans = NDArray[np.bool_]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Labels that become known; arrays of shape (k,).

    Attributes:
        events: places in the stream.
        real: whether the analyst calls each an anomaly.
        analysts: a number for each analyst.
    """

    events: Places
    real: Booleans
    analysts: Places


class Analysts:
    """A team whose answers are wrong with the chance `noise`, and known `delay` windows later.

    What it would say of an event, and who would, is drawn beforehand: every method that shows it
    the same event hears the same.
    """

    def __init__(
        self, truth: Booleans, *, noise: float, delay: int, people: int, seed: int
    ) -> None:
        random = np.random.default_rng([seed, 1])
        wrong = random.random(truth.size) < noise
        self._says: Booleans = truth ^ wrong
        self._who: Places = random.integers(people, size=truth.size)
        self._delay = delay
        self._due: dict[int, Places] = {}

    def review(self, events: Places, window: int) -> None:
        """Show it events after a window."""
        self._due[window + self._delay] = events

    def told(self, window: int) -> Told:
        """What is known after a window and was not before."""
        events = self._due.pop(window, np.empty(0, np.int64))
        return Told(events=events, real=self._says[events], analysts=self._who[events])
