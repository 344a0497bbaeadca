"""The newest answer about the consumer's progress, shared between threads."""

import threading

from feedback_api.scoring.progress import Progress


class LastHeard:
    """Holds one answer: the watch puts it in, requests read it; it stays while Kafka is down."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._progress = Progress()

    def put(self, progress: Progress) -> None:
        """Let this be the newest answer."""
        with self._lock:
            self._progress = progress

    def get(self) -> Progress:
        """The newest answer; one that was never heard before the first."""
        with self._lock:
            return self._progress
