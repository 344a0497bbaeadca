"""Snapshots: when one is due, writing it beside the scoring, and letting old ones go."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from functools import partial

import structlog

from consumer import snapshot as snapshots
from consumer.ports import Checkpoint, Clock, Worker
from consumer.task import Task
from floodline.configuration.sections import ConsumerSection
from floodline.errors import ConfigurationError, DependencyDown
from floodline.events.messages import Mark
from floodline.storage.state_store import StateStore

log = structlog.get_logger(__name__)


class Keeping:
    """Keeps snapshots of tasks in the store; the store's slowness is never the tasks'."""

    def __init__(
        self,
        settings: ConsumerSection,
        store: StateStore,
        topic_id: str,
        bounds: Callable[[int], tuple[int, int]],
        worker: Worker,
        monotonic: Clock,
    ) -> None:
        self._settings = settings
        self._store = store
        self._topic_id = topic_id
        self._bounds = bounds
        self._now = monotonic
        self._worker = worker
        self._writing: dict[int, tuple[Task, int, Mark, Future[str]]] = {}
        self._begun_at: dict[int, float] = {}

    def close(self) -> None:
        """Begin nothing more."""
        self._worker.close()

    def turn(self, tasks: Sequence[Task]) -> None:
        """Begin the snapshots that are due, and tell tasks of those that are written."""
        for task in tasks:
            if task.partition not in self._writing and self._due(task):
                self._begin(task)
        for partition in [p for p, (*_, future) in self._writing.items() if future.done()]:
            self._finish(*self._writing.pop(partition))

    def finish(self, seconds: float) -> None:
        """Wait so long at most for snapshots that are being written, and tell their tasks."""
        wait([future for *_, future in self._writing.values()], seconds)
        self.turn([])

    def _due(self, task: Task) -> bool:
        """Whether a restart would replay too much, by events or by time."""
        behind = task.offset - task.snapshot_offset
        begun = self._begun_at.setdefault(task.partition, self._now())
        late = self._now() - begun >= self._settings.snapshot_every_seconds
        return behind >= self._settings.snapshot_every_events or (behind > 0 and late)

    def _begin(self, task: Task) -> None:
        self._begun_at[task.partition] = self._now()
        data, mark = task.snapshot()
        store = self._of(task)
        writing = self._worker.submit(lambda: store.write(data))
        self._writing[task.partition] = (task, task.life, mark, writing)

    def _finish(self, task: Task, life: int, mark: Mark, written: "Future[str]") -> None:
        try:
            written.result()
        except (ConfigurationError, DependencyDown) as error:
            # The snapshot before it still serves: a restart replays more, nothing is lost.
            log.warning("snapshot skipped", partition=task.partition, error=str(error))
            return
        # After a rewind the task may come to another state at this offset: a release may take
        # effect elsewhere.
        if task.life == life and task.take_snapshot(mark):
            self._let_outlived_go(task)

    def committed(self, task: Task, checkpoint: Checkpoint) -> None:
        """Let go what no restart needs any more, now that this checkpoint is committed."""
        self._delete(task, task.shelf.superseded(checkpoint))

    def _let_outlived_go(self, task: Task) -> None:
        """Let go what no replay can begin at, since the log begins later."""
        try:
            low, _ = self._bounds(task.partition)
        except DependencyDown as error:
            log.warning("old snapshots kept", error=str(error))
        else:
            self._delete(task, task.shelf.outlived(low))

    def sweep(self, task: Task) -> None:
        """Let go what members before this one left behind."""
        kept = task.shelf.kept()
        self._tidy(lambda: self._of(task).sweep(kept, newest=2))

    def _delete(self, task: Task, digests: Sequence[str]) -> None:
        store = self._of(task)
        for digest in digests:
            self._tidy(partial(store.delete, digest))

    def _tidy(self, work: Callable[[], None]) -> None:
        def tidy() -> None:
            try:
                work()
            except (ConfigurationError, DependencyDown) as error:
                # A file too many harms nothing.
                log.warning("old snapshots kept", error=str(error))

        self._worker.submit(tidy)

    def _of(self, task: Task) -> StateStore:
        return snapshots.store_of(self._store, self._topic_id, task.partition)
