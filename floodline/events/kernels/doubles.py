"""The double nearest to a decimal number of at most 19 digits, ties to even."""

import numpy as np

from floodline.detection.kernels.compiled import embedded
from floodline.events.kernels.machine_words import high_product, leading_zeros
from floodline.events.kernels.powers_of_five import HIGHEST, LOWEST, table

_FIVES = table()
_TENS = np.array([float(10**power) for power in range(23)])
_EXACT = np.uint64(1 << 53)
_ONE, _NINE = np.uint64(1), np.uint64(9)
_TOP_BIT = np.uint64(63)
_LOW_BITS = np.uint64(0x1FF)
_LAST_TWO = np.uint64(3)
_HIDDEN = np.uint64(1 << 52)
_FRACTION_BITS = np.uint64(52)
_INFINITE = 0x7FF


@embedded
def nearest(digits: np.uint64, power: int) -> float:
    """The double nearest to digits (over 0) times 10 to this power; NaN where it is not sure.

    Doubles are exact up to 2^53 and 10^22, so one product or quotient of them is rounded once
    (W. D. Clinger, "How to read floating point numbers accurately", 1990).
    """
    if digits <= _EXACT and -22 <= power <= 22:
        exact = float(np.float64(digits))
        return exact / _TENS[-power] if power < 0 else exact * _TENS[power]
    return _by_product(digits, power)


@embedded
def _by_product(digits: np.uint64, power: int) -> float:
    """By the upper bits of the product with a power of five; NaN where the double is not normal.

    D. Lemire, "Number parsing at a gigabyte per second", 2021, algorithm 1. That these bits always
    suffice: N. Mushtak and D. Lemire, "Fast number parsing without fallback", 2023.
    """
    if power < LOWEST or power > HIGHEST:
        return np.nan
    zeros = leading_zeros(digits)
    shifted = digits << np.uint64(zeros)
    upper = high_product(shifted, _FIVES[power - LOWEST, 0])
    lower = shifted * _FIVES[power - LOWEST, 0]
    if upper & _LOW_BITS == _LOW_BITS:
        more = high_product(shifted, _FIVES[power - LOWEST, 1])
        lower += more
        if lower < more:
            upper += _ONE
    top = upper >> _TOP_BIT
    fraction = upper >> (top + _NINE)
    exponent = ((217706 * power) >> 16) + 1086 + np.int64(top) - zeros
    if (
        lower <= _ONE
        and -4 <= power <= 23
        and fraction & _LAST_TWO == _ONE
        and fraction << (top + _NINE) == upper
    ):
        fraction &= ~_ONE  # exactly between two doubles: to the even one
    fraction = (fraction + (fraction & _ONE)) >> _ONE
    if fraction == _HIDDEN << _ONE:
        fraction = _HIDDEN
        exponent += 1
    if exponent <= 0 or exponent >= _INFINITE:
        return np.nan
    bits = (fraction & ~_HIDDEN) | np.uint64(exponent) << _FRACTION_BITS
    return np.uint64(bits).view(np.float64)
