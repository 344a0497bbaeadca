"""Analysts who work through a queue: the top first, a share by chance, late, and not all of it."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.feedback.answer_noise import ASKED_AGAIN, CONFIRMATIONS

Numbers = NDArray[np.float64]

ANSWERED = 0.3
"""Share of what comes into the queue that gets an answer."""
RESERVED = 0.1
"""Share of the answers that goes to what stands in the queue by chance, half of it to samples."""
ANALYSTS = 5
KEPT_HOURS = 24
"""Unanswered events leave the queue after so many hours."""


class Queue(msgspec.Struct):
    """What was chosen for review in a stream and what was said of it, growing arrays.

    Of what was chosen: x and not the score, whether it is real, what it was compared with, its
    release and hour, and how often it was asked about. Of each answer: the event, whether it says
    real, the hour from which on it is known, the analyst, and whether it is a second opinion.
    """

    x: Numbers
    real: NDArray[np.bool_]
    threshold: Numbers
    release: NDArray[np.int64]
    hour: NDArray[np.int64]
    asked: NDArray[np.int64]
    items: NDArray[np.int64]
    said: NDArray[np.bool_]
    told: NDArray[np.int64]
    analyst: NDArray[np.int64]
    blind: NDArray[np.bool_]

    @classmethod
    def empty(cls) -> "Queue":
        """Nothing yet."""
        numbers, whole, yes = np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.bool_)
        return cls(
            x=numbers,
            real=yes,
            threshold=numbers,
            release=whole,
            hour=whole,
            asked=whole,
            items=whole,
            said=yes,
            told=whole,
            analyst=whole,
            blind=yes,
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
        """An hour of the analysts' work, with `second` opinions among it or without."""
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
        self.blind = np.append(self.blind, self.asked[chosen] > 0)
        self.asked[chosen] += 1

    def _again(self, random: np.random.Generator, hour: int, count: int) -> NDArray[np.int64]:
        """Second opinions: on all confirmed samples, and by chance on what one has answered."""
        known = self.known(hour)
        yes = np.bincount(self.items[known], self.said[known], minlength=self.x.size)
        heard = np.bincount(self.items[known], minlength=self.x.size)
        settled = (heard == self.asked) & (heard > 0)
        doubtful = settled & (self.x < self.threshold) & (yes == heard)
        confirmed = np.flatnonzero(doubtful & (heard < CONFIRMATIONS))[:count]
        once = np.flatnonzero(settled & (heard == 1) & (self.hour > hour - 2 * KEPT_HOURS))
        others = random.permutation(np.setdiff1d(once, confirmed))
        drawn = random.binomial(count - confirmed.size, ASKED_AGAIN)
        return np.concatenate([confirmed, others[:drawn]])
