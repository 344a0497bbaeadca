"""A labelled stream as arrays, and the recipe that makes it."""

from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]
"""Events in order, shape (n, d), finite."""

Truth = NDArray[np.bool_]
"""True for an anomaly, shape (n,)."""


class LabelledStream(msgspec.Struct, frozen=True):
    """Events in the order in which they are scored, and which of them are anomalies."""

    rows: Rows
    truth: Truth


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """Where a stream comes from, and how to read or make it.

    Attributes:
        name: its name in every table.
        source: the package that ships the data; "floodline" or "made" need none.
        order: what the order of events is.
        seen: whether the default profile was chosen looking at this data (or, for a made stream,
            at other draws of the same generator).
        load: reads or makes it; the same stream at every call.
    """

    name: str
    source: str
    order: str
    seen: bool
    load: Callable[[], LabelledStream]
