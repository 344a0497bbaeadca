"""Workers without threads: fakes of those that keep snapshots beside the loop."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Result = TypeVar("Result")


class InlineWorker:
    """Does what it is given when it is given it."""

    def submit(self, call: Callable[[], Result]) -> "Future[Result]":
        """Do it now."""
        future: Future[Result] = Future()
        _do(call, future)
        return future

    def close(self) -> None:
        """Nothing waits."""


class HeldWorker:
    """Holds what it is given back, until somebody waits for it or the scheduler lets it go on."""

    def __init__(self, name: str, at: Callable[[str], None] = lambda point: None) -> None:
        self.name = name
        self._at = at
        self._held: deque[tuple[object, Callable[[], None]]] = deque()

    def submit(self, call: Callable[[], Result]) -> "Future[Result]":
        """Do it later, after what was given before."""
        future = _Awaited[Result](self)
        self._held.append((future, lambda: _do(call, future)))
        return future

    def go_on(self, pieces: int) -> None:
        """Do so many pieces of work, or all there are."""
        for _ in range(min(pieces, len(self._held))):
            _, work = self._held.popleft()
            self._at(self.name)
            work()

    def finish(self, awaited: object) -> None:
        """Do all up to the piece that somebody waits for."""
        places = [place for place, (future, _) in enumerate(self._held) if future is awaited]
        for place in places:
            self.go_on(place + 1)

    def close(self) -> None:
        """What is held back is done when the scheduler says so, or never: a thread may hang."""


class _Awaited(Future[Result]):
    """A future whose result lets the worker go on: nobody ever waits in vain."""

    def __init__(self, worker: HeldWorker) -> None:
        super().__init__()
        self._worker = worker

    def result(self, timeout: float | None = None) -> Result:
        """What the work gave, which is done now at the latest."""
        self._worker.finish(self)
        return super().result(timeout)


def _do(call: Callable[[], Result], future: "Future[Result]") -> None:
    try:
        future.set_result(call())
    except Exception as error:  # noqa: BLE001  # whoever asks for the result gets it
        future.set_exception(error)
