"""Whether labels come as the labels before them foretell, and how much that lets through."""

import msgspec
import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Booleans = NDArray[np.bool_]

TOLD = 1.0
"""Bits of a lesson from which on it foretells a label."""
_CLOSED, _OPEN = 0.55, 0.65


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """How labels and what was taught before them agree.

    Attributes:
        share: how much of the lessons is let through, 0 to 1.
        agreed: share of the foretold labels that came as foretold; None without any.
        predicted: how many were foretold.
    """

    share: float
    agreed: float | None
    predicted: int


def agreement(surprise: Numbers, foretold: Numbers, up: Booleans) -> Agreement:
    """Judge lessons by the labels that came after them; arrays of shape (n,), in order.

    A label whose event had a lesson of `TOLD` bits or more, up or down, was foretold. With A the
    share of those that came as foretold, and one deviation of it added, since a few labels say
    little::

        share = clip((A + sqrt(A (1 - A) / n) - .55) / .1, 0, 1)

    `surprise` is z at scoring, `foretold` g before the label, `up` whether it pulls up.
    """
    told = np.abs(foretold) >= TOLD
    count = int(np.count_nonzero(told))
    if not count:
        return Agreement(share=1.0, agreed=None, predicted=0)
    agreed = float(np.count_nonzero((foretold > 0.0)[told] == up[told])) / count
    above = agreed + float(np.sqrt(agreed * (1.0 - agreed) / count))
    share = min(max((above - _CLOSED) / (_OPEN - _CLOSED), 0.0), 1.0)
    return Agreement(share=share, agreed=agreed, predicted=count)
