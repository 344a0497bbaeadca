"""log2 and 2 ** x from arithmetic alone: the same bits on every machine.

C libraries differ in the last bit of both. Here there are only additions, multiplications and
divisions in a fixed order, which IEEE 754 rounds in one way. The series are the Taylor series of
artanh and exp, cut where a further term is below half a unit in the last place.
"""

import math

from floodline.detection.kernels.compiled import compiled


@compiled
def log2(value: float) -> float:
    """The binary logarithm of a positive, finite number; within 1e-15 of the true one.

    With value = m 2^e and f = (m - 1) / (m + 1): log2 = e + 2 / ln 2 (f + f^3/3 + f^5/5 + ...).
    """
    mantissa, exponent = math.frexp(value)
    if mantissa < 0.7071067811865476:
        mantissa *= 2.0
        exponent -= 1
    f = (mantissa - 1.0) / (mantissa + 1.0)
    square = f * f
    series = 0.0
    for odd in range(23, 0, -2):
        series = series * square + 1.0 / odd
    return exponent + 2.0 * f * series / 0.6931471805599453


@compiled
def exp2(value: float) -> float:
    """2 ** value, within 1e-15 of the true one, relatively; beyond +-1000 as at the end.

    With value = k + f, |f| <= 1/2: 2^k (1 + f ln 2 + (f ln 2)^2 / 2! + ...).
    """
    value = min(max(value, -1000.0), 1000.0)
    whole = math.floor(value + 0.5)
    f = (value - whole) * 0.6931471805599453
    series = 1.0 / 6227020800.0
    series = series * f + 1.0 / 479001600.0
    series = series * f + 1.0 / 39916800.0
    series = series * f + 1.0 / 3628800.0
    series = series * f + 1.0 / 362880.0
    series = series * f + 1.0 / 40320.0
    series = series * f + 1.0 / 5040.0
    series = series * f + 1.0 / 720.0
    series = series * f + 1.0 / 120.0
    series = series * f + 1.0 / 24.0
    series = series * f + 1.0 / 6.0
    series = series * f + 0.5
    series = series * f + 1.0
    series = series * f + 1.0
    return math.ldexp(series, int(whole))
