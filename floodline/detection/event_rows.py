"""Events as rows of a matrix: what the kernels read."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
_FLOAT = np.dtype(np.float64)


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


def fill_row(row: Matrix, event: Mapping[Any, Any], features: Sequence[Any]) -> None:
    """Put the event's values in `row`, NaN where a feature is missing; others are ignored."""
    for column, name in enumerate(features):
        value = event.get(name, math.nan)
        if value is not math.nan or name in event:
            value = _comparable(value)
        row[column] = value


def _comparable(value: Any) -> float:
    """The float64 that is below the same thresholds as the value; NaN, never below one, is inf."""
    if value.__class__ is float:
        return value if value == value else math.inf
    try:
        number = float(value)
    except OverflowError:  # a whole number beyond float64
        return math.copysign(math.inf, 1 if value > 0 else -1)
    if math.isnan(number):
        return math.inf
    return math.nextafter(number, -math.inf) if number > value else number
