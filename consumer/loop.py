"""The loop of one group member: poll, score, commit; restore, adopt releases, recover."""

from collections.abc import Callable, Sequence

import msgspec
import structlog

from consumer import snapshot as snapshots
from consumer.observation import Observation
from consumer.ports import Clock, Input, InputTopic, Output, PublishFailed, Record, Releases
from consumer.restoration import Lost, Restoration, Restorer, initial_release, model_of
from consumer.task import State, Task
from floodline.configuration.sections import Configuration
from floodline.errors import ConfigurationError, DependencyDown, StateRefused
from floodline.events.messages import Release
from floodline.storage.state_store import StateStore

log = structlog.get_logger(__name__)

_SLICE_SECONDS = 0.25
_MOST_RESTARTS = 10
_LONGEST_PAUSE_SECONDS = 5.0
_REFUSED_SECONDS = 10.0


class ScoringLoop:
    """Owns the tasks of the partitions that the group gave to this member.

    Outputs are held until the commit: one transaction each interval carries alerts, dead letters,
    changes and offsets. After a failed transaction the producer is replaced and every task goes
    back to what is committed, model included.
    """

    def __init__(
        self,
        *,
        configuration: Configuration,
        topic_id: str,
        topic: InputTopic,
        source: Input,
        output: Output,
        releases: Releases,
        restorer: Restorer,
        store: StateStore,
        observation: Observation,
        monotonic: Clock,
    ) -> None:
        self._configuration = configuration
        self._topic_id = topic_id
        self._topic = topic
        self._input = source
        self._output = output
        self._releases = releases
        self._restorer = restorer
        self._store = store
        self._observation = observation
        self._now = monotonic
        self._tasks: dict[int, Task] = {}
        self._restorations: dict[int, Restoration] = {}
        self._refused = (-1, 0.0)
        self._failure: PublishFailed | None = None
        self._restarts = 0
        self._resume_at = monotonic()
        self._committed_at = monotonic()

    def run(self, stopping: Callable[[], bool]) -> None:
        """Score until `stopping` says so; commits what is done, then leaves the group.

        Raises:
            DependencyDown: Kafka failed too often in a row.
            ConfigurationError: a partition's state is lost and must not begin anew.
        """
        self._input.subscribe(self)
        clean = False
        try:
            while not stopping():
                self._turn()
            self._commit()
            clean = True
        finally:
            if not clean and self._failure is None:
                # A turn broke off midway: leaving the group must not commit half of it.
                self._failure = PublishFailed("broken_off", "the loop ended by an error")
            self._input.close()
            self._drop(list(self._tasks))

    def assigned(self, partitions: Sequence[int]) -> None:
        """New partitions: each begins by restoring."""
        self._drop(partitions)  # given twice is as if lost between
        for partition in partitions:
            task = Task(partition, self._topic_id, self._configuration)
            self._tasks[partition] = task
            self._observation.state(task)
        log.info("assigned", partitions=list(partitions))

    def revoked(self, partitions: Sequence[int]) -> None:
        """Partitions go: what is done is committed first, so that the next owner goes on there."""
        if any(self._tasks[p].uncommitted for p in partitions if p in self._tasks):
            self._commit()
        self._drop(partitions)
        log.info("revoked", partitions=list(partitions))

    def lost(self, partitions: Sequence[int]) -> None:
        """Partitions are another's already: what is not committed is forgotten."""
        self._drop(partitions)
        log.warning("lost", partitions=list(partitions))

    def _turn(self) -> None:
        interval = self._configuration.consumer.commit_interval_ms / 1000
        wait = min(0.05, interval) if self._restorations else interval
        records = self._input.poll(self._configuration.consumer.batch_size, wait)
        for partition, batch in _by_partition(records).items():
            task = self._tasks.get(partition)
            if task is None or task.state is not State.RUNNING:
                continue  # fetched before a pause
            # What was fetched before a rewind is older than the task.
            task.take([record for record in batch if record.offset >= task.offset])
            self._halt_when_overrun(task)
        if self._failure is None and self._now() >= self._resume_at:
            self._restore()
        self._adopt()
        if self._now() - self._committed_at >= interval:
            self._commit()
        if self._failure is not None and self._now() >= self._resume_at:
            self._recover(self._failure)
        self._observation.turn()

    def _halt_when_overrun(self, task: Task) -> None:
        if not task.overrun_by_dead_letters:
            return
        self._input.pause(task.partition)
        task.move(State.HALTED)
        self._observation.state(task)
        log.error(
            "partition stopped: too many records cannot be scored",
            partition=task.partition,
            offset=task.offset,
            what_to_do="look at the dead-letter topic, mend producer or schema, then restart; "
            "nothing after this offset was taken",
        )

    def _restore(self) -> None:
        try:
            self._begin_restorations()
            self._step_restorations()
        except DependencyDown as error:
            self._failure = PublishFailed("restore", str(error))

    def _begin_restorations(self) -> None:
        waiting = [
            task
            for partition, task in self._tasks.items()
            if task.state is State.RESTORING and partition not in self._restorations
        ]
        if waiting:
            # A partition that was added needs its place on the changes topic.
            self._refuse_recreated(self._topic.ensure())
        for task in waiting:
            newest = self._releases.newest()
            self._restorations[task.partition] = self._restorer.begin(task, newest)

    def _refuse_recreated(self, topic_id: str) -> None:
        """Nothing of a topic is committed under another's id.

        Asked after the records were fetched and before they are committed: those of a topic that
        was made anew come with its id.
        """
        if topic_id != self._topic_id:
            name = self._configuration.topics.events
            raise ConfigurationError(
                f"topic {name!r} was deleted and made anew while it was read (id {self._topic_id}, "
                f"now {topic_id}); start again to begin with the new one"
            )

    def _step_restorations(self) -> None:
        for partition, restoration in list(self._restorations.items()):
            if self._arrived(restoration):
                restoration.close()
                del self._restorations[partition]
                self._start(self._tasks[partition])

    def _arrived(self, restoration: Restoration) -> bool:
        try:
            return restoration.step(_SLICE_SECONDS)
        except StateRefused as error:
            restoration.close()
            task, lost = restoration.task, Lost(str(error), restoration.target)
            way = self._restorer.anew(task, lost, self._releases.newest())
            self._restorations[task.partition] = way
            return False

    def _start(self, task: Task) -> None:
        task.move(State.RUNNING)
        self._input.resume(task.partition, task.offset)
        self._observation.state(task)
        self._sweep(task)
        log.info("running", partition=task.partition, offset=task.offset)

    def _adopt(self) -> None:
        newest = self._releases.newest() or initial_release(self._configuration)
        for task in self._tasks.values():
            if task.state is not State.RUNNING or self._waits_after_refusal(newest):
                continue
            if newest.number > task.release.number or self._initial_differs(task, newest):
                self._take_up(task, newest)

    def _waits_after_refusal(self, release: Release) -> bool:
        """A refused release is tried again every ten seconds: its model may come later."""
        number, again_at = self._refused
        return release.number == number and self._now() < again_at

    def _initial_differs(self, task: Task, newest: Release) -> bool:
        """The configuration moved: the model that learnt its history is no part of that."""
        in_force = msgspec.structs.replace(task.release, model=None)
        return newest.number == in_force.number == 0 and newest != in_force

    def _take_up(self, task: Task, release: Release) -> None:
        try:
            features = self._configuration.detector.features
            model = model_of(release, task.release, self._store, features)
            task.adopt(release, model)
        except StateRefused as error:
            self._refused = (release.number, self._now() + _REFUSED_SECONDS)
            log.error("release refused", release=release.number, error=str(error))
            return
        log.info(
            "release in force",
            release=release.number,
            kind=release.kind,
            partition=task.partition,
            offset=task.offset,
        )

    def _commit(self) -> None:
        self._committed_at = self._now()
        tasks = [task for task in self._tasks.values() if task.uncommitted]
        if not tasks or self._failure is not None:
            return
        try:
            self._refuse_recreated(self._topic.topic_id())
        except DependencyDown as error:
            self._failure = PublishFailed("topic_id", str(error))
            return
        for task in tasks:
            self._snapshot_when_due(task)
        messages = [message for task in tasks for message in task.pending]
        try:
            self._output.publish(messages, [task.position() for task in tasks])
        except PublishFailed as failure:
            self._failure = failure
            return
        self._restarts = 0
        seconds = self._now() - self._committed_at
        for task in tasks:
            self._observation.committed(task, self._input.lag(task.partition, task.offset))
            task.discard()
            self._delete(task)
        self._observation.commit(seconds)

    def _delete(self, task: Task) -> None:
        store = snapshots.store_of(self._store, self._topic_id, task.partition)
        try:
            for digest in task.superseded_snapshots():
                store.delete(digest)
        except ConfigurationError as error:
            # A file too many harms nothing.
            log.warning("old snapshot kept", error=str(error))

    def _sweep(self, task: Task) -> None:
        """Let snapshots go that members before this one left behind."""
        kept = [digest for digest, _ in task.snapshots]
        try:
            snapshots.store_of(self._store, self._topic_id, task.partition).sweep(kept, newest=2)
        except ConfigurationError as error:
            log.warning("old snapshots kept", error=str(error))

    def _snapshot_when_due(self, task: Task) -> None:
        if task.offset - task.snapshot_offset < self._configuration.consumer.snapshot_every_events:
            return
        state = snapshots.write(
            snapshots.Snapshot(
                detector=self._configuration.detector.name,
                topic_id=self._topic_id,
                partition=task.partition,
                offset=task.offset,
                dead_letters=task.dead_letters,
                scorer=task.scorer.to_state(),
            )
        )
        try:
            store = snapshots.store_of(self._store, self._topic_id, task.partition)
            task.take_snapshot(store.write(state), task.offset)
        except ConfigurationError as error:
            # The snapshot before it still serves: a restart replays more, nothing is lost.
            log.warning("snapshot skipped", partition=task.partition, error=str(error))

    def _recover(self, failure: PublishFailed) -> None:
        """Go back to what is committed, and replace the producer; the pauses between grow."""
        self._restarts += 1
        self._resume_at = self._now() + min(_LONGEST_PAUSE_SECONDS, 0.05 * 2**self._restarts)
        self._observation.restart(failure.cause)
        log.warning("transaction given up", cause=failure.cause, error=str(failure))
        if self._restarts > _MOST_RESTARTS:
            raise DependencyDown(
                f"Kafka at {self._configuration.kafka.bootstrap_servers} failed {_MOST_RESTARTS} "
                f"transactions in a row, the last with: {failure}"
            )
        self._rewind()
        try:
            self._output.renew()
        except PublishFailed as again:
            self._failure = again
        else:
            self._failure = None

    def _rewind(self) -> None:
        for partition, task in self._tasks.items():
            self._input.pause(partition)
            task.discard()
            if task.state is State.RUNNING:
                task.move(State.RESTORING)
            self._observation.state(task)
        for restoration in self._restorations.values():
            restoration.close()
        self._restorations.clear()

    def _drop(self, partitions: Sequence[int]) -> None:
        for partition in partitions:
            restoration = self._restorations.pop(partition, None)
            if restoration is not None:
                restoration.close()
            task = self._tasks.pop(partition, None)
            if task is not None:
                task.move(State.CLOSED)
                self._observation.closed(task)


def _by_partition(records: Sequence[Record]) -> dict[int, list[Record]]:
    parts: dict[int, list[Record]] = {}
    for record in records:
        parts.setdefault(record.partition, []).append(record)
    return parts
