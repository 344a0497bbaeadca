"""The share of dead letters among a partition's recent records."""

from collections import deque
from collections.abc import Collection

RECENT = 1_000
FEWEST = 100


class DeadLetterShare:
    """Says when more than `limit` of the last 1,000 records (100 at least) were dead-lettered."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._seen = 0
        self._dead: deque[int] = deque()

    def overrun_at(self, count: int, dead: Collection[int]) -> int | None:
        """Take in the next `count` records, of which those at the places `dead` are dead letters.

        Returns the place of the first record after which the share is above the limit; the
        records behind it are not taken in. None where it never is.
        """
        # The share grows at dead letters only, and counts from the hundredth record on.
        for place in sorted({*dead, FEWEST - 1 - self._seen}):
            if not 0 <= place < count:
                continue
            number = self._seen + place
            if place in dead:
                self._dead.append(number)
            while self._dead and self._dead[0] <= number - RECENT:
                self._dead.popleft()
            seen = min(number + 1, RECENT)
            if seen >= FEWEST and len(self._dead) > self._limit * seen:
                self._seen = number + 1
                return place
        self._seen += count
        return None
