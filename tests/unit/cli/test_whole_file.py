"""A file that appears only once it is whole."""

import os
import threading
from pathlib import Path

import pytest

from cli.whole_file import check_writable, whole_file


def test_it_appears_at_the_end(tmp_path: Path) -> None:
    """Until the block ends the old content stands."""
    file = tmp_path / "file"
    file.write_text("old")
    with whole_file(file) as target:
        target.write(b"new")
        target.flush()
        assert file.read_text() == "old"
    assert file.read_text() == "new"
    assert list(tmp_path.iterdir()) == [file]


def test_a_failed_block_leaves_the_old_file(tmp_path: Path) -> None:
    """Nothing half written stays, and no part beside it."""
    file = tmp_path / "file"
    file.write_text("old")

    def fail() -> None:
        with whole_file(file) as target:
            target.write(b"new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """The file that it names gets the content."""
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("old")
    link.symlink_to(file)
    with whole_file(link) as target:
        target.write(b"new")
    assert link.is_symlink()
    assert file.read_text() == "new"


def test_a_pipe_is_written_and_never_replaced(tmp_path: Path) -> None:
    """So is a device, such as /dev/stdout."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    with whole_file(pipe) as target:
        target.write(b"new")
    reader.join(timeout=10)
    assert got == [b"new"]
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_link_laid_beside_it_is_not_followed(tmp_path: Path) -> None:
    """Whatever stands beside the target before the block is not touched."""
    victim, file = tmp_path / "victim", tmp_path / "file"
    victim.write_text("dear")
    (tmp_path / ".file.part").symlink_to(victim)
    with whole_file(file) as target:
        beside = {each.name for each in tmp_path.iterdir()} - {"victim", ".file.part"}
        target.write(b"new")
    (part,) = beside
    assert len(part) > 32  # drawn at random
    assert victim.read_text() == "dear"
    assert (tmp_path / ".file.part").is_symlink()


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
def test_a_file_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    """A file for one reader stays that while it is written and after."""
    file = tmp_path / "file"
    file.write_text("old")
    file.chmod(mode)
    with whole_file(file) as target:
        (part,) = set(tmp_path.iterdir()) - {file}
        assert part.stat().st_mode & 0o777 == mode
        target.write(b"new")
    assert file.stat().st_mode & 0o777 == mode


def test_a_new_file_has_what_the_umask_allows(tmp_path: Path) -> None:
    """As any file that a command makes."""
    before = os.umask(0o027)
    try:
        with whole_file(tmp_path / "file") as target:
            target.write(b"new")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


def test_a_check_finds_what_writing_would_meet(tmp_path: Path) -> None:
    """A folder that is not there, a folder as target, links in a circle; and nothing is left."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    for name, error in (
        ("none/file", FileNotFoundError),
        ("folder", IsADirectoryError),
        ("circle", OSError),
        ("n" * 300, OSError),
    ):
        with pytest.raises(error):
            check_writable(tmp_path / name)
    (tmp_path / "old").write_text("old")
    check_writable(tmp_path / "old")
    check_writable(tmp_path / "new")
    assert (tmp_path / "old").read_text() == "old"
    assert {each.name for each in tmp_path.iterdir()} == {"folder", "circle", "old"}


def test_a_check_does_not_open_a_pipe(tmp_path: Path) -> None:
    """To open it would wait for a reader."""
    os.mkfifo(tmp_path / "pipe")
    check_writable(tmp_path / "pipe")
