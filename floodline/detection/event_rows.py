"""Events as rows of a matrix: what the kernels read."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
_FLOAT = np.dtype(np.float64)
_ABSENT: Any = object()


def as_matrix(events: Any, columns: int) -> Matrix:
    """The events as a C-contiguous, writable float64 matrix; itself if it is one.

    Raises:
        ValueError: it has no two dimensions, or other than `columns` columns.
    """
    if not (events.__class__ is np.ndarray and events.dtype is _FLOAT and events.flags.carray):
        events = np.array(events, dtype=_FLOAT, order="C")
    if events.shape[1:] != (columns,):
        raise ValueError(
            f"events of shape {events.shape} do not fit: give (events, {columns}), a column a "
            "feature in the order of `features`"
        )
    matrix: Matrix = events
    return matrix


def room_for(count: int, out: Matrix | None) -> Matrix:
    """`out`, or a new array for `count` scores.

    Raises:
        ValueError: `out` is no contiguous float64 array of that length.
    """
    if out is None:
        return np.empty(count)
    if out.dtype is not _FLOAT or out.shape != (count,) or not out.flags.carray:
        raise ValueError(
            f"`out` is {out.dtype} of shape {out.shape}; give a contiguous, writable float64 array "
            f"of shape ({count},)"
        )
    return out


def fill_row(row: Matrix, event: Mapping[Any, Any], asked: Iterable[tuple[int, Any]]) -> None:
    """Put the event's values in `row`, NaN where a feature is missing; others are not looked at.

    `asked` has the columns and names that some tree asks for.
    """
    for column, name in asked:
        value = event.get(name, _ABSENT)
        if value is _ABSENT:
            value = _supplied(event, name)
        row[column] = math.nan if value is _ABSENT else _comparable(value)


def _supplied(event: Mapping[Any, Any], name: Any) -> Any:
    """What a `Counter` or a `defaultdict` gives for a name that it lacks, as River would get it."""
    if not hasattr(type(event), "__missing__"):
        return _ABSENT
    try:
        return event[name]
    except KeyError:
        return _ABSENT


def _comparable(value: Any) -> float:
    """The float64 that is below the same thresholds as the value; NaN, never below one, is inf."""
    if value.__class__ is float:
        return value if value == value else math.inf
    if isinstance(value, np.float16 | np.float32):
        return _below_as(value)
    try:
        number = float(value)
    except OverflowError:  # a whole number beyond float64
        return math.copysign(math.inf, 1 if value > 0 else -1)
    if math.isnan(number):
        return math.inf
    return math.nextafter(number, -math.inf) if number > value else number


def _below_as(value: Any) -> float:
    """The float64 that is below the thresholds that a shorter NumPy number is below.

    NumPy rounds the threshold to the number's own type first. So the number is below those that
    round to the next one or beyond: those over the middle between both, and the middle itself if
    it rounds up, to the one whose last bit is 0.
    """
    kind = type(value)
    if np.isnan(value) or value == np.inf:
        return math.inf
    with np.errstate(all="ignore"):  # at the ends of their range
        above = np.nextafter(value, kind(np.inf))
        number, after = float(value), float(above)
        if math.isinf(after):
            after = number + (number - float(np.nextafter(value, kind(-np.inf))))
        if math.isinf(number):
            number = after - (float(np.nextafter(above, kind(np.inf))) - after)
    middle = number + (after - number) / 2
    odd = int(value.view(f"u{value.itemsize}")) & 1
    return math.nextafter(middle, -math.inf) if odd else middle
