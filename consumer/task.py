"""A partition's life: its model, its release, and what waits to be published."""

import hashlib
from collections import deque
from collections.abc import Sequence
from enum import StrEnum

import msgspec
import numpy as np

from consumer.ports import Checkpoint, Message, Position, Record
from floodline.configuration.sections import Configuration
from floodline.detection.detector import as_rows
from floodline.detection.explanation import largest
from floodline.detection.scorer import Scored, ScoredRows, Scorer
from floodline.errors import FloodlineError, InvalidEvent
from floodline.events.dead_letters import LARGEST_COPY, dead_letter
from floodline.events.decoding import Event, decode_event
from floodline.events.messages import (
    MOST_EXPLAINED,
    Alert,
    Change,
    Coordinates,
    Release,
    alert_id,
    cloud_event_headers,
    encode,
)

_RECENT = 1_000
_FEWEST = 100
_LONGEST_KEY = 1_000
_KEPT_SNAPSHOTS = 3


class State(StrEnum):
    """Where a task is in its life."""

    RESTORING = "restoring"
    RUNNING = "running"
    HALTED = "halted"
    CLOSED = "closed"


_MOVES = {
    State.RESTORING: {State.RUNNING, State.HALTED, State.CLOSED},
    State.RUNNING: {State.RESTORING, State.HALTED, State.CLOSED},
    State.HALTED: {State.RESTORING, State.CLOSED},
    State.CLOSED: set(),
}


class IllegalMove(FloodlineError):  # noqa: N818
    """A task was told to do what its state forbids: a fault of ours."""


class Tally(msgspec.Struct):
    """What was counted since the last commit."""

    scored: int = 0
    alerts: int = 0
    dead_letters: dict[str, int] = msgspec.field(default_factory=dict)
    alert_timestamps: list[int] = msgspec.field(default_factory=list)


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

    def __init__(self, partition: int, topic_id: str, configuration: Configuration) -> None:
        self.partition = partition
        self.topic_id = topic_id
        self.state = State.RESTORING
        self.pending: list[Message] = []
        self.tally = Tally()
        self.last: Scored | None = None
        self.snapshots: deque[tuple[str, int]] = deque()
        self._configuration = configuration
        self._fingerprint = fingerprint(configuration)
        self._schema = configuration.schema_of_events
        self._source = f"floodline/{configuration.detector.name}"
        self._recent: deque[bool] = deque()
        self._recently_dead = 0
        self._dirty = False

    def move(self, state: State) -> None:
        """Go to another state.

        Raises:
            IllegalMove: there is no such way.
        """
        if state not in _MOVES[self.state]:
            raise IllegalMove(f"partition {self.partition}: {self.state} to {state}")
        self.state = state

    def load(self, scorer: Scorer, release: Release, offset: int, dead_letters: int) -> None:
        """Take this state: everything before `offset` is in it, nothing waits."""
        self.scorer = scorer
        self.release = release
        self.offset = offset
        self.dead_letters = dead_letters
        self._origin = offset
        self._recent.clear()
        self._recently_dead = 0
        self.snapshots.clear()
        self.discard()

    def discard(self) -> None:
        """Forget what waits; the caller loads a committed state next."""
        self.pending = []
        self.tally = Tally()
        self._dirty = False

    @property
    def uncommitted(self) -> bool:
        """True while there is something to commit."""
        return self._dirty

    @property
    def overrun_by_dead_letters(self) -> bool:
        """True when too large a share of the recent records could not be scored."""
        seen = len(self._recent)
        limit = self._configuration.consumer.dead_letter_ratio
        return seen >= _FEWEST and self._recently_dead > limit * seen

    def take(self, records: Sequence[Record]) -> None:
        """Score or dead-letter records in order; what is to be published waits in `pending`.

        Ends after the record that makes `overrun_by_dead_letters` true, if there is one.
        """
        events: list[tuple[Record, Event]] = []
        for record in records:
            try:
                event = decode_event(record.value, self._schema)
            except InvalidEvent as error:
                self._dead_letter(record, error)
                self._remember(dead=True)
            else:
                events.append((record, event))
                self._remember(dead=False)
            self.offset = record.offset + 1
            self._dirty = True
            if self.overrun_by_dead_letters:
                break
        self._score(events)

    def _remember(self, *, dead: bool) -> None:
        if len(self._recent) == _RECENT:
            self._recently_dead -= self._recent.popleft()
        self._recent.append(dead)
        self._recently_dead += dead

    def replay(self, records: Sequence[Record]) -> None:
        """Bring the model over records that are committed already; nothing is published."""
        events = []
        for record in records:
            try:
                events.append(decode_event(record.value, self._schema))
            except InvalidEvent:
                self.dead_letters += 1
            self.offset = record.offset + 1
        self._step(events)

    def adopt(self, release: Release, scorer: Scorer | None, *, fresh: bool = False) -> None:
        """Let `release` hold from the next event on, and say so on the changes topic.

        `scorer` is the release's own model, or None where the partition's goes on.
        """
        self.install(release, scorer)
        coordinates = self._coordinates(self.offset)
        change = Change(
            detector=release.detector, coordinates=coordinates, fresh=fresh, release=release
        )
        identity = f"{release.detector}-{self.topic_id}-{self.partition}-{self.offset}-release"
        self.pending.append(
            Message(
                self._configuration.topics.changes,
                str(self.partition).encode(),
                encode(change),
                self._headers(f"{identity}-{release.number}", "change"),
                self.partition,
            )
        )
        self._dirty = True

    def install(self, release: Release, scorer: Scorer | None) -> None:
        """Let `release` hold without saying so: a replay follows what was said."""
        if scorer is not None:
            scorer.events = self.scorer.events
            self.scorer = scorer
        self.release = release

    @property
    def snapshot_offset(self) -> int:
        """The offset of the newest snapshot, or of the model's beginning."""
        return self.snapshots[-1][1] if self.snapshots else self._origin

    def take_snapshot(self, digest: str, offset: int) -> None:
        """The state at `offset` is in the store under `digest`; commits name it from now on."""
        self.snapshots.append((digest, offset))

    def superseded_snapshots(self) -> list[str]:
        """Snapshots older than the last three, to be deleted now that a commit named a newer."""
        return [self.snapshots.popleft()[0] for _ in range(len(self.snapshots) - _KEPT_SNAPSHOTS)]

    def position(self) -> Position:
        """What is committed with the outputs."""
        digest, offset = self.snapshots[-1] if self.snapshots else (None, None)
        return Position(
            self.partition,
            self.offset,
            Checkpoint(
                topic_id=self.topic_id,
                model=self._fingerprint,
                release=self.release.number,
                events=self.scorer.events,
                dead_letters=self.dead_letters,
                snapshot=digest,
                snapshot_offset=offset,
            ),
        )

    def _score(self, events: Sequence[tuple[Record, Event]]) -> None:
        if not events:
            return
        scored = self._step([event for _, event in events], explain=True)
        self.last = scored[-1]
        self.tally.scored += len(events)
        for index in np.flatnonzero(scored.is_alert).tolist():
            record, event = events[index]
            self.tally.alerts += 1
            self.tally.alert_timestamps.append(record.timestamp)
            self.pending.append(self._alert(record, event, scored[index]))

    def _step(self, events: Sequence[Event], *, explain: bool = False) -> ScoredRows:
        rows = as_rows([event.features for event in events], self.scorer.features)
        return self.scorer.step_many(rows, self.release.threshold, explain=explain)

    def _alert(self, record: Record, event: Event, scored: Scored) -> Message:
        detector = self._configuration.detector.name
        found = scored.explanation
        alert = Alert(
            id=alert_id(detector, self.topic_id, self.partition, record.offset),
            detector=detector,
            coordinates=self._coordinates(record.offset),
            timestamp=record.timestamp,
            key=None if record.key is None else record.key[:_LONGEST_KEY].decode(errors="replace"),
            entity=event.entity,
            score=scored.score,
            rarity=scored.rarity,
            threshold=scored.threshold,
            release=self.release.number,
            features=event.features,
            event=event.payload,
            explanation=None if found is None else largest(found, MOST_EXPLAINED),
        )
        value = encode(alert)
        if len(value) > LARGEST_COPY:
            value = encode(msgspec.structs.replace(alert, event=None))
        key = record.key if record.key and len(record.key) <= _LONGEST_KEY else alert.id.encode()
        return Message(
            self._configuration.topics.alerts,
            key,
            value,
            self._headers(alert.id, "alert"),
        )

    def _dead_letter(self, record: Record, error: InvalidEvent) -> None:
        letter = dead_letter(
            detector=self._configuration.detector.name,
            coordinates=self._coordinates(record.offset),
            key=record.key,
            value=record.value,
            headers=record.headers,
            error=error,
        )
        topic = self._configuration.topics.dead_letters
        self.pending.append(Message(topic, letter.key, letter.value, letter.headers))
        self.dead_letters += 1
        self.tally.dead_letters[error.reason] = self.tally.dead_letters.get(error.reason, 0) + 1

    def _coordinates(self, offset: int) -> Coordinates:
        topic = self._configuration.topics.events
        return Coordinates(
            topic=topic, topic_id=self.topic_id, partition=self.partition, offset=offset
        )

    def _headers(self, identity: str, kind: str) -> list[tuple[str, bytes | None]]:
        return [*cloud_event_headers(id=identity, kind=kind, source=self._source)]
