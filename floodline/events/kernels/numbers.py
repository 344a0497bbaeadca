"""A number of JSON's, from its first byte to the one after its last."""

import numpy as np

from floodline.detection.kernels.compiled import embedded
from floodline.events.kernels.doubles import nearest
from floodline.events.kernels.machine_words import Text, trailing_zeros, word_at

REFUSED = -1
_MOST_DIGITS = 19
"""So many always fit into 64 bits."""
_LARGEST_EXPONENT = 1_000
_MINUS, _PLUS, _POINT, _ZERO, _NINE = 0x2D, 0x2B, 0x2E, 0x30, 0x39
_SMALL_E, _TO_SMALL = 0x65, 0x20
_TENS = np.array([10**power for power in range(9)], np.uint64)
_NONE = np.uint64(0)
_BYTE_SHIFT, _EIGHT = 3, 8
_HALF, _QUARTER, _BYTE = np.uint64(32), np.uint64(16), np.uint64(8)
_ALL_ZEROS = np.uint64(0x3030303030303030)
_ABOVE_NINE = np.uint64(0x4646464646464646)
_HIGHS = np.uint64(0x8080808080808080)
_TEN = np.uint64(10)
_PAIRS = np.uint64(0x000000FF000000FF)
_FIRST_PAIRS = np.uint64(0x000F424000000064)
_LAST_PAIRS = np.uint64(0x0000271000000001)


@embedded
def read_number(text: Text, place: int) -> tuple[int, float]:
    """The place after the number here, and its value; REFUSED where it is none, or is not sure.

    Not sure is what has more than 19 digits, is too large for a double or smaller than normal ones.
    An integer -0 is 0, as Python's is; -0.0 is not.
    """
    negative = text[place] == _MINUS
    if negative:
        place += 1
    first = place
    place, digits = _read_digits(text, place, _NONE)
    if place == first or (text[first] == _ZERO and place > first + 1):
        return REFUSED, 0.0
    count, power, whole = place - first, 0, True
    if text[place] == _POINT:
        begin = place + 1
        place, digits = _read_digits(text, begin, digits)
        power, whole = begin - place, False
        if power == 0:
            return REFUSED, 0.0
        count -= power
    if text[place] | _TO_SMALL == _SMALL_E:
        place, exponent = _read_exponent(text, place + 1)
        if place == REFUSED:
            return REFUSED, 0.0
        power, whole = power + exponent, False
    if count > _MOST_DIGITS and count - _zeros_before(text, first) > _MOST_DIGITS:
        return REFUSED, 0.0
    value = _value(digits, power, whole)
    if value != value:
        return REFUSED, 0.0
    return place, -value if negative and not (whole and digits == _NONE) else value


@embedded
def _value(digits: np.uint64, power: int, whole: bool) -> float:
    if whole:
        return np.float64(digits)
    if digits == _NONE:
        return 0.0
    return nearest(digits, power)


@embedded
def _read_digits(text: Text, place: int, before: np.uint64) -> tuple[int, np.uint64]:
    """The place after the digits here, and their number, put behind the digits before.

    Eight at a time: how many bytes are digits is counted, the others are shifted out, and pairs,
    fours and eights are put together by multiplications (Lemire 2021, section 5).
    """
    number = before
    while True:
        word = word_at(text, place)
        others = ((word + _ABOVE_NINE) | (word - _ALL_ZEROS)) & _HIGHS
        count = trailing_zeros(others) >> _BYTE_SHIFT
        if count == 0:
            return place, number
        pairs = (word - _ALL_ZEROS) << np.uint64(64 - 8 * count)
        pairs = pairs * _TEN + (pairs >> _BYTE)
        eight = (
            (pairs & _PAIRS) * _FIRST_PAIRS + ((pairs >> _QUARTER) & _PAIRS) * _LAST_PAIRS
        ) >> _HALF
        number = number * _TENS[np.uint64(count)] + eight
        place += count
        if count < _EIGHT:
            return place, number


@embedded
def _read_exponent(text: Text, place: int) -> tuple[int, int]:
    """The place after an exponent, REFUSED without digits; it stops growing where all is over."""
    negative = text[place] == _MINUS
    if negative or text[place] == _PLUS:
        place += 1
    first, exponent = place, 0
    while _ZERO <= text[place] <= _NINE:
        if exponent < _LARGEST_EXPONENT:
            exponent = exponent * 10 + text[place] - _ZERO
        place += 1
    if place == first:
        return REFUSED, 0
    return place, -exponent if negative else exponent


@embedded
def _zeros_before(text: Text, place: int) -> int:
    """How many zeros stand before the first other digit."""
    zeros = 0
    while text[place] == _ZERO or text[place] == _POINT:
        zeros += text[place] == _ZERO
        place += 1
    return zeros
