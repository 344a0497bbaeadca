"""Which range of a partition is verified, and where a replay that leads there can start."""

from collections.abc import Sequence
from typing import Protocol

import msgspec
import structlog

from consumer import snapshot as snapshots
from consumer.audit.lives import Life, Segment, lives, segments
from consumer.ports import Checkpoint, Log, Position
from consumer.shelf import RECENT, Shelf
from consumer.task import fingerprint
from floodline.configuration.sections import Configuration
from floodline.detection.scorer import Scorer
from floodline.errors import ConfigurationError, StateRefused
from floodline.events.messages import Mark
from floodline.storage.state_store import StateStore

log = structlog.get_logger(__name__)

_LAST = 2 * RECENT
"""Some beyond the last three may wait for their deletion."""


class Committed(Protocol):
    """What the group committed, and what the log holds."""

    def committed(self, partition: int) -> Position | None:
        """The committed position."""
        ...

    def bounds(self, partition: int) -> tuple[int, int]:
        """The first offset that the log holds, and the one after its last."""
        ...


class Start(msgspec.Struct, frozen=True):
    """Where a replay begins; the model's beginning where there is no snapshot."""

    offset: int
    snapshot: str | None


class Plan(msgspec.Struct, frozen=True):
    """A partition's range, first <= offset < end, and who scored it."""

    partition: int
    first: int
    end: int
    committed: Position | None
    lives: list[Life]
    low: int

    @property
    def segments(self) -> list[Segment]:
        """The range by lives."""
        return segments(self.lives, self.first, self.end)


class Planner:
    """Knows what is committed, what was said of it, and which snapshots are left."""

    def __init__(
        self,
        configuration: Configuration,
        topic_id: str,
        source: Committed,
        topics: Log,
        store: StateStore,
    ) -> None:
        self._configuration = configuration
        self._topic_id = topic_id
        self._source = source
        self._log = topics
        self._store = store

    def plan(self, partition: int, first: int | None = None, end: int | None = None) -> Plan:
        """The range to verify: by default from the model's last beginning to what is committed.

        Raises:
            ConfigurationError: there is no such range any more, or not yet.
            DependencyDown: Kafka does not answer.
        """
        where = f"{self._configuration.topics.events}, partition {partition}"
        # In this order: all changes before the committed offset are there to be read.
        committed = self._source.committed(partition)
        low, high = self._source.bounds(partition)
        found = self._lives(partition)
        if committed is None:
            self._refuse_uncommitted(where, asked=(first, end), scored=bool(found))
            return Plan(partition, low, low, None, [], low)
        checkpoint = self._refuse_foreign(where, committed)
        found = [life for life in found if life.begin <= committed.offset]
        if not found:
            raise ConfigurationError(
                f"{where}: topic {self._configuration.topics.changes} does not say where the model "
                "began, so nothing can be derived; was it deleted or cut off?"
            )
        end = self._end(where, committed.offset, high, end)
        plan = Plan(partition, 0, end, committed, found, low)
        plan = msgspec.structs.replace(plan, first=self._first(where, plan, first))
        if found[-1].begin < plan.end and checkpoint.model != fingerprint(self._configuration):
            raise ConfigurationError(
                f"{where}: [model] or detector.features differ from those that are committed; "
                "verify with the configuration that the consumer runs with"
            )
        return plan

    def _refuse_uncommitted(
        self, where: str, asked: tuple[int | None, int | None], *, scored: bool
    ) -> None:
        if scored:
            raise ConfigurationError(
                f"{where}: the committed offset of group {self._configuration.group!r} is gone, "
                "though the partition was scored; start the consumer, which says what to do, then "
                "verify again"
            )
        if asked != (None, None):
            raise ConfigurationError(
                f"{where}: nothing is committed yet; start the consumer, or leave the partition "
                "out with --partition"
            )

    @staticmethod
    def _end(where: str, committed: int, high: int, asked: int | None) -> int:
        end = committed if asked is None else asked
        if end > committed:
            raise ConfigurationError(
                f"{where}: committed is {committed}; a range to {end} is beyond it"
            )
        if end > high:
            raise ConfigurationError(
                f"{where}: committed is {committed}, but the log ends at {high}; it was cut off: "
                f"what is left can be verified with --to {high}"
            )
        return end

    def _lives(self, partition: int) -> list[Life]:
        try:
            said = self._log.changes(partition)
        except StateRefused as error:
            raise ConfigurationError(
                f"a change cannot be read, so nothing can be derived: {error}"
            ) from error
        return lives([each for each in said if each.coordinates.topic_id == self._topic_id])

    def _refuse_foreign(self, where: str, committed: Position) -> Checkpoint:
        checkpoint = committed.checkpoint
        if checkpoint is None:
            raise ConfigurationError(
                f"{where}: its committed offset was not written by this floodline; let the "
                "consumer commit once, then verify again"
            )
        if checkpoint.topic_id != self._topic_id:
            raise ConfigurationError(
                f"{where}: the topic was deleted and made anew (committed for id "
                f"{checkpoint.topic_id}, now {self._topic_id}), and its records are gone; once the "
                "consumer has begun with the new topic, that can be verified"
            )
        return checkpoint

    def _first(self, where: str, plan: Plan, asked: int | None) -> int:
        """Where the range begins, such that a replay can lead there."""
        begin = plan.lives[-1].begin
        if asked is None and begin >= plan.low:
            return min(begin, plan.end)
        if asked is not None and asked > plan.end:
            raise ConfigurationError(
                f"{where}: --from {asked} is not before {plan.end}; name the partitions that it is "
                "meant for with --partition"
            )
        if asked is not None and asked >= plan.low:
            held = segments(plan.lives, asked, plan.end)
            if held and held[0].start == asked and self.start(plan, held[0]) is not None:
                return asked
            if asked == plan.end:
                return asked
        earliest = self._earliest(plan)
        said = "the whole log" if asked is None else f"--from {asked}"
        if earliest is None:
            raise ConfigurationError(
                f"{where}: {said} cannot be derived: the log begins at {plan.low}, the model at "
                f"{begin}, and no snapshot between is in the store"
            )
        if asked is None:
            return earliest
        raise ConfigurationError(
            f"{where}: {said} cannot be derived: the log begins at {plan.low}, and the first "
            f"offset from which a replay can start is {earliest}; use --from {earliest}"
        )

    def _earliest(self, plan: Plan) -> int | None:
        """The first offset of the log that can be derived."""
        starts: list[int] = []
        worth = _worth_trying(plan.lives)
        for life in plan.lives:
            if life.begin >= plan.low:
                starts.append(life.begin)
                continue
            held = (
                mark
                for mark in life.marks
                if mark.coordinates.offset >= plan.low and mark.snapshot in worth
            )
            kept = next((mark for mark in held if self._kept(plan.partition, mark)), None)
            if kept is not None:
                starts.append(kept.coordinates.offset)
        return min((start for start in starts if start <= plan.end), default=None)

    def start(self, plan: Plan, segment: Segment) -> Start | None:
        """The nearest state at or before the segment that can be had and replayed from."""
        life, worth = segment.life, _worth_trying(plan.lives)
        for mark in reversed(life.marks):
            offset = mark.coordinates.offset
            wanted = life.begin < offset <= segment.start and offset >= plan.low
            if wanted and mark.snapshot in worth and self._kept(plan.partition, mark):
                return Start(offset, mark.snapshot)
        return Start(life.begin, None) if life.begin >= plan.low else None

    def _kept(self, partition: int, mark: Mark) -> bool:
        found = self.read(partition, mark.snapshot)
        return found is not None and found[0].offset == mark.coordinates.offset

    def read(self, partition: int, name: str) -> tuple[snapshots.Snapshot, Scorer] | None:
        """A snapshot; None where it is not in the store any more, damaged, or of other features.

        Raises:
            DependencyDown: the store does not answer.
        """
        detector = self._configuration.detector
        try:
            found = snapshots.read(
                snapshots.store_of(self._store, self._topic_id, partition).read(name),
                detector=detector.name,
                topic_id=self._topic_id,
                partition=partition,
            )
        except StateRefused as error:
            log.debug("snapshot passed over", partition=partition, error=str(error))
            return None
        # Before a cold start there may be a model of other features.
        return found if set(found[1].features) == set(detector.features) else None


def _worth_trying(found: Sequence[Life]) -> set[str]:
    """The snapshots that the consumer does not delete: the last ones, and the first of each hour.

    A store may be a bucket far away, and there may be marks of years.
    """
    marks, shelf = [mark for life in found for mark in life.marks], Shelf()
    hourly = [mark for mark in marks if shelf.add(mark)]
    return {mark.snapshot for mark in [*hourly, *marks[-_LAST:]]}
