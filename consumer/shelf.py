"""Which snapshots of a partition are kept."""

from collections import deque
from collections.abc import Iterable

from consumer.ports import Checkpoint
from floodline.events.messages import Mark

RECENT = 3
_HOUR_MS = 3_600_000


class Shelf:
    """The last three snapshots, for restarts, and the first of each hour, for `verify`.

    Hours are those of the events, so no clock deletes anything.
    """

    def __init__(self) -> None:
        self._recent: deque[Mark] = deque()
        self._hourly: deque[Mark] = deque()

    def add(self, mark: Mark) -> bool:
        """A snapshot is in the store; whether it is the first of its hour."""
        hour = mark.timestamp // _HOUR_MS
        # Event times may go back and forth between hours.
        first = all(each.timestamp // _HOUR_MS != hour for each in self._hourly)
        if first:
            self._hourly.append(mark)
        self._recent.append(mark)
        return first

    def fill(self, marks: Iterable[Mark], checkpoint: Checkpoint, start: int) -> None:
        """What a restart finds: all marks of the partition, and where its replay starts.

        Snapshots that a checkpoint names behind the start were tried, and are of no use.
        """
        self._recent.clear()
        self._hourly.clear()
        for mark in marks:
            self.add(mark)
        named = {digest for digest, offset in checkpoint.snapshots if offset <= start}
        self._recent = deque(mark for mark in self._recent if mark.snapshot in named)

    def clear(self) -> None:
        """Nothing is known of any snapshot."""
        self._recent.clear()
        self._hourly.clear()

    @property
    def newest(self) -> int | None:
        """The offset of the newest snapshot."""
        return self._recent[-1].coordinates.offset if self._recent else None

    def named(self) -> tuple[tuple[str, int], ...]:
        """What a checkpoint says: sha256 and offset of the last three, newest first."""
        recent = list(self._recent)[-RECENT:]
        return tuple((mark.snapshot, mark.coordinates.offset) for mark in reversed(recent))

    def kept(self) -> list[str]:
        """All that must not be deleted."""
        return [mark.snapshot for mark in (*self._recent, *self._hourly)]

    def superseded(self, committed: Checkpoint) -> list[str]:
        """Snapshots to delete now that this is committed: older than all that it names."""
        gone = []
        oldest = min((offset for _, offset in committed.snapshots), default=0)
        while self._recent and self._recent[0].coordinates.offset < oldest:
            gone.append(self._recent.popleft().snapshot)
        kept = set(self.kept())
        return [digest for digest in gone if digest not in kept]

    def outlived(self, low: int) -> list[str]:
        """Snapshots to delete now that the log begins at `low`: no replay can start at them."""
        gone = []
        while len(self._hourly) > 1 and self._hourly[1].coordinates.offset <= low:
            gone.append(self._hourly.popleft().snapshot)
        kept = set(self.kept())
        return [digest for digest in gone if digest not in kept]
