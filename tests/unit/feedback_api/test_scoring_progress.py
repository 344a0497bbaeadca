"""The consumer's progress: read from what it commits, kept, and put into words."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import structlog.testing

from consumer.ports import Checkpoint
from feedback_api.console.scoring_notice import ScoringNotice
from feedback_api.ports import CommittedOffset
from feedback_api.scoring.last_heard import LastHeard
from feedback_api.scoring.progress import PartitionProgress, Progress, read_partition
from feedback_api.scoring.watch import ScoringWatch
from floodline.errors import DependencyDown

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def metadata(left: int = 190) -> str:
    """What the consumer itself would commit."""
    told = Checkpoint(
        topic_id="T",
        model="m",
        release=3,
        events=60,
        dead_letters=2,
        snapshots=(("a" * 64, 40),),
        warm_up_left=left,
    )
    return msgspec.json.encode(told).decode()


def warming(partition: int, left: int) -> PartitionProgress:
    """A partition with so many events left."""
    return PartitionProgress(partition, 62, 0, 60, 2, left)


def words(*partitions: PartitionProgress) -> str:
    """What the page says of them."""
    return ScoringNotice.of(Progress(NOW, partitions), NOW).learning


class Looks:
    """A signal and a Kafka that gives the answers in turn, and then the stop."""

    def __init__(self, *answers: list[CommittedOffset] | DependencyDown) -> None:
        self.answers = list(answers)
        self.ups = 0

    def read(self) -> list[CommittedOffset]:
        """The next answer."""
        answer = self.answers.pop(0)
        if isinstance(answer, DependencyDown):
            raise answer
        return answer

    def wait(self, seconds: float) -> bool:
        """No pause."""
        return self.stopping

    @property
    def stopping(self) -> bool:
        """Whether all was asked."""
        return not self.answers

    def up(self) -> None:
        """Count."""
        self.ups += 1


@pytest.fixture
def watch() -> Callable[[Looks], LastHeard]:
    """A whole watch over the looks; what it heard last."""

    def run(looks: Looks) -> LastHeard:
        heard = LastHeard()
        ScoringWatch(lambda: looks, heard, clock=lambda: NOW).attempt(looks)
        return heard

    return run


@pytest.mark.parametrize(("left", "cold"), [(190, True), (1, True), (0, False)])
def test_what_the_consumer_commits_is_read(left: int, cold: bool) -> None:
    """Events, dead letters, release and the rest of the warm-up come from the metadata."""
    progress = read_partition(CommittedOffset(1, 62, metadata(left)))
    assert progress == PartitionProgress(1, 62, 3, 60, 2, left)
    assert progress.warming_up is cold


@pytest.mark.parametrize(
    "damaged",
    [
        None,
        "",
        "floodline",
        "null",
        "[]",
        "{}",
        metadata()[:-1],
        metadata().replace("190", '"190"'),
        metadata(-1),
        metadata().replace("warm_up_left", "left"),
        '{"release": ' + "[" * 100_000,
        '{"x": ' + "[" * 100_000,
        "\ud800",
    ],
)
def test_damaged_metadata_is_no_progress(damaged: str | None) -> None:
    """What floodline would not write is None, whatever it is, and never a crash."""
    assert read_partition(CommittedOffset(0, 5, damaged)) is None


def test_an_unreadable_partition_is_left_out_and_told_once(
    watch: Callable[[Looks], LastHeard],
) -> None:
    """The others are shown; the log names it once, and again when it was readable in between."""
    good, bad = CommittedOffset(0, 62, metadata()), CommittedOffset(1, 5, "x")
    mended = CommittedOffset(1, 6, metadata(0))
    looks = Looks([bad, good], [good, bad], [good, mended], [good, bad])
    with structlog.testing.capture_logs() as logs:
        progress = watch(looks).get()
    assert [each.partition for each in progress.partitions] == [0]
    assert progress.unreadable == (1,)
    assert not progress.nothing_scored
    assert [(each["partition"], each["log_level"]) for each in logs] == [(1, "warning")] * 2


def test_the_last_answer_stays_while_kafka_is_down() -> None:
    """Kafka down ends the attempt and changes nothing of what was heard; it becomes stale."""
    heard = LastHeard()
    looks = Looks([CommittedOffset(0, 62, metadata())], DependencyDown("gone"))
    watched = ScoringWatch(lambda: looks, heard, clock=lambda: NOW)
    with pytest.raises(DependencyDown):
        watched.attempt(looks)
    assert looks.ups == 1
    progress = heard.get()
    assert (progress.heard_at, len(progress.partitions)) == (NOW, 1)
    assert not progress.stale(NOW + timedelta(seconds=10))
    assert progress.stale(NOW + timedelta(seconds=11))


def test_before_the_first_answer_nothing_is_claimed() -> None:
    """Nobody knows yet whether anything was scored."""
    progress = LastHeard().get()
    assert progress.stale(NOW)
    assert not progress.nothing_scored
    assert ScoringNotice.of(progress, NOW) == ScoringNotice("", None, nothing_scored=False)


def test_a_group_without_commits_has_scored_nothing(
    watch: Callable[[Looks], LastHeard],
) -> None:
    """It is said while it is fresh, and no longer once it is stale."""
    progress = watch(Looks([])).get()
    assert ScoringNotice.of(progress, NOW).nothing_scored
    assert not ScoringNotice.of(progress, NOW + timedelta(minutes=1)).nothing_scored


def test_the_notice_names_what_is_left() -> None:
    """Partitions with the most events left come first; many are put together."""
    assert words(warming(0, 0)) == ""
    assert words(warming(0, 1_038), warming(1, 0)) == "1,038 more events on partition 0"
    assert words(warming(0, 1), warming(2, 9)) == (
        "9 more events on partition 2 and 1 more event on partition 0"
    )
    assert words(*(warming(n, 10 - n) for n in range(6))) == (
        "10 more events on partition 0, 9 more events on partition 1, 8 more events on "
        "partition 2 and at most 7 more events on 3 others"
    )
