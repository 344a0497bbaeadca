"""A piece of work beside the requests: begun again, after a pause, whenever it ends."""

import threading
from collections.abc import Callable
from typing import Protocol

import structlog

from floodline.errors import FloodlineError

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 10.0


class Signal(Protocol):
    """What an attempt may ask and say."""

    def wait(self, seconds: float) -> bool:
        """Pause, until then or until a wake-up or the stop; whether to stop."""

    @property
    def stopping(self) -> bool:
        """Whether to stop."""

    def up(self) -> None:
        """Say that the work is under way; the next pause is short again."""


Attempt = Callable[[Signal], None]


class Worker:
    """A thread that makes attempts until it is stopped.

    An attempt runs as long as all is well. When it raises, the worker is `down` and pauses before
    the next one: half a second, then twice as long each time, ten seconds at most.
    """

    def __init__(
        self,
        name: str,
        attempt: Attempt,
        on_state: Callable[[bool], None] = lambda up: None,
        *,
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        self.name = name
        self.state = "starting"
        self._attempt = attempt
        self._on_state = on_state
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._first_pause = self._pause = first_pause
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._log = structlog.get_logger(__name__).bind(worker=name)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout: float) -> bool:
        """Ask the attempt to end and wait for it; whether it has ended."""
        self._stop.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def wake(self) -> None:
        """End the pause that the attempt makes, or its next one."""
        self._wake.set()

    def wait(self, seconds: float) -> bool:
        """See Signal."""
        self._wake.wait(seconds)
        self._wake.clear()
        return self.stopping

    @property
    def stopping(self) -> bool:
        """See Signal."""
        return self._stop.is_set()

    def up(self) -> None:
        """See Signal."""
        self._pause = self._first_pause
        if self.state != "up":
            self._log.info("up")
            self._become("up")

    def _run(self) -> None:
        while not self.stopping:
            try:
                self._attempt(self)
            except FloodlineError as error:
                self._log.warning("down", reason=str(error), next_attempt_seconds=self._pause)
            except Exception:  # noqa: BLE001  # the last net: told, seen as down, tried again
                self._log.exception("failed", next_attempt_seconds=self._pause)
            else:
                continue
            self._become("down")
            self._stop.wait(self._pause)
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
        self._become("stopped")

    def _become(self, state: str) -> None:
        self.state = state
        self._on_state(state == "up")
