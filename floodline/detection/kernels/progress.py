"""How far a forest is in its window: four numbers that the kernels move on."""

import numpy as np
from numpy.typing import NDArray

Progress = NDArray[np.int64]
"""(events in this window, windows completed, window size, one of the three below)."""

SCORE, LEARN = 1, 2
"""What to do with a row; their sum does both, the score first."""

WHOLE, BROKEN, SETTLED = 0, 1, 2
"""This window in live masses: no feature missed yet; some missed; the last one had all of them."""


def new_progress(window: int) -> Progress:
    """A forest that has learnt nothing."""
    return np.array([0, 0, window, BROKEN], np.int64)
