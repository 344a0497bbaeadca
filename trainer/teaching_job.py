"""Teaching again and again: a run where something has changed since the last, and only there."""

from datetime import datetime, timedelta

import msgspec
import structlog
from sqlalchemy import Engine

from floodline.configuration.sections import Configuration
from floodline.storage import controls, lesson_rows, releases
from floodline.storage.engine import reading
from floodline.storage.lesson_rows import Known
from floodline.storage.state_store import StateStore
from trainer.ports import Now, ReleaseChannel
from trainer.teaching import NOT_TEACHABLE, TeachingRun, teach_once

log = structlog.get_logger(__name__)

_STEPS = 50
"""In so many steps a label's weight falls to a half, where a half-life is set."""


class _Seen(msgspec.Struct, frozen=True):
    """All that a run depends on, told by few rows."""

    labels: int
    model: int
    teaching_off_at: datetime | None
    age: int


class TeachingJob:
    """The trainer's own teaching; what it read of alerts is kept in memory from run to run."""

    def __init__(
        self,
        engine: Engine,
        configuration: Configuration,
        channel: ReleaseChannel,
        store: StateStore,
        now: Now,
        made_by: str = "schedule",
    ) -> None:
        self._engine = engine
        self._configuration = configuration
        self._channel = channel
        self._store = store
        self._now = now
        self._made_by = made_by
        self._known: Known = {}
        self._seen: _Seen | None = None
        self._said: str | None = None

    def run(self) -> TeachingRun | None:
        """Teach, unless nothing has changed since the last run that went well; None then.

        Raises:
            Conflict: another trainer makes a release now.
            DependencyDown: SQL, Kafka or the store does not answer.
        """
        seen = self._look()
        if seen == self._seen:
            return None
        if self._seen is None or seen.model != self._seen.model:
            self._known = {}
        done = teach_once(
            self._engine,
            self._configuration,
            self._channel,
            self._store,
            self._now,
            self._made_by,
            self._known,
        )
        self._seen = seen
        self._tell(done)
        return done

    def _look(self) -> _Seen:
        detector, half_life = (
            self._configuration.detector.name,
            self._configuration.feedback.half_life_hours,
        )
        with reading(self._engine) as session:
            return _Seen(
                labels=lesson_rows.count(session),
                model=releases.model_number(session, detector),
                teaching_off_at=controls.get(session, detector).teaching_off_at,
                age=0 if half_life is None else self._age(timedelta(hours=half_life / _STEPS)),
            )

    def _age(self, step: timedelta) -> int:
        return int(self._now().timestamp() // step.total_seconds())

    def _tell(self, done: TeachingRun) -> None:
        """Log what changed; why nothing is taught once, and plainly where nobody asked for it."""
        if done.release is not None:
            log.info("labels taught", release=done.release, reason=done.reason)
        if done.off is not None and done.off != self._said:
            level = log.warning if done.off == NOT_TEACHABLE else log.info
            level("labels do not teach", reason=done.off)
        self._said = done.off
