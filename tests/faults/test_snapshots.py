"""Rows 9 and 15: snapshots that cannot be written, and snapshots that are not what they were."""

import hashlib
import random
import resource
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import msgspec
import pytest

from tests.faults.fleet import Fleet
from tests.faults.group_offsets import commit, committed
from tests.faults.site import Effort, Site
from tests.faults.snapshot_files import DAMAGES, Damage, pickled, remove_folders, snapshot_files
from tests.faults.verdict import Verdict
from tests.fixtures.consumer_process import Outcome, wait_until, write_configuration
from tests.fixtures.kafka import Topics
from tests.fixtures.seeded_events import seeded_events

BATCH = 1_200
MOST_TURNS = 30
LOG_BYTES = 15_000
PARTITIONS = 2


@pytest.fixture
def small(tmp_path: Path, topics: Topics, seed: int) -> Iterator[Site]:
    """A detector on two partitions with a snapshot every 200 events."""
    topics.create(topics.name("events"), PARTITIONS)
    config, configuration = write_configuration(
        tmp_path,
        topics,
        consumer={"snapshot_every_events": 200},
        model={"trees": 50, "height": 11},
    )
    outcome = Outcome(topics, configuration)
    yield Site(config, outcome, seed)
    outcome.close()


class Stream:
    """Seeded events, a batch at a time."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._values = seeded_events(site.seed)

    def send(self, count: int = BATCH) -> None:
        """Produce the next events, spread over the partitions."""
        keys = [str(number % 97).encode() for number in range(count)]
        values = list(islice(self._values, count))
        self._site.topics.produce(self._site.events_topic, values, keys=keys)

    def until_named(self, fleet: Fleet) -> None:
        """Send a few at a time until each checkpoint names a snapshot; all is committed then."""
        fleet.wait_committed(self._site.outcome)
        for _ in range(MOST_TURNS):
            found = self._site.outcome.committed().values()
            if all(checkpoint.snapshots for _, checkpoint in found):
                return
            self.send(50)
            fleet.wait_committed(self._site.outcome)
        raise AssertionError("no checkpoint names a snapshot")


def chosen(seed: int, effort: Effort) -> list[Damage]:
    """Each way to spoil them once; in the short form three by the seed, code always."""
    damages = list(DAMAGES)
    random.Random(seed).shuffle(damages)
    return damages if effort.whole else [*damages[:3], DAMAGES[3]]


@pytest.mark.timeout(600)
def test_spoilt_snapshots(small: Site, effort: Effort, verdict: Verdict) -> None:
    """Truncated, altered, foreign, pickled, linked or missing: never used, and nothing is lost."""
    draw, stream = random.Random(small.seed), Stream(small)
    with Fleet(small.config) as fleet:
        for damage in (None, *chosen(small.seed, effort)):
            if damage is not None:
                spoil(small.config, damage, draw)
            stream.send()
            member = fleet.start("one")
            stream.until_named(fleet)
            refused = len({line["partition"] for line in member.said("snapshot refused")})
            assert refused >= (0 if damage is None else PARTITIONS), damage
            wait_until(lambda: len(snapshot_files(small.config)) >= PARTITIONS, "snapshots again")
            fleet.stop("one")
            remove_folders(small.config)
    assert not list(small.config.parent.rglob("canary"))
    verdict.account(small.outcome)


def spoil(config: Path, damage: Damage, draw: random.Random) -> None:
    """Spoil every snapshot of every partition."""
    files = snapshot_files(config)
    assert len(files) >= PARTITIONS
    others = [file.read_bytes() for file in files]
    for file in files:
        damage(file, others, draw)


@pytest.mark.whole
@pytest.mark.timeout(600)
def test_the_newest_snapshot_is_spoilt(small: Site, verdict: Verdict) -> None:
    """Where the newest snapshot is spoilt, the one before or a replay gives the same state."""
    draw, stream = random.Random(small.seed), Stream(small)
    with Fleet(small.config) as fleet:
        for _ in range(2):
            stream.send()
            fleet.start("one")
            stream.until_named(fleet)
            fleet.stop("one")
            files = snapshot_files(small.config)
            newest = max(files, key=lambda file: file.stat().st_mtime_ns)
            draw.choice(DAMAGES[:3])(newest, [file.read_bytes() for file in files], draw)
        stream.send()
        fleet.start("one")
        fleet.wait_committed(small.outcome)
        fleet.stop("one")
    verdict.account(small.outcome)


def forged(data: bytes, canary: Path) -> Iterator[bytes]:
    """States that a checkpoint names rightly by digest, and that must not be used."""
    yield pickled(canary)
    yield b""
    for name, value in (("partition", 1), ("version", 99), ("topic_id", "x"), ("offset", 10**9)):
        tree = msgspec.msgpack.decode(data)
        assert name in tree
        yield msgspec.msgpack.encode(tree | {name: value})


@pytest.mark.whole
def test_a_forged_checkpoint(tmp_path: Path, small: Site, verdict: Verdict) -> None:
    """A checkpoint that names a state which is not its own: refused, replayed or a clear stop."""
    stream, canary = Stream(small), tmp_path / "canary"
    with Fleet(small.config) as fleet:
        stream.send()
        fleet.start("one")
        stream.until_named(fleet)
        fleet.stop("one")
        true = committed(small.outcome, 0)
        named = [file for file in snapshot_files(small.config) if file.name in true[1]]
        assert named, "the checkpoint names a snapshot of partition 0"
        for number, data in enumerate(forged(named[0].read_bytes(), canary)):
            forge(small, true, [file.name for file in named], data)
            stream.send(100 + number)
            member = fleet.start("one")
            ended = went_on_or_stopped(small, member.process.poll)
            if ended is None:
                assert member.said("snapshot refused") or member.said("state refused")
                stream.until_named(fleet)
                fleet.stop("one")
            else:
                assert ended == 3, member.log.read_text()
                fleet.forget("one")
                commit(small.outcome, 0, *true)
            true = committed(small.outcome, 0)
            named = [file for file in snapshot_files(small.config) if file.name in true[1]]
            assert not canary.exists()
        fleet.start("one")
        fleet.wait_committed(small.outcome)
        fleet.stop("one")
    verdict.account(small.outcome)


def went_on_or_stopped(site: Site, poll: Callable[[], int | None]) -> int | None:
    """None once all is committed, or the code that the member ended with."""
    wait_until(
        lambda: (
            poll() is not None
            or {p: o for p, (o, _) in site.outcome.committed().items()} == site.outcome.ends()
        ),
        "goes on or stops",
    )
    return poll()


def forge(site: Site, true: tuple[int, str], digests: list[str], data: bytes) -> None:
    """Keep `data` as a snapshot, and let the checkpoint name it in place of its own."""
    forged_digest = hashlib.sha256(data).hexdigest()
    offset, said = true
    for digest in digests:
        (file,) = [file for file in snapshot_files(site.config) if file.name == digest]
        file.with_name(forged_digest).write_bytes(data)
        said = said.replace(digest, forged_digest)
    commit(site.outcome, 0, offset, said)


@pytest.mark.whole
def test_no_space_for_snapshots(small: Site, verdict: Verdict) -> None:
    """Without space for snapshots scoring goes on; the old ones stay whole, and serve a restart."""
    stream = Stream(small)
    with Fleet(small.config) as fleet:
        member = fleet.start("one")
        stream.send()
        fleet.wait_committed(small.outcome)
        for _ in range(10):  # until the model is warm and a snapshot large
            stream.send(2_400)
            stream.until_named(fleet)
            if max(file.stat().st_size for file in snapshot_files(small.config)) > 2 * LOG_BYTES:
                break
        kept = {file: file.read_bytes() for file in snapshot_files(small.config)}
        limit = max(len(data) for data in kept.values()) // 2
        assert limit > LOG_BYTES, "the limit is meant for snapshots, not for the log"
        _, hard = resource.prlimit(member.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(member.process.pid, resource.RLIMIT_FSIZE, (limit, hard))
        stream.send(2_400)
        fleet.wait_committed(small.outcome)
        wait_until(lambda: bool(member.said("snapshot skipped")), "it says so")
        named = committed(small.outcome, 0)[1]
        assert {file: file.read_bytes() for file in kept if file.exists()}.items() <= kept.items()
        assert any(file.name in named for file in kept if file.exists())
        halves = [f for f in (small.config.parent / "states").rglob("*.*") if f.is_file()]
        assert not halves, "half-written files stay behind"
        fleet.kill("one")
        verdict.kills += 1
        member = fleet.start("one")
        stream.send(100)
        fleet.wait_committed(small.outcome)
        assert all(line["start"] > 0 for line in member.said("restoring"))
        wait_until(lambda: set(snapshot_files(small.config)) - set(kept) != set(), "new ones")
        fleet.stop("one")
    verdict.account(small.outcome)
