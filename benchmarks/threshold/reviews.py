"""Analysts who work through a queue: the top first, a share by chance, late, and not all of it."""

import msgspec
import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

ANSWERED = 0.3
"""Share of what comes into the queue that gets an answer."""
RESERVED = 0.1
"""Share of the answers that goes to what stands in the queue by chance, half of it to samples."""
SECOND = 0.05
"""Share of the answers that are second opinions, by chance, on what another analyst answered."""
CONFIRMATIONS = 3
"""Confirmed samples are asked again until so many agree, or one does not."""
ANALYSTS = 5
KEPT_HOURS = 24
"""Unanswered events leave the queue after so many hours."""


class Queue(msgspec.Struct):
    """What was chosen for review in a stream, growing arrays; x and not the score.

    The answers stand apart: of each the event, what it says, the hour from which on it is known,
    and the analyst.
    """

    x: Numbers
    real: NDArray[np.bool_]
    threshold: Numbers
    release: NDArray[np.int64]
    hour: NDArray[np.int64]
    items: NDArray[np.int64]
    said: NDArray[np.bool_]
    told: NDArray[np.int64]
    analyst: NDArray[np.int64]
    asked: NDArray[np.int64]

    @classmethod
    def empty(cls) -> "Queue":
        """Nothing yet."""
        whole = [np.zeros(0, np.int64) for _ in range(3)]
        return cls(
            np.zeros(0),
            np.zeros(0, np.bool_),
            np.zeros(0),
            whole[0],
            whole[0],
            whole[0],
            np.zeros(0, np.bool_),
            whole[1],
            whole[2],
            np.zeros(0, np.int64),
        )

    def add(
        self, x: Numbers, real: NDArray[np.bool_], threshold: float, release: int, hour: int
    ) -> None:
        """Events that were chosen in an hour."""
        count = x.size
        fresh = {
            "x": x,
            "real": real,
            "threshold": np.full(count, threshold),
            "release": np.full(count, release),
            "hour": np.full(count, hour),
            "asked": np.zeros(count, np.int64),
        }
        for name, values in fresh.items():
            setattr(self, name, np.concatenate([getattr(self, name), values]))

    def known(self, hour: int) -> NDArray[np.bool_]:
        """Which answers are known at an hour."""
        return self.told <= hour

    def label(
        self,
        random: np.random.Generator,
        hour: int,
        arrived: int,
        *,
        noise: float,
        delay: int,
        reserved: float = RESERVED,
        second: bool = False,
    ) -> None:
        """An hour of the analysts' work."""
        waiting = np.flatnonzero((self.asked == 0) & (self.hour > hour - KEPT_HOURS))
        count = min(random.poisson(ANSWERED * arrived), waiting.size)
        again = self._again(random, hour, count) if second else np.zeros(0, np.int64)
        count -= again.size
        by_chance = random.binomial(count, reserved)
        top = waiting[np.argsort(-self.x[waiting], kind="stable")][: count - by_chance]
        others = random.permutation(np.setdiff1d(waiting, top))
        samples = others[self.x[others] < self.threshold[others]][: -(-by_chance // 2)]
        rest = np.setdiff1d(others, samples)
        drawn = random.permutation(rest)[: by_chance - samples.size]
        chosen = np.concatenate([top, samples, drawn, again])
        wrong = random.random(chosen.size) < noise
        self.items = np.append(self.items, chosen)
        self.said = np.append(self.said, self.real[chosen] ^ wrong)
        self.told = np.append(self.told, np.full(chosen.size, hour + delay))
        self.analyst = np.append(self.analyst, (chosen + self.asked[chosen]) % ANALYSTS)
        self.asked[chosen] += 1

    def _again(self, random: np.random.Generator, hour: int, count: int) -> NDArray[np.int64]:
        known = self.known(hour)
        size = self.x.size
        yes = np.bincount(self.items[known], self.said[known], minlength=size)
        heard = np.bincount(self.items[known], minlength=size)
        settled = heard == self.asked
        doubtful = (self.x < self.threshold) & (yes > 0) & (yes == heard) & settled
        must = np.flatnonzero(doubtful & (heard < CONFIRMATIONS))[:count]
        once = np.flatnonzero((heard == 1) & settled & (self.hour > hour - 2 * KEPT_HOURS))
        once = np.setdiff1d(once, must)
        more = min(random.binomial(count, SECOND), count - must.size, once.size)
        return np.concatenate([must, random.permutation(once)[:more]])
