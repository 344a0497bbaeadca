"""Analysts who work through a queue: the top first, a share by chance, late, and not all of it."""

import msgspec
import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

ANSWERED = 0.3
"""Share of what comes into the queue that gets an answer."""
RESERVED = 0.1
"""Share of the answers that goes to what stands in the queue by chance, half of it to samples."""
ANALYSTS = 5
KEPT_HOURS = 24
"""Unanswered events leave the queue after so many hours."""


class Queue(msgspec.Struct):
    """What was chosen for review in a stream, growing arrays; x and not the score.

    `answer` is -1 before there is one, else 0 or 1; it is known from hour `told` on.
    """

    x: Numbers
    real: NDArray[np.bool_]
    threshold: Numbers
    release: NDArray[np.int64]
    hour: NDArray[np.int64]
    answer: NDArray[np.int64]
    told: NDArray[np.int64]
    analyst: NDArray[np.int64]

    @classmethod
    def empty(cls) -> "Queue":
        """Nothing yet."""
        whole = [np.zeros(0, np.int64) for _ in range(5)]
        return cls(np.zeros(0), np.zeros(0, np.bool_), np.zeros(0), *whole)

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
            "answer": np.full(count, -1),
            "told": np.full(count, -1),
            "analyst": np.zeros(count, np.int64),
        }
        for name, values in fresh.items():
            setattr(self, name, np.concatenate([getattr(self, name), values]))

    def known(self, hour: int) -> NDArray[np.bool_]:
        """Which answers are known at an hour."""
        return (self.answer >= 0) & (self.told <= hour)

    def label(
        self,
        random: np.random.Generator,
        hour: int,
        arrived: int,
        *,
        noise: float,
        delay: int,
        reserved: float = RESERVED,
    ) -> None:
        """An hour of the analysts' work."""
        waiting = np.flatnonzero((self.answer < 0) & (self.hour > hour - KEPT_HOURS))
        count = min(random.poisson(ANSWERED * arrived), waiting.size)
        by_chance = random.binomial(count, reserved)
        top = waiting[np.argsort(-self.x[waiting], kind="stable")][: count - by_chance]
        others = random.permutation(np.setdiff1d(waiting, top))
        samples = others[self.x[others] < self.threshold[others]][: -(-by_chance // 2)]
        rest = np.setdiff1d(others, samples)
        drawn = random.permutation(rest)[: by_chance - samples.size]
        chosen = np.concatenate([top, samples, drawn])
        wrong = random.random(chosen.size) < noise
        self.answer[chosen] = self.real[chosen] ^ wrong
        self.told[chosen] = hour + delay
        self.analyst[chosen] = random.integers(ANALYSTS, size=chosen.size)
