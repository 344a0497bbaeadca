"""What becomes of missing values in a file: the consumer's rules, for rows of numbers."""

import numpy as np
from numpy.typing import NDArray

from floodline.events.decoding import Schema


class MissingValues:
    """Settles NaNs as `decode_event` settles features that are absent or null.

    Features of the rows that the schema does not name may be missing; without a schema all may.
    """

    def __init__(self, features: tuple[str, ...], schema: Schema | None) -> None:
        rules = schema.missing if schema is not None else {}
        named = schema.features if schema is not None else ()
        self._features = features
        self._stand_ins = {
            features.index(name): rule
            for name, rule in rules.items()
            if not isinstance(rule, str) and name in features
        }
        self._needed = [
            features.index(name) for name in named if name not in rules and name in features
        ]

    @property
    def may_refuse(self) -> bool:
        """Whether there is a feature without which an event is refused."""
        return bool(self._needed)

    def settle(self, rows: NDArray[np.float64]) -> dict[int, str]:
        """Put numbers where they stand in; the rows that are refused, each with its feature.

        Where several are missing it is the first one, in the order of the configuration.
        """
        for place, number in self._stand_ins.items():
            column = rows[:, place]
            column[np.isnan(column)] = number
        if not self._needed:
            return {}
        lacking = np.isnan(rows[:, self._needed])
        refused = np.flatnonzero(lacking.any(axis=1))
        firsts = lacking[refused].argmax(axis=1)
        return {
            row: self._features[self._needed[first]]
            for row, first in zip(refused.tolist(), firsts.tolist(), strict=True)
        }
