"""The keys that are wanted, and how one is found in the text."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels.compiled import embedded
from floodline.events.kernels import PADDING
from floodline.events.kernels.machine_words import Text, word_at

NOT_FOUND = -1
_BYTES, _SHIFT = 8, 3
_ALL = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
_SCATTER = np.uint64(0x9E3779B97F4A7C15)
_UPPER_HALF = np.uint64(32)
_NOWHERE = bytes(2)
"""A key always begins with a quote."""


class Keys(NamedTuple):
    """Keys by number, each as it stands in a text, with its quotes.

    Attributes:
        words: (keys, words) eight bytes each, the first one lowest, zeros behind the last.
        sizes: (keys,) bytes.
        masks: (keys,) which bits of the last word count.
        slots: (power of two,) a key's number at or after the place where it is looked for.
        follow: (keys + 1,) the key that last came after each, and after the opening brace: a guess.
    """

    words: NDArray[np.uint64]
    sizes: NDArray[np.int64]
    masks: NDArray[np.uint64]
    slots: NDArray[np.int64]
    follow: NDArray[np.int64]


@embedded
def is_key(text: Text, place: int, keys: Keys, key: int) -> bool:
    """True where this key stands here, quotes included."""
    number = np.uint64(key)
    last = (keys.sizes[number] - 1) >> _SHIFT
    for word in range(last):
        if word_at(text, place + _BYTES * word) != keys.words[number, np.uint64(word)]:
            return False
    end = word_at(text, place + _BYTES * last) & keys.masks[number]
    return bool(end == keys.words[number, np.uint64(last)])


@embedded
def find_key(text: Text, place: int, size: int, keys: Keys) -> int:
    """The number of the key of so many bytes here, quotes included; NOT_FOUND if it is none."""
    slot = first_slot(text, place, size, keys.slots.shape[0])
    while keys.slots[slot] != NOT_FOUND:
        key: int = keys.slots[slot]
        if is_key(text, place, keys, key):
            return key
        slot = (slot + 1) & (keys.slots.shape[0] - 1)
    return NOT_FOUND


@embedded
def first_slot(text: Text, place: int, size: int, slots: int) -> int:
    """Where to look first for what stands here: by its first and last eight bytes and its size."""
    if size < _BYTES:
        word = word_at(text, place) & (_ALL >> np.uint64(64 - 8 * size))
    else:
        word = word_at(text, place) * _SCATTER ^ word_at(text, place + size - _BYTES)
    scattered = ((word + np.uint64(size)) * _SCATTER) >> _UPPER_HALF
    return int(np.int64(scattered & np.uint64(slots - 1)))


def keys_of(names: Sequence[str]) -> Keys:
    """The table of these names, which are distinct, and of one key behind them that is nowhere."""
    quoted = [_quoted(name) for name in names] + [_NOWHERE]
    width = _BYTES * -(-max(map(len, quoted)) // _BYTES)
    padded = b"".join(text.ljust(width, b"\0") for text in quoted)
    sizes = np.array([len(text) for text in quoted])
    slots = np.full(1 << (4 * len(names)).bit_length(), NOT_FOUND)
    for key, text in enumerate(quoted[:-1]):
        place = np.frombuffer(text + bytes(PADDING), np.uint8)
        slot = first_slot(place, 0, len(text), len(slots))
        while slots[slot] != NOT_FOUND:
            slot = (slot + 1) & (len(slots) - 1)
        slots[slot] = key
    return Keys(
        words=np.frombuffer(padded, "<u8").reshape(len(quoted), -1).copy(),
        sizes=sizes,
        masks=np.array([(1 << 8 * (int(size - 1) % _BYTES + 1)) - 1 for size in sizes], np.uint64),
        slots=slots,
        follow=np.append(np.arange(1, len(quoted)), 0),
    )


def _quoted(name: str) -> bytes:
    """The name as a text holds it; one that needs a backslash, or is no Unicode, is nowhere."""
    if (name.isascii() and not name.isprintable()) or set(name) & set('"\\'):
        return _NOWHERE
    try:
        return f'"{name}"'.encode()
    except UnicodeEncodeError:
        return _NOWHERE
