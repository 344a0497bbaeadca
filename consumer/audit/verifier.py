"""Verifies ranges of partitions, and derives single events, by the consumer's own task."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from consumer.audit.derivation import Check, Derivation, Difference
from consumer.audit.lives import Life, Segment, earlier
from consumer.audit.published import Outputs, digest
from consumer.audit.range_plan import Plan, Planner, Start
from consumer.audit.state_checks import checkpoint_checks, mark_checks, release_checks
from consumer.audit.verification import Counts, Fetch, Spare, Verification, by_place
from consumer.ports import Log, Message
from consumer.records import Batch
from consumer.release_contents import ReleaseContents
from consumer.restoration import initial_release
from consumer.task import Task
from floodline.configuration.sections import Configuration
from floodline.detection.scorer import Scored, Scorer
from floodline.errors import ConfigurationError, NotFound, StateRefused
from floodline.events.messages import Change, Release
from floodline.storage.state_store import StateStore

_SECONDS = 0.25

Told = Callable[[int], None]
"""Told of offsets that a replay passed."""


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What a partition's range came to; `gaps` are offsets without a record."""

    partition: int
    first: int = msgspec.field(name="from")
    end: int = msgspec.field(name="to")
    records: int
    gaps: int
    scored: int
    dead_letters: int
    alerts: int
    samples: int
    marks: int
    start: Start | None
    difference: Difference | None


class Derived(msgspec.Struct, frozen=True):
    """One event derived anew: its alert or dead letter, if it is one, and how it scored."""

    message: Message | None
    scored: Scored | None
    start: Start


class _Account(msgspec.Struct):
    """What the segments of a range came to so far."""

    counts: Counts = msgspec.field(default_factory=Counts)
    gaps: int = 0
    marks: int = 0
    start: Start | None = None
    difference: Difference | None = None

    def add(self, segment: Segment, counts: Counts) -> None:
        for name in Counts.__struct_fields__:
            setattr(self.counts, name, getattr(self.counts, name) + getattr(counts, name))
        self.gaps += segment.end - segment.start - counts.records


class Verifier:
    """Replays the log through tasks and compares; ends at a range's first difference."""

    def __init__(
        self,
        configuration: Configuration,
        topic_id: str,
        planner: Planner,
        topics: Log,
        store: StateStore,
        releases: Mapping[int, Release],
    ) -> None:
        # Where a partition stopped for its dead letters is in the committed offset.
        section = configuration.consumer.model_copy(update={"dead_letter_ratio": 1.0})
        self._configuration = configuration.model_copy(update={"consumer": section})
        self._topic_id = topic_id
        self._planner = planner
        self._log = topics
        self._contents = ReleaseContents(store, configuration.detector.features)
        self._releases = releases

    def verify(self, plan: Plan, outputs: Outputs, fetch: Fetch, told: Told) -> Verified:
        """Derive the plan's range and compare with `outputs`, of which it takes what it found.

        Raises:
            ConfigurationError: a model or the records are gone meanwhile.
            DependencyDown: Kafka or the store does not answer.
        """
        account = _Account()
        for segment in plan.segments:
            if account.difference is None:
                self._verify(plan, segment, account, outputs, fetch, told)
        counts = account.counts
        return Verified(
            partition=plan.partition,
            first=plan.first,
            end=plan.end,
            records=counts.records,
            gaps=0 if account.difference else account.gaps,
            scored=counts.scored,
            dead_letters=counts.dead_letters,
            alerts=counts.alerts,
            samples=counts.samples,
            marks=account.marks,
            start=account.start,
            difference=account.difference,
        )

    def _verify(
        self,
        plan: Plan,
        segment: Segment,
        account: _Account,
        outputs: Outputs,
        fetch: Fetch,
        told: Told,
    ) -> None:
        start, derivation = self._derivation(plan, segment)
        account.start = account.start or start
        before = earlier(plan.lives, segment)
        verification = Verification(
            derivation,
            segment.start,
            segment.end,
            outputs,
            fetch,
            self._configuration,
            again=bool(before),
        )
        difference = self._lead(plan, start, segment.end, verification.take, told)
        difference = difference or verification.finish()
        spares = self._unexcused(plan, before, verification.spares)
        if spares and (difference is None or spares[0].offset < difference.offset):
            difference = verification.beyond(spares[0])
        if difference is not None and segment.life is not plan.lives[-1]:
            note = (
                f"the model began anew at {plan.lives[-1].begin}; where [model] or "
                "detector.features were others before, verify that with the configuration of then"
            )
            difference = msgspec.structs.replace(difference, note=note)
        account.difference = difference
        account.marks += derivation.marks
        account.add(segment, verification.counts)

    def derive(self, plan: Plan) -> Derived:
        """The one event that is the plan's range.

        Raises:
            NotFound: the log has no record there.
            ConfigurationError: a model or the records are gone meanwhile.
            DependencyDown: Kafka or the store does not answer.
        """
        (segment,) = plan.segments
        start, derivation = self._derivation(plan, segment, checked=False)
        task, seen = derivation.task, []

        def take(batch: Batch) -> None:
            while len(batch):
                derivation.arrive(batch.offsets[0])
                part, batch = derivation.split(batch, segment.start)
                if part.offsets[0] >= segment.start:
                    task.take(part)
                    seen.append(part)
                else:
                    task.replay(part)

        self._lead(plan, start, segment.end, take, lambda _: None)
        if not seen:
            raise NotFound(
                f"partition {plan.partition} of {self._configuration.topics.events} has no record "
                f"at offset {plan.first}"
            )
        messages = by_place(task.pending, self._configuration)
        return Derived(next(iter(messages.values()), None), task.last, start)

    def _derivation(
        self, plan: Plan, segment: Segment, *, checked: bool = True
    ) -> tuple[Start, Derivation]:
        """The task at the segment's start, and all that is due on its way."""
        start = self._planner.start(plan, segment)
        if start is None:
            raise ConfigurationError(
                f"{self._configuration.topics.events}, partition {plan.partition}: nothing is left "
                f"to derive offset {segment.start} from; was the log cut meanwhile? Try again"
            )
        task = Task(plan.partition, self._topic_id, self._configuration)
        changes = self._load(task, segment.life, start)
        checks = self._checks(plan, segment, start, changes) if checked else []
        return start, Derivation(task, changes, checks, self._contents)

    def _load(self, task: Task, life: Life, start: Start) -> list[Change]:
        """Give the task its first state; the changes that it does not know."""
        if start.snapshot is None:
            parameters = self._configuration.model_parameters
            scorer = Scorer.new(parameters, self._configuration.detector.features)
            task.load(scorer, initial_release(self._configuration), life.begin, 0)
            return life.changes
        read = self._planner.read(task.partition, start.snapshot)
        if read is None:
            raise ConfigurationError(
                f"snapshot {start.snapshot} of partition {task.partition} was deleted just now; "
                "try again"
            )
        kept, scorer = read
        before = [each for each in life.changes if each.coordinates.offset < kept.offset]
        release = before[-1].release
        try:
            weights = self._contents.weights_of(release)
            task.load(scorer, release, kept.offset, kept.dead_letters, weights)
        except StateRefused as error:
            raise ConfigurationError(
                f"partition {task.partition}: release {release.number}, in force at snapshot "
                f"{start.snapshot}, has weights that cannot be had: {error}; restore them, or take "
                "a range behind a later snapshot by --from"
            ) from error
        task.timestamp = kept.timestamp
        return life.changes[len(before) :]

    def _checks(
        self, plan: Plan, segment: Segment, start: Start, changes: Sequence[Change]
    ) -> Sequence[Check]:
        within = [each for each in changes if each.coordinates.offset < segment.end]
        said = segment.life.marks
        between = [m for m in said if start.offset <= m.coordinates.offset <= segment.end]
        checks = [*release_checks(within, self._releases), *mark_checks(between)]
        if segment.life is plan.lives[-1] and plan.committed is not None:
            checks += checkpoint_checks(plan.committed, start.offset, segment.end)
        return checks

    def _lead(
        self,
        plan: Plan,
        start: Start,
        end: int,
        take: Callable[[Batch], Difference | None],
        told: Told,
    ) -> Difference | None:
        replay = self._log.replay(plan.partition, start.offset, end)
        passed = start.offset
        try:
            done = start.offset >= end
            while not done:
                batches, done = replay.read(_SECONDS)
                for batch in batches:
                    difference = take(batch)
                    if difference is not None:
                        return difference
                    told(batch.offsets[-1] + 1 - passed)
                    passed = batch.offsets[-1] + 1
            told(end - passed)
        finally:
            replay.close()
        return None

    def _unexcused(
        self, plan: Plan, before: Sequence[Life], spares: Sequence[Spare]
    ) -> list[Spare]:
        """The messages that no earlier life published either, by offset.

        Where the group's offsets were lost or the log was cut, a model began anew at events that
        were scored already.
        """
        left = sorted(spares, key=lambda spare: spare.offset)
        for life in before:
            if not left:
                break
            end = left[-1].offset + 1
            segment = Segment(life, max(life.begin, left[0].offset), end)
            if segment.start < end and self._planner.start(plan, segment) is not None:
                left = self._unmatched(plan, segment, left)
        return left

    def _unmatched(self, plan: Plan, segment: Segment, spares: list[Spare]) -> list[Spare]:
        start, derivation = self._derivation(plan, segment, checked=False)
        given: set[tuple[int, str, bytes]] = set()
        wanted = {(spare.offset, spare.kind) for spare in spares}

        def take(batch: Batch) -> None:
            while len(batch):
                derivation.arrive(batch.offsets[0])
                part, batch = derivation.split(batch)
                derivation.task.take(part)
                found = by_place(derivation.task.pending, self._configuration)
                given.update((*at, digest(found[at])) for at in wanted & found.keys())
                derivation.task.discard()

        self._lead(plan, start, segment.end, take, lambda _: None)
        left: list[Spare] = []
        for spare in spares:
            named = (spare.offset, spare.kind, spare.published.digest)
            if named in given:
                given.discard(named)
            else:
                left.append(spare)
        return left
