"""White space, and values that nobody asked for."""

import numpy as np

from floodline.detection.kernels.compiled import embedded
from floodline.events.kernels.machine_words import Text, byte_at, word_at
from floodline.events.kernels.numbers import REFUSED, read_number
from floodline.events.kernels.strings import QUOTE, end_of_string

_SPACE, _TAB, _LINE, _RETURN = 0x20, 0x09, 0x0A, 0x0D
_SMALL_T, _SMALL_F, _SMALL_N = 0x74, 0x66, 0x6E
_TRUE, _NULL = (np.uint64(int.from_bytes(word, "little")) for word in (b"true", b"null"))
_FALSE = np.uint64(int.from_bytes(b"false", "little"))
_FOUR_BYTES, _FIVE_BYTES = np.uint64(0xFFFF_FFFF), np.uint64(0xFF_FFFF_FFFF)


@embedded
def skip_space(text: Text, place: int) -> int:
    """The first place from here on without white space."""
    while byte_at(text, place) <= _SPACE:
        byte = byte_at(text, place)
        if byte not in (_SPACE, _LINE, _RETURN, _TAB):
            break
        place += 1
    return place


@embedded
def skip_space_within(text: Text, place: int, end: int) -> int:
    """As `skip_space`, but not beyond `end`: each of many texts of white space is read once."""
    while place < end and byte_at(text, place) in (_SPACE, _LINE, _RETURN, _TAB):
        place += 1
    return place


@embedded
def is_null(text: Text, place: int) -> bool:
    """True where `null` stands here."""
    return bool(word_at(text, place) & _FOUR_BYTES == _NULL)


@embedded
def skip_value(text: Text, place: int, longest: int) -> int:
    """The place after the value here.

    REFUSED where it is an object, a list, a string that `end_of_string` refuses or one of more than
    `longest` bytes, a number that `read_number` refuses, or no value at all.
    """
    byte = byte_at(text, place)
    if byte == QUOTE:
        end = end_of_string(text, place + 1)
        return end + 1 if place < end <= place + 1 + longest else REFUSED
    word = word_at(text, place)
    if byte in (_SMALL_T, _SMALL_N):
        four = word & _FOUR_BYTES
        return place + 4 if four in (_TRUE, _NULL) else REFUSED
    if byte == _SMALL_F:
        return place + 5 if word & _FIVE_BYTES == _FALSE else REFUSED
    return read_number(text, place)[0]
