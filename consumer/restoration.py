"""Bringing a partition's model to the committed offset: snapshot, then replay."""

import time
from collections.abc import Callable
from functools import partial

import msgspec
import structlog

from consumer import snapshot as snapshots
from consumer.history import Lesson, Teacher
from consumer.ports import Checkpoint, Clock, Input, Log, Position, Replay
from consumer.records import Batch
from consumer.release_contents import Contents, ReleaseContents
from consumer.task import Task, fingerprint
from floodline.configuration.sections import Configuration
from floodline.detection.scorer import Scorer
from floodline.errors import ConfigurationError, StateRefused
from floodline.events.messages import Change, Mark, ModelRef, Release
from floodline.storage.state_store import StateStore

log = structlog.get_logger(__name__)


def initial_release(configuration: Configuration) -> Release:
    """Release 0: what the configuration says before any release."""
    return Release(
        number=0,
        detector=configuration.detector.name,
        kind="initial",
        threshold=configuration.initial_rule,
        reason="the configuration's threshold, until labels move it",
        made_by="configuration",
        created_at="1970-01-01T00:00:00Z",
        sampling=configuration.review.initial_sampling,
    )


class Lost(msgspec.Struct, frozen=True):
    """Why a committed position cannot be restored, and where a cold start would begin."""

    reason: str
    offset: int


class Target(msgspec.Struct, frozen=True):
    """What a replay leads to, and how many of the snapshots on the way there were tried."""

    offset: int
    checkpoint: Checkpoint
    tried: int


class Restoration:
    """One task's way from nothing to the committed offset, in slices."""

    def __init__(self, task: Task, changes: list[Change], contents: ReleaseContents) -> None:
        self.task = task
        self.target: Target | None = None
        self._changes = changes
        self._contents = contents
        self._replay: Replay | None = None
        self._lesson: Lesson | None = None
        self._learnt: Callable[[Scorer], None] = lambda _: None

    def learn(self, lesson: Lesson, learnt: Callable[[Scorer], None]) -> None:
        """Learn a history; `learnt` is told the model once that is over."""
        self._lesson = lesson
        self._learnt = learnt

    def follow(self, replay: Replay, target: Target) -> None:
        """Replay up to `target`, which the result must equal."""
        self._replay = replay
        self.target = target

    def step(self, seconds: float) -> bool:
        """Replay, or learn a history, for about `seconds`; True when the task may run.

        Raises:
            StateRefused: what was replayed is not what was committed.
            ConfigurationError: the history cannot be read.
            DependencyDown: Kafka does not answer.
        """
        if self._lesson is not None:
            done = self._lesson.step(seconds)
            if done:
                self._learnt(self._lesson.scorer)
            return done
        if self._replay is None or self.target is None:
            return True
        batches, done = self._replay.read(seconds)
        for batch in batches:
            self._take(batch, self.target)
        if done:
            self._apply(self.target.offset)
            self._arrive(self.target)
        return done

    def _take(self, batch: Batch, target: Target) -> None:
        """Replay a batch, cut where a release took effect and where the state is known."""
        while len(batch):
            self._apply(batch.offsets[0])
            self._compare_state(target.checkpoint, batch.offsets[0])
            stops = [change.coordinates.offset for change in self._changes[:1]]
            if target.checkpoint.state is not None:
                stops.append(target.checkpoint.state[0])
            ahead = [batch.before(stop) for stop in stops if stop > batch.offsets[0]]
            held = min([*ahead, len(batch)])
            self.task.replay(batch.cut(0, held))
            batch = batch.cut(held, len(batch))

    def close(self) -> None:
        """Let go of what is read; a second call does nothing."""
        if self._lesson is not None:
            self._lesson.close()
            self._lesson = None
        if self._replay is not None:
            self._replay.close()
            self._replay = None

    def _apply(self, offset: int) -> None:
        while self._changes and self._changes[0].coordinates.offset <= offset:
            change = self._changes.pop(0)
            found = self._contents.of(change.release, self.task.release)
            self.task.install(change.release, found.model, found.weights)

    def _compare_state(self, committed: Checkpoint, coming: int) -> None:
        """Between the record before `coming` and itself: is the state what it was?"""
        if committed.state is None or not self.task.offset <= committed.state[0] <= coming:
            return
        offset, expected = committed.state
        found = self.task.scorer.state_hash()
        if found != expected:
            raise StateRefused(
                f"partition {self.task.partition}: the replay to offset {offset} gave a state with "
                f"the hash {found}, it had {expected}"
            )

    def _arrive(self, target: Target) -> None:
        committed = target.checkpoint
        self._compare_state(committed, target.offset)
        self.task.offset = target.offset
        found = self.task.checkpoint()
        for name in ("events", "dead_letters", "release"):
            if getattr(committed, name) != getattr(found, name):
                raise StateRefused(
                    f"partition {self.task.partition}: the replay to offset {target.offset} gave "
                    f"{name} {getattr(found, name)}, committed was {getattr(committed, name)}"
                )


class Restorer:
    """Decides how a partition begins: anew, by replay, or not at all."""

    def __init__(
        self,
        configuration: Configuration,
        source: Input,
        topics: Log,
        store: StateStore,
        now: Clock = time.monotonic,
    ) -> None:
        self._configuration = configuration
        self._input = source
        self._log = topics
        self._store = store
        self._features = configuration.detector.features
        self.contents = ReleaseContents(store, self._features)
        self.identity = store.identity()
        self._teacher = Teacher(configuration, source, topics, now)

    def begin(self, task: Task, newest: Release | None) -> Restoration:
        """The way to the committed position of the task's partition.

        Raises:
            ConfigurationError: the position cannot be restored, and a cold start is not allowed.
            DependencyDown: Kafka does not answer.
        """
        committed = self._input.committed(task.partition)
        if committed is None:
            low, high = self._input.bounds(task.partition)
            start = low if self._configuration.consumer.start == "earliest" else high
            if not self._changes(task)[0]:
                return self._fresh(task, start, newest)
            # It ran before. Kafka drops the offsets of a group that is away for long.
            return self.anew(task, Lost("the group's committed offset is gone", start), newest)
        return self._way_to(task, committed, newest, tried=0)

    def again(
        self, failed: Restoration, error: StateRefused, newest: Release | None
    ) -> Restoration:
        """After a replay that came to something else: the way from the snapshot before.

        Raises:
            ConfigurationError: there is none, and a cold start is not allowed.
            DependencyDown: Kafka does not answer.
        """
        failed.close()
        task, target = failed.task, failed.target
        if target is None:
            return self.anew(task, Lost(str(error), task.offset), newest)
        log.error("state refused", partition=task.partition, error=str(error))
        committed = Position(task.partition, target.offset, target.checkpoint)
        return self._way_to(task, committed, newest, target.tried, str(error))

    def anew(self, task: Task, lost: Lost, newest: Release | None) -> Restoration:
        """Begin empty where the state is lost, if that is allowed.

        Raises:
            ConfigurationError: it is not.
        """
        self._refuse_unless_cold(task, lost)
        return self._fresh(task, lost.offset, newest)

    def _fresh(self, task: Task, offset: int, newest: Release | None) -> Restoration:
        release = newest or initial_release(self._configuration)
        try:
            found = self.contents.of(release, None)
            (found.model or self._empty()).teach(found.weights)  # refused now, not half way
        except StateRefused as error:
            log.error("release refused", release=release.number, error=str(error))
            release, found = initial_release(self._configuration), Contents()
        way = Restoration(task, [], self.contents)
        lesson = None if found.model is not None else self._teacher.lesson(task.partition, offset)
        if lesson is None:
            self._anew(task, offset, release, found)
        else:
            way.learn(lesson, partial(self._learnt, task, offset, release, found))
        return way

    def _learnt(
        self, task: Task, offset: int, release: Release, found: Contents, scorer: Scorer
    ) -> None:
        """The release gets the model that learnt its history, so that a replay has it too."""
        digest = self._store.write(scorer.to_state())
        model = ModelRef(parameters=scorer.parameters, state_sha256=digest)
        release = msgspec.structs.replace(release, model=model)
        self._anew(task, offset, release, msgspec.structs.replace(found, model=scorer))

    def _anew(self, task: Task, offset: int, release: Release, found: Contents) -> None:
        task.load(self._empty(), initial_release(self._configuration), offset, 0)
        task.adopt(release, found.model, found.weights, fresh=True)
        log.info("model begins anew", partition=task.partition, offset=offset)

    def _empty(self) -> Scorer:
        return Scorer.new(self._configuration.model_parameters, self._features)

    def _refuse_unless_cold(self, task: Task, lost: Lost) -> None:
        where = f"{self._configuration.topics.events}, partition {task.partition}"
        if self._configuration.consumer.on_lost_state == "stop":
            raise ConfigurationError(
                f"{where}: {lost.reason}. To begin anew at offset {lost.offset} with an empty "
                "model, set consumer.on_lost_state = 'cold_start'; events from there on that were "
                "alerts before are published again, under the same ids"
            )
        log.warning("cold start", partition=task.partition, reason=lost.reason, at=lost.offset)

    def _way_to(
        self,
        task: Task,
        committed: Position,
        newest: Release | None,
        tried: int,
        refused: str | None = None,
    ) -> Restoration:
        found = self._restore(task, committed, tried, refused)
        return self.anew(task, found, newest) if isinstance(found, Lost) else found

    def _restore(
        self, task: Task, committed: Position, tried: int, refused: str | None
    ) -> Lost | Restoration:
        low, high = self._input.bounds(task.partition)
        checkpoint, offset = committed.checkpoint, committed.offset
        if checkpoint is None:
            within = min(max(offset, low), high)
            return Lost("its committed offset was not written by this floodline", within)
        self._refuse_another_store(task, checkpoint)
        if checkpoint.topic_id != task.topic_id:
            return Lost("the topic was deleted and made anew", low)
        if checkpoint.model != fingerprint(self._configuration):
            return Lost("[model] or detector.features differ from what is kept", offset)
        if not low <= offset <= high:
            nearest = min(max(offset, low), high)
            return Lost(f"committed is {offset}, but the log has {low} to {high}", nearest)
        try:
            changes, marks = self._changes(task)
        except StateRefused as error:
            return Lost(f"a change cannot be read: {error}", offset)
        start, tried = self._start(task, checkpoint, changes, tried)
        if start is None or start < low:
            said = refused or f"the log begins at {low}, too late to replay the model to {offset}"
            return Lost(said, offset)
        task.shelf.fill(marks, checkpoint, start)
        way = Restoration(task, changes, self.contents)
        target = Target(offset, checkpoint, tried)
        way.follow(self._log.replay(task.partition, start, offset), target)
        log.info("restoring", partition=task.partition, start=start, end=offset)
        return way

    def _refuse_another_store(self, task: Task, checkpoint: Checkpoint) -> None:
        """Members with stores of their own would never find each other's snapshots."""
        section = self._configuration.store
        if checkpoint.store in (None, self.identity, section.replaces):
            return
        raise ConfigurationError(
            f"store.folder {section.folder} is store {self.identity}, but partition "
            f"{task.partition} of {self._configuration.topics.events} was committed with store "
            f"{checkpoint.store}; all members must share one store. If that one is gone for good, "
            f'set store.replaces = "{checkpoint.store}"'
        )

    def _changes(self, task: Task) -> tuple[list[Change], list[Mark]]:
        """What was said about this very topic's partition, in order."""
        said = self._log.changes(task.partition)
        ours = [each for each in said if each.coordinates.topic_id == task.topic_id]
        changes = [each for each in ours if isinstance(each, Change)]
        return changes, [each for each in ours if isinstance(each, Mark)]

    def _start(
        self, task: Task, committed: Checkpoint, changes: list[Change], tried: int
    ) -> tuple[int | None, int]:
        """Load the state to replay from and drop the changes it holds.

        Returns its offset, if there is one, and how many starts were tried by then: the snapshots
        that the checkpoint names, newest first, then the model's beginning.
        """
        fresh = max((i for i, change in enumerate(changes) if change.fresh), default=None)
        origin = None if fresh is None else changes[fresh].coordinates.offset
        del changes[: fresh or 0]  # what held before the model last began holds no more
        for number, (digest, _) in enumerate(committed.snapshots):
            if number < tried:
                continue
            kept, scorer = self._read_snapshot(task, digest)
            if kept is not None and scorer is not None and (origin is None or kept.offset > origin):
                before = [c for c in changes if c.coordinates.offset < kept.offset]
                release = before[-1].release if before else initial_release(self._configuration)
                if not self._loaded(task, scorer, release, kept):
                    continue
                del changes[: len(before)]
                return kept.offset, number + 1
        beginning = len(committed.snapshots)
        if origin is None or tried > beginning:
            return None, tried
        # The change that began it comes first in the replay and installs its release and model.
        release = initial_release(self._configuration)
        task.load(self._empty(), release, origin, 0)
        return origin, beginning + 1

    def _loaded(
        self, task: Task, scorer: Scorer, release: Release, kept: snapshots.Snapshot
    ) -> bool:
        """Whether the task stands at a snapshot; not where its release's weights are gone."""
        try:
            weights = self.contents.weights_of(release)
            task.load(scorer, release, kept.offset, kept.dead_letters, weights)
        except StateRefused as error:
            log.warning("snapshot passed over", partition=task.partition, error=str(error))
            return False
        task.timestamp = kept.timestamp
        return True

    def _read_snapshot(
        self, task: Task, digest: str
    ) -> tuple[snapshots.Snapshot | None, Scorer | None]:
        try:
            return snapshots.read(
                snapshots.store_of(self._store, task.topic_id, task.partition).read(digest),
                detector=self._configuration.detector.name,
                topic_id=task.topic_id,
                partition=task.partition,
            )
        except StateRefused as error:
            log.warning("snapshot refused", partition=task.partition, error=str(error))
            return None, None
