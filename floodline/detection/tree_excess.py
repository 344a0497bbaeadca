"""By how many bits each tree found an event rarer than an ordinary one, a byte a tree."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

_A_BIT = 16
"""A byte counts sixteenths."""


def in_bytes(bits: Numbers, usual: Numbers | float) -> NDArray[np.uint8]:
    """The bits of the leaves that events reach above the usual, in sixteenths from 0 to 255.

    0 where a tree found an event no rarer than usual, or nothing usual is known (NaN).

    >>> in_bytes(np.array([1.0, 4.5, 99.0]), 2.0).tolist()
    [0, 40, 255]
    """
    above = np.rint(_A_BIT * (bits - usual))
    return np.asarray(np.nan_to_num(np.clip(above, 0, 255), nan=0.0).astype(np.uint8))


def in_bits(told: bytes | NDArray[np.uint8]) -> Numbers:
    """What `in_bytes` told, in bits."""
    found = np.frombuffer(told, np.uint8) if isinstance(told, bytes) else told
    return np.asarray(found / _A_BIT)
