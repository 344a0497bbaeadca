"""A folder of states: durable and whole under full disks, broken writes, races and odd files."""

import errno
import fcntl
import hashlib
import multiprocessing
import os
import subprocess
import sys
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from floodline.errors import ConfigurationError, StateRefused
from floodline.storage.state_store import StateStore

DAY = 86_400.0
HALF = f"{'a' * 64}.abcd_123"
ROUNDS = 40


def _names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def _aged(file: Path, seconds: float) -> Path:
    file.write_bytes(b"half")
    os.utime(file, (time.time() - seconds, time.time() - seconds))
    return file


def test_a_state_is_its_owners_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    """The file has mode 0600 and its digest's name; no temporary file stays."""
    store = StateStore(tmp_path)
    digest = store.write(b"state")
    store.write(b"state")
    assert _names(tmp_path) == [digest]
    assert (tmp_path / digest).stat().st_mode & 0o777 == 0o600
    store.identity()
    assert _names(tmp_path) == sorted([digest, "store-id"])
    assert (tmp_path / "store-id").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("damage", [b"", b"stat", b"State", b"state "])
def test_other_bytes_are_refused(tmp_path: Path, damage: bytes) -> None:
    """Bytes with another digest are refused, and the file is named; a new write mends it."""
    store = StateStore(tmp_path)
    digest = store.write(b"state")
    (tmp_path / digest).write_bytes(damage)
    with pytest.raises(StateRefused, match=f"{digest}: the bytes have another digest"):
        store.read(digest)
    store.write(b"state")
    assert store.read(digest) == b"state"


def test_a_link_is_refused_wherever_it_leads(tmp_path: Path) -> None:
    """A link under a state's name is not followed, be the bytes behind it the right ones."""
    digest = hashlib.sha256(b"state").hexdigest()
    (tmp_path / "elsewhere").write_bytes(b"state")
    (tmp_path / digest).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateRefused, match="it is a link, not a file"):
        StateStore(tmp_path).read(digest)


def test_neither_a_folder_nor_a_pipe_is_a_state(tmp_path: Path) -> None:
    """What is no plain file is refused, and nobody waits for the other end of a pipe."""
    (tmp_path / ("0" * 64)).mkdir()
    os.mkfifo(tmp_path / ("1" * 64))
    for digit in "01":
        with pytest.raises(StateRefused, match="it is no plain file"):
            StateStore(tmp_path).read(digit * 64)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A store whose folder is a file says which setting is at fault, and what to check."""
    (tmp_path / "file").write_bytes(b"")
    store = StateStore(tmp_path / "file")
    with pytest.raises(ConfigurationError, match=r"store\.folder .*file: cannot be written.*check"):
        store.write(b"state")
    with pytest.raises(ConfigurationError, match="cannot be deleted"):
        store.delete("0" * 64)
    with pytest.raises(ConfigurationError, match="cannot be swept"):
        store.sweep([], newest=0)
    with pytest.raises(ConfigurationError, match="store-id cannot be read or written"):
        store.identity()


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    """When the state cannot take its name, the temporary file goes and the error is told."""
    (tmp_path / hashlib.sha256(b"state").hexdigest()).mkdir()
    with pytest.raises(ConfigurationError):
        StateStore(tmp_path).write(b"state")
    assert len(_names(tmp_path)) == 1


FULL_DISK = """
import resource, sys
from pathlib import Path
from floodline.errors import ConfigurationError
from floodline.storage.state_store import StateStore
store = StateStore(Path(sys.argv[1]))
small = store.write(b"small")
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
for state in (b"x" * 100_000, b"x" * 4097):
    try:
        store.write(state)
    except ConfigurationError as error:
        print(error)
assert store.read(small) == b"small"
store.sweep([small], newest=0)
print(store.read(small).decode())
"""


def test_a_full_disk_is_told_and_what_was_there_stays(tmp_path: Path) -> None:
    """Where the system takes no more bytes, the write fails clearly, and the old state is whole."""
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    *told, kept = done.stdout.splitlines()
    assert len(told) == 2
    for line in told:
        assert f"store.folder {tmp_path}: cannot be written: File too large; check" in line
    assert kept == "small"
    assert _names(tmp_path) == [hashlib.sha256(b"small").hexdigest()]


def test_a_sync_that_fails_is_a_failed_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A state that the disk did not take is not said to be kept."""
    store = StateStore(tmp_path)
    store.write(b"old")

    def fail(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ConfigurationError, match="No space left on device"):
        store.write(b"new")
    assert _names(tmp_path) == [hashlib.sha256(b"old").hexdigest()]


def test_the_newest_of_the_others_survive_a_sweep(tmp_path: Path) -> None:
    """Beside those to keep, the last written stay, be all times of the day after tomorrow."""
    store = StateStore(tmp_path)
    digests = [store.write(bytes([number])) for number in range(5)]
    for number, digest in enumerate(digests):
        moment = time.time() + 2 * DAY + number
        os.utime(tmp_path / digest, (moment, moment))
    store.sweep(keep=[digests[0]], newest=2)
    assert _names(tmp_path) == sorted([digests[0], *digests[3:]])


def test_old_broken_writes_go_and_nothing_else(tmp_path: Path) -> None:
    """After an hour a half-written file goes; a younger one and foreign files stay."""
    _aged(tmp_path / HALF, 2 * 3_600)
    _aged(tmp_path / "store-id.abcdefgh", 2 * 3_600)
    young = _aged(tmp_path / HALF.replace("1", "2"), 1_800)
    notes = _aged(tmp_path / "notes.old.txt", 2 * DAY)
    StateStore(tmp_path).sweep([], newest=0)
    assert _names(tmp_path) == sorted([young.name, notes.name])


@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_a_clock_that_jumps_takes_no_file_from_its_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    """This process's clock is not asked, and the folder's may jump too while somebody writes."""
    started_before_the_jump = _aged(tmp_path / HALF, jump)
    young = _aged(tmp_path / HALF.replace("1", "2"), 0)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + jump)
    with started_before_the_jump.open("rb+") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        StateStore(tmp_path).sweep([], newest=0)
        assert _names(tmp_path) == sorted([started_before_the_jump.name, young.name])


def test_a_writer_holds_its_file_until_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep in the middle of a write, with a clock gone wild, leaves the write alone."""
    store = StateStore(tmp_path)
    replace = Path.replace

    def swept_before(half: Path, target: Path) -> Path:
        os.utime(half, (0, 0))
        StateStore(tmp_path).sweep([], newest=0)
        return replace(half, target)

    monkeypatch.setattr(Path, "replace", swept_before)
    assert store.read(store.write(b"state")) == b"state"


@pytest.mark.parametrize("held", [b"", b"abc", b"g" * 32, b"0" * 33, b"0" * 32 + b"\n\n"])
def test_an_identity_that_is_none_is_refused(tmp_path: Path, held: bytes) -> None:
    """A damaged identity is not replaced by another: it is told what to restore."""
    (tmp_path / "store-id").write_bytes(held)
    with pytest.raises(ConfigurationError, match=r"store-id does not hold .* backup"):
        StateStore(tmp_path).identity()
    assert (tmp_path / "store-id").read_bytes() == held


def test_an_identity_by_link_is_refused(tmp_path: Path) -> None:
    """Two stores that link to one identity would be taken for one."""
    (tmp_path / "other").write_text("0" * 32)
    (tmp_path / "store-id").symlink_to(tmp_path / "other")
    with pytest.raises(ConfigurationError, match="it is a link"):
        StateStore(tmp_path).identity()


def test_a_file_system_without_links_has_an_identity_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no hard link can be made, the file is made exclusively."""

    def fail(_: Path, target: Path) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM), str(target))

    monkeypatch.setattr(Path, "hardlink_to", fail)
    store = StateStore(tmp_path)
    assert store.identity() == store.identity()
    assert _names(tmp_path) == ["store-id"]
    assert (tmp_path / "store-id").stat().st_mode & 0o777 == 0o600


def _ask(folder: str, barrier: Barrier, answers: "multiprocessing.SimpleQueue[list[str]]") -> None:
    found = []
    for number in range(ROUNDS):
        store = StateStore(Path(folder) / str(number))
        barrier.wait(30)
        found.append(store.identity())
    answers.put(found)


def test_processes_that_race_for_the_identity_get_the_same(tmp_path: Path) -> None:
    """Three processes ask forty new stores at the same moment: forty identities, no more."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(3)
    answers = context.SimpleQueue()
    asking = [
        context.Process(target=_ask, args=(str(tmp_path), barrier, answers)) for _ in range(3)
    ]
    for process in asking:
        process.start()
    found = [answers.get() for _ in asking]
    for process in asking:
        process.join(30)
        assert process.exitcode == 0
    assert found[0] == found[1] == found[2]
    assert len(set(found[0])) == ROUNDS
    assert all(_names(tmp_path / str(number)) == ["store-id"] for number in range(ROUNDS))
