"""A worker's life: up, down with a pause, up again, stopped."""

import threading
from collections.abc import Callable

from feedback_api.worker import Signal, Worker
from floodline.errors import DependencyDown


class Steps:
    """Attempts that do what they are told, one after the other."""

    def __init__(self, *steps: Callable[[Signal], None]) -> None:
        self.steps = list(steps)
        self.ended = threading.Event()

    def attempt(self, signal: Signal) -> None:
        """The next step; after the last one, wait for the stop."""
        if self.steps:
            self.steps.pop(0)(signal)
            return
        signal.up()
        self.ended.set()
        signal.wait(30)


def _fail(signal: Signal) -> None:
    raise DependencyDown("Kafka does not answer")


def _break(signal: Signal) -> None:
    raise ValueError("a fault of ours")


def _up_and_fail(signal: Signal) -> None:
    signal.up()
    raise DependencyDown("gone")


def test_failures_are_followed_by_another_attempt() -> None:
    """Whether a dependency is down or we have a fault, the work is tried again and comes up."""
    states: list[bool] = []
    steps = Steps(_fail, _break, _up_and_fail)
    worker = Worker("w", steps.attempt, states.append, first_pause=0.001)
    worker.start()
    assert steps.ended.wait(10)
    assert worker.state == "up"
    assert worker.stop(10)
    assert states == [False, False, True, False, True, False]
    assert worker.state == "stopped"


def test_a_worker_that_never_started_stops() -> None:
    """Stopping before the start is no error."""
    assert Worker("w", Steps().attempt).stop(1)


def test_a_stop_ends_the_pause() -> None:
    """A worker that waits for its next attempt stops at once."""
    began = threading.Event()

    def fail(signal: Signal) -> None:
        began.set()
        raise DependencyDown("down")

    worker = Worker("w", fail, first_pause=60)
    worker.start()
    assert began.wait(10)
    assert worker.stop(10)
