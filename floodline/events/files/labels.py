"""What a label column may say."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from floodline.errors import ConfigurationError

_WORDS = {"0": False, "1": True, "0.0": False, "1.0": True, "false": False, "true": True}


def truths(
    name: str, column: str, values: Sequence[Any], numbers: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Each label as True (anomaly) or False; `numbers` are the events' rows, for the message.

    Raises:
        ConfigurationError: a label is neither 0, 1, false nor true.
    """
    found = [_truth(value) for value in values]
    if None in found:
        at = found.index(None)
        said = "is missing" if values[at] is None else f"is {values[at]!r}"
        raise ConfigurationError(
            f"{name}: row {numbers[at]} (the first is 0): the label {column!r} {said}; a label is "
            "0 or false for a normal event, 1 or true for an anomaly"
        )
    return np.array(found, dtype=np.bool_)


def _truth(value: Any) -> bool | None:
    if isinstance(value, str):
        return _WORDS.get(value.strip().lower())
    return bool(value) if isinstance(value, bool | int | float) and value in (0, 1) else None
