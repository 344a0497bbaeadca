"""A look at our own topics from their readers' side, every half minute."""

import threading
from collections.abc import Callable, Mapping

import structlog

from floodline.errors import DependencyDown

log = structlog.get_logger(__name__)

_SECONDS = 30.0


class OutputWatch:
    """Tells how many records of each output topic readers cannot see yet.

    A transaction that somebody opened on such a topic and never ends holds back, for all readers,
    whatever comes after it: nothing is lost, and no alert arrives.
    """

    def __init__(
        self,
        look: Callable[[], Mapping[str, int]],
        tell: Callable[[str, int], None],
        seconds: float = _SECONDS,
    ) -> None:
        self._look = look
        self._tell = tell
        self._seconds = seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="output watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.wait(self._seconds):
            try:
                found = self._look()
            except DependencyDown as error:
                log.warning("output topics", error=str(error))
                continue
            for topic, records in found.items():
                self._tell(topic, records)
