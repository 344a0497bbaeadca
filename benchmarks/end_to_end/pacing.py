"""When a producer that keeps a rate sends how many."""

_LONGEST_BURST_SECONDS = 0.02


class Pace:
    """A rate in events/s; after a stall it catches up in bursts of 20 ms of events at most."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._most = max(1, int(rate * _LONGEST_BURST_SECONDS))

    def due(self, elapsed: float, sent: int) -> int:
        """How many to send now, so many seconds after the start, `sent` being sent."""
        return max(0, min(int(elapsed * self._rate) - sent, self._most))
