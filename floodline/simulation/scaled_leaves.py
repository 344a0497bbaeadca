"""What rivals have in common: the bits of each leaf have a weight, which labels move."""

import numpy as np

from floodline.detection.detector import Rows
from floodline.detection.parameters import DefaultProfile
from floodline.detection.remembering_forest import RememberingForest
from floodline.feedback.decision import Decision
from floodline.simulation.analysts import Told
from floodline.simulation.forest_steps import Leaves, Steps, steps
from floodline.simulation.method import Booleans, Numbers, Places, Setting
from floodline.simulation.reviewed_events import ReviewedEvents


class ScaledLeaves:
    """A forest whose leaves' bits count as much as labels say.

    With b_t the bits of the leaf that x reaches in tree t, and w_t that leaf's weight, 1 at first::

        score(x) = plain bits + 1/T sum_t (w_t - 1) b_t

    The top of each window by this score is shown. How labels move weights is `move`.

    *When it fails.* Bits of leaves move with every window, and with them what a weight means; a
    leaf whose bits are near 0 cannot be taught.

    Raises:
        TypeError: the model is not the default profile.
    """

    def __init__(self, setting: Setting) -> None:
        if not isinstance(setting.parameters, DefaultProfile):
            raise TypeError("labels teach the default profile only")
        profile = setting.parameters
        self._forest = RememberingForest(profile, setting.features)
        self.trees = np.arange(profile.trees)
        self.extra = np.zeros((profile.trees, 2**profile.height))
        self.bits = np.empty(0)
        self.reviewed = ReviewedEvents()
        self._steps: Steps | None = None
        self._seen, self._start, self._window = 0, 0, 0

    def move(self, told: Told) -> None:
        """Move `extra`, w - 1, by what has just been told and by all in `reviewed`."""
        raise NotImplementedError

    def step(self, rows: Rows) -> Numbers:
        """Score by the newest weights, and learn."""
        self._start, self._seen = self._seen, self._seen + len(rows)
        found = self._steps = steps(self._forest, rows)
        scored = found.scores > 0.0
        plain = np.zeros(len(rows))
        plain[scored] = np.log2(found.scores[scored] / (1.0 - found.scores[scored]))
        self.bits = plain + self.added(found.leaves, found.parts)
        return np.asarray(1.0 / (1.0 + np.exp2(-self.bits)))

    def added(self, leaves: Leaves, parts: Numbers) -> Numbers:
        """What weights other than 1 add to events, (n,)."""
        return np.asarray((self.extra[self.trees, leaves] * parts).mean(axis=1))

    def choose(self, count: int) -> Places:
        """The highest scores; of equal ones the first."""
        found = self._steps
        if found is None:
            return np.empty(0, np.int64)
        chosen = np.argsort(-self.bits, kind="stable")[:count]
        leaves, parts = found.leaves[chosen], found.parts[chosen]
        plain = self.bits[chosen] - self.added(leaves, parts)
        self.reviewed.shown(self._start + chosen, leaves, np.column_stack([plain, parts]))
        return chosen

    def learn(self, told: Told) -> None:
        """Move the weights, if there is any label."""
        self.reviewed.told(told, self._window)
        self._window += 1
        if len(self.reviewed):
            self.move(told)

    @property
    def alerts(self) -> Booleans | None:
        """It raises none."""
        return None

    @property
    def decision(self) -> Decision | None:
        """It has no threshold."""
        return None
