"""A rival for comparison: online mirror descent on the leaves of the same forest."""

import numpy as np

from floodline.simulation.analysts import Told
from floodline.simulation.scaled_leaves import ScaledLeaves

PACE = 1.0
"""How far one label moves the weights."""


class MirrorDescent(ScaledLeaves):
    """Each label moves the weights of its event's leaves once, by their bits; none falls below 0.

    The linear loss with the Euclidean mirror map: w += `PACE` y b, then w = max(w, 0), with y = 1
    for a confirmed event and -1 for a rejected one.

    Our re-implementation on the default profile's leaves, not its authors' code. Source: Siddiqui,
    Fern, Dietterich, Wright, Theriault, Archer, "Feedback-guided anomaly discovery via online
    optimization", KDD 2018.
    """

    def move(self, told: Told) -> None:
        """One step for each new label, in order."""
        new = told.events.size
        if not new:
            return
        leaves, real = self.reviewed.leaves[-new:], self.reviewed.real[-new:]
        parts = self.reviewed.numbers[-new:, 1:]
        for own, yes, bits in zip(leaves, real.tolist(), parts, strict=True):
            moved = self.extra[self.trees, own] + (PACE if yes else -PACE) * bits
            self.extra[self.trees, own] = np.maximum(moved, -1.0)
