"""Jobs that run again and again, each in a thread of its own, until told to stop."""

import threading
from collections.abc import Callable, Sequence

import msgspec
import structlog

log = structlog.get_logger(__name__)
_GRACE_SECONDS = 20.0

Clock = Callable[[], float]
"""Monotonic seconds."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of work and how often it is done.

    Attributes:
        every: seconds from one start to the next; a run that takes longer is followed at once.
        run: the work.
        failed: told of an error that the work raised; the schedule goes on.
    """

    name: str
    every: float
    run: Callable[[], object]
    failed: Callable[[str, Exception], None]


def run_jobs(jobs: Sequence[Job], stopping: threading.Event, clock: Clock) -> None:
    """Run the jobs until `stopping` is set, then wait up to 20 s for those that are at work."""
    threads = [
        threading.Thread(target=_repeat, args=(job, stopping, clock), name=job.name, daemon=True)
        for job in jobs
    ]
    for thread in threads:
        thread.start()
    stopping.wait()
    deadline = clock() + _GRACE_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - clock()))
        if thread.is_alive():
            log.warning("left at work", job=thread.name)


def _repeat(job: Job, stopping: threading.Event, clock: Clock) -> None:
    due = clock() + job.every
    while not stopping.wait(max(0.0, due - clock())):
        due = max(due + job.every, clock())
        try:
            job.run()
        except Exception as error:  # noqa: BLE001  # the loop's edge: told, counted, tried again
            job.failed(job.name, error)
