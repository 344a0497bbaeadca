"""Work done at once, on the caller's own thread: a fake of the worker threads."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Result = TypeVar("Result")


class InlineWorker:
    """Does what it is given when it is given it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def submit(self, call: Callable[[], Result]) -> "Future[Result]":
        """Do it now."""
        future: Future[Result] = Future()
        try:
            future.set_result(call())
        except Exception as error:  # noqa: BLE001  # whoever asks for the result gets it
            future.set_exception(error)
        return future

    def close(self) -> None:
        """Nothing waits."""
