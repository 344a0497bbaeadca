"""The loop of one group member: poll, score, commit; restore, adopt releases, recover."""

from collections.abc import Callable, Sequence

import structlog

from consumer.adoption import Adoption
from consumer.keeping import Keeping
from consumer.observation import Observation
from consumer.ports import (
    Clock,
    Input,
    InputTopic,
    Output,
    Publication,
    PublishFailed,
    Releases,
    Worker,
)
from consumer.records import Batch
from consumer.restoration import Restoration, Restorer
from consumer.task import Sealed, State, Task
from floodline.configuration.sections import Configuration
from floodline.errors import ConfigurationError, DependencyDown, StateRefused
from floodline.storage.state_store import StateStore

log = structlog.get_logger(__name__)

_SLICE_SECONDS = 0.25
_SHORTEST_SECONDS = 0.001
_LOOK_SECONDS = 0.005
_MOST_RESTARTS = 10
_LONGEST_PAUSE_SECONDS = 5.0
_HASH_SECONDS = 1.0
_SNAPSHOT_SECONDS = 2.0
_MOST_PENDING = 20_000
"""Messages that may wait while a transaction is on its way; then scoring waits for it."""


class ScoringLoop:
    """Owns the tasks of the partitions that the group gave to this member.

    Outputs are held until the commit: one transaction each interval carries alerts, dead letters,
    changes and offsets. Polling and scoring take turns on one thread: on two they would wait for
    the interpreter's lock longer than they gain. Another thread commits the interval before. After
    a failed transaction the producer is replaced and every task goes back to what is committed,
    model included.
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
        keeper: Worker,
    ) -> None:
        self._configuration = configuration
        self._topic_id = topic_id
        self._topic = topic
        self._input = source
        self._output = output
        self._releases = releases
        self._restorer = restorer
        self._observation = observation
        self._now = monotonic
        self._tasks: dict[int, Task] = {}
        self._restorations: dict[int, Restoration] = {}
        self._begun_at: dict[int, float] = {}
        self._keeping = Keeping(
            configuration.consumer, store, topic_id, source.bounds, keeper, monotonic
        )
        self._publication: Publication | None = None
        self._sealed: list[Sealed] = []
        self._adoption = Adoption(configuration, releases, restorer.contents, monotonic)
        self._failure: PublishFailed | None = None
        self._restarts = 0
        self._interval = configuration.consumer.commit_interval_ms / 1000
        self._patience = configuration.consumer.transaction_timeout_ms / 1000 + 5
        self._resume_at = self._sealed_at = monotonic()
        self._hashed_at = -_HASH_SECONDS

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
                self.turn()
            clean = True
        finally:
            self.end(clean=clean)

    def end(self, *, clean: bool) -> None:
        """Leave the group, `clean` with a commit of all that is done."""
        committed = False
        try:
            if clean:
                self._finish()
                committed = True
        finally:
            if not committed and self._failure is None:
                # A turn broke off midway: leaving the group must not commit half of it.
                self._failure = PublishFailed("broken_off", "the loop ended by an error")
            self._input.close()
            self._drop(list(self._tasks))
            self._keeping.close()

    def _finish(self) -> None:
        """Commit all that is done."""
        self._await_publication()
        self._keeping.finish(_SNAPSHOT_SECONDS)
        self._seal(closing=list(self._tasks.values()))
        self._await_publication()

    def assigned(self, partitions: Sequence[int]) -> None:
        """New partitions: each begins by restoring."""
        self._drop(partitions)  # given twice is as if lost between
        for partition in partitions:
            store = self._restorer.identity
            task = Task(partition, self._topic_id, self._configuration, store)
            self._tasks[partition] = task
            self._observation.state(task)
        log.info("assigned", partitions=list(partitions))

    def revoked(self, partitions: Sequence[int]) -> None:
        """Partitions go: what is done is committed first, so that the next owner goes on there.

        All of it has one deadline; what is not committed by then is scored by the next owner.
        """
        deadline = self._now() + self._patience
        self._await_publication()
        going = [self._tasks[p] for p in partitions if p in self._tasks]
        for task in going:
            if task.state in (State.RUNNING, State.HALTED):
                task.move(State.CLOSING)
        if any(task.uncommitted for task in going) and self._now() < deadline:
            self._seal(closing=going, seconds=deadline - self._now())
            self._await_publication()
        self._drop(partitions)
        log.info("revoked", partitions=list(partitions))

    def lost(self, partitions: Sequence[int]) -> None:
        """Partitions are another's already: what is not committed is forgotten."""
        self._await_publication()
        self._drop(partitions)
        log.warning("lost", partitions=list(partitions))

    def turn(self) -> None:
        """Poll once, score it, and commit, restore or recover where that is due."""
        self._score(self._input.poll(self._configuration.consumer.batch_size, self._wait()))
        if sum(len(task.pending) for task in self._tasks.values()) > _MOST_PENDING:
            self._await_publication()
        if self._failure is None and self._now() >= self._resume_at:
            self._restore()
        if self._publication is not None and self._publication.ended():
            self._await_publication()
        if self._publication is None and self._due() <= 0:
            self._adoption.adopt([t for t in self._tasks.values() if t.state is State.RUNNING])
            self._seal()
        if self._failure is not None and self._now() >= self._resume_at:
            self._recover(self._failure)
        idle = self._publication is None and not any(t.uncommitted for t in self._tasks.values())
        self._observation.turn(idle=idle)

    def _due(self) -> float:
        """Seconds until the next commit, in whole microseconds."""
        return round(self._sealed_at + self._interval - self._now(), 6)

    def _wait(self) -> float:
        """How long a poll may take: until the next commit is due."""
        least = _SHORTEST_SECONDS if self._publication is None else _LOOK_SECONDS
        longest = min(0.05, self._interval) if self._restorations else self._interval
        return min(max(self._due(), least), longest)

    def _score(self, batches: Sequence[Batch]) -> None:
        for batch in batches:
            task = self._tasks.get(batch.partition)
            if task is None or task.state is not State.RUNNING:
                continue  # fetched before a pause
            task.take(batch)
            if task.overrun:
                self._halt(task)

    def _halt(self, task: Task) -> None:
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
            self._failed(PublishFailed("restore", str(error)))

    def _begin_restorations(self) -> None:
        waiting = [task for task in self._tasks.values() if task.state is State.CREATED]
        if waiting:
            # A partition that was added needs its place on the changes topic.
            self._refuse_recreated(self._topic.ensure())
        for task in waiting:
            task.move(State.RESTORING)
            self._begun_at.setdefault(task.partition, self._now())
            self._observation.state(task)
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

    def _still_there(self) -> None:
        """Called by the transaction's own thread, just before it begins."""
        try:
            self._refuse_recreated(self._topic.topic_id())
        except DependencyDown as error:
            raise PublishFailed("topic_id", str(error)) from error

    def _step_restorations(self) -> None:
        for partition, restoration in list(self._restorations.items()):
            try:
                if not restoration.step(_SLICE_SECONDS):
                    continue
            except StateRefused as error:
                again = self._restorer.again(restoration, error, self._releases.newest())
                self._restorations[partition] = again
                continue
            restoration.close()
            del self._restorations[partition]
            self._start(self._tasks[partition])

    def _start(self, task: Task) -> None:
        task.move(State.RUNNING)
        self._adoption.adopt([task])
        self._input.resume(task.partition, task.offset)
        self._observation.state(task)
        self._observation.restored(self._now() - self._begun_at.pop(task.partition, self._now()))
        self._keeping.sweep(task)
        log.info("running", partition=task.partition, offset=task.offset)

    def _seal(self, closing: Sequence[Task] = (), seconds: float | None = None) -> None:
        """Begin to commit what was done since the last time."""
        self._sealed_at = self._now()
        if self._failure is not None:
            return
        running = [task for task in self._tasks.values() if task.state is State.RUNNING]
        self._keeping.turn(running)
        tasks = [task for task in self._tasks.values() if task.uncommitted]
        if not tasks:
            return
        due = self._sealed_at - self._hashed_at >= _HASH_SECONDS
        if due:
            self._hashed_at = self._sealed_at
        for task in tasks:
            if due or task.unhashed or task in closing:
                task.hash_state()
        self._sealed = [task.seal() for task in tasks]
        self._publication = self._output.publish(
            [message for sealed in self._sealed for message in sealed.messages],
            [sealed.position for sealed in self._sealed],
            self._still_there,
            self._patience if seconds is None else seconds,
        )

    def _await_publication(self) -> None:
        """Wait for the transaction on its way, if there is one, and draw the consequences."""
        publication, self._publication = self._publication, None
        if publication is None:
            return
        try:
            publication.settle()
        except PublishFailed as failure:
            self._failed(failure)
            return
        self._restarts = 0
        for sealed in self._sealed:
            partition, offset = sealed.position.partition, sealed.position.offset
            task = self._tasks.get(partition)
            if task is not None:
                self._observation.committed(sealed, self._input.lag(partition, offset))
                self._keeping.committed(task, sealed.checkpoint)
        self._observation.commit(self._now() - self._sealed_at)

    def _failed(self, failure: PublishFailed) -> None:
        """Nothing more is scored until `_recover` has gone back to what is committed."""
        self._failure = failure
        log.warning("transaction given up", cause=failure.cause, error=str(failure))
        for partition in self._tasks:
            self._input.pause(partition)

    def _recover(self, failure: PublishFailed) -> None:
        """Go back to what is committed, and replace the producer; the pauses between grow."""
        self._restarts += 1
        self._resume_at = self._now() + min(_LONGEST_PAUSE_SECONDS, 0.05 * 2**self._restarts)
        self._observation.restart(failure.cause)
        if self._restarts > _MOST_RESTARTS:
            raise DependencyDown(
                f"Kafka at {self._configuration.kafka.bootstrap_servers} failed {_MOST_RESTARTS} "
                f"transactions in a row, the last with: {failure}"
            )
        self._rewind()
        try:
            self._output.renew()
        except PublishFailed as again:
            self._failed(again)
        else:
            self._failure = None

    def _rewind(self) -> None:
        for partition, task in self._tasks.items():
            self._input.pause(partition)
            task.discard()
            if task.state is not State.CREATED:
                task.move(State.CREATED)
            self._observation.state(task)
        for restoration in self._restorations.values():
            restoration.close()
        self._restorations.clear()

    def _drop(self, partitions: Sequence[int]) -> None:
        for partition in partitions:
            restoration = self._restorations.pop(partition, None)
            if restoration is not None:
                restoration.close()
            self._begun_at.pop(partition, None)
            task = self._tasks.pop(partition, None)
            if task is not None:
                task.move(State.CLOSED)
                self._observation.closed(task)
