"""River's MinMaxScaler on rows: each value's place in the range seen so far."""

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels.compiled import compiled


@compiled
def place_run(
    rows: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    places: NDArray[np.float64],
) -> int:
    """Write the places of the first events, up to one that stretches a range; how many these are.

    A place is (x - low) / (high - low), or 0 where the range is empty, as River divides. NaN stays
    missing; a place that is NaN though the value is not goes right in River's trees, as infinity
    does. The event that stretches a range is placed too, by the ranges before it.
    """
    for e in range(rows.shape[0]):
        stretches = False
        for j in range(rows.shape[1]):
            value = rows[e, j]
            stretches |= value < low[j] or value > high[j]
            width = high[j] - low[j]
            if value != value:
                place = value
            elif width == 0.0:
                place = 0.0
            else:
                place = (value - low[j]) / width
                if place != place:
                    place = np.inf
            places[e, j] = place
        if stretches:
            return e
    return int(rows.shape[0])


@compiled
def stretch(row: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> None:
    """Stretch the ranges to take one event in."""
    for j in range(row.shape[0]):
        if row[j] < low[j]:
            low[j] = row[j]
        if row[j] > high[j]:
            high[j] = row[j]
