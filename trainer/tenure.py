"""A lease that its holder keeps while it works, and that a dead holder loses within a minute."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from floodline.errors import Conflict, DependencyDown
from floodline.storage import leases
from floodline.storage.engine import transaction
from trainer.ports import Now

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
"""How long a dead trainer keeps others from its work."""
BEAT = timedelta(seconds=15)
"""How often a living one renews, so that three beats may fail."""


class LeaseLost(Conflict):
    """The lease ran out before the work was done, or another trainer has it."""


class Tenure:
    """One holder's lease, which is taken already."""

    def __init__(
        self, engine: Engine, name: str, holder: str, now: Now, length: timedelta = LEASE
    ) -> None:
        self._engine = engine
        self._name = name
        self._holder = holder
        self._now = now
        self._length = length

    def confirm(self) -> None:
        """Renew the lease.

        Raises:
            LeaseLost: it has run out or another has it; nothing may be published.
            DependencyDown: SQL does not answer.
        """
        with transaction(self._engine) as session:
            self.confirm_in(session)

    def confirm_in(self, session: Session) -> None:
        """The same in the transaction that writes the work's result: the proof that it may."""
        if not leases.renew(session, self._name, self._holder, self._now(), self._length):
            raise LeaseLost("the lease ran out before the work was done; run it again")

    def end(self) -> None:
        """Give the lease back; where SQL does not answer, it runs out by itself."""
        try:
            with transaction(self._engine) as session:
                leases.release(session, self._name, self._holder)
        except DependencyDown as down:
            log.warning("the lease was not given back", lease=self._name, error=str(down))

    def beat(self, stopping: threading.Event, every: timedelta) -> None:
        """Renew again and again until told to stop, or until the lease is lost."""
        while not stopping.wait(every.total_seconds()):
            try:
                self.confirm()
            except LeaseLost:
                log.warning("the lease is lost; nothing will be published", lease=self._name)
                return
            except (DependencyDown, SQLAlchemyError) as error:
                log.warning("the lease was not renewed", lease=self._name, error=str(error))


@contextmanager
def kept(tenure: Tenure, every: timedelta = BEAT) -> Iterator[Tenure]:
    """Renew the lease from a thread of its own while the block runs, then give it back."""
    stopping = threading.Event()
    # A daemon: a trainer that is told to stop does not wait for it, and the lease runs out.
    thread = threading.Thread(target=tenure.beat, args=(stopping, every), name="lease", daemon=True)
    thread.start()
    try:
        yield tenure
    finally:
        stopping.set()
        thread.join()
        tenure.end()
