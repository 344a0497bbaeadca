"""Records of the input topic, as read_committed shows them."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Self

import msgspec
import numpy as np
from numpy.typing import NDArray

Headers = list[tuple[str, bytes | None]]


class Record(msgspec.Struct, frozen=True):
    """One whole record."""

    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class Batch:
    """Offsets and values of one partition's records, in order; whole ones for who asks.

    Most events are scored and forgotten, and building an object for each would cost more than
    scoring it.
    """

    def __init__(
        self,
        partition: int,
        offsets: Sequence[int],
        values: Sequence[bytes | None],
        record: Callable[[int], Record],
    ) -> None:
        self.partition = partition
        self.offsets = offsets
        self.values = values
        self._record = record

    @classmethod
    def of(cls, records: Sequence[Record]) -> Self:
        """Whole records, at least one, all of one partition."""
        offsets = [record.offset for record in records]
        values = [record.value for record in records]
        return cls(records[0].partition, offsets, values, records.__getitem__)

    def __len__(self) -> int:
        return len(self.offsets)

    @property
    def timestamp(self) -> int:
        """Of the last record, milliseconds since 1970; -1 where it has none."""
        return self._record(len(self) - 1).timestamp

    def offsets_at(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """The offsets of the records at these places."""
        if isinstance(self.offsets, range):
            return self.offsets.start + places
        return np.array(self.offsets, np.int64)[places]

    def record(self, index: int) -> Record:
        """The whole record at this place."""
        return self._record(index)

    def cut(self, start: int, stop: int) -> "Batch":
        """The records at start <= place < stop."""
        if (start, stop) == (0, len(self)):
            return self
        return Batch(
            self.partition,
            self.offsets[start:stop],
            self.values[start:stop],
            lambda index: self._record(start + index),
        )

    def before(self, offset: int) -> int:
        """How many of the records have smaller offsets."""
        return bisect_left(self.offsets, offset)
