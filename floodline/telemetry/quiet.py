"""One log line where a library would write hundreds of the same kind."""

import logging
import re
from collections.abc import Callable

_SECONDS = 30.0
_NUMBER = re.compile(r"\d+")


class OncePerInterval(logging.Filter):
    """Lets a line through that differs from those of the last half minute in more than numbers.

    librdkafka reports each failed connection of each client: thousands of lines in an outage.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        super().__init__()
        self._now = monotonic
        self._passed: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line passes."""
        kind, now = _NUMBER.sub("0", record.getMessage()), self._now()
        self._passed = {k: at for k, at in self._passed.items() if now - at < _SECONDS}
        if kind in self._passed:
            return False
        self._passed[kind] = now
        return True
