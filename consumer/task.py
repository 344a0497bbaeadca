"""A partition's life: its model, its release, and what waits to be published."""

import hashlib
from enum import StrEnum

import msgspec
import numpy as np
from numpy.typing import NDArray

from consumer import snapshot as snapshots
from consumer.dead_letter_share import DeadLetterShare
from consumer.outgoing import Outgoing
from consumer.ports import Checkpoint, Message, Position
from consumer.records import Batch, Record
from consumer.shelf import Shelf
from floodline.configuration.sections import Configuration
from floodline.detection.detector import Rows
from floodline.detection.leaf_weights import LeafWeights
from floodline.detection.ruling import Draw
from floodline.detection.scorer import Scored, Scorer
from floodline.errors import FloodlineError, InvalidEvent
from floodline.events.messages import Change, Mark, Release
from floodline.events.row_decoder import RowDecoder
from floodline.feedback.review_sampling import ReviewSampler, sampling_key


class State(StrEnum):
    """Where a task is in its life."""

    CREATED = "created"
    RESTORING = "restoring"
    RUNNING = "running"
    HALTED = "halted"
    CLOSING = "closing"
    CLOSED = "closed"


_MOVES = {
    State.CREATED: {State.RESTORING, State.CLOSED},
    State.RESTORING: {State.CREATED, State.RUNNING, State.CLOSED},
    State.RUNNING: {State.CREATED, State.HALTED, State.CLOSING, State.CLOSED},
    State.HALTED: {State.CREATED, State.CLOSING, State.CLOSED},
    State.CLOSING: {State.CLOSED},
    State.CLOSED: set(),
}
"""A rewind makes a task as if just created; CLOSING is a clean close, which commits first."""


class IllegalMove(FloodlineError):  # noqa: N818
    """A task was told to do what its state forbids: a fault of ours."""


class Tally(msgspec.Struct):
    """What was counted since the last commit; `gaps` are offsets passed without a record."""

    scored: int = 0
    gaps: int = 0
    alerts: int = 0
    samples: int = 0
    dead_letters: dict[str, int] = msgspec.field(default_factory=dict)
    alert_timestamps: list[int] = msgspec.field(default_factory=list)


class Sealed(msgspec.Struct, frozen=True):
    """What a task did since the last commit, to be committed as it is."""

    messages: list[Message]
    position: Position
    checkpoint: Checkpoint
    tally: Tally
    threshold: float | None


def fingerprint(configuration: Configuration) -> str:
    """Tells two configured models apart: by parameters, features and rules for missing ones."""
    detector = configuration.detector
    parts = (
        configuration.model_parameters,
        sorted(detector.features),
        sorted(detector.missing.items()),
    )
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:16]


class Task:
    """Scores one partition's records in order and holds their outputs until the commit.

    Everything here is a function of the records and the releases adopted: no clock, no Kafka.
    """

    def __init__(
        self, partition: int, topic_id: str, configuration: Configuration, store: str | None = None
    ) -> None:
        self.partition = partition
        self.topic_id = topic_id
        self.state = State.CREATED
        self.pending: list[Message] = []
        self.tally = Tally()
        self.last: Scored | None = None
        self.shelf = Shelf()
        self.life = 0
        self.overrun = False
        self._configuration = configuration
        self._store = store
        self._fingerprint = fingerprint(configuration)
        self._schema = configuration.schema_of_events
        self._decoder = RowDecoder(self._schema)
        self._outgoing = Outgoing(configuration, topic_id, partition)
        self._dirty = False

    def move(self, state: State) -> None:
        """Go to another state.

        Raises:
            IllegalMove: there is no such way.
        """
        if state not in _MOVES[self.state]:
            raise IllegalMove(f"partition {self.partition}: {self.state} to {state}")
        self.state = state

    def load(
        self,
        scorer: Scorer,
        release: Release,
        offset: int,
        dead_letters: int,
        weights: LeafWeights | None = None,
    ) -> None:
        """Take this state: everything before `offset` is in it, nothing waits.

        `weights` are those that the release names, which no state holds.

        Raises:
            StateRefused: they do not fit the model; the task is as it was.
        """
        _teach(scorer, release, weights)
        self.scorer = scorer
        self._follow(release)
        self.offset = offset
        self.dead_letters = dead_letters
        self.timestamp = -1
        self.overrun = False
        self._origin = offset
        self._hashed: tuple[int, str] | None = None
        self._share = DeadLetterShare(self._configuration.consumer.dead_letter_ratio)
        self.shelf.clear()
        self.discard()

    def discard(self) -> None:
        """Forget what waits; the caller loads a committed state next."""
        self.life += 1
        self._reset()

    def _reset(self) -> None:
        self.pending = []
        self.tally = Tally()
        self._dirty = False

    @property
    def uncommitted(self) -> bool:
        """True while there is something to commit."""
        return self._dirty

    def take(self, batch: Batch) -> None:
        """Score or dead-letter records in order; what is to be published waits in `pending`.

        Those before `offset` are left out: they were fetched before a rewind. Ends after the
        record that makes too large a share dead letters, and sets `overrun`; nothing is taken
        after it.
        """
        batch = batch.cut(batch.before(self.offset), len(batch))
        if self.overrun or not len(batch):
            return
        decoded = self._decoder.decode(batch.values)
        rows, places, faults = decoded.rows, decoded.places, decoded.faults
        overrun_at = self._share.overrun_at(len(batch), faults.keys())
        if overrun_at is not None:
            self.overrun = True
            batch = batch.cut(0, overrun_at + 1)
            places = places[: int(np.searchsorted(places, len(batch)))]
            rows = rows[: len(places)]
        for place, fault in sorted(faults.items()):
            if place < len(batch):
                self._dead_letter(batch.record(place), fault)
        self._score(batch, rows, places)
        self.tally.gaps += batch.offsets[-1] + 1 - self.offset - len(batch)
        self._pass(batch)
        self._dirty = True

    def _pass(self, batch: Batch) -> None:
        self.offset = batch.offsets[-1] + 1
        self.timestamp = batch.timestamp

    def replay(self, batch: Batch) -> None:
        """Bring the model over records that are committed already; nothing is published."""
        decoded = self._decoder.decode(batch.values)
        self.dead_letters += len(decoded.faults)
        if len(decoded.rows):
            self.scorer.step_many(decoded.rows, self.release.threshold, rarities="alerts")
        self._pass(batch)

    def adopt(
        self,
        release: Release,
        scorer: Scorer | None,
        weights: LeafWeights | None = None,
        *,
        fresh: bool = False,
    ) -> None:
        """Let `release` hold from the next event on, and say so on the changes topic.

        `scorer` is the release's own model, or None where the partition's goes on; `weights` are
        those that it names.

        Raises:
            StateRefused: they do not fit the model; nothing has changed.
        """
        self.install(release, scorer, weights)
        change = Change(
            detector=release.detector,
            coordinates=self._outgoing.coordinates(self.offset),
            fresh=fresh,
            release=release,
        )
        self._say(change, f"release-{release.number}")

    def install(
        self, release: Release, scorer: Scorer | None, weights: LeafWeights | None = None
    ) -> None:
        """Let `release` hold without saying so: a replay follows what was said.

        Raises:
            StateRefused: the weights do not fit the model; nothing has changed.
        """
        _teach(self.scorer if scorer is None else scorer, release, weights)
        if scorer is not None:
            scorer.events = self.scorer.events
            self.scorer = scorer
            self._hashed = None
        self._follow(release)

    def _follow(self, release: Release) -> None:
        self.release, self._sampler = release, None
        if release.sampling is not None:
            key = sampling_key(release.detector, self.topic_id, self.partition)
            self._sampler = ReviewSampler(key, release.sampling)

    def _say(self, said: Change | Mark, what: str) -> None:
        self.pending.append(self._outgoing.said(said, what))
        self._dirty = True

    @property
    def snapshot_offset(self) -> int:
        """The offset of the newest snapshot, or of the model's beginning."""
        newest = self.shelf.newest
        return self._origin if newest is None else newest

    def snapshot(self) -> tuple[bytes, Mark]:
        """The state as it is now, and what to say of it once it is in the store."""
        scorer = self.scorer.to_state()
        detector = self._configuration.detector.name
        data = snapshots.write(
            snapshots.Snapshot(
                detector=detector,
                topic_id=self.topic_id,
                partition=self.partition,
                offset=self.offset,
                timestamp=self.timestamp,
                dead_letters=self.dead_letters,
                scorer=scorer,
            )
        )
        mark = Mark(
            detector=detector,
            coordinates=self._outgoing.coordinates(self.offset),
            timestamp=self.timestamp,
            events=self.scorer.events,
            dead_letters=self.dead_letters,
            state_sha256=hashlib.sha256(scorer).hexdigest(),
            snapshot=hashlib.sha256(data).hexdigest(),
        )
        return data, mark

    def take_snapshot(self, mark: Mark) -> bool:
        """The snapshot is in the store: commits name it from now on, the next one says so.

        True where it is the first of its hour.
        """
        self._say(mark, "mark")
        return self.shelf.add(mark)

    @property
    def unhashed(self) -> bool:
        """True where a restart at the newest snapshot would pass no offset with a known hash."""
        return self._hashed is None or self._hashed[0] < self.snapshot_offset

    def hash_state(self) -> None:
        """Let the next checkpoint carry the hash of the state as it is now."""
        self._hashed = (self.offset, self.scorer.state_hash())

    def checkpoint(self) -> Checkpoint:
        """What is committed with the offset."""
        return Checkpoint(
            topic_id=self.topic_id,
            model=self._fingerprint,
            release=self.release.number,
            events=self.scorer.events,
            dead_letters=self.dead_letters,
            snapshots=self.shelf.named(),
            state=self._hashed,
            store=self._store,
            warm_up_left=self.scorer.detector.warm_up_left,
        )

    def seal(self) -> Sealed:
        """Hand over what is to be committed, and begin to gather anew."""
        checkpoint = self.checkpoint()
        sealed = Sealed(
            self.pending,
            Position(self.partition, self.offset, checkpoint),
            checkpoint,
            self.tally,
            None if self.last is None else self.last.threshold,
        )
        self._reset()
        return sealed

    def _dead_letter(self, record: Record, error: InvalidEvent) -> None:
        self.pending.append(self._outgoing.dead_letter(record, error))
        self.dead_letters += 1
        self.tally.dead_letters[error.reason] = self.tally.dead_letters.get(error.reason, 0) + 1

    def _score(self, batch: Batch, rows: Rows, places: NDArray[np.int64]) -> None:
        if not len(places):
            return
        scored = self.scorer.step_many(
            rows,
            self.release.threshold,
            explain=True,
            rarities="alerts",
            draw=self._draw(batch, places),
        )
        self.last = scored[-1]
        self.tally.scored += len(places)
        for index in np.flatnonzero(scored.is_alert).tolist():
            record = batch.record(int(places[index]))
            self.tally.alerts += 1
            self.tally.alert_timestamps.append(record.timestamp)
            self.pending.append(self._outgoing.alert(record, scored[index], self.release))
        if self._sampler is None:
            return
        drawn = np.flatnonzero(scored.is_drawn)
        rates = self._sampler.rates(scored.score[drawn])
        for index, rate in zip(drawn.tolist(), rates.tolist(), strict=True):
            record = batch.record(int(places[index]))
            self.tally.samples += 1
            self.pending.append(self._outgoing.sample(record, scored[index], self.release, rate))

    def _draw(self, batch: Batch, places: NDArray[np.int64]) -> Draw | None:
        sampler = self._sampler
        if sampler is None:
            return None
        offsets = batch.offsets_at(places)
        return lambda start, scores: sampler.drawn(offsets[start : start + len(scores)], scores)


def _teach(scorer: Scorer, release: Release, weights: LeafWeights | None) -> None:
    """Give the model what the release's labels taught, or take all lessons away."""
    if (weights is None) != (release.weights is None):
        raise ValueError(f"release {release.number} without the weights that it names")
    scorer.teach(weights)
