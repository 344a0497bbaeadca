"""The trainer's work, each piece with how often it is done and what is told of it."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import structlog
from sqlalchemy import Engine

from floodline.configuration.sections import Configuration
from floodline.errors import Conflict, FloodlineError
from floodline.storage import labelled_alerts, retrains
from floodline.storage.engine import transaction
from floodline.storage.state_store import open_store
from trainer.adapters.kafka import KafkaEvents, KafkaReleases
from trainer.moves import follow_people
from trainer.novelty import nothing_new
from trainer.observation import Observation
from trainer.ports import Now
from trainer.recalibration import Recalibration, recalibrate_once
from trainer.request import Request, Retrain
from trainer.schedule import Job
from trainer.teaching_job import TeachingJob
from trainer.tenure import LeaseLost

log = structlog.get_logger(__name__)

_LOOK_SECONDS = 60.0
_MOVES_SECONDS = 1.0
"""A move or a policy of a person is in force in the consumer within 5 s."""


class Jobs:
    """What `floodline train` does again and again; `retrain` does one, which takes long."""

    def __init__(
        self,
        configuration: Configuration,
        engine: Engine,
        observation: Observation,
        retrain: Callable[[Request], Retrain],
    ) -> None:
        self._configuration = configuration
        self._engine = engine
        self._observation = observation
        self._retrain = retrain
        self._channel = KafkaReleases(configuration)
        self._events = KafkaEvents(configuration)
        self._skipped = False

    def all(self, now: Now) -> list[Job]:
        """Every job; a run that fails is logged and counted."""
        section, feedback = self._configuration.trainer, self._configuration.feedback
        store = open_store(self._configuration.store)
        teaching = TeachingJob(self._engine, self._configuration, self._channel, store, now)
        every = {
            "recalibrate": (section.recalibrate_every_seconds, partial(self._recalibrate, now)),
            "teach": (feedback.teach_every_seconds, partial(self._teach, teaching)),
            "moves": (_MOVES_SECONDS, partial(self._follow, now)),
            "retrain": (
                min(section.retrain_every_seconds / 10, _LOOK_SECONDS),
                partial(self._retrain_if_due, now),
            ),
        }
        return [
            Job(name=name, every=seconds, run=run, failed=self._failed)
            for name, (seconds, run) in every.items()
        ]

    def _recalibrate(self, now: Now) -> None:
        done = recalibrate_once(self._engine, self._configuration, self._channel, now, "schedule")
        self._observation.recalibrated(done)
        self._note("recalibrate")
        _tell(done)

    def _teach(self, teaching: TeachingJob) -> None:
        done = teaching.run()
        self._observation.succeeded("teach")
        if done is None:
            return
        self._observation.taught(done)
        if done.release is not None:
            self._observation.refresh()

    def _follow(self, now: Now) -> None:
        done = follow_people(self._engine, self._configuration, self._channel, now, "schedule")
        if done.moves or done.recalibration is not None:
            self._observation.refresh()  # before they are counted: who sees a move sees its release
        self._observation.followed(done)
        for move in done.moves:
            log.info("move", id=move.id, state=move.state, release=move.release, note=move.note)
        if done.recalibration is not None:
            _tell(done.recalibration)
        self._observation.succeeded("moves")

    def _retrain_if_due(self, now: Now) -> None:
        request = Request(trigger="schedule", made_by="schedule")
        if self._retrain_due(now) and not self._skips(request):
            done = self._retrain(request)
            self._observation.retrained(done.outcome)
            log.info("retrained", outcome=done.outcome, release=done.release, reason=done.reason)
        self._note("retrain")

    def _skips(self, request: Request) -> bool:
        """Whether there is nothing to learn that the last retrain did not see; told once."""
        before = self._skipped
        self._skipped = nothing_new(self._configuration, self._engine, self._events, request)
        if self._skipped and not before:
            log.info("retrain skipped", reason="no event and no label came since the last one")
        return self._skipped

    def _retrain_due(self, now: Now) -> bool:
        """Whether the last retrain, or before any the first alert, lies a full interval back.

        It comes from SQL, so that restarts neither hasten nor delay it.
        """
        detector, section = self._configuration.detector.name, self._configuration.trainer
        with transaction(self._engine) as session:
            last = retrains.last_finished(session, detector)
            since = last or labelled_alerts.first_received(session, detector)
            labels = labelled_alerts.count_current(session, detector)
        if since is None or labels < section.retrain_min_labels:
            return False
        return now() - since >= timedelta(seconds=section.retrain_every_seconds)

    def _note(self, job: str) -> None:
        self._observation.succeeded(job)
        self._observation.refresh()

    def _failed(self, job: str, error: Exception) -> None:
        if isinstance(error, Conflict) and not isinstance(error, LeaseLost):
            log.info("put off to the next look", job=job, reason=str(error))
            return
        self._observation.failed(job, str(error))
        trace = None if isinstance(error, FloodlineError) else error
        log.error("job failed", job=job, error=str(error), exc_info=trace)


def _tell(done: Recalibration) -> None:
    """Log what a recalibration changed."""
    if done.proposed and done.decision.outcome == "moved":
        log.info("a move waits for a second person", move=done.move, reason=done.decision.reason)
    elif done.decision.outcome == "moved":
        log.info("threshold moved", release=done.release, reason=done.decision.reason)
    elif done.release is not None:
        log.info("other events are drawn for review", release=done.release)
    if done.watch is not None and done.watch.state == "broken":
        log.warning("promise broken", reason=done.watch.reason, move=done.remedy)
