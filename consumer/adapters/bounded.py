"""A call that must not hold the loop for ever."""

import threading
import time
from collections.abc import Callable


class Bounded:
    """A call on a thread of its own, which counts as failed after so many seconds.

    The client's own time-outs do not always hold: `send_offsets_to_transaction` can wait for ever
    on a coordinator that went away (librdkafka 5456, 5511). The thread that waits is left behind.
    """

    def __init__(self, seconds: float, call: Callable[[], None]) -> None:
        self._seconds = seconds
        self._call = call
        self._raised: BaseException | None = None
        self._deadline = time.monotonic() + seconds
        self._thread = threading.Thread(target=self._run, name="transaction", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._call()
        except BaseException as error:  # noqa: BLE001  # handed over by `wait`
            self._raised = error

    def ended(self) -> bool:
        """Whether `wait` would return at once."""
        return not self._thread.is_alive() or time.monotonic() >= self._deadline

    def wait(self) -> None:
        """Return when the call did; what it raised is raised here.

        Raises:
            TimeoutError: it takes too long; its outcome is unknown.
        """
        self._thread.join(max(0.0, self._deadline - time.monotonic()))
        if self._thread.is_alive():
            raise TimeoutError(f"no end within {self._seconds:g} s")
        if self._raised is not None:
            raise self._raised
