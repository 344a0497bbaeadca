"""The lease of all that makes releases of a detector's threshold or weights: one at a time."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import Engine

from floodline.configuration.sections import Configuration
from floodline.errors import Conflict
from floodline.storage import leases
from floodline.storage.engine import transaction
from trainer.ports import Now
from trainer.tenure import Tenure

_LENGTH = timedelta(seconds=30)
_WAIT_SECONDS = 2.0
"""Teaching has it for a moment each second, and nothing is to fail for that."""
_AGAIN_SECONDS = 0.05


@contextmanager
def held(engine: Engine, configuration: Configuration, now: Now) -> Iterator[Tenure]:
    """Have the lease while the block runs.

    Raises:
        Conflict: another had it all the time for two seconds.
        DependencyDown: SQL does not answer.
    """
    detector = configuration.detector.name
    name, holder = f"recalibrate:{detector}", str(uuid.uuid4())
    deadline = time.monotonic() + _WAIT_SECONDS
    while not _taken(engine, name, holder, now):
        if time.monotonic() >= deadline:
            raise Conflict(
                f"another trainer, or another job of this one, makes a release of {detector} now"
            )
        time.sleep(_AGAIN_SECONDS)
    tenure = Tenure(engine, name, holder, now, _LENGTH)
    try:
        yield tenure
    finally:
        tenure.end()


def _taken(engine: Engine, name: str, holder: str, now: Now) -> bool:
    with transaction(engine) as session:
        return leases.acquire(session, name, holder, now(), _LENGTH)
