"""The tail that peaks over a level most likely have: one number is searched for, not two."""

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels.compiled import borrowing
from floodline.detection.kernels.logarithm import exp2, log2

Floats = NDArray[np.float64]

LOWEST_SHAPE = -1.0
"""Below it the likelihood has no bound: the end of the tail moves onto the highest peak."""

_LN2 = 0.6931471805599453
_LOWEST, _HIGHEST, _STRIDE = -20.0, 16.0, 0.5  # of log2(1 + theta), theta for peaks up to 1
_STEPS = 30  # of the golden section, which leave a millionth of the stretch
_GOLDEN = 0.6180339887498949
_FLAT = 1e-6  # a theta this close to 0 is an exponential tail
_NEWTON, _CLOSE = 60, 1e-14
_BLOCK = 32  # factors from 2^-20 to 2^16 whose product float64 holds


def prepare() -> None:
    """Compile or load every kernel here."""
    fit(np.array([0.5, 1.0]), 1.0, np.zeros(2))
    excess(0.1, 1.0, 0.5)


@borrowing
def mean_log(peaks: Floats, theta: float) -> float:
    """The mean of ln(1 + theta peak)."""
    total, product = 0.0, 1.0
    for each in range(peaks.size):
        product *= 1.0 + theta * peaks[each]
        if each % _BLOCK == _BLOCK - 1:
            total += log2(product)
            product = 1.0
    return (total + log2(product)) * _LN2 / peaks.size


@borrowing
def shape_of(mean: float, cost: float) -> float:
    """The likeliest shape x for a theta with this mean logarithm: x + 2 cost x^3 = mean.

    That is where -ln x - mean / x - cost x^2 has no slope. Newton's steps come from one side.
    """
    shape = mean
    for _ in range(_NEWTON):
        square = cost * shape * shape
        step = (shape + 2.0 * square * shape - mean) / (1.0 + 6.0 * square)
        shape -= step
        if abs(step) <= _CLOSE * abs(shape):
            break
    return shape


@borrowing
def likelihood(peaks: Floats, mean: float, turn: float, cost: float) -> float:
    """Mean log-likelihood less cost shape^2, at theta = 2^turn - 1 for peaks with that mean."""
    theta = exp2(turn) - 1.0
    if abs(theta) < _FLAT:
        return -log2(mean) * _LN2 - 1.0
    logs = mean_log(peaks, theta)
    shape = shape_of(logs, cost)
    if shape < LOWEST_SHAPE:
        return -np.inf
    return -log2(shape / theta) * _LN2 - logs - logs / shape - cost * shape * shape


@borrowing
def _climb(peaks: Floats, mean: float, cost: float, low: float, high: float) -> float:
    """The highest place of a hill between two places, by golden section."""
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    before = likelihood(peaks, mean, left, cost)
    after = likelihood(peaks, mean, right, cost)
    for _ in range(_STEPS):
        if before >= after:
            high, right, after = right, left, before
            left = high - _GOLDEN * (high - low)
            before = likelihood(peaks, mean, left, cost)
        else:
            low, left, before = left, right, after
            right = low + _GOLDEN * (high - low)
            after = likelihood(peaks, mean, right, cost)
    return left if before >= after else right


@borrowing
def fit(peaks: Floats, weight: float, found: Floats) -> None:
    """Put shape and scale of the likeliest tail of these peaks, in (0, 1], into `found`."""
    mean, cost = 0.0, weight / peaks.size
    for each in range(peaks.size):
        mean += peaks[each]
    mean /= peaks.size
    best, middle, turn = -np.inf, 0.0, _LOWEST
    while turn <= _HIGHEST:
        value = likelihood(peaks, mean, turn, cost)
        if value > best:
            best, middle = value, turn
        turn += _STRIDE
    turn = _climb(peaks, mean, cost, middle - _STRIDE, middle + _STRIDE)
    theta = exp2(turn) - 1.0
    if abs(theta) < _FLAT:
        found[0], found[1] = 0.0, mean
    else:
        found[0] = shape_of(mean_log(peaks, theta), cost)
        found[1] = found[0] / theta


@borrowing
def excess(shape: float, scale: float, share: float) -> float:
    """What this share, in (0, 1], of a tail's peaks exceeds."""
    bits = log2(share)
    if abs(shape * bits) < _FLAT:
        return -scale * bits * _LN2
    return scale / shape * (exp2(-shape * bits) - 1.0)
