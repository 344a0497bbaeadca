"""Where a string ends, and whether all of it is right."""

import numpy as np

from floodline.detection.kernels.compiled import embedded
from floodline.events.kernels.machine_words import Text, byte_at, trailing_zeros, word_at
from floodline.events.kernels.numbers import REFUSED

QUOTE = 0x22
_BACKSLASH, _SMALL_U = 0x5C, 0x75
_SHORT_ESCAPES = tuple(b'"\\/bfnrt')
_ONES, _HIGHS = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_SPACES, _QUOTES = np.uint64(0x2020202020202020), np.uint64(0x2222222222222222)
_BACKSLASHES = np.uint64(0x5C5C5C5C5C5C5C5C)
_NONE, _ONE = np.uint64(0), np.uint64(1)
_BYTE_SHIFT = 3


@embedded
def end_of_string(text: Text, place: int) -> int:
    """The quote that ends the string whose inside begins here.

    REFUSED where a control character or a zero byte stands in it, an escape that is none or is a
    surrogate, or bytes that are not UTF-8.
    """
    begin = place
    place, plain = end_of_plain(text, place)
    while byte_at(text, place) == _BACKSLASH:
        size = _escape(text, place)
        if size == 0:
            return REFUSED
        place, more = end_of_plain(text, place + size)
        plain = plain and more
    if byte_at(text, place) != QUOTE or not (plain or is_utf8(text, begin, place)):
        return REFUSED
    return place


@embedded
def end_of_plain(text: Text, place: int) -> tuple[int, bool]:
    """The next quote, backslash, control character or zero byte, and if all before it is ASCII."""
    above = np.uint64(0)
    while True:
        word = word_at(text, place)
        ends = _ends(word)
        if ends != _NONE:
            break
        above |= word
        place += 8
    above |= word & ((ends & (~ends + _ONE)) - _ONE)
    return place + (trailing_zeros(ends) >> _BYTE_SHIFT), above & _HIGHS == _NONE


@embedded
def _ends(word: np.uint64) -> np.uint64:
    """The upper bit of each quote, backslash or control character; only the lowest is sure.

    Above it a borrow may have set others.
    """
    quotes, slashes = word ^ _QUOTES, word ^ _BACKSLASHES
    marks = ((quotes - _ONES) & ~quotes) | ((slashes - _ONES) & ~slashes)
    return (marks | ((word - _SPACES) & ~word)) & _HIGHS


@embedded
def _escape(text: Text, place: int) -> int:
    """How many bytes the escape here has; 0 for one that is none, or a surrogate."""
    kind = byte_at(text, place + 1)
    if kind in _SHORT_ESCAPES:
        return 2
    if kind != _SMALL_U:
        return 0
    letter = 0
    for at in range(place + 2, place + 6):
        digit = _hex_digit(byte_at(text, at))
        if digit < 0:
            return 0
        letter = 16 * letter + digit
    return 0 if 0xD800 <= letter <= 0xDFFF else 6


@embedded
def _hex_digit(byte: int) -> int:
    """Its value, -1 for another byte."""
    if 0x30 <= byte <= 0x39:
        return byte - 0x30
    letter = byte | 0x20
    return letter - 0x57 if 0x61 <= letter <= 0x66 else -1


@embedded
def is_utf8(text: Text, place: int, end: int) -> bool:
    """True where all bytes up to `end`, which holds a quote, are as RFC 3629 has them."""
    while place < end:
        first = byte_at(text, place)
        if first < 0x80:
            place += 1
            continue
        size = 2 + (first >= 0xE0) + (first >= 0xF0)
        # The second byte's bounds keep out longer forms than need be, surrogates, and the beyond.
        low = 0xA0 if first == 0xE0 else 0x90 if first == 0xF0 else 0x80
        high = 0x9F if first == 0xED else 0x8F if first == 0xF4 else 0xBF
        if not (0xC2 <= first <= 0xF4 and low <= byte_at(text, place + 1) <= high):
            return False
        for at in range(place + 2, place + size):
            if byte_at(text, at) & 0xC0 != 0x80:
                return False
        place += size
    return True
