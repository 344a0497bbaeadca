"""How far an event lies from the middle, in bits: what boxes of a few deviations cannot say."""

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels.compiled import compiled
from floodline.detection.kernels.guard import Settings
from floodline.detection.kernels.logarithm import log2
from floodline.detection.kernels.robust_scale import DEVIATION, MEAN


@compiled
def add_tail(
    columns: NDArray[np.float64],
    scale: NDArray[np.float64],
    settings: Settings,
    count: int,
    bits: NDArray[np.float64],
) -> None:
    """Add `tail` (max_j c_j + log2(1/2 + mean_j c_j^2)) to the bits of each event.

    c_j = min(|x_j - mean_j| / deviation_j, tail_clip) over the features that are present.
    """
    if settings.tail == 0.0:
        return
    farthest, squares, present = np.zeros(count), np.zeros(count), np.zeros(count)
    for j in range(columns.shape[0]):
        column, mean, one = columns[j], scale[MEAN, j], 1.0 / scale[DEVIATION, j]
        for e in range(count):
            far = abs(column[e] - mean) * one
            far = far if far < settings.tail_clip else settings.tail_clip
            here = column[e] == column[e]
            far = far if here else 0.0
            farthest[e] = far if far > farthest[e] else farthest[e]
            squares[e] += far * far
            present[e] += 1.0 if here else 0.0
    for e in range(count):
        mean_square = squares[e] / max(1.0, present[e])
        bits[e] += settings.tail * (farthest[e] + log2(0.5 + mean_square))
