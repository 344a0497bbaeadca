"""How long a member that lost its partitions waits to hear of its group."""

from consumer.ports import Clock

_MOST_DOUBLINGS = 4


class Rejoining:
    """Says when the client has waited too long for the group after a loss.

    The client rejoins by itself. After a coordinator's restart it may fail to, without a word and
    for ever (seen with 2.16; the like: librdkafka 3082, 3396): a new client does not. Each time
    the wait doubles, up to 16 times the first.
    """

    def __init__(self, patience: float, now: Clock) -> None:
        self._first = patience
        self._now = now
        self._doublings = 0
        self._since: float | None = None

    def lost(self) -> None:
        """Partitions were lost: the group is to be heard of again."""
        if self._since is None:
            self._since = self._now()

    def heard(self) -> None:
        """The group gave partitions, or none."""
        self._since = None
        self._doublings = 0

    def overdue(self) -> bool:
        """Whether the wait is over; the next one begins."""
        if self._since is None or self._now() - self._since < self._first * 2**self._doublings:
            return False
        self._since = self._now()
        self._doublings = min(self._doublings + 1, _MOST_DOUBLINGS)
        return True
