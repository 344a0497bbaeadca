"""A file that appears only once it is whole."""

import os
import threading
from pathlib import Path

import pytest

from cli.whole_file import whole_file


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
