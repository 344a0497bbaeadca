"""Is what was published what the log gives? One life's part of a range, batch by batch."""

from collections import deque
from collections.abc import Callable, Iterable

import msgspec

from consumer.audit.derivation import Derivation, Difference
from consumer.audit.published import (
    Kind,
    Outputs,
    Place,
    Published,
    digest,
    first_difference,
    source_of_alert,
    source_of_dead_letter,
)
from consumer.ports import Message
from consumer.records import Batch
from floodline.configuration.sections import Configuration

KINDS: tuple[Kind, ...] = ("alert", "dead_letter", "sample")

Fetch = Callable[[Place], Message]
"""Reads a published message again."""


class Counts(msgspec.Struct):
    """What was derived so far."""

    records: int = 0
    scored: int = 0
    dead_letters: int = 0
    alerts: int = 0
    samples: int = 0


class Spare(msgspec.Struct, frozen=True):
    """A message beyond the derived one, if there is one: an earlier life may have published it."""

    kind: Kind
    offset: int
    published: Published
    derived: Message | None


def by_place(
    messages: Iterable[Message], configuration: Configuration
) -> dict[tuple[int, Kind], Message]:
    """Alerts, samples and dead letters by the offset of their event."""
    detector, topics = configuration.detector.name, configuration.topics
    found: dict[tuple[int, Kind], Message] = {}
    for message in messages:
        if message.topic == topics.dead_letters:
            found[source_of_dead_letter(message.headers, detector).offset, "dead_letter"] = message
        else:
            kind: Kind = "alert" if message.topic == topics.alerts else "sample"
            found[source_of_alert(message.value, detector).offset, kind] = message
    return found


class Verification:
    """Takes the log's records in order, and compares what they give with what was published.

    Holds no message: digests of what was published come in `outputs`, and one that differs is
    fetched again to say in what.
    """

    def __init__(
        self,
        derivation: Derivation,
        first: int,
        end: int,
        outputs: Outputs,
        fetch: Fetch,
        configuration: Configuration,
        *,
        again: bool = False,
    ) -> None:
        """Compare first <= offset < end; records before `first` only lead the model there.

        With `again`, messages beyond the derived one are put into `spares`: an earlier life may
        have published them. Else they are differences.
        """
        self.counts = Counts()
        self.spares: list[Spare] = []
        self._derivation = derivation
        self._first = first
        self._end = end
        self._outputs = outputs
        self._fetch = fetch
        self._configuration = configuration
        self._again = again
        inside = {
            (offset, kind) for kind in KINDS for offset in outputs.of(kind) if first <= offset < end
        }
        self._waiting = deque(sorted(inside))

    def take(self, batch: Batch) -> Difference | None:
        """The first difference at or before these records."""
        while len(batch):
            difference = self._derivation.arrive(batch.offsets[0])
            if difference is not None:
                return self._earliest(difference)
            part, batch = self._derivation.split(batch, self._first)
            difference = self._step(part)
            if difference is not None:
                return difference
        return None

    def finish(self) -> Difference | None:
        """The first difference behind the last record."""
        difference = self._derivation.arrive(self._end)
        if difference is not None:
            return self._earliest(difference)
        return self._compare({}, self._end)

    def _earliest(self, difference: Difference) -> Difference:
        """What was published for nothing before it comes first."""
        return self._compare({}, difference.offset) or difference

    def _step(self, batch: Batch) -> Difference | None:
        if batch.offsets[0] < self._first:
            self._derivation.task.replay(batch)
            return None
        task, counts = self._derivation.task, self.counts
        task.take(batch)
        derived = by_place(task.pending, self._configuration)
        letters = sum(task.tally.dead_letters.values())
        counts.records += len(batch)
        counts.scored += task.tally.scored
        counts.dead_letters += letters
        counts.alerts += task.tally.alerts
        counts.samples += task.tally.samples
        unaccounted = len(batch) - task.tally.scored - letters
        task.discard()
        if unaccounted:
            return Difference(
                what="count",
                problem="altered",
                offset=batch.offsets[0],
                field="records",
                expected=counts.records,
                found=counts.scored + counts.dead_letters,
            )
        return self._compare(derived, batch.offsets[-1] + 1)

    def _compare(self, derived: dict[tuple[int, Kind], Message], end: int) -> Difference | None:
        """Everything before `end` that is derived or published."""
        places = set(derived)
        while self._waiting and self._waiting[0][0] < end:
            places.add(self._waiting.popleft())
        for offset, kind in sorted(places):
            copies = self._outputs.of(kind).pop(offset, [])
            difference = self._one(kind, offset, derived.get((offset, kind)), copies)
            if difference is not None:
                return difference
        return None

    def _one(
        self, kind: Kind, offset: int, derived: Message | None, copies: list[Published]
    ) -> Difference | None:
        rest = list(copies)
        if derived is not None:
            wanted = digest(derived)
            same = next((copy for copy in rest if copy.digest == wanted), None)
            if same is None:
                return self._no_copy(kind, offset, derived, rest)
            rest.remove(same)
        if not rest:
            return None
        if self._again:
            self.spares += [Spare(kind, offset, copy, derived) for copy in rest]
            return None
        return self.beyond(Spare(kind, offset, rest[0], derived))

    def _no_copy(
        self, kind: Kind, offset: int, derived: Message, copies: list[Published]
    ) -> Difference:
        if not copies:
            return Difference(
                what=kind, problem="missing", offset=offset, expected=_name(kind, derived)
            )
        return self._altered(kind, "altered", offset, derived, copies[0])

    def beyond(self, spare: Spare) -> Difference:
        """A message that is one too many."""
        if spare.derived is not None:
            return self._altered(spare.kind, "twice", spare.offset, spare.derived, spare.published)
        found = self._fetch(spare.published.place)
        return Difference(
            what=spare.kind,
            problem="not_derived",
            offset=spare.offset,
            where=str(spare.published.place),
            found=_name(spare.kind, found),
        )

    def _altered(
        self, kind: Kind, problem: str, offset: int, derived: Message, published: Published
    ) -> Difference:
        field, ours, theirs = first_difference(kind, derived, self._fetch(published.place))
        return Difference(
            what=kind,
            problem=problem,
            offset=offset,
            where=str(published.place),
            field=field,
            expected=ours,
            found=theirs,
        )


def _name(kind: Kind, message: Message) -> str:
    """What a message is called by who reads it: its id, or a dead letter's reason."""
    said = dict(message.headers)
    name = said.get("floodline.reason" if kind == "dead_letter" else "ce_id")
    return (name or b"").decode(errors="replace")
