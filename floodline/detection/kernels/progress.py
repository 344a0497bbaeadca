"""How far a forest is in its window: a few numbers that the kernels move on."""

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels.compiled import inlined

Progress = NDArray[np.int64]
"""(events in this window, windows completed, window size, one of the three below, columns)."""

SCORE, LEARN = 1, 2
"""What to do with a row; their sum does both, the score first."""

WHOLE, BROKEN, SETTLED = 0, 1, 2
"""This window in live masses: no feature missed yet; some missed; the last one had all of them."""


MISFIT = -1
"""What a kernel returns, with nothing done, for rows of other columns or scores without room."""


@inlined
def fits(rows: NDArray[np.float64], out: NDArray[np.float64], progress: Progress) -> bool:
    """Whether the rows have the forest's columns and `out` has room for their scores."""
    return bool(rows.shape[1] == progress[4] and rows.shape[0] == out.shape[0])


def new_progress(window: int, columns: int) -> Progress:
    """A forest that has learnt nothing."""
    return np.array([0, 0, window, BROKEN, columns], np.int64)
