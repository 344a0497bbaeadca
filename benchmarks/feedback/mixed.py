"""What to ask: the top of the queue alone, or one of five places for what would teach most."""

from typing import Literal

import numpy as np

from floodline.feedback.leaf_likeness import leaf_likeness
from floodline.feedback.lessons import Teaching
from floodline.simulation.forest_steps import Steps
from floodline.simulation.method import Numbers, Places, Setting
from floodline.simulation.taught_forest import TaughtForest

PLACES = 5
"""One in so many places is given to what would teach most."""
LOOKED_AT = 100
"""Of a window's events those with the highest q are candidates for it."""
_PACE = 0.2

Asked = Literal["unlike", "near"]


class MixedQueue(TaughtForest):
    """Lessons as in the product; of five events shown four have the highest q.

    The fifth is `unlike` all that was labelled, where a lesson is least sure: the highest z (1 - K)
    with K its likeness to the nearest label, all trees counting the same. Or it is `near` the
    threshold: its q is closest to where the queue was cut before, a running mean of the last
    place's q.
    """

    def __init__(self, setting: Setting, asked: Asked) -> None:
        super().__init__(setting)
        self._asked = asked
        self._cut: float | None = None

    def pick(self, found: Steps, count: int) -> Places:
        """The highest q, and in the last places what teaches most."""
        order = np.argsort(-np.nan_to_num(found.queue, nan=-np.inf), kind="stable")
        places = count // PLACES
        top, others = order[: count - places], order[count - places : LOOKED_AT]
        if not places or not others.size:
            return order[:count]
        worth = (
            self._unlike(found, others) if self._asked == "unlike" else self._near(found, others)
        )
        last = float(found.queue[order[min(count, order.size) - 1]])
        self._cut = last if self._cut is None else self._cut + _PACE * (last - self._cut)
        return np.concatenate([top, others[np.argsort(-worth, kind="stable")[:places]]])

    def _near(self, found: Steps, others: Places) -> Numbers:
        queue = found.queue[others]
        return queue if self._cut is None else -np.abs(queue - self._cut)

    def _unlike(self, found: Steps, others: Places) -> Numbers:
        surprise = self.surprise(others)
        if not len(self.reviewed):
            return surprise
        told, gamma = self.reviewed.leaves, Teaching().gamma
        alike = [
            leaf_likeness(own, told, self._parameters.height, gamma).max()
            for own in found.leaves[others]
        ]
        return np.asarray(np.maximum(surprise, 0.0) * (1.0 - np.array(alike)))
