"""Jobs run at their time, and a failing one neither ends the loop nor holds up another."""

import threading
import time
from functools import partial

from trainer.schedule import Job, run_jobs


def test_a_failing_job_is_told_and_tried_again_beside_the_others() -> None:
    """One job raises each time; both run on until the stop, which ends them at once."""
    stopping, enough = threading.Event(), threading.Event()
    runs = {"good": 0, "bad": 0}
    failures: list[str] = []

    def run(name: str) -> None:
        runs[name] += 1
        if min(runs.values()) >= 3:
            enough.set()
        if name == "bad":
            raise RuntimeError("no luck")

    def failed(job: str, error: Exception) -> None:
        failures.append(f"{job}: {error}")

    jobs = [Job(name=name, every=0.01, run=partial(run, name), failed=failed) for name in runs]
    loop = threading.Thread(target=run_jobs, args=(jobs, stopping, time.monotonic))
    loop.start()
    assert enough.wait(10)
    stopping.set()
    loop.join(10)
    assert not loop.is_alive()
    assert failures.count("bad: no luck") >= 3
    assert set(failures) == {"bad: no luck"}


def test_nothing_runs_before_its_time() -> None:
    """The first run comes one interval after the start; a stop before it ends without a run."""
    stopping = threading.Event()
    runs: list[int] = []
    job = Job(name="late", every=60, run=lambda: runs.append(1), failed=lambda *_: None)
    loop = threading.Thread(target=run_jobs, args=([job], stopping, time.monotonic))
    loop.start()
    stopping.set()
    loop.join(10)
    assert not loop.is_alive()
    assert runs == []
