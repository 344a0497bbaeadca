"""A rival for comparison: Active Anomaly Discovery on the leaves of the same forest."""

import numpy as np

from floodline.simulation.analysts import Told
from floodline.simulation.scaled_leaves import ScaledLeaves

BUDGET = 0.03
"""Share of the events that should score above the hinge."""
ROUNDS = 30
"""Gradient steps after each window."""
PACE = 3.0
"""Length of the first of them; the later ones fall with the root of their number."""
PRIOR = 0.1
"""How strongly weights are drawn back to 1."""


class AnomalyDiscovery(ScaledLeaves):
    """After each window the weights descend, over all labels so far, a hinge loss.

    With q the score that a share `BUDGET` of the last window reaches, the loss is the mean of
    max(0, q - score) over confirmed events, plus that of max(0, score - q) over rejected ones, plus
    `PRIOR` / 2 |w - 1|^2.

    Our re-implementation on the default profile's leaves, not its authors' code. Source: Das, Wong,
    Fern, Dietterich, Siddiqui, "Incorporating feedback into tree-based anomaly detection", 2017.
    """

    def move(self, told: Told) -> None:
        """Descend from the last weights."""
        hinge = float(np.quantile(self.bits, 1.0 - BUDGET))
        leaves, real, numbers = self.reviewed.leaves, self.reviewed.real, self.reviewed.numbers
        plain, parts = numbers[:, 0], numbers[:, 1:]
        yes = max(1, int(np.count_nonzero(real)))
        sides = np.where(real, 1.0 / yes, -1.0 / max(1, real.size - yes))
        for number in range(1, ROUNDS + 1):
            scores = plain + self.added(leaves, parts)
            wrong = np.where(real, scores < hinge, scores > hinge)
            change = -PRIOR * self.extra / ROUNDS
            np.add.at(change, (self.trees, leaves), (sides * wrong)[:, np.newaxis] * parts)
            self.extra += PACE / np.sqrt(number) * change
