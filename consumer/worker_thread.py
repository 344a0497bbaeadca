"""Work beside the polling thread, in order."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Result = TypeVar("Result")


class WorkerThread:
    """One daemon thread that does what it is given, one after the other.

    A daemon, so that work which hangs (a store that does not answer) never keeps the process.
    """

    def __init__(self, name: str) -> None:
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, call: Callable[[], Result]) -> "Future[Result]":
        """Do `call` after what was given before; its result or error is the future's."""
        future: Future[Result] = Future()

        def work() -> None:
            try:
                future.set_result(call())
            except BaseException as error:  # noqa: BLE001  # whoever asks for the result gets it
                future.set_exception(error)

        self._work.put(work)
        return future

    def close(self) -> None:
        """Take nothing more; what was given is still done."""
        self._work.put(None)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()
