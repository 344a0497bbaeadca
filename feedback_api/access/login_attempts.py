"""A bound on failed sign-ins from one address, in this process."""

import math
import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta

from feedback_api.errors import TooManyAttempts

LIMIT = 10
PERIOD = timedelta(minutes=5)
_ADDRESSES = 1_000


class LoginAttempts:
    """Failed sign-ins of the last minutes, by address; the oldest addresses are forgotten first."""

    def __init__(self) -> None:
        self._failed: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, address: str, now: datetime) -> None:
        """Return where another attempt is allowed.

        Raises:
            TooManyAttempts: `LIMIT` attempts have failed within `PERIOD`.
        """
        with self._lock:
            times = self._recent(address, now)
            if len(times) >= LIMIT:
                wait = math.ceil((times[0] + PERIOD - now).total_seconds())
                raise TooManyAttempts(f"too many failed sign-ins; try again in {wait} s", wait)

    def failed(self, address: str, now: datetime) -> None:
        """Note a failed attempt."""
        with self._lock:
            self._recent(address, now).append(now)
            self._failed.move_to_end(address)
            while len(self._failed) > _ADDRESSES:
                self._failed.popitem(last=False)

    def _recent(self, address: str, now: datetime) -> deque[datetime]:
        times = self._failed.setdefault(address, deque(maxlen=LIMIT))
        while times and times[0] <= now - PERIOD:
            times.popleft()
        return times
