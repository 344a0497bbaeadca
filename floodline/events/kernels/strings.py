"""White space, strings and words between the fields that are wanted."""

import numpy as np

from floodline.detection.kernels.compiled import embedded
from floodline.events.kernels.machine_words import Text, trailing_zeros, word_at
from floodline.events.kernels.numbers import REFUSED, read_number

QUOTE = 0x22
_SPACE, _TAB, _LINE, _RETURN = 0x20, 0x09, 0x0A, 0x0D
_SMALL_T, _SMALL_F, _SMALL_N = 0x74, 0x66, 0x6E
_TRUE, _NULL = (np.uint64(int.from_bytes(word, "little")) for word in (b"true", b"null"))
_FALSE = np.uint64(int.from_bytes(b"false", "little"))
_FOUR_BYTES, _FIVE_BYTES = np.uint64(0xFFFF_FFFF), np.uint64(0xFF_FFFF_FFFF)
_ONES, _HIGHS = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_SPACES, _QUOTES = np.uint64(0x2020202020202020), np.uint64(0x2222222222222222)
_BACKSLASHES = np.uint64(0x5C5C5C5C5C5C5C5C)
_NONE, _ONE = np.uint64(0), np.uint64(1)
_BYTE_SHIFT = 3


@embedded
def skip_space(text: Text, place: int) -> int:
    """The first place from here on without white space."""
    while text[place] <= _SPACE:
        byte = text[place]
        if byte not in (_SPACE, _LINE, _RETURN, _TAB):
            break
        place += 1
    return place


@embedded
def find_quote(text: Text, place: int) -> tuple[int, bool]:
    """The quote that ends the string whose inside begins here, and if all of it is ASCII.

    REFUSED where a backslash or a control character stands in it, or a zero byte.
    """
    above = np.uint64(0)
    while True:
        word = word_at(text, place)
        ends = _ends(word)
        if ends != _NONE:
            break
        above |= word
        place += 8
    above |= word & ((ends & (~ends + _ONE)) - _ONE)
    place += trailing_zeros(ends) >> _BYTE_SHIFT
    return place if text[place] == QUOTE else REFUSED, above & _HIGHS == _NONE


@embedded
def _ends(word: np.uint64) -> np.uint64:
    """The upper bit of each quote, backslash or control character; only the lowest is sure.

    Above it a borrow may have set others.
    """
    quotes, slashes = word ^ _QUOTES, word ^ _BACKSLASHES
    marks = ((quotes - _ONES) & ~quotes) | ((slashes - _ONES) & ~slashes)
    return (marks | ((word - _SPACES) & ~word)) & _HIGHS


@embedded
def is_null(text: Text, place: int) -> bool:
    """True where `null` stands here."""
    return bool(word_at(text, place) & _FOUR_BYTES == _NULL)


@embedded
def skip_value(text: Text, place: int, longest: int) -> int:
    """The place after the value here.

    REFUSED where it is an object, a list, a string that is not plain ASCII or longer than
    `longest`, a number that `read_number` refuses, or no value at all.
    """
    byte = text[place]
    if byte == QUOTE:
        end, ascii_only = find_quote(text, place + 1)
        return end + 1 if ascii_only and place + 1 <= end <= place + 1 + longest else REFUSED
    word = word_at(text, place)
    if byte in (_SMALL_T, _SMALL_N):
        four = word & _FOUR_BYTES
        return place + 4 if four in (_TRUE, _NULL) else REFUSED
    if byte == _SMALL_F:
        return place + 5 if word & _FIVE_BYTES == _FALSE else REFUSED
    return read_number(text, place)[0]
