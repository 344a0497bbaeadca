"""Mean and deviation of each feature, that no single value can move far.

A feature's first values give a start from median and median absolute deviation. From then on, once
a window, both move towards the window's own by the share p / n, at most all the way: p values are
present in the window and n = min(values ever, memory). Each value is cut first to `winsor`
deviations from the mean (winsorised), and to 1e150 from 0. With S the sum and Q the sum of squares
of a window's cut deviations, V the variance::

    mean <- mean + S / n        V <- (1 - p/n) V + Q / n - (S / n)^2

So one value of whatever size, in place of a usual one, moves the mean by at most 2 winsor / n
deviations and the variance by at most winsor^2 (1 + 4 p/n) / n of itself: by .0008 and .0018 at the
default winsor 4 once n = 10,000. Of the first values, one that is hostile moves median and median
absolute deviation no farther than to the next of the other values.

A feature that was constant so far has no deviation to cut to: there the second farthest value of a
window sets the measure, so that one hostile value alone sets nothing.
"""

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels.compiled import borrowing, compiled

MEAN, VARIANCE, DEVIATION, LIMIT, SUM, SQUARES, PRESENT, FAR, NEXT_FAR, AGE, YOUNG = range(11)
"""Rows of the scale, each with a column a feature: mean, variance, deviation (never 0) and cut in
force; this window's sum and squares of cut deviations, present values, two farthest deviations;
present values ever; values kept while the feature has no scale, or KNOWN."""

ROWS = 11
KNOWN = -1.0
EMPTY = 2
FARTHEST = 1e150
"""Values beyond are taken as this, so that squares stay finite."""

_TO_DEVIATION = 1.4826022185056018  # of a normal distribution's median absolute deviation


@compiled
def first_scale(values: NDArray[np.float64], winsor: float) -> tuple[float, float]:
    """Mean and variance of some first values, each cut to `winsor` robust deviations."""
    count = values.shape[0]
    middle = np.median(values)
    far = np.abs(values - middle)
    limit = winsor * 1.4826022185056018 * np.median(far)
    if limit == 0.0 and count > 1:
        limit = np.sort(far)[count - 2]
    total, squares = 0.0, 0.0
    for value in values:
        cut = min(max(value - middle, -limit), limit)
        total += cut
        squares += cut * cut
    shift = total / count
    return middle + shift, max(0.0, squares / count - shift * shift)


@borrowing
def take_in(
    rows: NDArray[np.float64],
    scale: NDArray[np.float64],
    columns: NDArray[np.float64],
    odd: NDArray[np.uint8],
) -> bool:
    """Turn events into columns, each value within `FARTHEST`; True where any misses a feature.

    `odd` is 1 for those that do, EMPTY for those that have no feature with a scale, else 0.
    """
    count, any_odd = rows.shape[0], False
    for e in range(count):
        odd[e] = 0
    for j in range(rows.shape[1]):
        if scale[YOUNG, j] != KNOWN:
            any_odd = count > 0
            for e in range(count):
                columns[j, e] = np.nan
                odd[e] = 1
            continue
        here = 0
        for e in range(count):
            value = rows[e, j]
            value = FARTHEST if value > FARTHEST else value
            value = -FARTHEST if value < -FARTHEST else value
            columns[j, e] = value
            here += value == value
        if here < count:
            any_odd = True
            for e in range(count):
                odd[e] |= columns[j, e] != columns[j, e]
    if any_odd:
        _mark_empty(columns, odd, count)
    return any_odd


@compiled
def _mark_empty(columns: NDArray[np.float64], odd: NDArray[np.uint8], count: int) -> None:
    for e in range(count):
        if odd[e]:
            present = 0
            for j in range(columns.shape[0]):
                present += columns[j, e] == columns[j, e]
            odd[e] = 1 if present else EMPTY


@compiled
def observe(
    rows: NDArray[np.float64],
    scale: NDArray[np.float64],
    young: NDArray[np.float64],
    held: NDArray[np.uint8],
) -> None:
    """Add events to this window's sums, save those that are held back."""
    for j in range(rows.shape[1]):
        _sum_up(rows, scale, held, j)
        if scale[YOUNG, j] != KNOWN:
            _keep_young(rows[:, j], scale, young, held, j)
        elif scale[VARIANCE, j] == 0.0:
            _keep_far(rows[:, j], scale, held, j)


@borrowing
def _sum_up(
    rows: NDArray[np.float64],
    scale: NDArray[np.float64],
    held: NDArray[np.uint8],
    feature: int,
) -> None:
    mean, limit = scale[MEAN, feature], scale[LIMIT, feature]
    high, low = min(limit, FARTHEST - mean), max(-limit, -FARTHEST - mean)
    total, squares, present = scale[SUM, feature], scale[SQUARES, feature], 0
    for e in range(rows.shape[0]):
        value = rows[e, feature]
        cut = value - mean
        cut = high if cut > high else cut
        cut = low if cut < low else cut
        taken = value == value and held[e] == 0
        cut = cut if taken else 0.0
        total += cut
        squares += cut * cut
        present += taken
    scale[SUM, feature] = total
    scale[SQUARES, feature] = squares
    scale[PRESENT, feature] += present


@compiled
def _keep_young(
    values: NDArray[np.float64],
    scale: NDArray[np.float64],
    young: NDArray[np.float64],
    held: NDArray[np.uint8],
    feature: int,
) -> None:
    for e in range(values.shape[0]):
        kept = int(scale[YOUNG, feature])
        if kept < young.shape[0] and not held[e] and values[e] == values[e]:
            young[kept, feature] = min(max(values[e], -FARTHEST), FARTHEST)
            scale[YOUNG, feature] += 1.0


@compiled
def _keep_far(
    values: NDArray[np.float64], scale: NDArray[np.float64], held: NDArray[np.uint8], feature: int
) -> None:
    for e in range(values.shape[0]):
        if held[e] or values[e] != values[e]:
            continue
        far = min(abs(values[e] - scale[MEAN, feature]), FARTHEST)
        if far > scale[FAR, feature]:
            scale[NEXT_FAR, feature] = scale[FAR, feature]
            scale[FAR, feature] = far
        elif far > scale[NEXT_FAR, feature]:
            scale[NEXT_FAR, feature] = far


@compiled
def _follow(scale: NDArray[np.float64], feature: int, winsor: float) -> None:
    """Deviation and cut that follow from mean and variance."""
    root = np.sqrt(scale[VARIANCE, feature])
    least = max(1e-12 * abs(scale[MEAN, feature]), 1e-300)
    scale[DEVIATION, feature] = max(root, least)
    scale[LIMIT, feature] = winsor * root


@compiled
def _begin_window(scale: NDArray[np.float64], feature: int) -> None:
    for row in (SUM, SQUARES, PRESENT, FAR, NEXT_FAR):
        scale[row, feature] = 0.0


@compiled
def know(
    scale: NDArray[np.float64], young: NDArray[np.float64], feature: int, winsor: float
) -> None:
    """Give a feature its first scale, from the values kept so far."""
    kept = int(scale[YOUNG, feature])
    mean, variance = first_scale(young[:kept, feature].copy(), winsor)
    scale[MEAN, feature] = mean
    scale[VARIANCE, feature] = variance
    _follow(scale, feature, winsor)
    scale[AGE, feature] = kept
    scale[YOUNG, feature] = KNOWN
    _begin_window(scale, feature)


@compiled
def move(scale: NDArray[np.float64], feature: int, memory: int, winsor: float) -> None:
    """Move a known feature's scale by what its window saw, and begin the next window."""
    j = feature
    present = scale[PRESENT, j]
    if present > 0.0:
        scale[AGE, j] += present
        share = min(1.0, present / min(scale[AGE, j], float(memory)))
        shift = scale[SUM, j] / present
        spread = max(0.0, scale[SQUARES, j] / present - shift * shift)
        if scale[VARIANCE, j] == 0.0:
            far = scale[NEXT_FAR, j]
            spread = far * far / present
        scale[MEAN, j] += share * shift
        scale[VARIANCE, j] = (1.0 - share) * scale[VARIANCE, j] + share * (
            spread + (1.0 - share) * shift * shift
        )
        _follow(scale, j, winsor)
    _begin_window(scale, j)
