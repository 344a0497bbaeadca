"""From the joined texts of a batch to rows of floats; what deviates from the usual is marked."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels.compiled import borrowing, embedded
from floodline.events.kernels.keys import NOT_FOUND, Keys, find_key, is_key
from floodline.events.kernels.machine_words import Text, byte_at
from floodline.events.kernels.numbers import REFUSED, read_number
from floodline.events.kernels.strings import QUOTE, end_of_plain, is_utf8
from floodline.events.kernels.values import is_null, skip_space, skip_space_within, skip_value

_BRACE, _CLOSING, _COLON, _COMMA, _SMALL_N = 0x7B, 0x7D, 0x3A, 0x2C, 0x6E
_SHORTEST = 2
_ANY_LENGTH = np.iinfo(np.int64).max // 2


class Batch(NamedTuple):
    """What the pass works on; only the last three are written.

    Attributes:
        text: all texts behind each other, and PADDING zero bytes.
        sizes: (events,) bytes of each.
        instead: (columns,) what stands in for a feature that is missing; NaN for nothing.
        optional: (columns,) whether a feature may be missing.
        longest: the most bytes of the entity, which is the key behind the features, if any is.
        seen: (keys,) the last event with this key; -1 at first.
        rows: (events, columns), undefined where an event deviates.
        deviates: (events,) whether the event must be decoded otherwise.
    """

    text: Text
    sizes: NDArray[np.int64]
    instead: NDArray[np.float64]
    optional: NDArray[np.bool_]
    longest: int
    seen: NDArray[np.int64]
    rows: NDArray[np.float64]
    deviates: NDArray[np.bool_]


@borrowing
def parse_rows(batch: Batch, keys: Keys) -> int:
    """Fill the rows of all events that are as usual; the number of those that deviate.

    Usual is one flat object: keys without a backslash, the wanted ones once; numbers of at most 19
    digits; beside them strings (no surrogate escapes), `true`, `false` and `null`.
    """
    place, deviating = 0, 0
    for event in range(batch.sizes.shape[0]):
        end = place + batch.sizes[event]
        # A text that was cut off runs on into the next one, and is found out by where it ends.
        usual = place + _SHORTEST <= end and _parse_object(batch, keys, event, place, end) == end
        batch.deviates[event] = not usual
        deviating += not usual
        place = end
    return deviating


@embedded
def _parse_object(batch: Batch, keys: Keys, event: int, place: int, end: int) -> int:
    """The place after the object and the white space behind it; REFUSED where it deviates."""
    text, columns = batch.text, batch.rows.shape[1]
    place = skip_space_within(text, place, end)
    if byte_at(text, place) != _BRACE:
        return REFUSED
    place = skip_space(text, place + 1)
    found, previous = 0, keys.follow.shape[0] - 1
    while byte_at(text, place) == QUOTE:
        place, key = _parse_key(text, place, keys, previous)
        if place == REFUSED:
            return REFUSED
        place = _parse_value(batch, event, key, place)
        if place == REFUSED:
            return REFUSED
        if key != NOT_FOUND:
            previous = key
            found += key < columns
        place = skip_space(text, place)
        if byte_at(text, place) != _COMMA:
            break
        place = skip_space(text, place + 1)
        if byte_at(text, place) != QUOTE:
            return REFUSED
    if byte_at(text, place) != _CLOSING or (found < columns and not _fill(batch, event)):
        return REFUSED
    return skip_space_within(text, place + 1, end)


@embedded
def _parse_key(text: Text, place: int, keys: Keys, previous: int) -> tuple[int, int]:
    """The place where the value begins, and the key's number or NOT_FOUND; REFUSED if unusual."""
    key: int = keys.follow[np.uint64(previous)]
    if is_key(text, place, keys, key):
        place += keys.sizes[np.uint64(key)]
    else:
        quote, ascii_only = end_of_plain(text, place + 1)
        if byte_at(text, quote) != QUOTE:
            return REFUSED, NOT_FOUND
        key = find_key(text, place, quote + 1 - place, keys)
        if key != NOT_FOUND:
            keys.follow[previous] = key
        elif not (ascii_only or is_utf8(text, place + 1, quote)):
            return REFUSED, NOT_FOUND
        place = quote + 1
    place = skip_space(text, place)
    if byte_at(text, place) != _COLON:
        return REFUSED, NOT_FOUND
    return skip_space(text, place + 1), key


@embedded
def _parse_value(batch: Batch, event: int, key: int, place: int) -> int:
    """The place after the value, which is kept if it is a feature's; REFUSED where it deviates."""
    if key == NOT_FOUND:
        return skip_value(batch.text, place, _ANY_LENGTH)
    if batch.seen[np.uint64(key)] == event:
        return REFUSED
    batch.seen[np.uint64(key)] = event
    if key < batch.rows.shape[1]:
        return _parse_cell(batch, event, key, place)
    return skip_value(batch.text, place, batch.longest)


@embedded
def _parse_cell(batch: Batch, event: int, column: int, place: int) -> int:
    """Write the feature's value; the place after it, or REFUSED."""
    if byte_at(batch.text, place) == _SMALL_N:
        if not (batch.optional[column] and is_null(batch.text, place)):
            return REFUSED
        batch.rows[event, column] = batch.instead[column]
        return place + 4
    place, batch.rows[np.uint64(event), np.uint64(column)] = read_number(batch.text, place)
    return place


@embedded
def _fill(batch: Batch, event: int) -> bool:
    """Write what stands in for the features that are not there; False if one must be."""
    for column in range(batch.rows.shape[1]):
        if batch.seen[column] != event:
            if not batch.optional[column]:
                return False
            batch.rows[event, column] = batch.instead[column]
    return True
